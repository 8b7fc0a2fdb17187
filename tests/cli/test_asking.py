"""`vaxel call`, `why` and `produce`: against a platform and a producer that really run."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from inside import Done, vaxel
from scene import TRUSTED, UNIT, Scene, scene
from test_https import Pki


async def called(stage: Scene, *arguments: str) -> Done:
    """A command beside the platform that this test runs, in a process of its own."""
    command = [sys.executable, "-m", "vaxel", "call", "GetDiagnosis", "--home", str(stage.path), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


async def test_a_call_by_certificate_and_one_that_is_refused(tmp_path: Path) -> None:
    """The sample is valid, the platform is found by its run file; 0 answered, 1 refused with the fault."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage:
        ca = str(tmp_path / "pki/ca.pem")
        pki.consumer.write(stage.path / f"var/pki/{TRUSTED}.pem")
        good, bad = await asyncio.gather(
            called(stage, "--to", UNIT, "--from", TRUSTED, "--ca", ca, "--json"),
            called(stage, "--to", "SE-NONE", "--from", TRUSTED, "--ca", ca),
        )
        answer = json.loads(good.stdout)
        assert (good.returncode, answer["status"], "GetDiagnosisResponse" in answer["answer"]) == (0, 200, True)
        assert (bad.returncode, "VP004" in bad.stdout, "routing.no-route" in bad.stdout) == (1, True, True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asking") / "home"
    vaxel("init", str(path))
    return path


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("call", "GetDiagnosis", "--to", "X"), "could not be called"),
        (("call", "GetNothing", "--to", "X"), "no contract GetNothing"),
        (("call", "GetDiagnosis", "--to", "X", "--from", "SE-1"), "SE-1.pem is not there"),
    ],
)
def test_why_a_call_cannot_be_made(home: Path, arguments: tuple[str, ...], reason: str) -> None:
    (home / "vaxel.toml").write_text("http_port = 9\n")
    done = vaxel(*arguments, home=home)
    assert (done.returncode, reason in done.stderr, done.stdout) == (1, True, "")


def test_why_for_people(home: Path) -> None:
    done = vaxel("why", "SE-A", "GetDiagnosis", "SE-B", home=home)
    assert done.returncode == 1
    for word in ("VP004", "route trace", "GetDiagnosis 2.0, access patient"):
        assert word in done.stdout


def test_a_producer_answers_with_a_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "answer.xml").write_bytes(b"<mine/>")
    command = [sys.executable, "-m", "vaxel", "produce", "GetDiagnosis", "--port", "0", "--home", str(home)]
    command += ["--answer", str(tmp_path / "answer.xml")]
    environment = {**os.environ, "COLUMNS": "200"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().split()[-1]
        from scene import message

        with urllib.request.urlopen(url, message()) as answer:  # noqa: S310 - our own producer
            assert answer.read() == b"<mine/>"
        process.terminate()
        process.stdout.read()
    assert process.returncode == 0
