"""Probes through real sockets: who comes back is found, nobody is asked too often (SW-10.10)."""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.adapters.test_health import Silent, Told, cause
from tests.adapters.test_producers import LOOPBACK, OK, _no_tls, listening, outgoing, says

from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.authority import Authority
from vaxel.adapters.breaker import BreakerRules, State
from vaxel.adapters.health import Health
from vaxel.adapters.probes import Prober, ProbeRules
from vaxel.adapters.producers import Calling, Producers

LONG = BreakerRules(failures=3, open_s=60, max_open_s=60)


@asynccontextmanager
async def probing(prober: Prober) -> AsyncIterator[None]:
    task = asyncio.create_task(prober.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def met(health: Health, *urls: str) -> None:
    for url in urls:
        await health.send(outgoing(url))


async def test_a_producer_that_was_restarted_is_found_within_the_interval() -> None:
    client = Producers(Calling(retry_attempts=0), LOOPBACK, _no_tls)
    health, rules = Health(client, LONG, Told()), ProbeRules(interval_s=0.5)
    server = await listening(says(OK))
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/x"
    server.close()
    await server.wait_closed()
    async with probing(Prober(health, client.probe, rules)):
        for _ in range(LONG.failures):
            assert await cause(health, outgoing(url)) == "producer.connect-refused"
        await asyncio.sleep(rules.interval_s * 1.5)
        assert await cause(health, outgoing(url)) == "producer.circuit-open"
        assert health.vitals[0].probe_cause == "producer.connect-refused"
        restarted, probes = await listening(says(OK), port), health.vitals[0].probes
        for _ in range(500):
            if health.vitals[0].breaker.state is not State.OPEN:
                break
            await asyncio.sleep(0.01)
        assert health.vitals[0].probes - probes in {1, 2}  # the next one, unless one was on its way
        assert await cause(health, outgoing(url)) == ""
        assert health.vitals[0].breaker.state is State.CLOSED
    restarted.close()
    await client.close()


async def test_each_probe_comes_within_the_interval_and_not_in_step() -> None:
    """The time between two looks included."""
    now = 100.0
    health = Health(Silent(), LONG, Told(), now=lambda: now)
    await met(health, *(f"http://p{number}/" for number in range(50)))
    prober = Prober(health, Producers(Calling(), LOOPBACK, _no_tls).probe, ProbeRules(what="used"), now=lambda: now)
    waited: list[int] = []
    for look in range(21):
        for vitals in prober._due():
            waited.append(look)
            vitals.probe_at = math.inf
        now += ProbeRules().interval_s / 20
    assert len(waited) == 50
    assert max(waited) <= 19
    assert len(set(waited)) > 3


async def test_a_probe_sends_nothing_and_goes_nowhere_it_may_not() -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    server = await listening(talk)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    allowed, elsewhere = (Producers(Calling(), networks, _no_tls) for networks in (LOOPBACK, AllowedNetworks(None)))
    assert await allowed.probe(url) == ""
    assert await elsewhere.probe(url) == "producer.address-refused"
    await asyncio.sleep(0.05)
    assert heard == [b""]
    assert allowed.connections == 0
    server.close()


async def test_a_probe_of_https_makes_the_handshake(tmp_path: Path) -> None:
    authority = Authority("Test CA")
    identity = authority.issue("SE2321000016-TC01", hosts=("localhost",)).write(tmp_path / "producer.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    for mine, told in ((trusting, ""), (ssl.create_default_context(), "producer.tls-untrusted")):
        client = Producers(Calling(), LOOPBACK, lambda _host, _port, mine=mine: mine)
        assert await client.probe(url) == told
        await client.close()
    server.close()


async def test_no_more_probes_at_a_time_than_allowed_and_one_that_surprises_does_not_end_them() -> None:
    running, most, asked = 0, 0, list[str]()

    async def connect(url: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        asked.append(url)
        if len(asked) == 1:
            raise RuntimeError("nobody foresaw this")
        return ""

    health = Health(Silent(), LONG, Told())
    await met(health, *(f"http://p{number}/" for number in range(20)))
    async with probing(Prober(health, connect, ProbeRules(what="used", interval_s=0.1, parallel=3))):
        await asyncio.sleep(1)
    assert (most, len(set(asked))) == (3, 20)
    assert sum(each.probe_cause == "internal.error" for each in health.vitals) <= 1


@pytest.mark.parametrize(("what", "asked"), [("open", {"http://down:80"}), ("used", {"http://down:80", "http://up:80"}), ("off", set())])  # fmt: skip
async def test_what_is_probed(what: str, asked: set[str]) -> None:
    found: list[str] = []

    async def connect(url: str) -> str:
        found.append(url)
        return "producer.unreachable"

    rules = BreakerRules(failures=1, open_s=60)
    health = Health(Silent(), rules, Told())
    await met(health, "http://up/", "http://down/")
    health.probed(health.vitals[1], "producer.unreachable")
    prober = Prober(health, connect, ProbeRules(what=what, interval_s=0.1))  # type: ignore[arg-type]
    async with probing(prober):
        await asyncio.sleep(0.25)
    assert set(found) == asked
