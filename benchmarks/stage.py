"""The processes that are compared, each started, measured and stopped: platform, nginx, naive gateway, producer."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from vaxel import home as homes
from vaxel.contracts.sample import envelope

PLATFORM, CONSUMER, PRODUCER, UNIT = "SE5565594230-VAXEL", "SE5565594230-B9P", "SE2321000016-TC01", "SE2321000016-39KJ"
DIAGNOSIS = "urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"
DOMAIN = "urn:riv:clinicalprocess:healthcond:description:2"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its port, and the processes whose CPU counts."""

    name: str
    port: int
    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        """User and system time of its processes so far, in seconds."""
        return sum(_cpu(pid) for pid in self.pids)

    def rss_bytes(self) -> int:
        """Resident memory of its processes."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids)
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def request_body(size: int) -> bytes:
    """A valid GetDiagnosis request of about that size in bytes: white space makes it larger."""
    payload = (
        f'<GetDiagnosis xmlns="{DIAGNOSIS}"><patientId><id xmlns="{DOMAIN}">191212121212</id>'
        f'<type xmlns="{DOMAIN}">1.2.752.129.2.1.3.1</type></patientId>{{fill}}</GetDiagnosis>'
    )
    bare = len(envelope(payload.replace("{fill}", ""), UNIT))
    return envelope(payload.replace("{fill}", " " * max(0, size - bare)), UNIT)


def answer_body(size: int) -> bytes:
    """A valid answer of about that size in bytes."""
    payload = (
        f'<GetDiagnosisResponse xmlns="{DIAGNOSIS}"><result><resultCode xmlns="{DOMAIN}">OK</resultCode>'
        f'<logId xmlns="{DOMAIN}">1</logId></result>{{fill}}</GetDiagnosisResponse>'
    )
    bare = len(envelope(payload.replace("{fill}", "")))
    return envelope(payload.replace("{fill}", " " * max(0, size - bare)))


def http_request(body: bytes) -> bytes:
    """The request as the load generator sends it."""
    head = (
        'POST /vp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml;charset=UTF-8\r\nSOAPAction: ""\r\n'
        f"x-vp-sender-id: {CONSUMER}\r\nx-vp-instance-id: {PLATFORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def load(port: int, body: bytes, count: int, in_flight: int) -> dict[str, float]:
    """Run the load generator in a process of its own; its report."""
    arguments = ["load", "--port", str(port), "--count", str(count), "--in-flight", str(in_flight)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments], input=http_request(body), capture_output=True, check=True
    )
    report: dict[str, float] = orjson.loads(done.stdout)
    if report["failed"]:
        raise RuntimeError(f"{report['failed']} calls failed: {report['example']}")
    return report


@contextmanager
def producer(answer: bytes) -> Iterator[int]:
    """A producer with one answer; its port."""
    port = free_port()
    arguments = [sys.executable, "-m", "benchmarks.load", "produce", "--port", str(port)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(answer)
        process.stdin.close()
        process.stdout.readline()
        try:
            yield port
        finally:
            process.kill()


@contextmanager
def platform(folder: Path, producer_port: int, *, routes: int = 0, fresh: bool = True, **told: str) -> Iterator[Server]:
    """The platform with validation, permission and durable journal on."""
    if fresh:
        furnish(folder, producer_port, routes)
    run_file = folder / "var" / "run.json"
    run_file.unlink(missing_ok=True)
    stated = {
        "VAXEL_HTTP_PORT": "0",
        "VAXEL_WEB_PORT": "0",
        "VAXEL_PRODUCER_NETWORKS": "127.0.0.0/8",
        "VAXEL_INTERNAL_PEERS": f"127.0.0.1/32={CONSUMER}",
        **told,
    }
    with (folder / "log.jsonl").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vaxel", "serve", "--home", str(folder)], env={**os.environ, **stated}, stdout=log
        )
        try:
            while not run_file.is_file():
                if process.poll() is not None:
                    raise RuntimeError("the platform did not start")
                time.sleep(0.01)
            while not (content := run_file.read_bytes()):
                time.sleep(0.01)
            yield Server(name="vaxel", port=orjson.loads(content)["ports"]["http"], pids=(process.pid,))
        finally:
            process.kill()
            process.wait()


def furnish(folder: Path, producer_port: int, routes: int = 0) -> None:
    """A home with one producer, and as many other routes as wanted."""
    shutil.rmtree(folder, ignore_errors=True)
    homes.make(folder)
    others = [f"SE2321000016-X{number:06}" for number in range(routes)]
    (folder / "logical_addresses.yaml").write_text(
        f"format: 1\naddresses:\n  - {{id: {PLATFORM}, name: V, kind: platform}}\n"
        f"  - {{id: {UNIT}, name: U, kind: unit}}\n"
        + "".join(f"  - {{id: {name}, name: U, kind: unit}}\n" for name in others)
    )
    (folder / "routing/components.yaml").write_text(
        f"format: 1\ncomponents:\n  - {{id: {CONSUMER}, roles: [consumer], access_control: consumer}}\n"
        f"  - {{id: {PRODUCER}, roles: [producer]}}\n"
    )
    route = "  - {{to: [{to}], contract: [{contract}], producer: {producer}, url: '{url}', profile: rivtabp21}}\n"
    url = f"http://127.0.0.1:{producer_port}/ws"
    (folder / "routing/routes.yaml").write_text(
        "format: 1\nroutes:\n"
        + "".join(route.format(to=to, contract=DIAGNOSIS, producer=PRODUCER, url=url) for to in (UNIT, *others))
    )
    (folder / "routing/permissions.yaml").write_text(
        f"format: 1\npermissions:\n  - {{consumer: [{CONSUMER}], to: ['*'], contract: [{DIAGNOSIS}]}}\n"
    )


@contextmanager
def nginx(folder: Path, producer_port: int) -> Iterator[Server]:
    """nginx `proxy_pass` with kept connections on both sides, one worker, no log."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(
        f"""worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2000; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 0; keepalive_requests 10000000;
client_body_buffer_size 2m; proxy_buffers 64 64k;
upstream p {{ server 127.0.0.1:{producer_port}; keepalive 200; keepalive_requests 10000000; }}
server {{ listen 127.0.0.1:{port};
location / {{ proxy_pass http://p; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}"""
    )
    process = subprocess.Popen(
        ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.DEVNULL
    )
    try:
        _wait(port)
        while not (children := Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()):
            time.sleep(0.01)  # the port is open before the worker is there
        yield Server(name="nginx", port=port, pids=(process.pid, *(int(child) for child in children)))
    finally:
        process.terminate()
        process.wait()


@contextmanager
def naive(producer_port: int) -> Iterator[Server]:
    """The naive gateway."""
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "PRODUCER_PORT": str(producer_port)}
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.naive"], env=environment)
    try:
        _wait(port)
        yield Server(name="naive", port=port, pids=(process.pid,))
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nothing listens on {port}")
