"""The commands as people run them, in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def vaxel(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
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
    done = vaxel("demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("GetDiagnosisResponse", "VP009", "AC001", "VP004", "every source", "opened", "closed", "chain whole"):
        assert word in done.stdout


def test_init_and_check(home: Path) -> None:
    done = vaxel("check", "--json", home=home)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
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
    done = vaxel("serve", home=home)
    (home / "vaxel.toml").unlink()
    assert (done.returncode, "VAXEL_COLOUR is not a setting" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_backup_and_restore_are_recorded(home: Path, tmp_path: Path) -> None:
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
    assert vaxel("call").returncode == 2
    assert vaxel("nonsense").returncode == 2
