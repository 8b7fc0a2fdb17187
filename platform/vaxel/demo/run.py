"""Runs the demo: producers, the platform, and where asked one call of each kind."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from vaxel.adapters.authority import Authority
from vaxel.adapters.server import Limits, Listeners
from vaxel.contracts.load import load
from vaxel.contracts.sample import Facts, Sampler
from vaxel.demo.parties import CONTRACTS, PARTIES, Party, furnish
from vaxel.demo.producer import Sample, SimulatedProducer
from vaxel.home import Home, packaged

Serve = Callable[[Home], Awaitable[None]]


@asynccontextmanager
async def parties(folder: Path, settings: dict[str, object]) -> AsyncIterator[Home]:
    """The demo's home, with its producers listening on loopback over mutual TLS."""
    authority = Authority("Vaxel demo CA")
    listeners = Listeners(Limits())
    samples = await asyncio.to_thread(_samplers)
    ports = {
        party.hsa_id: await listeners.listen(
            _producer(party, samples), "127.0.0.1", 0, _context(folder, authority, party)
        )
        for party in PARTIES
    }
    try:
        yield furnish(folder / "home", ports, authority, settings)
    finally:
        await listeners.drain(0)


def _producer(party: Party, samplers: dict[str, Sampler]) -> SimulatedProducer:
    def sample(sampler: Sampler, patient: str) -> bytes:
        return sampler.response(Facts(patient=patient or Facts().patient, system=party.unit))

    made: dict[str, Sample] = {namespace: partial(sample, sampler) for namespace, sampler in samplers.items()}
    return SimulatedProducer(made, party.behaviour)


def _samplers() -> dict[str, Sampler]:
    home = Home(path=packaged())
    catalogue = load(home.contract_files(), home.schema).catalogue
    found = {}
    for namespace in CONTRACTS:
        contract = catalogue.get(namespace)
        schema = catalogue.schema(contract) if contract else None
        if contract is not None and schema is not None:
            found[namespace] = Sampler(contract, schema.structure())
    return found


def _context(folder: Path, authority: Authority, party: Party) -> ssl.SSLContext:
    """A producer's TLS: it wants the platform's certificate."""
    identity = authority.issue(party.hsa_id, hosts=("localhost",)).write(folder / f"{party.hsa_id}.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(identity)
    return context


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
