"""What `vaxel demo --once` shows: one call of each kind, with its answer and its records in the journal."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from vaxel.contracts.load import load
from vaxel.contracts.sample import Facts, Sampler
from vaxel.demo.calling import Line, Outcome, send
from vaxel.demo.parties import DIAGNOSIS, JOURNAL, OVERVIEW, PARTIES, PATIENT, PLATFORM
from vaxel.home import Home
from vaxel.journal.reader import about, find
from vaxel.journal.verify import verify
from vaxel.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    title: str
    consumer: str
    unit: str
    expected: str


CASES = (
    _Case(title="a consumer that is trusted to protect", consumer=OVERVIEW, unit=PARTIES[0].unit, expected=""),
    _Case(title="a slow producer", consumer=OVERVIEW, unit=PARTIES[1].unit, expected=""),
    _Case(title="a failing producer", consumer=OVERVIEW, unit=PARTIES[2].unit, expected="VP009"),
    _Case(title="a consumer without bearer token", consumer=JOURNAL, unit=PARTIES[0].unit, expected="AC001"),
    _Case(title="every source at once", consumer=OVERVIEW, unit=PLATFORM, expected=""),
    _Case(title="an address that nobody answers", consumer=OVERVIEW, unit="SE2321000016-NONE", expected="VP004"),
)


def show_once(console: Console, home: Home, settings: Settings, ports: dict[str, int]) -> bool:
    """Make the calls and show them; whether each had the outcome that it should."""
    outcomes = [(case, _call(home, ports, case)) for case in CASES]
    console.print(Panel(_shown(outcomes[0][1].content), title="the answer of GetDiagnosis, its first part"))
    table = Table("call", "HTTP", "outcome", "ms", "reference")
    for case, outcome in outcomes:
        code = outcome.fault.replace("SOAP-ENV:", "")[:70] or "answered"
        table.add_row(case.title, str(outcome.status), code, f"{outcome.total_ms:.1f}", outcome.reference)
    console.print(table)
    journal = settings.var / "journal"
    _show_records(console, list(find(journal, about({"sender": OVERVIEW, "receiver": PARTIES[0].unit}))))
    verdict = verify(journal / settings.node)
    console.print(f"journal: {verdict.records} records, chain {verdict.damage or 'whole'}")
    return verdict.damage is None and all(_as_expected(case, outcome) for case, outcome in outcomes)


def _as_expected(case: _Case, outcome: Outcome) -> bool:
    return case.expected in outcome.fault if case.expected else outcome.answered


def _call(home: Home, ports: dict[str, int], case: _Case) -> Outcome:
    catalogue = load(home.contract_files(), home.schema).catalogue
    contract = catalogue.get(DIAGNOSIS)
    schema = catalogue.schema(contract) if contract else None
    assert contract is not None and schema is not None, "the home holds the contract"  # noqa: S101, PT018
    request = Sampler(contract, schema.structure()).request(Facts(patient=PATIENT), case.unit)
    pki = home.path / "var" / "pki"
    line = Line(
        url=f"https://localhost:{ports['https']}/vp", certificate=pki / f"{case.consumer}.pem", ca=pki / "ca.pem"
    )
    return send(line, request, {})


def _shown(content: bytes) -> str:
    return content[:700].decode("utf-8", "replace") + " …"


def _show_records(console: Console, records: list[dict[str, Any]]) -> None:
    table = Table("journal", "what it holds of the first call")
    for record in records:
        shown = {name: value for name, value in record.items() if name not in {"kind", "prev", "hash", "patient"}}
        patient = {"patient": "sealed"} if "patient" in record else {}
        table.add_row(record["kind"], " ".join(f"{name}={value}" for name, value in {**shown, **patient}.items()))
    console.print(table)
