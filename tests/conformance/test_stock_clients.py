"""A stock SOAP client works from what is published: it builds itself from our WSDL, and calls through the switch.

SW-15.1 to SW-15.4 for every contract of the catalogue, over HTTP from a platform in a process of its own.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
from lxml import etree
from scene import DIAGNOSIS, PATIENT, PLATFORM, PRODUCER, TRUSTED, UNIT, scene
from tests.conformance.published import ROOT, Interaction, interactions

from vaxel import home as homes
from vaxel.contracts.load import load
from vaxel.contracts.sample import Facts, Sampler
from vaxel.home import Home

TARGET = re.compile(r'targetNamespace="urn:riv:([^"]+)"')


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The HTTP address of a platform with the catalogue as it is shipped."""
    home = homes.make(tmp_path_factory.mktemp("stock") / "home").path
    told = {"VAXEL_HTTP_PORT": "0", "VAXEL_WEB_PORT": "0"}
    command = [sys.executable, "-m", "vaxel", "serve", "--home", str(home)]
    with subprocess.Popen(command, env={**os.environ, **told}, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port(home / 'var' / 'run.json')}"
        finally:
            process.terminate()
            process.wait()


def port(run_file: Path) -> int:
    for _ in range(500):
        content = run_file.read_bytes() if run_file.is_file() else b""
        if content:
            return int(json.loads(content)["ports"]["http"])
        time.sleep(0.02)
    raise AssertionError("the platform was not ready in 10 s")


def path_of(wsdl: Path) -> str:
    """The path below which a WSDL is published (SW-15.4)."""
    target = TARGET.search(wsdl.read_text("utf-8"))
    assert target is not None
    return "/vp/" + target[1].replace(":", "/")


@pytest.mark.parametrize("interaction", interactions(), ids=str)
def test_a_client_builds_itself_from_the_published_wsdl(interaction: Interaction, served: str) -> None:
    """Its service is at the URL that it read the WSDL from, and it knows the elements of both messages."""
    url = served + path_of(interaction.wsdl)
    with requests.Session() as session:
        client = zeep.Client(f"{url}?wsdl", transport=zeep.Transport(session=session))
        [service] = client.wsdl.services.values()
        [port] = service.ports.values()
        assert port.binding_options["address"] == url
        for name in interaction.messages:
            assert client.get_element(name).name == etree.QName(name).localname


def entry_of(name: str) -> tuple[Any, Any]:
    home = Home(path=ROOT)
    catalogue = load(home.contract_files(), home.schema).catalogue
    contract = catalogue.named(name)
    return contract, catalogue.schema(contract) if contract else None


ACTOR = {"actorId": PATIENT, "actorType": "subject_of_care"}
PERSON = {"id": PATIENT, "type": "1.2.752.129.2.1.3.1"}
INSTANCE = {"root": PERSON["type"], "extension": PATIENT}
UNIT_INSTANCE = {"root": "1.2.752.129.2.1.4.1", "extension": UNIT}
CARE_DOCUMENTATION_2 = "urn:riv:clinicalprocess:healthcond:description:GetCareDocumentationResponder:2"
CALLS = [
    ("GetDiagnosis", {}, {"patientId": PERSON, "careUnitHSAId": [UNIT]}),
    ("GetAlertInformation", {}, {"patientId": PERSON}),
    (CARE_DOCUMENTATION_2, {}, {"patientId": PERSON, "careUnitHSAid": [UNIT, PRODUCER]}),
    ("GetCareDocumentation", {}, {"patientId": INSTANCE, "careUnit": [UNIT_INSTANCE]}),
    ("GetSubjectOfCareSchedule", {"actor": ACTOR}, {"subject_of_care": PATIENT, "healthcare_facility": UNIT}),
]


@pytest.mark.parametrize(("name", "headers", "arguments"), CALLS, ids=[name for name, _, _ in CALLS])
async def test_a_stock_client_calls_through_the_switch(
    tmp_path: Path, name: str, headers: dict[str, Any], arguments: dict[str, Any]
) -> None:
    """The request it writes is valid, its header parts reach the producer, and it reads the answer."""
    contract, schema = entry_of(name)
    if contract is None:
        pytest.skip(f"the catalogue has no {name}")
    async with scene(tmp_path) as stage:
        for file in ("routing/routes.yaml", "routing/permissions.yaml"):
            stage.write(
                file, (tmp_path / file).read_text("utf-8").replace(f"[{DIAGNOSIS}, ", f"[{contract.namespace}, ")
            )
        await stage.platform.reload()
        stage.producer.content = Sampler(contract, schema.structure()).response(Facts())
        url = f"http://127.0.0.1:{stage.platform.ports['http']}{path_of(ROOT / schema.location)}?wsdl"

        def ask() -> Any:
            with requests.Session() as session:
                session.headers.update({"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM})
                client = zeep.Client(url, transport=zeep.Transport(session=session))
                return client.service[contract.name](_soapheaders={"LogicalAddress": UNIT, **headers}, **arguments)

        answer = await asyncio.to_thread(ask)
        assert answer is not None
        [seen] = stage.producer.seen
        sent = etree.fromstring(seen["body"])
        assert sent.findtext("{*}Header/{*}LogicalAddress") == UNIT
        names = {etree.QName(each).localname for each in sent.find("{*}Header")}
        assert {each.lower() for each in names} == {"logicaladdress", *headers}  # parts are named in lower case
        assert sent.find("{*}Body")[0].tag == f"{{{contract.namespace}}}{contract.request}"
        [row] = stage.platform.watch.quality.rows(contract.namespace, message="request")
        assert (row["checked"], row["violating"]) == (1, 0)
