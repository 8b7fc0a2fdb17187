"""Published contracts (switch.md section 15), also as a stock SOAP client reads them."""

import asyncio
from pathlib import Path

import pytest
import requests
import zeep
from scene import DOMAIN, PATIENT, PLATFORM, TRUSTED, UNIT, scene

PATH = "/vp/clinicalprocess/healthcond/description/GetDiagnosis/2/rivtabp21"


async def test_addresses_are_rewritten(tmp_path: Path) -> None:
    """SW-15.1, SW-15.2, SW-15.4: without case, imports by `?xsd=`, kept as they are."""
    async with scene(tmp_path) as stage:
        url = f"http://127.0.0.1:{stage.platform.ports['http']}{PATH}"
        answer = await stage.post(b"", {}, path=PATH + "?wsdl", method="GET")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/xml;charset=UTF-8")
        assert f'location="{url}"' in answer.text
        assert f'schemaLocation="{url}?xsd=../../core_components/itintegration_registry_1.0.xsd"' in answer.text
        schema = await stage.post(b"", {}, path=PATH + "?xsd=GetDiagnosisResponder_2.0.xsd", method="GET")
        assert schema.text.count(f'schemaLocation="{url}?xsd=') == schema.text.count("schemaLocation=") > 0
        assert (
            await stage.post(b"", {}, path=PATH.upper().replace("/VP", "/vp") + "?WSDL", method="GET")
        ).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "?xsd=../../../../../../etc/passwd",
        "?xsd=..%2F..%2F..%2F..%2F..%2F..%2Fetc%2Fpasswd",
        "?xsd=/etc/passwd",
        "?xsd=../../../../itintegration.registry/1.0-2.0/core_components/itintegration_registry_1.0.xsd",
        "?xsd=GetDiagnosisInteraction_2.0_RIVTABP21.wsdl",
        "?xsd",
        "?xsd=%00",
        "?xsd=" + "../" * 500,
    ],
)
async def test_nothing_else_is_served(tmp_path: Path, query: str) -> None:
    """SW-15.5, SW-15.6."""
    async with scene(tmp_path) as stage:
        answer = await stage.post(b"", {}, path=PATH + query, method="GET")
        assert (answer.status, answer.headers["content-type"]) == (404, "text/plain")
        assert PATH.lower() + "?wsdl" in answer.text


async def test_publication_can_be_closed(tmp_path: Path) -> None:
    async with scene(tmp_path, wsdl_public="off") as stage:
        assert (await stage.post(b"", {}, path=PATH + "?wsdl", method="GET")).status == 404


async def test_forwarded_names_count_from_a_trusted_proxy_only(tmp_path: Path) -> None:
    """SW-15.3."""
    headers = {"x-vp-forwarded-proto": "https", "x-vp-forwarded-host": "vp.example.se", "x-vp-forwarded-port": "443"}
    async with scene(tmp_path) as stage:
        assert "vp.example.se" not in (await stage.post(b"", headers, path=PATH + "?wsdl", method="GET")).text
    trusting = {"trusted_proxies": "127.0.0.1/32", "trust_unverified_header": "on"}
    async with scene(tmp_path, **trusting) as stage:
        answer = await stage.post(b"", headers, path=PATH + "?wsdl", method="GET")
        assert f'location="https://vp.example.se:443{PATH}"' in answer.text


async def test_zeep_builds_its_client_and_calls(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        url = f"http://127.0.0.1:{stage.platform.ports['http']}{PATH}?wsdl"

        def ask() -> str:
            session = requests.Session()
            session.headers.update({"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM})
            client = zeep.Client(url, transport=zeep.Transport(session=session))
            kind = client.get_type(f"{{{DOMAIN}}}PersonIdType")
            patient = kind(id=PATIENT, type="1.2.752.129.2.1.3.1")
            answer = client.service.GetDiagnosis(_soapheaders={"LogicalAddress": UNIT}, patientId=patient)
            session.close()
            return str(answer.result.resultCode)

        assert await asyncio.to_thread(ask) == "OK"
        assert len(stage.producer.seen) == 1
