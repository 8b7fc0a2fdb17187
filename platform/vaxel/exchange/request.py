"""What HTTP brings to the door: one request, before anybody knows who sent it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from vaxel.call import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A POST on `/vp`, with header names in lower case.

    `url` is without query. `client_certificate` is DER from the handshake (HTTPS only). `chunks` gives the body once;
    `length` is its `Content-Length`, None when it has none. `gone` returns
    when the consumer is gone, once the body is read.
    """

    listener: Literal["http", "https"]
    peer: str
    url: str
    headers: Headers
    chunks: AsyncIterator[bytes]
    length: int | None
    client_certificate: bytes | None = None
    gone: Callable[[], Awaitable[None]] | None = None
    _first: dict[bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", dict(reversed(self.headers)))

    def header(self, name: bytes) -> str:
        """The first header of that (lower-case) name as text, empty when absent."""
        value = self._first.get(name)
        return "" if value is None else value.decode("latin-1")

    def headers_named(self, name: bytes) -> tuple[str, ...]:
        """Every header of that (lower-case) name, in order."""
        if name not in self._first:
            return ()
        return tuple(value.decode("latin-1") for key, value in self.headers if key == name)
