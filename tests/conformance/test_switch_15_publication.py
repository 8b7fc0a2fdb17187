"""Published contracts, spec/switch.md section 15.

| rule | also shown by |
|---|---|
| SW-15.1, SW-15.2, SW-15.4 | `journey/test_publication.py` (`test_addresses_are_rewritten`), and a stock client there |
| SW-15.3 | `journey/test_publication.py` (`test_forwarded_names_count_from_a_trusted_proxy_only`) |
| SW-15.5, SW-15.6 | `journey/test_publication.py` (`test_nothing_else_is_served`) |

Not built: a path overridden in the catalogue (SW-15.4).
"""

from pathlib import Path

import aiohttp
import pytest
from scene import TRUSTED, message, scene
from test_https import Pki

PATH = "/vp/clinicalprocess/healthcond/description/GetDiagnosis/2/rivtabp21"
FOLDER = "schemas/clinicalprocess.healthcond.description/2.1.3/interactions/GetDiagnosisInteraction"


async def test_sw_15_2_includes_are_rewritten_too(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        found = next((tmp_path / FOLDER).glob("*Responder*.xsd"))
        text = found.read_text("utf-8")
        found.write_text(text.replace("<import", "<include schemaLocation='../other.xsd'/><import", 1), "utf-8")
        answer = await stage.post(b"", {}, path=f"{PATH}?xsd={found.name}", method="GET")
        url = f"http://127.0.0.1:{stage.platform.ports['http']}{PATH}"
        assert f"<include schemaLocation='{url}?xsd=../other.xsd'/>" in answer.text


async def test_sw_15_4_what_stands_before_the_declaration_is_dropped(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        for path in (tmp_path / FOLDER).glob("*"):
            path.write_bytes(b"\xef\xbb\xbf\r\n" + path.read_bytes())
        for query in ("?wsdl", "?xsd=GetDiagnosisResponder_2.0.xsd"):
            answer = await stage.post(b"", {}, path=PATH + query, method="GET")
            assert (answer.status, answer.content[:5]) == (200, b"<?xml")


async def test_sw_15_5_an_unknown_path_is_told_what_there_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await stage.post(b"", {}, path="/vp/nothing?wsdl", method="GET")
        first, *others = answer.text.splitlines()
        assert (answer.status, answer.headers["content-type"], first) == (
            404,
            "text/plain",
            "not published; there are:",
        )
        base = f"http://127.0.0.1:{stage.platform.ports['http']}"
        assert f"{base}{PATH.lower()}?wsdl" in others
        assert all(line.startswith(base) and line.endswith("?wsdl") for line in others)
        for line in others:
            assert (await stage.post(b"", {}, path=line.removeprefix(base), method="GET")).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_sw_15_1_contracts_are_read_with_get(tmp_path: Path, method: str) -> None:
    async with scene(tmp_path) as stage:
        answer = await stage.post(message(), {}, path=PATH + "?wsdl", method=method)
        assert answer.status == 405
        assert stage.journal("refused") == []


async def test_sw_15_3_the_listener_called_is_the_base(tmp_path: Path) -> None:
    """Over HTTPS, before anything is known of the sender."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage, aiohttp.ClientSession() as session:
        url = f"https://localhost:{stage.platform.ports['https']}{PATH}"
        context = pki.context(pki.authority.issue(TRUSTED))
        async with session.get(url + "?wsdl", ssl=context) as answer:
            assert f'location="{url}"' in await answer.text()
