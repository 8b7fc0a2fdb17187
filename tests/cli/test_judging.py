"""`vaxel check`, `doctor` and `schema`: for people, for programs, and how they leave."""

import json
from pathlib import Path

import pytest
from inside import vaxel


@pytest.fixture
def home(tmp_path: Path) -> Path:
    vaxel("init", str(tmp_path / "home"))
    return tmp_path / "home"


def test_check_tells_people_and_programs_the_same(home: Path) -> None:
    (home / "routing/routes.yaml").write_text("format: 1\nroutes:\n  - {to: [X]}\n")
    shown, found = vaxel("check", home=home), json.loads(vaxel("check", "--json", home=home).stdout)
    assert shown.returncode == 1
    assert len(shown.stderr.splitlines()) == len(found)
    assert all(row["file"] and row["what"] and row["remedy"] for row in found)
    assert shown.stdout.startswith(f"{sum(not row['warning'] for row in found)} errors, ")


def test_warnings_alone_are_no_failure(home: Path) -> None:
    done = vaxel("check", home=home)
    assert (done.returncode, done.stdout) == (0, "0 errors, 1 warnings\n")
    assert "warning: vaxel.toml:0: no checkpoint is kept elsewhere" in done.stderr


def test_sw_19_2_effective_settings(home: Path) -> None:
    (home / "vaxel.toml").write_text('producer_cert = "/c"\nproducer_key = "/SECRET"\nmtom = "pass"\n')
    lines = vaxel("check", "--settings", home=home).stdout.splitlines()
    shown = json.loads(vaxel("check", "--settings", "--json", home=home).stdout)
    assert dict(line.split("=", 1) for line in lines) == shown
    assert (shown["VAXEL_MTOM"], shown["VAXEL_PRODUCER_KEY"]) == ("pass", "***")


def test_doctor_for_people_and_programs(home: Path) -> None:
    (home / "vaxel.toml").write_text("colour = 1\n")
    done = vaxel("doctor", home=home)
    rows = json.loads(vaxel("doctor", "--json", home=home).stdout)
    assert done.returncode == 1
    assert {row["part"] for row in rows} == {"versions", "clock", "settings"}
    assert "VAXEL_COLOUR" in done.stdout.replace("\n", "")


def test_schema_lists_its_names() -> None:
    done = vaxel("schema")
    assert (done.returncode, done.stdout.split()) == (
        0,
        ["addresses", "components", "routes", "permissions", "contracts"],
    )
