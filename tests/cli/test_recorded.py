"""`vaxel audit`, `backup` and `restore` as people run them: what they print, how they leave, what a full disk does to them."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from inside import vaxel
from pens import pen

from vaxel.journal.verify import verify

PATIENT = "191212121212"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a journal of four calls, two of them about the same patient."""
    import asyncio

    path = tmp_path_factory.mktemp("recorded") / "home"
    assert vaxel("init", str(path)).returncode == 0

    async def write() -> None:
        journal = pen(path / "var")
        journal.open()
        for number in range(4):
            common = {"call": f"call-{number}", "reference": f"call-{number}", "sender": "SE-A", "contract": "urn:x"}
            patient = dict(journal.seal(PATIENT if number % 2 else "201212121212"))
            await journal.durable("opened", common | {"patient": patient})
            await journal.durable("closed", common | {"outcome": "answered", "code": "VP009" if number == 3 else None})
        await journal.close()

    asyncio.run(write())
    return path


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_tail(home: Path) -> None:
    found = rows(vaxel("audit", "tail", "-n", "3", "--json", home=home).stdout)
    assert [row["seq"] for row in found] == [7, 8, 9]
    assert "SE-A" in vaxel("audit", "tail", home=home).stdout


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        (("code=VP009",), ["call-3"]),
        (("kind=opened", "--patient", PATIENT), ["call-1", "call-3"]),
        (("kind=opened", "--patient", "nobody"), []),
        (("kind=opened", "--since", "2100-01-01"), []),
    ],
)
def test_find(home: Path, words: tuple[str, ...], calls: list[str]) -> None:
    done = vaxel("audit", "find", *words, "--json", home=home)
    assert (done.returncode, [row["call"] for row in rows(done.stdout)]) == (0, calls)
    assert PATIENT not in done.stdout


def test_revealing_is_itself_recorded(home: Path) -> None:
    """P-112, P-120: who, and how many, before anything is shown."""
    done = vaxel("audit", "find", "call=call-1", "kind=opened", "--reveal", "--json", home=home)
    assert rows(done.stdout)[0]["patient"] == PATIENT
    (record,) = rows(vaxel("audit", "find", "action=reveal", "--json", home=home).stdout)
    assert (record["kind"], record["records"]) == ("admin", 1)
    assert record["by"]
    assert PATIENT not in vaxel("audit", "export", home=home).stdout


def test_show_and_export(home: Path) -> None:
    shown = vaxel("audit", "show", "call-2", home=home)
    assert (shown.returncode, shown.stdout.count('"call": "call-2"')) == (0, 2)
    none = vaxel("audit", "show", "nothing", home=home)
    assert (none.returncode, none.stdout, "no record of nothing" in none.stderr) == (1, "", True)
    exported = vaxel("audit", "export", home=home).stdout
    assert (home / "var/journal/n/00000001.jsonl").read_text() in exported


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("audit", "find", "nonsense"), 2),
        (("audit", "tail", "-n", "x"), 2),
        (("audit",), 2),
        (("audit", "verify", "--checkpoints", "/none"), 0),
        (("backup",), 2),
        (("restore", "/none.tar.gz"), 1),
        (("backup", "/none/b.tar.gz"), 1),
        (("produce", "GetDiagnosis", "--port", "1", "--fail", "x"), 2),
        (("produce", "GetNothing", "--port", "1"), 1),
        (("call", "GetDiagnosis", "--to", "X", "--from", "SE-NONE"), 1),
        (("schema", "nothing"), 2),
        (("check", "--settings", "--json"), 0),
    ],
)
def test_how_commands_leave(home: Path, arguments: tuple[str, ...], code: int) -> None:
    """0 done, 1 refused or failed with the reason on stderr, 2 usage; never a traceback."""
    done = vaxel(*arguments, home=home)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert code != 1 or done.stderr.strip()


def test_a_forged_checkpoint_is_told(home: Path, tmp_path: Path) -> None:
    forged = {"node": "n", "at": 1, "head": "0" * 64, "public": "x", "signature": "x"}
    (tmp_path / "kept").write_text(json.dumps(forged) + "\n")
    done = vaxel("audit", "verify", "--checkpoints", str(tmp_path / "kept"), home=home)
    assert (done.returncode, "not signed by the key" in done.stderr) == (1, True)


def test_backup_keeps_what_is_there(home: Path, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("kept")
    done = vaxel("backup", str(tmp_path / "b"), home=home)
    assert (done.returncode, "exists already" in done.stderr) == (1, True)
    assert (tmp_path / "b").read_text() == "kept"


def test_a_backup_holds_a_key_for_each_record_and_no_reserve(home: Path, tmp_path: Path) -> None:
    assert vaxel("backup", str(tmp_path / "b"), home=home).returncode == 0
    with tarfile.open(tmp_path / "b") as archive:
        names = archive.getnames()
    assert {"journal/n/00000001.jsonl", "keys/journal.pem", "keys/seal-2026.key"} <= set(names)
    assert max(names.index(each) for each in names if each.startswith("journal/")) < names.index("keys/journal.pem")
    assert not [name for name in names if "reserve" in name or name.endswith("lock")]


def test_a_killed_backup_leaves_nothing_of_that_name(home: Path, tmp_path: Path) -> None:
    big = tmp_path / "home"
    shutil.copytree(home, big)
    with (big / "var/journal/n/00000001.jsonl").open("ab") as file:
        file.write(os.urandom(60_000_000))
    target = tmp_path / "b.tar.gz"
    command = [sys.executable, "-m", "vaxel", "backup", str(target), "--home", str(big)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
        unfinished = tmp_path / "b.tar.gz.unfinished"
        end = time.monotonic() + 20
        while not unfinished.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
    assert unfinished.exists()
    assert not target.exists()
    assert vaxel("backup", str(target), home=home).returncode == 0
    assert vaxel("restore", str(target), "--home", str(fresh(tmp_path))).returncode == 0


def fresh(tmp_path: Path) -> Path:
    vaxel("init", str(tmp_path / "fresh"))
    return tmp_path / "fresh"


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """How to run a command with `disk` below the test's folder on a file system of 300 KiB, in a namespace of its own."""
    (tmp_path / "disk").mkdir()
    script = f'mount -t tmpfs -o size=300k,$OPTIONS tmpfs "{tmp_path}/disk" && "$@"; code=$?; ls "{tmp_path}/disk"; exit $code'
    command = ["unshare", "-rm", "sh", "-c", script, "sh"]
    try:
        tried = subprocess.run(
            [*command, "true"], env={**ENVIRONMENT, "OPTIONS": "rw"}, capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if tried.returncode:
        pytest.skip(f"no file system of one's own: {tried.stderr.decode().strip()}")
    return command


@pytest.mark.parametrize(("options", "reason"), [("rw", "No space left"), ("ro", "Read-only file system")])
def test_a_backup_to_a_full_or_a_read_only_disk(
    home: Path, tmp_path: Path, small_disk: list[str], options: str, reason: str
) -> None:
    """The reason on stderr, code 1, and nothing left behind."""
    big = tmp_path / "home"
    shutil.copytree(home, big)
    (big / "var/releases").mkdir(exist_ok=True)
    (big / "var/releases/00000001").write_bytes(os.urandom(600_000))
    command = [*small_disk, sys.executable, "-m", "vaxel", "backup", f"{tmp_path}/disk/b.tar.gz", "--home", str(big)]
    environment = {**ENVIRONMENT, "OPTIONS": options}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, reason in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr
    assert "b.tar.gz" not in done.stdout
    assert verify(big / "var/journal/n").damage is None


SERVE = """
import asyncio, sys
from pathlib import Path
from pens import opened
from vaxel.errors import JournalUnavailable
from vaxel.journal.reader import records
from vaxel.journal.verify import verify

async def main():
    var = Path(sys.argv[1])
    async with opened(var) as journal:
        refused, written = 0, 0
        for number in range(5000):
            try:
                await journal.durable("opened", {"call": str(number), "x": "y" * 200})
                written += 1
            except JournalUnavailable as error:
                refused += 1
                print("refused:", error.reason)
                break
        for number in range(20):
            await journal.durable("closed", {"call": f"in-flight-{number}"}, in_flight=True)
        for path in var.glob("filler*"):
            path.unlink()
        await asyncio.sleep(1.1)
        await journal.durable("opened", {"call": "after"})
    found = [record.get("call") for record in records(var / "journal/n")]
    print("kept:", written > 10, "in-flight-19" in found, "after" in found, verify(var / "journal/n").damage)

asyncio.run(main())
"""


def test_sw_18_11_a_disk_that_really_fills(tmp_path: Path, small_disk: list[str]) -> None:
    """New calls are refused, those in flight are closed in the reserve's room, and it goes on when there is room."""
    script = tmp_path / "fill.py"
    script.write_text(SERVE)
    filler = (
        f'head -c 100000 /dev/zero > "{tmp_path}/disk/filler"; exec "{sys.executable}" "{script}" "{tmp_path}/disk"'
    )
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**ENVIRONMENT, "OPTIONS": "rw", "PYTHONPATH": paths}
    done = subprocess.run(
        [*small_disk, "sh", "-c", filler], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["refused: the journal's disk is full", "kept: True True True None"]
