"""A load generator and a producer that cost little themselves: raw bytes over kept connections."""

import argparse
import asyncio
import sys
import time

import orjson
import uvloop


class _Client(asyncio.Protocol):
    """One connection that sends the same request again and again, and counts whole answers."""

    def __init__(self, request: bytes, run: "_Run") -> None:
        self._request, self._run = request, run
        self._buffer = b""
        self._left = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._left = _length(self._buffer[:end])
            if not self._buffer.startswith(b"HTTP/1.1 200"):
                self._run.failed(self._buffer[:200])
            data, self._buffer = self._buffer[end + 4 :], b""
        self._left -= len(data)
        if self._left == 0:
            self._left = -1
            self._run.answered(time.perf_counter() - self._sent)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.closed()

    def _send(self) -> None:
        if self._run.begin():
            self._sent = time.perf_counter()
            self._transport.write(self._request)  # type: ignore[attr-defined]
        else:
            self._transport.close()


class _Run:
    def __init__(self, count: int, done: asyncio.Event) -> None:
        self._left, self._done, self._open = count, done, 0
        self.times: list[float] = []
        self.failures: list[bytes] = []

    def begin(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def answered(self, seconds: float) -> None:
        self.times.append(seconds)

    def failed(self, head: bytes) -> None:
        self.failures.append(head)

    def opened(self) -> None:
        self._open += 1

    def closed(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._done.set()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ValueError("an answer without Content-Length")


async def load(port: int, request: bytes, count: int, in_flight: int) -> dict[str, object]:
    """Send `count` requests over `in_flight` connections; counts, failures and latencies in seconds."""
    done = asyncio.Event()
    run = _Run(count, done)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    for _ in range(in_flight):
        run.opened()
        await loop.create_connection(lambda: _Client(request, run), "127.0.0.1", port)
    await done.wait()
    times = sorted(run.times)
    return {
        "answered": len(times) - len(run.failures),
        "failed": len(run.failures) + count - len(times),
        "example": run.failures[0].decode("latin-1") if run.failures else "",
        "seconds": time.perf_counter() - begun,
        "p50": times[len(times) // 2] if times else None,
        "p99": times[int(len(times) * 0.99)] if times else None,
    }


class _Producer(asyncio.Protocol):
    """Answers every request with the same bytes, or streams `size` bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._left = -1
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._left = _length(self._buffer[:end])
            data, self._buffer = self._buffer[end + 4 :], b""
        self._left -= len(data)
        if self._left == 0:
            self._left = -1
            self._transport.write(self._answer)  # type: ignore[attr-defined]


async def produce(port: int, body: bytes) -> None:
    """Answer for ever."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=UTF-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = head + body
    server = await asyncio.get_running_loop().create_server(lambda: _Producer(answer), "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


def main() -> None:
    """`load` or `produce`; the message comes on standard input, a report of a load goes to standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("load", "produce"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=1)
    given = parser.parse_args()
    message = sys.stdin.buffer.read()
    if given.what == "produce":
        uvloop.run(produce(given.port, message))
    else:
        report = uvloop.run(load(given.port, message, given.count, given.in_flight))
        sys.stdout.write(orjson.dumps(report).decode())


if __name__ == "__main__":
    main()
