"""The composition root: the one place that knows concrete classes. Settings and a home in, a running platform out."""

import asyncio
import gc
import ipaddress
import os
import secrets
import signal
import socket
import time
from contextlib import suppress
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
from watchfiles import awatch

from vaxel import __version__
from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.certificates import Certificates, read_trusted
from vaxel.adapters.coding import Decoding
from vaxel.adapters.handshakes import Handshakes
from vaxel.adapters.health import Health, logged
from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.adapters.payloads import Payloads
from vaxel.adapters.probes import Prober
from vaxel.adapters.producers import Producers
from vaxel.adapters.quality_file import QualityFile
from vaxel.adapters.releases import Releases
from vaxel.adapters.server import Listeners
from vaxel.adapters.telemetry import CallEvents, Log, Metrics
from vaxel.adapters.tls import ProducerTls, ends, listener_context, tell
from vaxel.adapters.vitals import Series
from vaxel.admin import own_services, portions
from vaxel.admin.cautions import cautions
from vaxel.admin.facts import Facts
from vaxel.admin.front import App, Front
from vaxel.admin.housekeeping import Housekeeping
from vaxel.admin.index_paths import IndexPaths
from vaxel.admin.keeper import Keeper, State
from vaxel.admin.operations import Operations, Reloaded, Surfaces
from vaxel.admin.producers import origins
from vaxel.admin.publication import Publisher
from vaxel.admin.quality import Watch
from vaxel.call import Call, Handler
from vaxel.contracts.publish import Publication
from vaxel.delivery import Answer, Outgoing
from vaxel.directory.resolve import RoutingRules
from vaxel.engagements.port import Index
from vaxel.errors import DataError, JournalUnavailable
from vaxel.exchange import Exchange, Rules, journey
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.compressed import Compressed
from vaxel.exchange.door import Door
from vaxel.exchange.forward import Delivery, Forward
from vaxel.exchange.gateway import Gateway
from vaxel.exchange.headers import HeaderTable
from vaxel.exchange.identify import Identify
from vaxel.exchange.observe import Observer
from vaxel.exchange.read import Read
from vaxel.home import Home
from vaxel.journal.checkpoint import Signer
from vaxel.journal.reserve import Reserve
from vaxel.journal.sealing import Sealer
from vaxel.journal.ship import Shipper
from vaxel.journal.writer import Journal
from vaxel.services.index_acts import IndexActs, noting
from vaxel.services.index_node import IndexNode
from vaxel.services.inner_calls import Switch
from vaxel.services.monitoring import monitoring
from vaxel.services.reporting import Reports
from vaxel.settings import Settings, swedish_day, swedish_now
from vaxel.soap.faults import FaultWriter, read_texts
from vaxel.store.address import address as store_address
from vaxel.store.port import StoreIndex
from vaxel.store.store import Store

LOOK_S = 2


class Platform:
    """One node: started, running, draining, stopped."""

    def __init__(self, settings: Settings, home: Home, log: Log) -> None:
        self.settings, self.home, self.log = settings, home, log
        self.metrics = Metrics()
        self.bounds = Bounds(
            calls=settings.max_calls,
            calls_per_consumer=settings.max_calls_per_consumer,
            buffered_bytes=settings.max_buffered_bytes,
        )
        self.events = CallEvents(
            log,
            self.metrics,
            every=settings.call_events == "all",
            allowed=settings.log_headers,
            certificate_header=settings.client_cert_header.lower().encode(),
        )
        self.watch = Watch(QualityFile(settings.var / "quality" / f"{settings.node}.json"), self.metrics, log)
        self.observer = Observer(self.bounds, settings.observe_cpu, self.watch.told)
        self.reports = Reports(log, self.metrics)
        self.journal = Journal(
            settings.var / "journal" / settings.node,
            settings.node,
            sealer=Sealer(settings.var / "keys", lambda: swedish_day().year),
            signer=Signer(settings.var / "keys" / "journal.pem"),
            reserve=Reserve(settings.var / "journal" / "reserve", settings.reserve_bytes),
            segment_bytes=settings.segment_bytes,
            synced=self.metrics.synced,
        )
        self._tls_read_at = _stamps(self.tls_files())
        self.certificates = Certificates(
            self._trusted(), pattern=settings.sender_pattern, verify_header=not settings.trust_unverified_header
        )
        self.payloads = Payloads(log)
        self.handshakes = Handshakes(log, self.metrics)
        self.producer_tls = ProducerTls(
            portions.default_profile(settings), portions.profiles(settings), self.handshakes.outgoing
        )
        self.producers = Producers(
            portions.calling(settings), AllowedNetworks(settings.producer_networks), self.producer_tls
        )
        self.health = Health(
            self.producers, portions.breaker_rules(settings), logged(log), show_address=settings.fault_address
        )
        self.prober = Prober(self.health, self.producers.probe, portions.probe_rules(settings))
        self.listeners = Listeners(portions.limits(settings))
        self.keeper = Keeper(
            home,
            Releases(settings.var / "releases"),
            frozenset(settings.schema_compat),
            swedish_day,
            self._swap,
        )
        self._keep_index()
        self.facts = Facts(self)
        self.housekeeping = Housekeeping(self.journal, Shipper(settings.checkpoint_to), self.facts, log)
        self._run_file = settings.var / "run.json"
        self.exchange: Exchange | None = None
        self.ports: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    def _keep_index(self) -> None:
        """The engagement index, which is opened when a route leads to it."""
        settings = self.settings
        switch = Switch(lambda: self._handler, self.bounds.release)
        store = Store(store_address(settings.store_url, settings.var))
        events = IndexEvents(self.log, self.metrics.registry)
        self.index = IndexNode(store, portions.index_conduct(settings), events, switch)
        self.engagements: Index = StoreIndex(store, settings.index_timeout_s)
        self.acts = IndexActs(store, noting(self.journal), self.index.subscribers, self.index.wake)

    # Starting and stopping

    async def start(self) -> None:
        """Everything up, listeners last; raises `DataError`, `SettingsError` or `OSError` where it cannot."""
        self._seen = self.home.look()
        state = self.keeper.load()
        self._instance(state)
        self.producer_tls.load()
        self.journal.open()
        await self.keeper.use(state, self.journal)
        for finding in (*self.keeper.problem, *state.warnings):
            self.log.event("directory.finding", level="warning", finding=str(finding))
        for caution in cautions(self.settings):
            self.log.event("settings.caution", level="warning", finding=str(caution))
        self.watch.start()
        self.observer.start()
        await self._listen()
        self._tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("sweep", self.listeners.sweep()),
                ("checkpoints", self.housekeeping.checkpoints()),
                ("clock", self.housekeeping.watch_clock()),
                ("probes", self.prober.run()),
                ("files", self._watch_files()),
                ("tls", self._watch_tls()),
                ("quality", self.watch.keep()),
                ("index", self.index.run()),
            )
        ]
        self._run_file.write_bytes(orjson.dumps({"pid": os.getpid(), "ports": self.ports}))
        self.log.event("started", version=__version__, ports=self.ports, release=state.release.number)

    async def run(self) -> None:
        """Start, serve until SIGTERM or SIGINT, drain, stop; SIGHUP reads the files again (SW-17.7)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._tasks.append(asyncio.create_task(self._hang_up())))
        try:
            await self.start()
            settle()
            await self._stopping.wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Drain the listeners within the grace, then close everything."""
        self.facts.draining = True
        self.log.event("stopping", in_flight=self.bounds.calls)
        await self.listeners.drain(self.settings.shutdown_grace_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.observer.stop()
        self.watch.write(self.watch.changed_rows())
        await self.index.store.close()
        await self.producers.close()
        if self.journal.opened:
            await self.journal.close()
            self._run_file.unlink(missing_ok=True)
        self.log.event("stopped")

    async def _listen(self) -> None:
        settings = self.settings
        assert self.exchange is not None, "the directory comes first"  # noqa: S101
        gateway = Gateway(
            lambda: self.exchange,  # type: ignore[arg-type, return-value] # set before anything listens
            self.journal,
            self.bounds,
            self.events,
            self._fault_writer(),
        )
        self._gauges()
        switch = Compressed(gateway) if settings.gzip_consumer else gateway
        operations = Operations(self._surfaces())
        paths = self._index_paths(switch, operations)
        self.front = Front(switch, self._publisher(), operations, paths, aggregated=settings.aggregation_http)
        self.https_front = Front(switch, self._publisher(), None)
        self.ports["http"] = await self.listeners.listen(self.front, settings.host, settings.http_port)
        if settings.https:
            context = self._listener_context()
            self.ports["https"] = await self.listeners.listen(
                self.https_front, settings.host, settings.https_port, context
            )
        if settings.web_port or settings.web_port == 0:
            self.ports["web"] = await self.listeners.listen(self._web(), settings.web_host, settings.web_port)

    def _gauges(self) -> None:
        """What is read when metrics are asked for (SW-18.7)."""
        gauge, bounds = self.metrics.gauge, self.bounds
        gauge("vaxel_calls_in_flight", "Calls under way", lambda: bounds.calls)
        gauge("vaxel_buffered_bytes", "Bytes of messages held in memory", lambda: bounds.buffered_bytes)
        gauge("vaxel_connections", "Open connections to the listeners", lambda: self.listeners.connections)
        gauge("vaxel_producer_calls_in_flight", "Calls to producers", lambda: sum(self.producers.in_flight.values()))
        self.metrics.registry.register(Series(lambda: self.health.vitals, lambda: self.producer_calls, time.monotonic))
        gauge("vaxel_ready", "1 when calls can be carried", lambda: not self.facts.ready())
        gauge("vaxel_release", "Number of the directory release in use", lambda: self.facts.release().get("number", 0))
        gauge("vaxel_directory_problems", "Findings of the last refused edit", lambda: len(self.keeper.problem))
        gauge("vaxel_directory_age_seconds", "Since the files were last read well", self.facts.directory_age_s)
        gauge("vaxel_journal_seq", "Records in the journal", lambda: self.journal.status().seq)
        gauge("vaxel_clock_jumps", "Jumps of the system clock", lambda: self.facts.clock_jumps)
        gauge("vaxel_log_lines_dropped", "Log lines that could not be written", lambda: self.log.dropped)
        gauge("vaxel_tls_problem", "1 while a changed TLS file cannot be used", lambda: bool(self.facts.tls_problem))
        gauge(
            "vaxel_index_not_applied", "Transactions answered and not applied yet", lambda: self.index.applier.waiting
        )
        gauge("vaxel_certificate_days", "Days until the first own certificate ends", self.facts.certificate_days)

    def _web(self) -> Any:
        from vaxel.admin.api import api  # FastAPI is imported for the web port only
        from vaxel.admin.contract_facts import ContractFacts
        from vaxel.admin.contract_routes import routes
        from vaxel.admin.index import add
        from vaxel.admin.payloads import AuditedPayloads

        payloads = AuditedPayloads(self.payloads, self.journal, allowed=self.settings.log_payload)
        contracts = ContractFacts(lambda: self.keeper.state, swedish_day, self.settings.validation_max)
        more = routes(contracts, lambda *wanted: self.watch.quality.rows(*wanted))
        key, facts, index = admin_key(self.settings.var / "admin.key"), self.facts, partial(add, acts=self.acts)
        return api(key, facts.status, facts.release, self.reload, payloads, facts.producers, more, index)

    def _index_paths(self, switch: App, operations: Operations) -> IndexPaths | None:
        peers = [ipaddress.ip_network(network) for network, _ in self.settings.internal_peers]
        parts = (self._fault_writer(), peers, operations, self.acts, self.index.subscribers, self.reload)
        return IndexPaths(switch, *parts) if self.settings.index_http else None

    def _publisher(self) -> Publisher:
        settings = self.settings
        names = (settings.forwarded_proto_header, settings.forwarded_host_header, settings.forwarded_port_header)
        return Publisher(lambda: self.publication, settings.proxies, names, public=settings.wsdl_public)

    # The exchange of a release

    def _instance(self, state: State) -> None:
        platform = state.directory.platform
        self.instance_id = self.settings.instance_id or platform.id
        self.instance_name = self.settings.instance_name or platform.name

    def _swap(self, state: State) -> None:
        """Build the exchange of a state and put it in place of the former; a call keeps the one it began with."""
        settings = self.settings
        self._instance(state)
        self.health.keep(origins(state.directory))
        self.publication = Publication(state.catalogue, self.home.schema)
        observe = partial(self.observer.offer, state.catalogue)
        services: dict[str, Handler] = {
            "monitoring": monitoring(__version__, self.instance_name, swedish_now),
            "engagement-index": self.index.use(own_services.situation(settings, state)),
        }
        forward = Forward(
            Decoding(self.health, offer=settings.gzip_producer),
            services,
            state.catalogue,
            HeaderTable(portions.header_rules(settings, self.instance_id)),
            Delivery(
                timeout_s=settings.producer_timeout_s,
                max_size_bytes=settings.max_size_bytes,
                pass_soap12_faults=settings.pass_soap12_faults,
                validation_max=settings.validation_max,
            ),
            self.bounds,
            count=self.watch.count,
            observe=observe,
            sent=self._sent,
            received=self._received,
        )
        rules = Rules(
            routing=settings.routing_rules(RoutingRules),
            today=swedish_day,
            validation_max=settings.validation_max,
            forward_unknown=settings.unknown_contracts == "forward",
        )
        handler = journey(state.directory, state.catalogue, self.journal, rules, self.watch.count, observe, forward)
        services["aggregate"] = own_services.aggregate(
            settings, state, handler, lambda: self.engagements, self.reports, self.instance_id
        )  # it gets the finished handler, for its own calls
        self._handler = handler
        self.exchange = Exchange(
            door=Door(
                Identify(portions.trust(settings, self.instance_id), self.certificates),
                Read(state.catalogue, portions.reading(settings), self.bounds),
                state.catalogue,
                state.directory,
                reject=settings.original_consumer == "reject",
            ),
            handler=handler,
            catalogue=state.catalogue,
            directory=state.directory,
            release=state.release.number,
        )

    @property
    def producer_calls(self) -> dict[str, int]:
        """Calls under way by endpoint, `host:port`."""
        return self.producers.in_flight

    def _sent(self, call: Call, outgoing: Outgoing) -> None:
        self.events.request_out(call, outgoing.headers)
        self.payloads.sent(call, outgoing)

    def _received(self, call: Call, answer: Answer) -> None:
        self.events.response_in(call, answer.status, answer.headers)
        self.payloads.received(call, answer)

    def _fault_writer(self) -> FaultWriter:
        settings = self.settings
        return FaultWriter(
            texts=read_texts(
                resources.files("vaxel.soap").joinpath("faults.toml").read_bytes(), self.home.fault_texts()
            ),
            instance_name=self.instance_name,
            cause=settings.fault_cause,
            address=settings.fault_address,
            too_large_status=settings.too_large_status,
        )

    # Reloading

    async def reload(self) -> dict[str, Any]:
        """Read the operator's files again; the findings where they are bad."""
        try:
            state = await self.keeper.reload(self.journal)
        except DataError as error:
            for finding in error.findings:
                self.log.event("directory.refused", level="error", finding=str(finding))
            return {"successful": False, "findings": [str(finding) for finding in error.findings]}
        except (JournalUnavailable, OSError) as error:
            self.log.event("directory.refused", level="error", finding=type(error).__name__)
            return {"successful": False, "findings": ["the release could not be recorded"]}
        self.log.event("directory.release", release=state.release.number, origin=state.origin)
        return {"successful": True, "release": state.release.number, "findings": [str(each) for each in state.warnings]}

    async def _reset(self) -> Reloaded:
        before = self.facts.tree_size
        result = await self.reload()
        state = self.keeper.state
        return Reloaded(
            successful=result["successful"],
            reason="; ".join(result["findings"]) if not result["successful"] else "",
            routes=len(state.directory.by_route) if state else 0,
            permissions=len(state.directory.by_permission) if state else 0,
            tree_before=before,
            tree_after=self.facts.tree_size,
            files=tuple(self.home.directory_files()),
        )

    async def _hang_up(self) -> None:
        await self.reload()
        await self.reload_tls()

    async def _watch_files(self) -> None:
        """An edit of the home is a reload: the system tells of most at once, the rest is seen by looking."""
        edited = asyncio.Event()

        async def follow() -> None:
            folders = [path for path in self.home.watched() if path.is_dir()]
            async for _ in awatch(*folders, stop_event=self._stopping, debounce=200, step=200):
                edited.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(follow())
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(edited.wait(), LOOK_S)
                edited.clear()
                former, self._seen = self._seen, self.home.look(self._seen)
                if self._seen.files != former.files:
                    await self.reload()

    # TLS

    def _trusted(self) -> Any:
        ca, crl = self.settings.tls_client_ca, self.settings.tls_crl
        return read_trusted(ca.read_bytes() if ca else None, crl.read_bytes() if crl else None)

    def _listener_context(self) -> Any:
        settings = self.settings
        assert settings.tls_cert and settings.tls_key and settings.tls_client_ca  # noqa: S101, PT018 - https is on
        context = listener_context(
            settings.tls_cert, settings.tls_key, settings.tls_client_ca, settings.tls_crl, settings.tls_min_version
        )
        tell(context, self.handshakes.incoming)
        return context

    async def reload_tls(self) -> bool:
        """Read certificates, keys, CAs and revocation lists again; a bad file keeps the old ones (SW-16.4)."""
        try:
            trusted = await asyncio.to_thread(self._trusted)
            context = self._listener_context() if self.settings.https else None
            self.producer_tls.load()
        except (OSError, ValueError) as error:
            self.facts.tls_problem = f"{type(error).__name__}: a certificate, key or list cannot be used"
            self.log.event("tls.refused", level="error", reason=str(error))
            return False
        self.certificates.trust(trusted)
        if context is not None:
            await self.listeners.replace_tls(self.https_front, self.ports["https"], context)
        self.facts.tls_problem = ""
        self.log.event("tls.reloaded")
        return True

    async def _watch_tls(self) -> None:
        former = self._tls_read_at
        while True:
            await asyncio.sleep(2)
            stamps = _stamps(self.tls_files())
            if stamps != former:
                former = stamps
                await self.reload_tls()

    def tls_files(self) -> tuple[Path, ...]:
        """Every certificate, key, CA and list that the settings name."""
        settings = self.settings
        own = (settings.tls_cert, settings.tls_key, settings.tls_client_ca, settings.tls_crl)
        default = (settings.producer_ca, settings.producer_cert, settings.producer_key)
        others = tuple(path for each in settings.tls_producer for path in (each.ca, each.cert, each.key))
        return tuple(path for path in (*own, *default, *others) if path is not None)

    def certificate_ends(self) -> dict[str, datetime]:
        """When each certificate of one's own ends, by its file's name."""
        found = {}
        for path in (self.settings.tls_cert, self.settings.producer_cert):
            if path is not None:
                with suppress(OSError, ValueError, IndexError):
                    found[path.name] = ends(path)
        return found

    def _surfaces(self) -> Surfaces:
        settings = self.settings
        return Surfaces(
            ready=self.facts.ready,
            degraded=self.facts.degraded,
            status=self.facts.status,
            registry=self.metrics.registry,
            reload=self._reset,
            host=socket.gethostname(),
            allow=settings.operations_allow,
            proxies=settings.proxies,
            forwarded_for=settings.forwarded_for_header.lower().encode(),
        )


def admin_key(path: Path) -> str:
    """The key of `/api`, made at the first start (0600, SW-2.11)."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    return path.read_text("ascii").strip()


def settle() -> None:
    """Take what lives as long as the process out of the collector's sight, and let it look less often.

    A call leaves hardly any cycles; looking at every module and contract again and again cost a fifth of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _stamps(paths: tuple[Path, ...]) -> tuple[tuple[int, int, int] | None, ...]:
    stamps: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            stamps.append(None)
        else:
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(stamps)
