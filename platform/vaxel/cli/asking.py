"""`vaxel call`, `why` and `produce`: talk to a platform, ask it for its reasons, be a producer for it."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
import uvloop
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from vaxel.cli.options import HomeOption, JsonOption, fail, opened
from vaxel.cli.sources import Progress, shown_live, table_of
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.load import load
from vaxel.directory.load import load_directory
from vaxel.directory.resolve import RoutingRules
from vaxel.directory.why import Explanation, why
from vaxel.home import Home
from vaxel.settings import Settings, swedish_day

console = Console()
ContractArgument = Annotated[str, typer.Argument(help="A contract by name (GetDiagnosis) or namespace.")]


def add(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def call(
        contract: ContractArgument,
        to: Annotated[str, typer.Option(help="The logical address.")],
        sender: Annotated[str, typer.Option("--from", help="Call as this component: <home>/var/pki/<HSA>.pem.")] = "",
        cert: Annotated[Path | None, typer.Option(help="Client certificate (PEM).")] = None,
        key: Annotated[Path | None, typer.Option(help="Its key (PEM), where it is not in the same file.")] = None,
        ca: Annotated[Path | None, typer.Option(help="CA of the platform's certificate.")] = None,
        token: Annotated[Path | None, typer.Option(help="File with a bearer token.")] = None,
        patient: Annotated[str, typer.Option(help="Personal identity number to ask for.")] = "191212121212",
        body: Annotated[Path | None, typer.Option(help="A whole SOAP message; default a valid sample.")] = None,
        url: Annotated[str, typer.Option(help="The platform's URL; default the one that runs in the home.")] = "",
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Send a message through a running platform and show answer, times and reference.

        Of many sources (--to the platform's own address) it shows each one's records as they come.

        Example: vaxel call GetDiagnosis --to SE2321000016-39KJ --from SE5565594230-B9P
        """
        from vaxel.demo.calling import Line

        found, settings = opened(home)
        certificate = cert or _own_certificate(found, sender)
        authority = ca or settings.tls_client_ca
        content = body.read_bytes() if body else _sample(found, settings, contract, to, patient)
        headers = {"authorization": f"Bearer {token.read_text().strip()}"} if token else {}
        line = Line(url=url or _url(found, settings), certificate=certificate, key=key, ca=authority)
        entry = _catalogue(found, settings)[0].named(contract)
        progress = Progress(entry) if entry and entry.aggregation and entry.records else None
        try:
            outcome = _sent(line, content, headers, progress, live=not json and to == _platform(found))
        except (httpx.HTTPError, OSError) as error:
            fail(f"{line.url} could not be called: {type(error).__name__}: {error}; is the platform running?")
        _show(outcome, progress, as_json=json)
        if not outcome.answered:
            raise typer.Exit(1)

    @app.command(name="why")
    def explain(
        consumer: Annotated[str, typer.Argument(help="HSA-id of the consumer.")],
        contract: ContractArgument,
        address: Annotated[str, typer.Argument(help="The logical address.")],
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Explain route and permission step by step, without calling.

        Example: vaxel why SE5565594230-B9P GetDiagnosis SE2321000016-39KJ
        """
        found, settings = opened(home)
        catalogue, _ = _catalogue(found, settings)
        entry = catalogue.named(contract)
        namespace = entry.namespace if entry else contract
        directory = load_directory(found.directory_files(), catalogue.namespaces, swedish_day()).directory
        answer = why(directory, consumer, address, namespace, swedish_day(), settings.routing_rules(RoutingRules))
        _explain(answer, entry, as_json=json)
        if answer.code:
            raise typer.Exit(1)

    @app.command()
    def produce(
        contracts: Annotated[list[str], typer.Argument(help="Contracts by name or namespace.")],
        port: Annotated[int, typer.Option(help="Where to listen, on loopback.")],
        delay: Annotated[float, typer.Option(help="Seconds before each answer.")] = 0,
        failure: Annotated[str, typer.Option("--fail", help="fault, http-500, empty, garbage, hang, truncate …")] = "",
        answer: Annotated[Path | None, typer.Option(help="A file to answer with, instead of samples.")] = None,
        home: HomeOption = None,
    ) -> None:
        """Be a producer for contracts, over HTTP on loopback.

        Example: vaxel produce GetDiagnosis --port 9001 --delay 0.2
        """
        from vaxel.demo.producer import FAILURES, Behaviour

        if failure and failure not in FAILURES:
            raise typer.BadParameter(f"--fail is one of {', '.join(FAILURES)}")
        found, settings = opened(home)
        samples = {}
        for name in contracts:
            contract = _contract(found, settings, name)
            samples[contract.namespace] = _fixed(answer) if answer else _sampled(found, settings, contract)
        uvloop.run(_produce(samples, Behaviour(delay_s=delay, failure=failure), port))


async def _produce(samples: dict[str, Any], behaviour: Any, port: int) -> None:
    from vaxel.adapters.server import Limits, Listeners
    from vaxel.demo.producer import SimulatedProducer
    from vaxel.demo.run import until_stopped

    listeners = Listeners(Limits())
    taken = await listeners.listen(SimulatedProducer(samples, behaviour), "127.0.0.1", port)
    console.print(f"producing {len(samples)} contract(s) on http://127.0.0.1:{taken}/")
    await until_stopped()
    await listeners.drain(1)


def _catalogue(home: Home, settings: Settings) -> tuple[Catalogue, dict[str, bytes]]:
    files = home.contract_files()
    return load(files, home.schema, frozenset(settings.schema_compat)).catalogue, files


def _contract(home: Home, settings: Settings, name: str) -> Contract:
    contract = _catalogue(home, settings)[0].named(name)
    if contract is None:
        fail(f"the catalogue of {home.path} has no contract {name}; see contracts/")
    return contract


def _sampler(home: Home, settings: Settings, contract: Contract) -> Any:
    from vaxel.contracts.sample import Sampler

    schema = _catalogue(home, settings)[0].schema(contract)
    if schema is None:
        fail(f"{contract.name} has no schema to make a sample from; give --body")
    return Sampler(contract, schema.structure())


def _sample(home: Home, settings: Settings, name: str, to: str, patient: str) -> bytes:
    from vaxel.contracts.sample import Facts

    request: bytes = _sampler(home, settings, _contract(home, settings, name)).request(Facts(patient=patient), to)
    return request


def _sampled(home: Home, settings: Settings, contract: Contract) -> Any:
    from vaxel.contracts.sample import Facts

    sampler = _sampler(home, settings, contract)

    def sample(patient: str) -> bytes:
        answer: bytes = sampler.response(Facts(patient=patient or Facts().patient))
        return answer

    return sample


def _fixed(answer: Path) -> Any:
    return partial(lambda content, _: content, answer.read_bytes())


def _own_certificate(home: Home, sender: str) -> Path | None:
    if not sender:
        return None
    path = home.path / "var" / "pki" / f"{sender}.pem"
    if not path.is_file():
        fail(f"{path} is not there: --from needs the component's certificate and key in it; or give --cert and --key")
    return path


def _url(home: Home, settings: Settings) -> str:
    """The platform that runs in the home: the ports it says it has, else those of the settings."""
    run_file = settings.var / "run.json"
    ports = {"http": settings.http_port, **({"https": settings.https_port} if settings.https else {})}
    if run_file.is_file():
        ports = orjson.loads(run_file.read_bytes())["ports"]
    host = "localhost" if settings.host in {"127.0.0.1", "0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
    return f"https://{host}:{ports['https']}/vp" if "https" in ports else f"http://{host}:{ports['http']}/vp"


def _platform(home: Home) -> str:
    directory = load_directory(home.directory_files(), frozenset(), swedish_day()).directory
    return directory.platform.id


def _sent(line: Any, content: bytes, headers: dict[str, str], progress: Progress | None, *, live: bool) -> Any:
    """Send; the platform itself is asked for a stream of what many sources say, shown as each of them finishes."""
    from vaxel.demo.calling import send

    if progress is None or not live:
        return send(line, content, headers, progress.feed if progress else lambda *_: None)
    with shown_live(console, progress) as shown:

        def came(part: bytes, ms: float) -> None:
            progress.feed(part, ms)
            shown.refresh()

        outcome = send(line, content, {**headers, "x-vaxel-stream": "on"}, came)
    if outcome.cause == "request.stream-not-possible":
        progress.clear()
        return send(line, content, headers, progress.feed)
    return outcome


def _show(outcome: Any, progress: Progress | None, *, as_json: bool) -> None:
    rows = progress.rows if progress and outcome.answered else ()
    facts = {
        "status": outcome.status,
        "total_ms": round(outcome.total_ms, 1),
        "producer_ms": outcome.producer_ms,
        "correlation_id": outcome.correlation_id,
        "reference": outcome.reference,
        "cause": outcome.cause,
        "fault": outcome.fault,
    }
    if as_json:
        told = {"sources": [asdict(row) for row in rows]} if rows else {}
        print(orjson.dumps(facts | told | {"answer": outcome.content.decode("utf-8", "replace")}).decode())
        return
    console.print(Syntax(outcome.content.decode("utf-8", "replace"), "xml", word_wrap=True))
    table = Table("", "")
    for name, value in facts.items():
        if value:
            table.add_row(name, str(value))
    console.print(table)
    if progress is None or not outcome.answered:
        return
    if rows:
        console.print(table_of(rows))
    for reason, count in progress.left_out.items():
        console.print(f"left out: {count} × {reason}")


def _described(entry: Contract | None) -> str:
    if entry is None:
        return "not in the catalogue"
    return f"{entry.name} {entry.version}, access {entry.access or 'not stated'}"


def _explain(answer: Explanation, entry: Contract | None, *, as_json: bool) -> None:
    target = answer.target
    facts = {
        "outcome": answer.code or "permitted",
        "cause": answer.cause,
        "contract": _described(entry),
        "route_trace": answer.route_trace,
        "route_rows": ", ".join(answer.route_rows),
        "producer": f"{target.producer} at {target.url} ({target.profile})" if target else "",
        "permission_trace": answer.permission_trace,
        "permission_row": answer.permission_row,
    }
    if as_json:
        print(orjson.dumps(facts).decode())
        return
    table = Table("step", "found")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), value or "–")
    console.print(table)
