"""Connections that cannot be had, each with its cause (SW-10.1, SW-10.10, SW-14.3)."""

import ipaddress
import socket
import time

import pytest
from tests.adapters.test_producers import OK, _no_tls, outgoing, producer, says

from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.producers import Calling, Producers
from vaxel.errors import AddressUnusable, Overloaded, ProducerFailed


async def cause_of(url: str, networks: AllowedNetworks, **calling: float) -> ProducerFailed:
    client = Producers(Calling(retry_delay_s=0, **calling), networks, _no_tls)  # type: ignore[arg-type]
    try:
        with pytest.raises(ProducerFailed) as caught:
            await client.send(outgoing(url))
        assert client.in_flight == {}
        return caught.value
    finally:
        await client.close()


LOOPBACK = AllowedNetworks((ipaddress.ip_network("127.0.0.0/8"),))


async def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    failed = await cause_of(f"http://127.0.0.1:{port}/", LOOPBACK)
    assert (failed.cause, failed.retryable) == ("producer.connect-refused", True)


async def test_a_name_that_does_not_exist() -> None:
    failed = await cause_of("http://name.invalid/", LOOPBACK)
    assert (failed.cause, failed.retryable) == ("producer.dns", True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost:1/", "http://169.254.169.254/"])
async def test_an_address_where_no_producer_may_live_is_never_connected_to(url: str) -> None:
    """Judged after the name is resolved, and before a socket is made."""
    failed = await cause_of(url, AllowedNetworks(None))
    assert (failed.cause, failed.retryable) == ("producer.address-refused", False)


async def test_a_peer_that_takes_no_connection() -> None:
    """A full queue of waiting connections: the kernel lets further ones hang."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(8):
            made = socket.socket()
            made.setblocking(False)
            made.connect_ex(("127.0.0.1", port))
            waiting.append(made)
        begun = time.monotonic()
        failed = await cause_of(f"http://127.0.0.1:{port}/", LOOPBACK, connect_timeout_s=0.2, retry_attempts=0)
        assert failed.cause in {"producer.connect-timeout", "producer.response-timeout"}
        assert time.monotonic() - begun < 2
        for made in waiting:
            made.close()


@pytest.mark.parametrize("url", ["ftp://x/", "http:///x", "http://a:b/", "http://x/a b", "http://å/", ""])
async def test_what_is_no_url_is_no_route(url: str) -> None:
    client = Producers(Calling(), LOOPBACK, _no_tls)
    with pytest.raises(AddressUnusable):
        await client.send(outgoing(url))


async def test_calls_to_one_producer_are_bounded() -> None:
    """SW-2.8."""
    async with producer(says(OK, pause=1), max_calls_per_producer=0) as (client, url):
        with pytest.raises(Overloaded) as caught:
            await client.send(outgoing(url))
    assert caught.value.fields == {"bound": "VAXEL_MAX_CALLS_PER_PRODUCER"}
