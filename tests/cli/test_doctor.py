"""`vaxel doctor`: each thing that can be wrong is found, named and given its remedy; none of it stops the rest."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from pens import pen

from vaxel import home as homes
from vaxel.cli.diagnosis import Diagnosis
from vaxel.cli.doctor import examined

PARTS = {"versions", "clock", "settings", "home", "ports", "certificates", "rights", "disk", "reserve"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("VAXEL_HOME", "VAXEL_HTTP_PORT"):
        monkeypatch.delenv(name, raising=False)
    made = homes.make(tmp_path / "home").path
    told(made, f"http_port = {free_port()}", f"web_port = {free_port()}", 'checkpoint_to = "/elsewhere"')
    return made


def told(home: Path, *lines: str) -> None:
    with (home / "vaxel.toml").open("a") as file:
        file.write("\n".join(lines) + "\n")


def found(home: Path, part: str) -> list[Diagnosis]:
    return [each for each in examined(home) if each.part == part]


def test_a_fresh_home_is_well(home: Path) -> None:
    diagnoses = list(examined(home))
    assert {each.part for each in diagnoses} >= PARTS
    assert [each for each in diagnoses if each.grade == "bad"] == []


def test_a_home_that_is_none(tmp_path: Path) -> None:
    (problem,) = [each for each in examined(tmp_path) if each.grade == "bad"]
    assert "is not a home" in problem.what


def test_settings_unknown_or_contradictory(home: Path) -> None:
    told(home, 'colour = "red"', "workers = 2")
    whats = [each.what for each in found(home, "settings")]
    assert any("VAXEL_COLOUR" in what for what in whats)


def test_a_home_with_a_bad_row(home: Path) -> None:
    (home / "routing/routes.yaml").write_text("format: 1\nroutes:\n  - {to: [X]}\n")
    assert found(home, "home")[0].what.startswith("routing/routes.yaml:3: ")
    assert found(home, "journal") == []


def test_a_port_that_is_taken(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told(home, f"https_port = {free_port()}")
        text = (home / "vaxel.toml").read_text().splitlines()
        port = taken.getsockname()[1]
        (home / "vaxel.toml").write_text("\n".join([f"http_port = {port}", *text[1:]]) + "\n")
        (bad,) = [each for each in found(home, "ports") if each.grade == "bad"]
    assert f"127.0.0.1:{port}" in bad.what
    assert "VAXEL_HTTP_PORT" in bad.remedy


def test_an_address_that_is_not_this_machines(home: Path) -> None:
    told(home, 'host = "192.0.2.1"')
    assert "192.0.2.1" in next(each for each in found(home, "ports") if each.grade == "bad").what


@pytest.mark.parametrize(("pid", "runs"), [(1, True), (2**22 + 1, False)])
def test_a_run_file_counts_while_its_process_lives(home: Path, pid: int, runs: bool) -> None:
    (home / "var").mkdir()
    (home / "var/run.json").write_bytes(orjson.dumps({"pid": pid, "ports": {"http": 1}}))
    assert ("in use by the platform" in found(home, "ports")[0].what) is runs


def written(home: Path) -> Path:
    async def write() -> None:
        journal = pen(home / "var")
        journal.open()
        await journal.durable("closed", {"call": "a"})
        await journal.close()

    asyncio.run(write())
    return home / "var/journal/n/00000001.jsonl"


def test_a_journal_that_was_changed(home: Path) -> None:
    segment = written(home)
    assert [each.grade for each in found(home, "journal")] == ["ok"]
    segment.write_bytes(segment.read_bytes().replace(b'"call":"a"', b'"call":"b"'))
    (bad,) = found(home, "journal")
    assert (bad.grade, "00000001.jsonl:1: byte 0" in bad.what) == ("bad", True)


def test_a_journal_from_the_future_is_a_clock_that_went_back(home: Path) -> None:
    segment = written(home)
    later = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H")
    content = segment.read_bytes()
    segment.write_bytes(content.replace(datetime.now(UTC).strftime("%Y-%m-%dT%H").encode(), later.encode()))
    bad = [each for each in found(home, "clock") if each.grade == "bad"]
    assert len(bad) == 1
    assert "behind the journal's newest record" in bad[0].what


def test_a_reserve_that_is_not_there_in_full(home: Path) -> None:
    written(home)
    assert [each.grade for each in found(home, "reserve")] == ["bad"]
    with (home / "var/journal/reserve").open("wb") as file:
        file.truncate(4_194_304)
    assert [each.grade for each in found(home, "reserve")] == ["ok"]


def test_a_disk_without_room(home: Path) -> None:
    told(home, "segment_bytes = 9000000000000000")
    (bad,) = found(home, "disk")
    assert (bad.grade, "make room" in bad.remedy) == ("bad", True)


def test_a_part_that_cannot_be_looked_at_stops_none(home: Path) -> None:
    (home / "var/journal/n").mkdir(parents=True)
    (home / "var/journal/n/00000001.jsonl").mkdir()
    grades = {each.part: each.grade for each in examined(home)}
    assert grades["journal"] == "bad"
    assert grades["reserve"] == "bad"
    assert "disk" in grades


def routes(home: Path, *urls: str) -> None:
    rows = "".join(
        f"  - {{to: ['SE-{number}'], contract: ['urn:x:GetResponder:1'], producer: SE-P, url: '{url}', profile: rivtabp21}}\n"
        for number, url in enumerate(urls)
    )
    addresses = "".join(f"  - {{id: SE-{number}, name: x, kind: unit}}\n" for number in range(len(urls)))
    path = home / "logical_addresses.yaml"
    path.write_text(path.read_text() + addresses)
    (home / "routing/routes.yaml").write_text(f"format: 1\nroutes:\n{rows}")
    path = home / "routing/components.yaml"
    path.write_text("format: 1\ncomponents:\n  - {id: SE-P, roles: [producer]}\n")


def test_producers_by_name_address_and_port(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as here:
        there, nobody = here.getsockname()[1], free_port()
        told(home, 'producer_networks = "127.0.0.0/8"', "connect_timeout_s = 0.5")
        routes(home, f"http://127.0.0.1:{there}/", f"http://127.0.0.1:{nobody}/", "https://nobody.invalid/")
        grades = {each.what: each.grade for each in found(home, "producers")}
    assert grades.pop(f"127.0.0.1:{there} can be reached") == "ok"
    assert sorted(grades.values()) == ["bad", "bad"]
    assert any(what.startswith("nobody.invalid") for what in grades)
    assert any(str(nobody) in what for what in grades)


def test_a_producer_where_none_may_live(home: Path) -> None:
    routes(home, "http://127.0.0.1:1/")
    (bad,) = found(home, "producers")
    assert (bad.grade, "VAXEL_PRODUCER_NETWORKS" in bad.remedy) == ("bad", True)
