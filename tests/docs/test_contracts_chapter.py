"""docs/contracts.md does what it says: its commands, in order, in a fresh folder."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```sh\n(.*?)^```", re.M | re.S)
TELL = "echo '=== {}' >&2\n"


def script(text: str) -> str:
    """The chapter's blocks as one program."""
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 10
    told = "".join(TELL.format(number) + block for number, block in enumerate(blocks))
    return "set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n" + told


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def package(folder: Path) -> None:
    """A package as publishers give it: one of ours, under another domain."""
    source = shutil.copytree(ROOT / "schemas/itintegration.monitoring/1.0", folder / "package")
    for path in source.rglob("*.*"):
        path.write_text(path.read_text("utf-8").replace("itintegration:monitoring", "demo:monitoring"), "utf-8")
    shutil.make_archive(str(folder / "ServiceContracts_demo_monitoring_1.0"), "zip", source)


@pytest.mark.skipif(not shutil.which("curl"), reason="the chapter's calls are made with curl, which is not here")
def test_the_chapter_leads_to_an_answered_call_and_its_report(tmp_path: Path) -> None:
    package(tmp_path)
    text = (ROOT / "docs/contracts.md").read_text("utf-8")
    http, web, producer = free_ports(3)
    for shown, port in (("8080", http), ("8090", web), ("9001", producer)):
        assert shown in text
        text = text.replace(shown, str(port))
    program = tmp_path / "bin/vaxel"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m vaxel "$@"\n')
    program.chmod(0o755)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}
    environment = {**plain, "PATH": f"{program.parent}:{os.environ['PATH']}", "COLUMNS": "200"}
    environment |= {"VAXEL_HTTP_PORT": str(http), "VAXEL_WEB_PORT": str(web)}
    done = subprocess.run(
        ["bash", "-c", script(text)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("permitted", "GetDiagnosisResponse>", "GetDiagnosis 2"):
        assert word in done.stdout
    home = tmp_path / "example"
    [row] = json.loads((home / "quality.json").read_text())
    assert (row["party"], row["seen"], row["checked"], row["violating"]) == ("SE2321000016-TC01", 1, 1, 0)
    assert json.loads((home / "contract.json").read_text())["producers"][0]["name"] == "Journalsystem"
    assert f"http://127.0.0.1:{http}/vp/clinicalprocess" in (home / "diagnosis.wsdl").read_text("utf-8")
    assert (home / "contracts/demo.monitoring.yaml").exists()
