"""Edits while calls are under way: swapped whole or refused whole, and no call fails (DESIGN section 3, SW-17.2)."""

import asyncio
from pathlib import Path

import pytest
from scene import DIAGNOSIS, Producer, scene

from vaxel.errors import DataError


async def until(holds: object, *, tries: int = 200) -> None:
    for _ in range(tries):
        if holds():  # type: ignore[operator]
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


async def test_an_edit_is_a_release_and_no_call_fails(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        other = Producer()
        port = await stage.listeners.listen(other, "127.0.0.1", 0)
        answers: list[int] = []
        stop = asyncio.Event()

        async def calls() -> None:
            while not stop.is_set():
                answers.append((await stage.call()).status)

        calling = [asyncio.create_task(calls()) for _ in range(8)]
        await asyncio.sleep(0.3)
        stage.write("routing/routes.yaml", stage.routes_of(url=f"http://127.0.0.1:{port}/new"))
        await until(lambda: other.seen)
        stop.set()
        await asyncio.gather(*calling)
        assert set(answers) == {200}
        assert [record["number"] for record in stage.journal("release")] == [1, 2]
        assert sorted(path.name for path in (tmp_path / "var/releases").iterdir()) == ["00000001", "00000002"]


async def test_a_bad_edit_is_refused_whole(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        good = stage.routes_of()
        stage.write("routing/routes.yaml", good.replace("profile: rivtabp21}\n  - ", "profile: wrong}\n  - "))
        await until(lambda: stage.platform.keeper.problem)
        assert (await stage.call()).status == 200
        finding = str(stage.platform.keeper.problem[0])
        assert finding.startswith("routing/routes.yaml:3: ")
        assert any(finding in str(line) for line in stage.log_lines())
        assert len(stage.journal("release")) == 1
        stage.write("routing/routes.yaml", good + "\n")
        await until(lambda: not stage.platform.keeper.problem)


async def test_a_start_with_bad_files_uses_the_last_release(tmp_path: Path) -> None:
    """SW-17.1: `RESTORED_FROM_LOCAL_CACHE`."""
    async with scene(tmp_path) as stage:
        await stage.call()
    (tmp_path / "routing/routes.yaml").write_text("format: 1\nroutes: [nonsense]\n")
    async with scene(tmp_path) as stage:
        assert stage.platform.keeper.state is not None
        assert stage.platform.keeper.state.origin == "RESTORED_FROM_LOCAL_CACHE"
        assert stage.platform.keeper.problem


async def test_a_first_start_with_bad_files_is_refused(tmp_path: Path) -> None:
    """SW-19.4, DI-2.6."""
    async with scene(tmp_path / "good"):
        pass
    bad = tmp_path / "bad"
    (bad / "routing").mkdir(parents=True)
    (bad / "logical_addresses.yaml").write_text("format: 1\naddresses: []\n")
    with pytest.raises(DataError, match="platform"):
        async with scene(bad):
            pass


async def test_the_next_start_reads_the_compiled_release(tmp_path: Path) -> None:
    async with scene(tmp_path):
        pass
    async with scene(tmp_path) as stage:
        assert stage.platform.keeper.state is not None
        assert (stage.platform.keeper.state.origin, stage.platform.keeper.state.compiled_now) == ("REFRESH_OK", False)
        assert len(stage.journal("release")) == 1


async def test_a_changed_catalogue_is_taken(tmp_path: Path) -> None:
    """CO-9.7: an entry without `access` refuses its calls."""
    async with scene(tmp_path) as stage:
        path = tmp_path / "contracts/clinicalprocess.healthcond.description.yaml"
        path.write_text(path.read_text().replace("    access: patient\n", ""))
        await until(lambda: any(line["message"] == "directory.release" for line in stage.log_lines()))
        assert "catalogue" in [record["action"] for record in stage.journal("admin")]
        answer = await stage.call()
        assert (answer.code, answer.cause) == ("VX004", "contract.access-unstated")
        assert DIAGNOSIS in answer.text


CATALOGUE = "contracts/clinicalprocess.healthcond.description.yaml"


def misfit(path: Path) -> None:
    """GetDiagnosis states a patient path that its request does not have."""
    head, name, tail = (path / CATALOGUE).read_text("utf-8").partition("name: GetDiagnosis\n")
    (path / CATALOGUE).write_text(
        head + name + tail.replace("patient: patientId/id", "patient: patientId/extension", 1), "utf-8"
    )


async def test_a_contract_keeps_its_last_good_entry(tmp_path: Path) -> None:
    """CO-9.2: an entry that does not fit its schema is an error for that contract; the others are taken."""
    async with scene(tmp_path) as stage:
        misfit(tmp_path)
        text = (tmp_path / CATALOGUE).read_text("utf-8")
        (tmp_path / CATALOGUE).write_text(text.replace("timeout_s: 27", "timeout_s: 26"), "utf-8")
        told = await stage.platform.reload()
        assert any("GetDiagnosis: patient is patientId/extension" in finding for finding in told["findings"])
        catalogue = stage.platform.keeper.state.catalogue
        assert [catalogue.named(name).timeout_s for name in ("GetDiagnosis", "GetAlertInformation")] == [27, 26]
        assert (await stage.call()).status == 200


async def test_without_a_last_good_entry_a_contract_is_unknown(tmp_path: Path) -> None:
    """CO-9.2, CO-9.1: at the first start there is nothing to keep."""
    async with scene(tmp_path):
        pass
    misfit(tmp_path)
    async with scene(tmp_path) as stage:
        answer = await stage.call()
        assert (answer.code, answer.cause) == ("VX004", "contract.unknown")
        assert any("patientId/extension" in str(line) for line in stage.log_lines())
