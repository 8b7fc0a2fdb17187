"""`/api/v1/contracts` and `/api/v1/quality`, over HTTP."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree
from scene import (
    DIAGNOSIS,
    DOMAIN,
    PATIENT,
    PLATFORM,
    PRODUCER,
    PROTECTED,
    RESPONSE,
    TRUSTED,
    UNIT,
    Scene,
    message,
    scene,
)

CONTRACTS = "/api/v1/contracts"


async def get(stage: Scene, path: str, **query: object) -> tuple[int, Any]:
    """Status and JSON of an answer; its text where it is XML."""
    key = (stage.path / "var/admin.key").read_text().strip()
    url = f"http://127.0.0.1:{stage.platform.ports['web']}{path}"
    parameters = {name: str(value) for name, value in query.items()}
    async with stage.session.get(url, params=parameters, headers={"authorization": f"Bearer {key}"}) as answer:
        content = await answer.read()
        told = answer.headers["content-type"]
        assert (told == "application/problem+json") is (answer.status >= 400)
        return answer.status, content if told.startswith("text/xml") else orjson.loads(content)


async def test_everything_needs_the_key(tmp_path: Path) -> None:
    """SW-2.11."""
    async with scene(tmp_path) as stage:
        for path in (CONTRACTS, f"{CONTRACTS}/{DIAGNOSIS}", f"{CONTRACTS}/{DIAGNOSIS}/sample", "/api/v1/quality"):
            for port, status in (("web", 401), ("http", 404)):
                async with stage.session.get(f"http://127.0.0.1:{stage.platform.ports[port]}{path}") as answer:
                    assert answer.status == status


async def test_the_list_is_filtered_ordered_and_paged(tmp_path: Path) -> None:
    """DI-9.1: stable order, `limit`, an opaque cursor."""
    async with scene(tmp_path) as stage:
        _, whole = await get(stage, CONTRACTS, limit=500)
        names = [row["namespace"] for row in whole["contracts"]]
        assert names == sorted(names, key=str.lower)
        assert len(names) == len(stage.platform.keeper.state.catalogue)
        assert whole["next"] is None
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            _, part = await get(stage, CONTRACTS, limit=20, cursor=cursor)
            seen += [row["namespace"] for row in part["contracts"]]
            cursor = part["next"]
        assert seen == names
        for query, found in (
            ({"name": "diagn"}, ["GetDiagnosis"]),
            ({"domain": "itintegration:monitoring"}, ["PingForConfiguration"]),
            ({"information_set": "alerts"}, ["GetAlertInformation"]),
            ({"access": "unstated"}, []),
            ({"access": "patient", "name": "Ping"}, []),
        ):
            _, some = await get(stage, CONTRACTS, **query)
            assert [row["name"] for row in some["contracts"]] == found


async def test_a_row_states_levels_and_schema(tmp_path: Path) -> None:
    async with scene(tmp_path, validation_max="warn") as stage:
        _, answer = await get(stage, CONTRACTS, name="GetDiagnosis")
        assert answer["contracts"] == [
            {
                "name": "GetDiagnosis",
                "version": "2.0",
                "namespace": DIAGNOSIS,
                "domain": "clinicalprocess:healthcond:description",
                "package": "2.1.3",
                "access": "patient",
                "information_set": "diagnoses",
                "validation": {"request": "reject", "response": "observe"},
                "effective": {"request": "warn", "response": "observe"},
                "schema": {"usable": True, "reason": ""},
            }
        ]
        (tmp_path / "schemas/clinicalprocess.healthcond.description/2.1.3/core_components").rename(tmp_path / "gone")
        catalogue = tmp_path / "contracts/clinicalprocess.healthcond.description.yaml"
        catalogue.write_text(catalogue.read_text("utf-8") + "# edited\n", "utf-8")
        await stage.platform.reload()
        _, answer = await get(stage, CONTRACTS, name="GetDiagnosis")
        [row] = answer["contracts"]
        assert (row["schema"]["usable"], row["effective"]) == (False, {"request": "off", "response": "off"})
        assert row["schema"]["reason"]
        status, one = await get(stage, f"{CONTRACTS}/{DIAGNOSIS}")
        assert (status, one["messages"]) == (200, None)
        assert (await get(stage, f"{CONTRACTS}/{DIAGNOSIS}/sample"))[0] == 409


async def test_one_contract_in_full(tmp_path: Path) -> None:
    """In any case (CO-9.8): versions, trees, parties of today, quality."""
    async with scene(tmp_path) as stage:
        older = stage.path / "contracts/older.yaml"
        entry = (stage.path / "contracts/clinicalprocess.healthcond.description.yaml").read_text("utf-8")
        older.write_text(
            entry.partition("  - name: ")[0]
            + "  - name: GetDiagnosis"
            + entry.partition("  - name: GetDiagnosis")[2].partition("\n\n")[0].replace('"2.0"', '"2.1"', 1)
            + "\n",
            "utf-8",
        )
        assert (await stage.platform.reload())["successful"]
        await stage.call()
        status, one = await get(stage, f"{CONTRACTS}/{DIAGNOSIS.lower()}")
        assert (status, one["namespace"]) == (200, DIAGNOSIS)
        assert one["versions"] == [
            {"version": "2.0", "namespace": DIAGNOSIS, "in_use": False},
            {"version": "2.1", "namespace": DIAGNOSIS, "in_use": True},
        ]
        tree = one["messages"]["request"]
        patient = next(each for each in tree["children"] if each["name"] == "patientId")
        assert (patient["type"], patient["least"], patient["most"]) == ("PersonIdType", 1, 1)
        assert [each["name"] for each in patient["children"]] == ["id", "type"]
        assert one["producers"] == [{"component": PRODUCER, "name": "", "addresses": 1, "default": False}]
        assert [party["component"] for party in one["consumers"]] == sorted([PROTECTED, TRUSTED])
        assert one["consumers"][0]["default"] is True
        assert (one["quality"]["request"]["seen"], one["quality"]["request"]["violating"]) == (1, 0)


async def test_samples_are_valid_and_repeatable(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        path = f"{CONTRACTS}/{DIAGNOSIS}/sample"
        state = stage.platform.keeper.state
        compiled = state.catalogue.schema(state.catalogue.get(DIAGNOSIS)).compiled()
        made = [(await get(stage, path, message=kind, seed=seed))[1]
                for kind in ("request", "response") for seed in (7, 7, 8)]  # fmt: skip
        for content in made:
            assert compiled.validate(etree.fromstring(content).find("{*}Body")[0])
        assert made[0] == made[1]
        assert made[3] == made[4] != made[5]
        assert f">{PLATFORM}<".encode() in made[0]
        assert f">{UNIT}<".encode() in (await get(stage, path, to=UNIT))[1]


async def test_the_quality_report_is_filtered_and_paged(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.call(
            message(
                f'<GetDiagnosis xmlns="{DIAGNOSIS}"><patientId><id xmlns="{DOMAIN}">{PATIENT}</id></patientId></GetDiagnosis>'
            )
        )
        stage.producer.content = RESPONSE
        await stage.call()
        await asyncio.sleep(0.2)
        _, whole = await get(stage, "/api/v1/quality")
        assert [(row["message"], row["party"]) for row in whole["rows"]] == [
            ("request", TRUSTED),
            ("response", PRODUCER),
        ]
        [found] = whole["rows"][0]["violations"]
        assert (found["path"], found["rule"], found["count"]) == ("GetDiagnosis/patientId", "element-content", 1)
        _, first = await get(stage, "/api/v1/quality", limit=1)
        _, second = await get(stage, "/api/v1/quality", limit=1, cursor=first["next"])
        assert [*first["rows"], *second["rows"]] == whole["rows"]
        assert second["next"] is None
        _, some = await get(stage, "/api/v1/quality", party=PRODUCER.lower(), contract=DIAGNOSIS)
        assert [row["message"] for row in some["rows"]] == ["response"]


@pytest.mark.parametrize(
    ("path", "query", "status", "kind"),
    [
        (f"{CONTRACTS}/urn:unknown", {}, 404, "contract"),
        (f"{CONTRACTS}/urn:unknown/sample", {}, 404, "contract"),
        (CONTRACTS, {"cursor": "!"}, 400, "cursor"),
        (CONTRACTS, {"limit": 0}, 422, "invalid"),
        (CONTRACTS, {"access": "any"}, 422, "invalid"),
        (f"{CONTRACTS}/{DIAGNOSIS}/sample", {"message": "fault"}, 422, "invalid"),
    ],
)
async def test_refusals_are_problems(tmp_path: Path, path: str, query: dict[str, Any], status: int, kind: str) -> None:
    async with scene(tmp_path) as stage:
        found, problem = await get(stage, path, **query)
        assert (found, problem["type"], problem["status"]) == (status, f"urn:vaxel:problem:{kind}", status)


async def test_the_description_of_the_api_is_whole(tmp_path: Path) -> None:
    """Every reference leads somewhere, every operation has its own id, a description and its answers."""
    async with scene(tmp_path) as stage:
        _, document = await get(stage, "/api/openapi.json")
        assert document["openapi"].startswith("3.1")
        operations = [each for path in document["paths"].values() for each in path.values()]
        assert len({each["operationId"] for each in operations}) == len(operations)
        assert all(each["description"] and "200" in each["responses"] for each in operations)
        assert {f"{CONTRACTS}/{{namespace}}/sample", "/api/v1/quality"} <= document["paths"].keys()
        for reference in references(document):
            found: Any = document
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]


def references(part: Any) -> list[str]:
    """Every `$ref` of a document."""
    if isinstance(part, list):
        return [each for item in part for each in references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [each for item in part.values() for each in references(item)]


def test_a_server_starts_without_the_second_engine() -> None:
    """xmlschema is for tests only."""
    import subprocess

    code = "import vaxel.app, vaxel.admin.contract_facts, vaxel.admin.contract_routes, sys; print('xmlschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
