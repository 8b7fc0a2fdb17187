"""The demo's home: a CA, certificates, three producers (one slow, one failing), two consumers; all invented."""

from dataclasses import dataclass
from pathlib import Path

from vaxel import home
from vaxel.adapters.authority import Authority
from vaxel.demo.producer import Behaviour
from vaxel.engagements.model import Engagement

DIAGNOSIS = "urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"
CONTRACTS = tuple(
    f"urn:riv:clinicalprocess:healthcond:description:{name}Responder:2"
    for name in ("GetDiagnosis", "GetAlertInformation", "GetCareDocumentation", "GetFunctionalStatus")
)
DOMAIN = "riv:clinicalprocess:healthcond:description"
PING = "urn:riv:itintegration:monitoring:PingForConfigurationResponder:1"
PLATFORM = "SE5565594230-VAXEL"
OVERVIEW = "SE5565594230-B9P"
"""A consumer that enforces consent and blocks itself."""
JOURNAL = "SE2321000016-J001"
"""A consumer that the platform protects, and that therefore needs a bearer token."""
PATIENT = "191212121212"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A simulated journal system and the care unit that it answers for."""

    hsa_id: str
    name: str
    unit: str
    unit_name: str
    behaviour: Behaviour


PARTIES = (
    Party(
        hsa_id="SE2321000016-TC01",
        name="Journal Nord",
        unit="SE2321000016-39KJ",
        unit_name="Exempelsjukhuset",
        behaviour=Behaviour(),
    ),
    Party(
        hsa_id="SE2321000016-TC02",
        name="Journal Syd (långsam)",
        unit="SE2321000016-40KJ",
        unit_name="Långsamma lasarettet",
        behaviour=Behaviour(delay_s=1.5),
    ),
    Party(
        hsa_id="SE2321000016-TC03",
        name="Journal Väst (trasig)",
        unit="SE2321000016-41KJ",
        unit_name="Trasiga vårdcentralen",
        behaviour=Behaviour(failure="http-500"),
    ),
)


def furnish(path: Path, producer_ports: dict[str, int], authority: Authority, settings: dict[str, object]) -> home.Home:
    """Write the demo's home below `path`; `settings` go to its `vaxel.toml`."""
    made = home.make(path)
    pki = path / "var" / "pki"
    authority.issue(PLATFORM, hosts=("localhost", "127.0.0.1")).write(pki / f"{PLATFORM}.pem")
    for component in (OVERVIEW, JOURNAL):
        authority.issue(component).write(pki / f"{component}.pem")
    (pki / "ca.pem").write_bytes(authority.pem)
    own = pki / f"{PLATFORM}.pem"
    stated: dict[str, object] = dict.fromkeys(("tls_cert", "tls_key", "producer_cert", "producer_key"), own)
    stated |= dict.fromkeys(("tls_client_ca", "producer_ca"), pki / "ca.pem") | {"producer_networks": "127.0.0.0/8"}
    lines = [f'{name} = "{value}"' for name, value in {**stated, **settings}.items()]
    (path / "vaxel.toml").write_text("\n".join(lines) + "\n", "utf-8")
    for name, content in _directory(producer_ports).items():
        (path / name).write_text(content, "utf-8")
    return made


def engagements() -> tuple[Engagement, ...]:
    """What the demo's index knows: each party holds something of every kind about the patient."""
    return tuple(
        Engagement(
            registered_resident_identification=PATIENT,
            service_domain=DOMAIN,
            categorization=categorization,
            logical_address=party.unit,
            business_object_instance_identifier="NA",
            clinical_process_interest_id="NA",
            source_system=party.unit,
            data_controller="2321000016",
        )
        for party in PARTIES
        for categorization in ("dia", "upp", "voo", "fun-fun")
    )


def _directory(ports: dict[str, int]) -> dict[str, str]:
    contracts = "[" + ", ".join(CONTRACTS) + "]"
    units = "".join(
        f"  - {{id: {party.unit}, name: {party.unit_name}, kind: care_unit, parent: SE2321000016-0000}}\n"
        for party in PARTIES
    )
    producers = "".join(f"  - {{id: {party.hsa_id}, name: {party.name}, roles: [producer]}}\n" for party in PARTIES)
    routes = "".join(
        f"  - {{to: [{party.unit}], contract: {contracts}, producer: {party.hsa_id},\n"
        f"     url: 'https://localhost:{ports[party.hsa_id]}/ws', profile: rivtabp21}}\n"
        for party in PARTIES
    )
    return {
        "logical_addresses.yaml": "format: 1\naddresses:\n"
        f"  - {{id: {PLATFORM}, name: Växel, kind: platform}}\n"
        "  - {id: SE2321000016-0000, name: Region Exempel, kind: care_provider}\n" + units,
        "routing/components.yaml": "format: 1\ncomponents:\n"
        f"  - {{id: {PLATFORM}, name: Växel, roles: [producer, consumer]}}\n"
        f"  - {{id: {OVERVIEW}, name: Patientöversikt, roles: [consumer], access_control: consumer}}\n"
        f"  - {{id: {JOURNAL}, name: Journalsystem, roles: [consumer]}}\n" + producers,
        "routing/routes.yaml": "format: 1\nroutes:\n"
        f"  - {{to: [{PLATFORM}], contract: [{PING}], producer: {PLATFORM},\n"
        "     url: 'vaxel:monitoring', profile: rivtabp21}\n"
        f"  - {{to: [{PLATFORM}], contract: {contracts}, producer: {PLATFORM},\n"
        "     url: 'vaxel:aggregate', profile: rivtabp21}\n" + routes,
        "routing/permissions.yaml": "format: 1\npermissions:\n"
        f"  - {{consumer: [{OVERVIEW}, {JOURNAL}], to: ['*'], contract: [{', '.join((*CONTRACTS, PING))}]}}\n",
    }
