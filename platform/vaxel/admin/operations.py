"""The operation surfaces on the HTTP port: health, metrics, status, reload (switch.md section 2 and 17)."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from vaxel.exchange.identify import Network, within

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ALIASES = {
    "/actuator/health": "/health/ready",
    "/actuator/health/liveness": "/health/live",
    "/actuator/health/readiness": "/health/ready",
    "/actuator/prometheus": "/metrics",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A small HTTP answer."""

    status: int
    content_type: bytes
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What a reload led to, for the national texts of SW-17.3 and SW-17.4."""

    successful: bool
    reason: str
    routes: int
    permissions: int
    tree_before: int
    tree_after: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """What the surfaces show: each read when it is asked for."""

    ready: Callable[[], dict[str, str]]
    status: Callable[[], dict[str, Any]]
    registry: CollectorRegistry
    reload: Callable[[], Awaitable[Reloaded]]
    host: str
    allow: tuple[Network, ...]
    proxies: tuple[Network, ...]
    forwarded_for: bytes
    degraded: Callable[[], dict[str, str]] = dict


class Operations:
    """Answers the paths it knows; `paths` tells which."""

    paths = frozenset(
        ("/health/live", "/health/ready", "/metrics", "/status", "/resetcache", "/resethsacache", *ALIASES)
    )

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer one request of a known path."""
        asked: str = scope["path"]
        path = ALIASES.get(asked, asked)
        if scope["method"] not in {"GET", "HEAD"}:
            answer = Answer(status=405, content_type=b"text/plain", content=b"use GET\n")
        elif not path.startswith("/health/") and not self.admitted(scope):
            answer = Answer(status=403, content_type=b"text/plain", content=b"not from this address\n")
        else:
            answer = await self._answer(path)
        await respond(send, answer)

    async def _answer(self, path: str) -> Answer:
        if path == "/health/live":
            return _json(200, {"status": "UP"})
        if path == "/health/ready":
            missing = self._surfaces.ready()
            content = {"status": "DOWN" if missing else "UP", "missing": missing, "degraded": self._surfaces.degraded()}
            return _json(503 if missing else 200, content)
        if path == "/metrics":
            series = generate_latest(self._surfaces.registry)
            return Answer(status=200, content_type=CONTENT_TYPE_LATEST.encode(), content=series)
        if path == "/status":
            return _json(200, self._surfaces.status())
        reloaded = await self._surfaces.reload()
        return self._reset_cache(reloaded) if path == "/resetcache" else _reset_tree(reloaded)

    def _reset_cache(self, reloaded: Reloaded) -> Answer:
        """The national answer of a directory reload, line by line (SW-17.3)."""
        lines = [
            f"Host: {self._surfaces.host}",
            f"Time: {time.strftime('%Y-%m-%d %H:%M:%S')}",
            f"Directory: {'REFRESH_OK' if reloaded.successful else 'REUSING_EXISTING_CACHE ' + reloaded.reason}",
            f"Number of permissions: {reloaded.permissions}",
            f"Number of routes: {reloaded.routes}",
            f"was successful: {'true' if reloaded.successful else 'false'}",
        ]
        content = "".join(f"<br>{escape(' '.join(line.split()))}\n" for line in lines)
        return Answer(status=200, content_type=b"text/html;", content=content.encode())

    def admitted(self, scope: Scope) -> bool:
        """Whether the caller's address is on the list; a forwarded one is judged where there is one (SW-2.9)."""
        surfaces = self._surfaces
        peer = (scope.get("client") or ("", 0))[0]
        forwarded = [
            part.strip()
            for name, value in scope["headers"]
            if name == surfaces.forwarded_for
            for part in value.decode("latin-1").split(",")
            if part.strip()
        ]
        if not forwarded:
            return within(peer, surfaces.allow)
        trusted = within(peer, surfaces.allow) or within(peer, surfaces.proxies)
        return trusted and all(within(address, surfaces.allow) for address in forwarded)


def _reset_tree(reloaded: Reloaded) -> Answer:
    """The national answer of a tree reload (SW-17.4)."""
    lines = [
        f"Files: {', '.join(reloaded.files)}",
        f"Result: {'success' if reloaded.successful else 'failure: ' + reloaded.reason}",
        f"Size before: {reloaded.tree_before}",
        f"Size after: {reloaded.tree_after}",
    ]
    if reloaded.tree_after <= 1:
        lines.append("Warning: the tree is empty or nearly so")
    return Answer(status=200, content_type=b"text/plain", content="\n".join(lines).encode() + b"\n")


def _json(status: int, content: Any) -> Answer:
    return Answer(status=status, content_type=b"application/json", content=orjson.dumps(content))


async def respond(send: Send, answer: Answer, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Send a small answer."""
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.content)),
        *extra,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})
