"""What travels through the platform: `Call` in, `Reply` out, and the one shape of everything between.

`Handler = Call → Awaitable[Reply]`, `Layer = Handler → Handler` (STYLE 12). A `Call` exists only when the door
(journey steps 1–3) has let it in: who calls is established and the envelope's head is read.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

Headers = tuple[tuple[bytes, bytes], ...]
"""HTTP headers in order; names in lower case."""


class HsaId(str):
    """The id of a component, unit or person in the HSA catalogue; compared without case, kept as written."""

    __slots__ = ()


class LogicalAddress(str):
    """The receiver that routing looks up: an HSA-id, `*`, or parts joined by `#` (switch.md section 7)."""

    __slots__ = ()


class ContractId(str):
    """The Responder namespace of a service contract: an opaque string (CO-3.1)."""

    __slots__ = ()


class RivtaProfile(StrEnum):
    """RIV TA Basic Profile: the name of the address header in the envelope (SW-4.1)."""

    BP20 = "rivtabp20"
    BP21 = "rivtabp21"


CallClass = Literal["mtls", "proxied", "internal"]
"""How the sender was established (switch.md section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as far as the platform could establish it (switch.md section 5).

    `peer` is the TCP peer's address; `address` the one that logs show (SW-5.11).
    """

    sender: HsaId
    call_class: CallClass
    listener: Literal["http", "https"]
    peer: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What was read of a SOAP envelope, once.

    `receiver` is the raw text, empty when absent (SW-4.3). `payload` is the first element of `Body` as an lxml
    element where the message was parsed whole, None where only its head was read. `address_namespace` is the
    namespace of the address header that decided, empty when there was none.
    """

    receiver: str
    profile: RivtaProfile
    contract: ContractId
    operation: str
    address_namespace: str = ""
    payload: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A message's bytes: `start` is at hand, `rest` comes as the peer sends it (None: there is no more).

    `length` is the number of bytes in all, None when unknown.
    """

    start: bytes
    rest: AsyncIterator[bytes] | None = None
    length: int | None = None

    @classmethod
    def whole(cls, content: bytes) -> "Body":
        """A body that is at hand in full."""
        return cls(start=content, length=len(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipart:
    """An XOP message as it came, with its `Content-Type`: what goes on where attachments are passed (SW-13.7)."""

    content_type: bytes
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a call goes: made by step 5 from the route that decided (switch.md section 7).

    `url` is used verbatim (SW-7.5); `profile` is in lower case.
    """

    url: str
    profile: str
    producer: HsaId


UNROUTED = Target(url="", profile="", producer=HsaId(""))
"""The target of a call before step 5; forwarding to it fails closed as a blank address (VP010)."""


@dataclass(slots=True, kw_only=True)
class Trail:
    """What happened to a call, step by step: written by the steps, read by journal, log and metrics only.

    No step decides anything by it. Times are monotonic seconds.
    """

    route: str = ""
    permission: str = ""
    producer: str = ""
    producer_url: str = ""
    producer_headers: Headers = ()
    sent_at: float = 0.0
    answered_at: float = 0.0
    producer_status: int = 0
    retries: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    rows: int | None = None
    release: int = 0
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that the door has let in.

    `id` names this call in the journal; `reference` is what the caller can quote, equal to the outermost call's id.
    `deadline` and `started` are monotonic seconds, `received_at` is aware UTC. `encoding` is the request's
    own; `body` is UTF-8 already. `url` is as the caller wrote it, without query. `multipart` is the message that the
    body was taken from, where it may go on unchanged. `gone` returns when the consumer is gone, for whoever does work
    that nobody else would want.
    """

    id: str
    reference: str
    correlation_id: str
    caller: Caller
    envelope: Envelope
    body: Body
    headers: Headers
    url: str
    encoding: str
    received_at: datetime
    started: float
    deadline: float
    original_consumer: str
    original_consumer_in: str
    routing_history: str
    acting_on_behalf_of: str = ""
    multipart: Multipart | None = None
    target: Target = UNROUTED
    parent: str | None = None
    gone: Callable[[], Awaitable[None]] | None = None
    trail: Trail = field(default_factory=Trail)

    @property
    def sender(self) -> HsaId:
        """HSA-id of the calling system."""
        return self.caller.sender

    @property
    def receiver(self) -> str:
        """The logical address as it stands in the message."""
        return self.envelope.receiver

    @property
    def contract(self) -> ContractId:
        """The contract: namespace of the first element of the body (SW-4.5)."""
        return self.envelope.contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a call: HTTP status, headers that go to the consumer, and the body."""

    status: int
    headers: Headers
    body: Body


Handler = Callable[[Call], Awaitable[Reply]]
Layer = Callable[[Handler], Handler]


def onion(layers: Iterable[Layer], core: Handler) -> Handler:
    """Wrap `core` in `layers`: the first of them sees a call first and its reply last."""
    handler = core
    for layer in reversed(tuple(layers)):
        handler = layer(handler)
    return handler
