"""Writes the joined answer: status, records, result, whole or in parts (aggregation.md sections 8 and 9)."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import datetime

from vaxel.aggregation import merge, plan, status
from vaxel.aggregation.merge import Merge, Taken
from vaxel.aggregation.status import Record
from vaxel.call import Body, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.validate import validate
from vaxel.services.asked import Aggregating, Asked, Tally
from vaxel.services.spool import Spool, chunks
from vaxel.soap import charset, tree


class Writer:
    """Writes answers of any aggregated contract; `now` is Swedish local time (AG-9.1)."""

    def __init__(self, catalogue: Catalogue, how: Aggregating, now: Callable[[], datetime]) -> None:
        self._catalogue, self._how, self._now = catalogue, how, now

    def reply(self, asked: Asked, merging: Merge, shelf: Spool) -> Reply:
        """The whole answer, from memory, or from disk where the records are many (AG-8.12)."""
        before, after = merge.ends(asked.entry, merging.base, self.header(asked))
        pieces = merging.pieces(self._ordered(asked.tally))
        last = self._result(asked) + after
        if shelf.on_disk and asked.call.encoding == "utf-8":
            return Reply(status=200, headers=(), body=Body(start=before, rest=_from_disk(chunks(pieces), last, shelf)))
        content = b"".join([before, *pieces, last])
        shelf.close()
        if asked.call.encoding != "utf-8":
            content = charset.from_utf8(content, asked.call.encoding)
        asked.tally.size_bytes = len(content)
        return Reply(status=200, headers=(), body=Body.whole(content))

    def header(self, asked: Asked) -> bytes:
        """ProcessingStatus of what has come, in the order of the source list (AG-9.5)."""
        tally, how = asked.tally, self._how
        time = self._now().strftime("%Y%m%d%H%M%S")
        outcomes = {each.source.address: each for each in tally.outcomes}
        came = [outcomes[each.address] for each in tally.plan.sources if each.address in outcomes]
        records = [
            Record(source=each.source.address, time=time, failure=each.failure, reference=each.call) for each in came
        ]
        if how.filtered == "records":
            records += [
                Record(source=each.address, time=time, failure=status.filtered(each.reason), reference=asked.call.id)
                for each in tally.plan.dropped
                if plan.OUTCOMES[each.reason] == "FT"
            ]
        return status.header(records, {} if how.filtered == "off" else tally.omitted, how.wording)

    # In parts (AG-8.13)

    def opening(self, asked: Asked, merging: Merge) -> bytes:
        """What comes before the first record."""
        return merge.ends(asked.entry, merging.base, b"")[0]

    def records(self, merging: Merge, taken: Taken) -> Iterator[bytes]:
        """One source's list elements, in chunks."""
        return chunks(merging.pieces((replace(taken, also=tuple(() for _ in taken.also)),)))

    def last(self, asked: Asked, merging: Merge) -> bytes:
        """What comes after the last record: other elements, result, status at the response's extension point."""
        others = tuple(replace(each, records=()) for each in asked.tally.taken.values())
        after = merge.ends(asked.entry, merging.base, b"")[1]
        return b"".join([*merging.pieces(others), self._result(asked), self.header(asked), after])

    def open_ended(self, asked: Asked, merging: Merge) -> bool:
        """Whether the response takes a foreign element at its end: the schema judges an empty answer with one."""
        content = self.opening(asked, merging) + self.last(asked, merging)
        return not validate(self._catalogue, asked.entry, tree.parse(content).payload, response=True)

    def _result(self, asked: Asked) -> bytes:
        return merge.synthetic_result(asked.entry, self._catalogue.domain(asked.entry), asked.call.reference)

    def _ordered(self, tally: Tally) -> tuple[Taken, ...]:
        if self._how.order == "arrival":
            return tuple(tally.taken.values())
        return tuple(tally.taken[each.address] for each in tally.plan.sources if each.address in tally.taken)


async def _from_disk(parts: Iterator[bytes], last: bytes, shelf: Spool) -> AsyncIterator[bytes]:
    try:
        for part in parts:
            yield part
        yield last
    finally:
        shelf.close()
