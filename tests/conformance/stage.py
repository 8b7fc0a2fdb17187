"""What the switch's conformance tests add to the stage: an open contract, and producers that speak as they are told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from scene import DIAGNOSIS, UNKNOWN, Scene

OPEN = UNKNOWN
"""A contract that is neither validated nor protected, once `describe` has said so."""
PAYLOAD = f'<GetNothing xmlns="{OPEN}"/>'
Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""One request in full → what is done to the connection."""


async def describe(stage: Scene, **said: object) -> None:
    """Put the open contract into the catalogue; `said` are further members of its entry."""
    stated = "".join(f"    {name}: {value}\n" for name, value in {"idempotent": "false", **said}.items())
    stage.write(
        "contracts/demo.yaml",
        "format: 1\ndomain: demo:unknown\ncontracts:\n"
        f"  - name: GetNothing\n    version: '1.0'\n    package: '1.0'\n    namespace: '{OPEN}'\n    wsdl: none.wsdl\n"
        "    request: GetNothing\n    response: GetNothingResponse\n    access: open\n"
        f"    validation: {{request: 'off', response: 'off'}}\n{stated}",
    )
    result = await stage.platform.reload()
    assert result["successful"], result


async def lead(stage: Scene, url: str, *, profile: str = "rivtabp21") -> None:
    """Route both contracts to another address."""
    stage.write("routing/routes.yaml", stage.routes_of(f"[{DIAGNOSIS}, {OPEN}]", url=url, profile=profile))
    result = await stage.platform.reload()
    assert result["successful"], result


def head(content: bytes, *, status: str = "200 OK", length: int | None = None, more: bytes = b"") -> bytes:
    """An answer with its head; `length` where it states another than it has."""
    stated = len(content) if length is None else length
    return b"HTTP/1.1 %b\r\ncontent-type: text/xml\r\ncontent-length: %d\r\n%b\r\n%b" % (
        status.encode(),
        stated,
        more,
        content,
    )


@asynccontextmanager
async def talking(stage: Scene, talk: Talk) -> AsyncIterator[list[bytes]]:
    """A producer that reads whole requests and answers each by `talk`; gives the requests it saw."""
    seen: list[bytes] = []
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                request = await _request(reader)
                seen.append(request)
                await talk(request, writer)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    await lead(stage, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws")
    try:
        yield seen
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections)
        await asyncio.sleep(0)  # transports tell of their end in the next turn


async def _request(reader: asyncio.StreamReader) -> bytes:
    start = await reader.readuntil(b"\r\n\r\n")
    lowered = start.lower()
    if b"transfer-encoding: chunked" in lowered:
        return start + await reader.readuntil(b"0\r\n\r\n")
    length = int(lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return start + await reader.readexactly(length)


def says(content: bytes, *, close: bool = False) -> Talk:
    """Answers every request with these bytes."""

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        if close:
            await writer.drain()
            writer.close()

    return talk


async def breaks(_: bytes, writer: asyncio.StreamWriter) -> None:
    """Breaks the connection before any byte of an answer."""
    writer.transport.abort()


async def hangs(_: bytes, __: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.sleep(30)
