"""The national paths of the engagement index, for platforms that call it directly (EI-2.1, EI-2.2, section 11)."""

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from vaxel.admin.operations import Answer, Operations, Scope, Send, respond
from vaxel.engagements.subscribers import Subscriber
from vaxel.errors import IndexTechnical, Refusal
from vaxel.exchange.identify import Network
from vaxel.services.index_acts import IndexActs

ROOT = "/skltp-ei/"
SERVICES = frozenset(f"{ROOT}{name}-service/v1" for name in ("update", "notification", "find-content", "get-updates"))
CORRELATION_ID = b"x-skltp-correlation-id"
BY = "http"


class IndexPaths:
    """An ASGI application for everything below `/skltp-ei/`; calls go on to the switch."""

    def __init__(
        self,
        switch: Callable[[Scope, Any, Send], Awaitable[None]],
        fault: Callable[[Refusal, str], tuple[int, bytes]],
        peers: Sequence[Network],
        operations: Operations,
        acts: IndexActs,
        subscribers: Callable[[], Sequence[Subscriber]],
        reload: Callable[[], Awaitable[dict[str, Any]]],
    ) -> None:
        self._switch = switch
        self._fault = fault
        self._peers = peers
        self._operations = operations
        self._acts = acts
        self._subscribers = subscribers
        self._reload = reload

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path in SERVICES:
            await self._service(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await respond(send, _text(405, "use GET"))
        elif not self._operations.admitted(scope):
            await respond(send, _text(403, "not from this address"))
        else:
            await respond(send, await self._operation(path.removeprefix(ROOT)))

    async def _service(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["method"] != "POST":
            await respond(send, _text(405, "calls are POST"), ((b"allow", b"POST"),))
        elif not self._internal(scope):
            await respond(send, _text(403, "only for VAXEL_INTERNAL_PEERS"))
        elif CORRELATION_ID not in dict(scope["headers"]):
            fields = {"header": CORRELATION_ID.decode()}
            refusal = IndexTechnical("a mandatory header is missing", cause="request.header-missing", fields=fields)
            status, content = self._fault(refusal, secrets.token_hex(16))
            await respond(send, Answer(status=status, content_type=b"text/xml; charset=UTF-8", content=content))
        else:
            await self._switch(scope, receive, send)

    async def _operation(self, name: str) -> Answer:
        try:
            if name == "status":
                return _json(await self._acts.status())
            if name == "subscriber/status":
                return _json([asdict(each) for each in self._subscribers()])
            if name == "resetcache":
                return _json(await self._reload())
            if name in {"writelock/enable", "writelock/disable"}:
                await self._acts.lock(on=name == "writelock/enable", by=BY)
            elif name != "writelock/status":
                return _text(404, "nothing is here")
            return _json({"writeLock": (await self._acts.status())["writeLock"]})
        except Refusal as refusal:
            return _text(503 if refusal.retryable else 500, f"{refusal.code} {refusal.cause}")

    def _internal(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("", 0))[0])
        except ValueError:
            return False
        return any(peer.version == network.version and peer in network for network in self._peers)


def _json(content: Any) -> Answer:
    return Answer(status=200, content_type=b"application/json", content=orjson.dumps(content))


def _text(status: int, text: str) -> Answer:
    return Answer(status=status, content_type=b"text/plain", content=text.encode() + b"\n")
