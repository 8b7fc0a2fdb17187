"""TLS towards producers: each way that a handshake fails has its cause (switch.md 14.3)."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.authority import Authority, Identity
from vaxel.adapters.producers import Calling, Producers
from vaxel.adapters.tls import ProducerTls, Profile, listener_context
from vaxel.call import Body
from vaxel.delivery import Outgoing
from vaxel.errors import ProducerFailed

CA, OTHER = Authority(), Authority("Other CA")
HERE = CA.issue("SE0000000000-S", hosts=["127.0.0.1"])
ELSEWHERE = CA.issue("SE0000000000-S", hosts=["other.example"])
CLIENT, REVOKED = CA.issue("SE0000000000-C"), CA.issue("SE0000000000-R")
STRANGER = OTHER.issue("SE0000000000-X")


def linger(tls: ssl.SSLSocket) -> None:
    """Read what still comes: closing with unread bytes resets the connection, and the alert may be lost with it."""
    with socket.socket(fileno=tls.detach()) as raw:
        raw.settimeout(2)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None) -> Iterator[int]:
    """A blocking server, since asyncio's own loses the alert that tells why; None: resets within the handshake."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection = listening.accept()[0]
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                connection.recv(1, socket.MSG_PEEK)
                if context is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    continue
                with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
                    try:
                        tls.do_handshake()
                    except ssl.SSLError:
                        linger(tls)
                        continue
                    while not tls.recv(65536).endswith(b"<a/>"):
                        pass
                    tls.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


async def outcome(port: int, tls: ProducerTls) -> str:
    tls.load()
    networks = AllowedNetworks((ipaddress.ip_network("127.0.0.0/8"),))
    client = Producers(Calling(retry_delay_s=0), networks, tls)
    outgoing = Outgoing(
        url=f"https://127.0.0.1:{port}/",
        headers=((b"host", b"x"),),
        body=Body.whole(b"<a/>"),
        idempotent=True,
        answer_timeout_s=2,
        deadline=time.monotonic() + 5,
    )
    try:
        return str((await client.send(outgoing)).status)
    except ProducerFailed as failed:
        return failed.cause
    finally:
        await client.close()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("server", "trust", "client", "expected"),
    [
        (HERE, CA, CLIENT, "200"),
        (ELSEWHERE, CA, CLIENT, "producer.tls-hostname"),
        (HERE, OTHER, CLIENT, "producer.tls-untrusted"),
        (HERE, CA, None, "producer.tls-client-rejected"),
        (HERE, CA, REVOKED, "producer.tls-client-rejected"),
        (HERE, CA, STRANGER, "producer.tls-client-rejected"),
        (None, CA, CLIENT, "producer.tls-handshake"),
    ],
)
def test_each_handshake_that_fails_has_its_cause(
    tmp_path: Path, server: Identity | None, trust: Authority, client: Identity | None, expected: str, highest, loop
) -> None:
    for name, content in {"ca": CA.pem, "trust": trust.pem, "crl": CA.revocation_list([REVOKED.certificate])}.items():
        (tmp_path / name).write_bytes(content)
    context = None
    if server is not None:
        own = server.write(tmp_path / "server")
        context = listener_context(own, own, tmp_path / "ca", tmp_path / "crl")
        context.maximum_version = highest
    cert = client.write(tmp_path / "client") if client else None
    tls = ProducerTls(Profile(name="", ca=tmp_path / "trust", cert=cert, key=cert), [])
    if client is None and highest == ssl.TLSVersion.TLSv1_2:
        expected = "producer.tls-handshake"  # that version's alert does not say that a certificate is missing
    allowed = {expected}
    if expected == "producer.tls-client-rejected" and highest == ssl.TLSVersion.TLSv1_3:
        allowed.add("producer.reset")  # TLS 1.3 tells after the handshake: a reset that overtakes the alert hides it
    with serving(context) as port, asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(outcome(port, tls)) in allowed
