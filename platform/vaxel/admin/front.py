"""The paths of the HTTP and HTTPS listeners: the switch, published contracts, operations (SW-2.2 to SW-2.10)."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from vaxel.admin.operations import Answer, Operations, Scope, Send, respond

App = Callable[[Scope, Any, Send], Awaitable[None]]
SWITCH = "/vp"
AGGREGATED = re.compile(r"/GetAggregated\w+/service/v\d+")
INDEX = "/skltp-ei/"
ALLOW = ((b"allow", b"GET, POST"),)


class Front:
    """One ASGI application for a listener; `operations` None where it carries none (HTTPS).

    `index` answers the national paths of the engagement index, None where they are off (EI-2.1); `aggregated`: those of
    aggregating services are open (AG-2.3).
    """

    def __init__(
        self,
        gateway: App,
        publication: App,
        operations: Operations | None,
        index: App | None = None,
        *,
        aggregated: bool = False,
    ) -> None:
        self._index = index
        self._gateway = gateway
        self._publication = publication
        self._operations = operations
        self._aggregated = aggregated

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path == SWITCH or path.startswith(SWITCH + "/") or (self._aggregated and AGGREGATED.fullmatch(path)):
            await self._switch(scope, receive, send)
        elif self._operations is not None and path in self._operations.paths:
            await self._operations(scope, receive, send)
        elif self._index is not None and path.startswith(INDEX):
            await self._index(scope, receive, send)
        else:
            await respond(send, Answer(status=404, content_type=b"text/plain", content=b"nothing is here\n"))

    async def _switch(self, scope: Scope, receive: Any, send: Send) -> None:
        """POST is a call; a query with `wsdl` or `xsd` asks for a contract; the rest is 405 (SW-2.4, SW-2.5)."""
        if scope["query_string"] and asks_for_contract(scope["query_string"]):
            await self._publication(scope, receive, send)
        elif scope["method"] == "POST":
            await self._gateway(scope, receive, send)
        else:
            refusal = Answer(status=405, content_type=b"text/plain", content=b"calls are POST; ?wsdl is GET\n")
            await respond(send, refusal, ALLOW)


def asks_for_contract(query: bytes) -> bool:
    """Whether a query has a parameter named `wsdl` or `xsd`, with any value or none (SW-2.4)."""
    names = {name.lower() for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    return not names.isdisjoint({"wsdl", "xsd"})
