"""`python -m benchmarks.run [--quick]`: CPU per message and latency as ratios to nginx, start-up, memory, routing."""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from benchmarks import stage

SHARES = {"naive": 1, "nginx": 12}
"""Quarters of the messages that a server gets: enough of the cheap one's for its CPU to be seen."""
HISTORY = Path(__file__).parent / "history.jsonl"


def compared(folder: Path, request: int, answer: int, in_flight: int, count: int, rounds: int) -> dict[str, Any]:
    """CPU per message (µs) and latency (ms) of each server, interleaved round by round."""
    body = stage.request_body(request)
    with ExitStack() as stack:
        port = stack.enter_context(stage.producer(stage.answer_body(answer)))
        servers = [
            stack.enter_context(stage.platform(folder / "one", port)),
            stack.enter_context(stage.platform(folder / "all", port, VAXEL_CALL_EVENTS="all")),
            stack.enter_context(stage.naive(port)),
        ]
        names = ["vaxel", "vaxel, all events", "naive"]
        if shutil.which("nginx"):
            servers.append(stack.enter_context(stage.nginx(folder / "nginx", port)))
            names.append("nginx")
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
        for turn in range(rounds + 1):
            for name, server in zip(names, servers, strict=True):
                part = max(count * SHARES.get(name, 4) // 4, in_flight)
                before = server.cpu_s()
                report = stage.load(server.port, body, part, in_flight)
                used = (server.cpu_s() - before) / part * 1e6
                if turn:  # the first turn warms up
                    found[name].append((used, report["p50"] * 1e3, report["p99"] * 1e3))
    return {
        name: {
            "cpu_us": round(statistics.median(row[0] for row in rows), 1),
            "p50_ms": round(statistics.median(row[1] for row in rows), 3),
            "p99_ms": round(statistics.median(row[2] for row in rows), 3),
        }
        for name, rows in found.items()
    }


def starts(folder: Path, routes: int) -> dict[str, float]:
    """Seconds from start to ready, with changed files and from the compiled release; idle memory in MiB."""
    stage.furnish(folder, 1, routes)
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        with stage.platform(folder, 1, fresh=False) as server:
            times.append(time.perf_counter() - begun)
            memory = server.rss_bytes()
    return {"files_s": round(times[0], 2), "compiled_s": round(times[1], 2), "rss_mib": memory // 1_048_576}


def shown(title: str, found: dict[str, Any]) -> None:
    """One table of a comparison, with ratios to nginx where it is here."""
    base = found.get("nginx", {}).get("cpu_us")
    print(f"\n{title}")
    for name, row in found.items():
        ratio = f"{row['cpu_us'] / base:6.1f} × nginx" if base else ""
        print(
            f"  {name:20} {row['cpu_us']:9.1f} µs CPU  {ratio}  p50 {row['p50_ms']:.2f} ms  p99 {row['p99_ms']:.2f} ms"
        )


def main() -> None:
    """Measure, print, and add a line to the history."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few messages, for a look and for tests")
    parser.add_argument("--no-history", action="store_true")
    given = parser.parse_args()
    count, rounds = (200, 1) if given.quick else (4000, 5)
    routes = 1000 if given.quick else 100_000
    record: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "commit": _commit()}
    if not shutil.which("nginx"):
        print("nginx is not installed: no ratios to it", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, request, answer, in_flight, part in (
            ("1 KB / 2.5 KB, 64 in flight", 1000, 2500, 64, count),
            ("1 KB / 2.5 KB, 1 in flight", 1000, 2500, 1, count // 4),
            ("100 KB / 100 KB, 8 in flight", 100_000, 100_000, 8, count // 10),
            ("1 MB / 1 MB, 4 in flight", 1_000_000, 1_000_000, 4, count // 40),
        ):
            record[title] = compared(folder / "cpu", request, answer, in_flight, part, rounds)
            shown(title, record[title])
        record["start"] = starts(folder / "start", 0)
        record[f"start, {routes} routes"] = starts(folder / "large", routes)
        for title in ("start", f"start, {routes} routes"):
            print(f"\n{title}: {record[title]}")
    if not given.no_history:
        with HISTORY.open("ab") as file:
            file.write(orjson.dumps(record) + b"\n")


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()


if __name__ == "__main__":
    main()
