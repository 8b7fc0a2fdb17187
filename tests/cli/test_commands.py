"""The commands together: those that start a process of their own, and what they have in common."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inside import vaxel
from tests.contracts.build import RESPONDER, package, zipped

ROOT = Path(__file__).parents[2]


def program(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}
    if home is not None:
        environment["VAXEL_HOME"] = str(home)
    command = [sys.executable, "-m", "vaxel", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120, cwd="/")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "home"
    done = vaxel("init", str(path))
    assert done.returncode == 0, done.stderr
    return path


def test_the_demo_shows_a_call_and_its_records() -> None:
    """README: one command, an answer, the journal, and refusals for those whom the platform must protect."""
    done = program("demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("GetDiagnosisResponse", "VP009", "AC001", "VP004", "every source", "opened", "closed", "chain whole"):
        assert word in done.stdout


def test_init_and_check(home: Path) -> None:
    done = vaxel("check", "--json", home=home)
    assert (done.returncode, [row["id"] for row in json.loads(done.stdout)]) == (0, ["settings.no-checkpoint"])
    assert vaxel("init", str(home)).returncode == 1


def test_check_names_file_line_and_remedy(home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "home"
    vaxel("init", str(bad))
    (bad / "routing/routes.yaml").write_text("format: 1\nroutes:\n  - {to: [X]}\n")
    done = vaxel("check", home=bad)
    assert done.returncode == 1
    assert "routing/routes.yaml:3: routes.0.url is missing; add it [value.missing]" in done.stderr


def test_why_explains_without_calling(home: Path) -> None:
    done = vaxel("why", "SE-A", "GetDiagnosis", "SE-B", "--json", home=home)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["outcome"], answer["route_trace"]) == ("VP004", "SE-B,(parent),SE,(default),*")


@pytest.mark.parametrize("name", ["addresses", "components", "routes", "permissions", "contracts"])
def test_editor_schemas(name: str) -> None:
    schema = json.loads(vaxel("schema", name).stdout)
    assert schema["additionalProperties"] is False
    assert "format" in schema["required"]


def test_doctor_finds_what_is_wrong(home: Path) -> None:
    (home / "var").mkdir(exist_ok=True)
    key = home / "var" / "admin.key"
    key.write_text("secret")
    key.chmod(0o644)
    done = vaxel("doctor", "--json", home=home)
    found = {row["part"]: row for row in json.loads(done.stdout) if row["grade"] == "bad"}
    assert done.returncode == 1
    assert found["rights"]["remedy"].startswith("chmod 600")
    key.unlink()


def test_where_there_is_no_home(tmp_path: Path) -> None:
    done = vaxel("check", home=tmp_path)
    assert done.returncode == 1
    assert "is not a home" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_settings_stop_the_start(home: Path) -> None:
    (home / "vaxel.toml").write_text("colour = 'red'\n")
    done = program("serve", home=home)
    (home / "vaxel.toml").unlink()
    assert (done.returncode, "VAXEL_COLOUR is not a setting" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_backup_and_restore_are_recorded(home: Path, tmp_path: Path) -> None:
    """SW-17.11."""
    target, fresh = tmp_path / "b.tar.gz", tmp_path / "fresh"
    assert vaxel("backup", str(target), home=home).returncode == 0
    vaxel("init", str(fresh))
    done = vaxel("restore", str(target), home=fresh)
    assert done.returncode == 0, done.stderr
    actions = [json.loads(line).get("action") for line in vaxel("audit", "export", home=fresh).stdout.splitlines()]
    assert [action for action in actions if action] == ["backup", "restore"]
    assert vaxel("audit", "verify", home=fresh).returncode == 0


def test_verify_tells_the_first_changed_byte(home: Path, tmp_path: Path) -> None:
    vaxel("backup", str(tmp_path / "b.tar.gz"), home=home)
    segment = next((home / "var/journal").glob("*/*.jsonl"))
    content = segment.read_bytes()
    segment.write_bytes(content.replace(b"backup", b"Backup", 1))
    done = vaxel("audit", "verify", "--json", home=home)
    segment.write_bytes(content)
    assert done.returncode == 1
    assert "00000001.jsonl:1: byte 0: changed or damaged" in done.stdout


def test_usage_is_code_two() -> None:
    assert program("call").returncode == 2
    assert vaxel("nonsense").returncode == 2


# vaxel contracts


def bare(folder: Path) -> Path:
    """A home without contracts."""
    vaxel("init", str(folder))
    for part in ("contracts", "schemas"):
        shutil.rmtree(folder / part)
    return folder


def test_a_package_is_installed_shown_sampled_and_checked(tmp_path: Path) -> None:
    """CO-9.5: from an archive to a message, with nothing written by hand."""
    home, archive = bare(tmp_path / "home"), zipped(package(), tmp_path / "notes_1.0.zip", "TD_NOTES/schemas/")
    trial = vaxel("contracts", "install", str(archive), "--dry-run", home=home)
    assert (trial.returncode, (home / "schemas").exists()) == (0, False), trial.stderr
    done = vaxel("contracts", "install", str(archive), "--json", home=home)
    assert done.returncode == 0, done.stderr
    [added] = json.loads(done.stdout)["contracts"]
    assert (added["state"], added["entry"]["patient"], added["open"][0]) == ("added", "patientId/id", "access")
    shown = json.loads(vaxel("contracts", "show", "GetNotes", "--json", home=home).stdout)
    assert shown["messages"]["request"]["children"][0]["name"] == "patientId"
    assert [each["name"] for each in json.loads(vaxel("contracts", "list", "--json", home=home).stdout)] == ["GetNotes"]
    assert vaxel("contracts", "check", home=home).stdout == "1 contracts, 0 findings\n"
    sample = vaxel("contracts", "sample", "GetNotes", "--patient", "191001239803", home=home).stdout
    assert "<id xmlns=" in sample
    assert "191001239803" in sample
    assert sample == vaxel("contracts", "sample", "GetNotes", "--patient", "191001239803", home=home).stdout
    broken = vaxel("contracts", "sample", "GetNotes", "--response", "--invalid", "enumeration", home=home)
    assert (broken.returncode, broken.stderr) == (0, "broken: enumeration, at code\n")


def test_a_broken_package_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    """CO-2.3."""
    home, files = bare(tmp_path / "home"), package()
    archive = zipped({**files, RESPONDER: files[RESPONDER].replace(b"</xs:schema>", b"")}, tmp_path / "notes_1.0.zip")
    before = sorted(home.rglob("*"))
    done = vaxel("contracts", "install", str(archive), home=home)
    assert done.returncode == 1
    assert f"{RESPONDER}:15: cannot be read: not well-formed XML" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(home.rglob("*")) == before


def test_an_entry_that_does_not_fit_its_schema_is_an_error(tmp_path: Path) -> None:
    """CO-9.2: file, line and remedy."""
    home = bare(tmp_path / "home")
    vaxel("contracts", "install", str(zipped(package(), tmp_path / "notes_1.0.zip")), home=home)
    file = home / "contracts/example.care.notes.yaml"
    file.write_text(file.read_text("utf-8").replace("patient: patientId/id", "patient: patientId/extension"), "utf-8")
    done = vaxel("check", home=home)
    assert done.returncode == 1
    wanted = (
        "contracts/example.care.notes.yaml:8: GetNotes: patient is patientId/extension, which GetNotes does not have"
    )
    assert wanted in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("show", "GetNothing"), ("sample", "GetDiagnosis", "--invalid", "nonsense"), ("install", "/nowhere/x_1.0.zip")],
)
def test_what_contracts_refuses_says_why(home: Path, arguments: tuple[str, ...]) -> None:
    done = vaxel("contracts", *arguments, home=home)
    assert (done.returncode, "Traceback" in done.stderr, len(done.stderr) > 20) == (1, False, True)
