"""`GET /vp/…?wsdl` and `?xsd=`: published contracts, before anything is known about the sender (SW-2.4, section 15)."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from vaxel.admin.operations import Answer, Scope, Send, respond
from vaxel.contracts.publish import Publication
from vaxel.exchange.identify import Network, within

XML = b"text/xml;charset=UTF-8"
CORRELATION_ID = b"x-skltp-correlation-id"


class Publisher:
    """Answers from whatever publication is current; `headers` name forwarded scheme, host and port (SW-15.3)."""

    def __init__(
        self,
        current: Callable[[], Publication],
        proxies: Iterable[Network],
        headers: tuple[str, str, str],
        *,
        public: bool = True,
    ) -> None:
        self._current = current
        self._proxies = tuple(proxies)
        self._headers = tuple(name.lower().encode() for name in headers)
        self._public = public

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer one request that asks for a contract."""
        stated = dict(scope["headers"]).get(CORRELATION_ID, b"")
        usable = 0 < len(stated) <= 256 and stated.isascii() and stated.decode().isprintable()
        correlation_id = stated if usable else str(uuid.uuid4()).encode()
        await respond(send, self._answer(scope), ((CORRELATION_ID, correlation_id),))

    def _answer(self, scope: Scope) -> Answer:
        if scope["method"] not in {"GET", "HEAD"}:
            return Answer(status=405, content_type=b"text/plain", content=b"contracts are read with GET\n")
        if not self._public:
            return Answer(status=404, content_type=b"text/plain", content=b"contracts are not published here\n")
        publication = self._current()
        base = self._base(scope)
        path = scope["path"]
        query = {name.lower(): value for name, value in parse_qsl(scope["query_string"].decode("latin-1"), True)}  # noqa: FBT003
        if "wsdl" in query:
            content = publication.wsdl(path, base + path)
        else:
            content = publication.schema(path, base + path, query["xsd"])
        if content is None:
            known = "".join(f"{base}{each}?wsdl\n" for each in publication.paths)
            return Answer(
                status=404, content_type=b"text/plain", content=f"not published; there are:\n{known}".encode()
            )
        return Answer(status=200, content_type=XML, content=content)

    def _base(self, scope: Scope) -> str:
        """Scheme, host and port that the caller used; forwarded ones only from a trusted proxy."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        scheme, host = scope["scheme"], headers.get(b"host", "localhost")
        if self._trusted(scope):
            forwarded = [headers.get(name, "") for name in self._headers]
            scheme = forwarded[0] if forwarded[0] in {"http", "https"} else scheme
            name = forwarded[1] or host.rpartition(":")[0] or host
            port = forwarded[2] if forwarded[2].isdigit() else ("" if forwarded[1] else host.rpartition(":")[2])
            host = f"{name}:{port}" if port.isdigit() else name
        return f"{scheme}://{host}"

    def _trusted(self, scope: Scope) -> bool:
        return within((scope.get("client") or ("", 0))[0], self._proxies)
