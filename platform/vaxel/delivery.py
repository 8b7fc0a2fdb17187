"""The port towards producers: what is sent, what comes back (switch.md sections 10 and 11)."""

from dataclasses import dataclass
from typing import Protocol

from vaxel.call import Body, Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request to a producer.

    `answer_timeout_s` bounds the wait for the answer's headers and each pause in its body (SW-10.3); `deadline`
    (monotonic seconds) the whole. `idempotent` says whether it may be sent twice (SW-10.6).
    """

    url: str
    headers: Headers
    body: Body
    idempotent: bool
    answer_timeout_s: float
    deadline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A producer's answer: `body.start` holds its first bytes, `body.rest` what follows (None: nothing).

    Header names are in lower case and hop-by-hop headers are gone (SW-12.2). `retries` counts repeated attempts.
    """

    status: int
    reason: str
    headers: Headers
    body: Body
    retries: int = 0


class Producer(Protocol):
    """Sends to producers; raises `ProducerFailed` with a cause of switch.md 14.3, also from the body's iterator."""

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send, and return when the answer's headers and first bytes are here."""
        ...
