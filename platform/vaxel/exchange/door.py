"""The door, journey steps 1–3: who calls, what is said, and may the original consumer be stated.

A `Call` exists when all three have passed. What fails here has a journal record `refused`, but no `opened` (SW-3.2).
"""

import math
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vaxel.call import Call, Caller
from vaxel.contracts.catalogue import Catalogue
from vaxel.directory.model import Directory
from vaxel.errors import OriginalConsumerDenied, QuestionRefused
from vaxel.exchange.identify import Identify
from vaxel.exchange.read import Message, Read
from vaxel.exchange.request import Request

ORIGINAL_CONSUMER = b"x-rivta-original-serviceconsumer-hsaid"
ACTING_ON_BEHALF_OF = b"x-rivta-acting-on-behalf-of-hsaid"
CORRELATION_ID = b"x-skltp-correlation-id"
MAX_CORRELATION_ID = 256
AGGREGATED = "/GetAggregated"
_OF_PLATFORMS = (b"x-vp-sender-id", ORIGINAL_CONSUMER, CORRELATION_ID)
"""What a platform states that asks an aggregating service (AG-3.1)."""


@dataclass(slots=True, kw_only=True)
class Arrival:
    """A request at the door: its ids and times, known before anything of it is trusted.

    `started` is monotonic seconds. `caller` is filled in by step 1, for the log of what a later step refuses.
    """

    request: Request
    started: float
    reference: str
    correlation_id: str
    replaced_correlation_id: bool = False
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    caller: Caller | None = None


def arrive(request: Request, started: float) -> Arrival:
    """Give the request its reference, and its correlation id: the caller's, else a new UUIDv4 (SW-12.3)."""
    stated = request.header(CORRELATION_ID)
    usable = 0 < len(stated) <= MAX_CORRELATION_ID and stated.isprintable() and stated.isascii()
    drawn = os.urandom(32).hex()
    return Arrival(
        request=request,
        started=started,
        reference=drawn[:32],
        correlation_id=stated if usable else _uuid4(drawn[32:]),
        replaced_correlation_id=bool(stated) and not usable,
    )


def _uuid4(digits: str) -> str:
    """A UUID of version 4 from 32 random hexadecimal digits; the library's costs three times as much."""
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class Door:
    """Lets a request in as a `Call`, or refuses: VP002 VP011 VP014, VP015 VX002 VX003, VP013."""

    def __init__(
        self, identify: Identify, read: Read, catalogue: Catalogue, directory: Directory | None, *, reject: bool
    ) -> None:
        self._identify = identify
        self._read = read
        self._catalogue = catalogue
        self._directory = directory
        self._reject = reject

    async def __call__(self, arrival: Arrival) -> Call:
        """The call. The order decides the code (SW-3.1): VP002 before VP015, VP015 before VP013."""
        request = arrival.request
        if AGGREGATED in request.url:
            _complete(request)
        caller = arrival.caller = self._identify(request)
        history = self._identify.history(request, caller)
        message = await self._read(request, arrival.reference)
        stated = request.header(ORIGINAL_CONSUMER)
        call = self._call(arrival, caller, message, history, stated)
        if stated and not self._may_state(caller):
            if self._reject:
                raise OriginalConsumerDenied(
                    "the consumer may not state the original consumer",
                    fields={"header": ORIGINAL_CONSUMER.decode()},
                )
            call.trail.notes["original_consumer"] = "stated without the right to"
        if arrival.replaced_correlation_id:
            call.trail.notes["correlation_id"] = "replaced"  # SW-12.3
        if message.dropped:
            call.trail.notes["attachments"] = "dropped"  # SW-13.6
        return call

    def _call(self, arrival: Arrival, caller: Caller, message: Message, history: str, stated: str) -> Call:
        entry = self._catalogue.get(message.envelope.contract)
        total = entry.total_timeout_s if entry else None
        return Call(
            id=arrival.reference,
            reference=arrival.reference,
            correlation_id=arrival.correlation_id,
            caller=caller,
            envelope=message.envelope,
            body=message.body,
            headers=arrival.request.headers,
            url=arrival.request.url,
            encoding=message.encoding,
            received_at=arrival.received_at,
            started=arrival.started,
            deadline=arrival.started + total if total else math.inf,
            original_consumer=stated or caller.sender,
            original_consumer_in=stated,
            routing_history=history,
            acting_on_behalf_of=arrival.request.header(ACTING_ON_BEHALF_OF),
            multipart=message.multipart,
            gone=arrival.request.gone,
        )

    def _may_state(self, caller: Caller) -> bool:
        """The right to state the original consumer (SW-6.2): internal calls need none."""
        if caller.call_class == "internal":
            return True
        component = self._directory.component(caller.sender) if self._directory else None
        return component is not None and component.may_state_original_consumer


def _complete(request: Request) -> None:
    """Each header that another platform must state, named where it is missing (AG-3.1)."""
    missing = [name.decode() for name in _OF_PLATFORMS if not request.header(name)]
    if missing:
        raise QuestionRefused(
            "mandatory headers are missing", cause="request.header-missing", fields={"headers": " ".join(missing)}
        )
