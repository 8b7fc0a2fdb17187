"""The call to one source: a call with a parent, carried by the platform's own journey (AG-2.2, AG section 6)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vaxel.aggregation import status
from vaxel.aggregation.plan import Source
from vaxel.aggregation.status import Failure
from vaxel.call import Body, Call, Handler, Reply, Trail
from vaxel.contracts.entry import Contract
from vaxel.errors import MessageMalformed, Refusal
from vaxel.services.sources import Outcome
from vaxel.soap import charset, scan
from vaxel.soap.records import Cut, cut
from vaxel.soap.rewrite import Rewriting

THREAD_BYTES = 1_048_576
"""From this size on an answer is looked through in a thread, so that other calls are not held up."""
_NOT_PASSED = frozenset({b"soapaction", b"x-skltp-prt", b"server", b"host", b"accept-encoding"})
_OWN = b"x-vaxel-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """What is read of an answer: the elements by name; whether an ERROR counts as a failure (AG-8.10).

    `held_bytes` bounds what all answers hold in memory before their records are taken (AG-8.12).
    """

    entry: Contract
    names: tuple[str, ...]
    error_fails: bool = True
    held_bytes: int = 104_857_600


class TooMuch(Exception):
    """The answers under way hold more bytes than they may together."""


class SubCalls:
    """Makes and carries the calls of one outer call; `deadline` in monotonic seconds is theirs (AG-7.2)."""

    def __init__(
        self,
        call: Call,
        content: bytes,
        handler: Handler,
        cutting: Cutting,
        deadline: float,
        failed: Callable[[Call, BaseException], None],
    ) -> None:
        aggregation = cutting.entry.aggregation
        self._rewrite = aggregation.rewrite if aggregation else {}
        self._message = Rewriting(content, call.receiver, tuple(self._rewrite))
        headers = tuple(each for each in call.headers if each[0] not in _NOT_PASSED and not each[0].startswith(_OWN))
        self._template = replace(
            call, parent=call.id, headers=headers, deadline=deadline, gone=None, multipart=None, encoding="utf-8"
        )
        self._handler, self._cutting, self._failed = handler, cutting, failed
        self._held = 0

    def release(self, size_bytes: int) -> None:
        """An answer's records were taken, or it is no longer wanted: its bytes are let go."""
        self._held -= size_bytes

    async def ask(self, source: Source, call_id: str) -> Outcome:
        """Call the source and cut its answer; whatever goes wrong is its outcome, and nobody else's."""
        call = self._call(source, call_id)
        found, failure = None, None
        size = 0
        try:
            reply = await self._handler(call)
            content = await self._content(reply)
            size = len(content)
            if reply.status >= 400:
                failure = status.faulted(*scan.fault_code(content))
            else:
                found, failure = await self._cut(content)
        except Refusal as refusal:
            failure = status.refused(refusal)
        except TooMuch:
            failure = status.too_large()
        except Exception as error:  # noqa: BLE001 - one source's failure is its own
            self._failed(call, error)
            failure = status.internal()
        ms = (time.monotonic() - call.started) * 1000
        return Outcome(source=source, call=call_id, ms=ms, cut=found, size_bytes=size, failure=failure)

    def _call(self, source: Source, call_id: str) -> Call:
        values = {path: source.address if what == "target" else source.resident for path, what in self._rewrite.items()}
        return replace(
            self._template,
            id=call_id,
            envelope=replace(self._template.envelope, receiver=source.address),
            body=Body.whole(self._message.to(source.address, values)),
            received_at=datetime.now(UTC),
            started=time.monotonic(),
            trail=Trail(release=self._template.trail.release),
        )

    async def _cut(self, content: bytes) -> tuple[Cut | None, Failure | None]:
        """The answer with its records found, or why it is none (AG-8.4, AG-8.10)."""
        try:
            if len(content) > THREAD_BYTES:
                found = await asyncio.to_thread(self._look, content)
            else:
                found = self._look(content)
        except MessageMalformed as error:
            return None, status.invalid(error.reason)
        empty = not any(found.records.values())
        if found.result_code == "ERROR" and empty and self._cutting.error_fails:
            return None, status.errored(found.error_code)
        return found, None

    def _look(self, content: bytes) -> Cut:
        entry = self._cutting.entry
        decoded, _ = charset.to_utf8(content)
        return cut(decoded, entry.namespace, entry.response, self._cutting.names)

    async def _content(self, reply: Reply) -> bytes:
        """The whole answer, counted as it comes; what is given up counts no longer."""
        content = bytearray()
        try:
            self._hold(content, reply.body.start)
            if reply.body.rest is not None:
                async for part in reply.body.rest:
                    self._hold(content, part)
        except BaseException:
            self.release(len(content))
            raise
        return bytes(content)

    def _hold(self, content: bytearray, part: bytes) -> None:
        if self._held + len(part) > self._cutting.held_bytes:
            raise TooMuch
        self._held += len(part)
        content += part
