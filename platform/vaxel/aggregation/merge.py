"""Many answers to one: records are taken as bytes, in the order in which their sources finish (AG section 8). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal, Protocol

from vaxel.aggregation.plan import Source
from vaxel.call import ContractId
from vaxel.contracts.entry import Contract
from vaxel.contracts.layouts import Layout, layout_of
from vaxel.errors import MessageMalformed
from vaxel.soap import splice, tree
from vaxel.soap.records import Cut, Scope

Duplicates = Literal["identical", "identity", "keep"]
_MESSAGE = "The header ProcessingStatus says which sources answered."


class Shelf(Protocol):
    """Where records wait until the answer is written; raises `ShelfFull` where they are too many bytes."""

    def put(self, record: bytes) -> int:
        """Keep a record; its number."""
        ...

    def get(self, number: int) -> bytes:
        """The record of a number."""
        ...


class ShelfFull(Exception):
    """No more room: the answer would be larger than it may be (AG-8.12)."""


class MemoryShelf:
    """A shelf in memory."""

    def __init__(self, room_bytes: int = 104_857_600) -> None:
        self._records: list[bytes] = []
        self._left = room_bytes

    def put(self, record: bytes) -> int:
        """Keep a record."""
        if len(record) > self._left:
            raise ShelfFull
        self._left -= len(record)
        self._records.append(record)
        return len(self._records) - 1

    def get(self, number: int) -> bytes:
        """The record of a number."""
        return self._records[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken of one source's answer: numbers on the shelf, list elements and then the others.

    `duplicates` and `foreign` were left out: said already by another source, about another patient.
    """

    source: str
    records: tuple[int, ...] = ()
    also: tuple[tuple[int, ...], ...] = ()
    duplicates: int = 0
    foreign: int = 0


class Merge:
    """Takes one answer after the other, and writes the joined one.

    The first answer decides what the response element declares; records of others bring what they need. `resend`: a
    record that was taken may still be replaced by its own source's, since nothing has been sent (`identity`).
    """

    def __init__(self, entry: Contract, patient: str, shelf: Shelf, duplicates: Duplicates, *, resend: bool = True):
        assert entry.records is not None, "an aggregated contract says where its records are"  # noqa: S101
        self._entry, self._patient, self._shelf = entry, patient, shelf
        self._list, self._also = entry.records.list, entry.records.also
        self._layout: Layout = layout_of(entry.records)
        self._duplicates, self._resend = duplicates, resend
        self._seen: dict[str, list[tuple[str, int]]] = {}
        self._replaced: set[int] = set()
        self._base: Scope | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The elements that are taken of an answer; none where only the status tells who was reached (AG-11)."""
        stated = self._entry.aggregation
        return () if stated and stated.merge == "nothing" else (self._list, *self._also)

    @property
    def base(self) -> Scope:
        """What the response element declares."""
        return self._base if self._base is not None else splice.shared(self._contract, {})

    @property
    def _contract(self) -> ContractId:
        return ContractId(self._entry.namespace)

    def take(self, source: Source, cut: Cut) -> Taken:
        """Take an answer's records; what it has itself more than once stays so (AG-8.5). Raises `ShelfFull`."""
        if self._base is None:
            self._base = splice.shared(self._contract, cut.scope)
        records: list[int] = []
        new: list[tuple[str, int]] = []
        left_out = {"foreign": 0, "duplicates": 0}
        for element in cut.records.get(self._list, ()):
            document, about = self._layout.whose(cut, element)
            if self._layout.names_patient and not about <= {self._patient, source.resident}:
                left_out["foreign"] += 1
                continue
            record = splice.moved(cut, element, self._base)
            if document in self._seen and self._said_already(document, record, source):
                left_out["duplicates"] += 1
                continue
            records.append(self._shelf.put(record))
            new.append((document, records[-1]))
        also = tuple(self._others(cut, name) for name in self._also)
        if self._duplicates != "keep":
            self._remember(source, new)
        return Taken(source=source.address, records=tuple(records), also=also, **left_out)

    def _others(self, cut: Cut, name: str) -> tuple[int, ...]:
        return tuple(self._shelf.put(splice.moved(cut, element, self.base)) for element in cut.records.get(name, ()))

    def _remember(self, source: Source, new: list[tuple[str, int]]) -> None:
        for document, number in new:
            if document:
                self._seen.setdefault(document, []).append((source.address, number))

    def _said_already(self, document: str, record: bytes, source: Source) -> bool:
        """Whether another source has said the same (AG-8.5); the document id is equal, now identities are compared."""
        identity = self._identity(record)
        for address, number in self._seen[document]:
            former = self._shelf.get(number)
            if number in self._replaced or self._identity(former) != identity:
                continue
            if self._duplicates == "identity":
                if identity[0][0] != source.address or address == source.address or not self._resend:
                    return True
                self._replaced.add(number)
                return False
            if self._same(former, record):
                return True
        return False

    def _same(self, one: bytes, other: bytes) -> bool:
        """Whether two records say the same; what is too complex to tell is kept."""
        try:
            return one == other or self._canonical(one) == self._canonical(other)
        except MessageMalformed:
            return False

    def _identity(self, record: bytes) -> tuple[tuple[str, str, str], ...]:
        return tuple(header.identity for header in self._layout.headers(record))

    def _canonical(self, record: bytes) -> bytes:
        """The record alone, as it stands in the joined answer."""
        around = splice.opening(self._entry.response, self.base) + record + splice.ending(self._entry.response)
        return tree.canonical(around)

    def pieces(self, taken: tuple[Taken, ...]) -> Iterator[bytes]:
        """The records of these sources: list elements, then the others in schema order (AG-8.7)."""
        numbers = [number for each in taken for number in each.records]
        for place in range(len(self._also)):
            numbers += [number for each in taken for number in each.also[place]]
        return (self._shelf.get(number) for number in numbers if number not in self._replaced)

    @property
    def replaced(self) -> int:
        """Records that were taken, and then replaced by their own source's."""
        return len(self._replaced)


def synthetic_result(entry: Contract, domain: str, reference: str) -> bytes:
    """The `result` that ends the answer where the entry wants one, in the shape that it states (AG-8.8, AG-8.9)."""
    stated = entry.records.result if entry.records else None
    if stated is None or not stated.synthetic or stated.shape == "none":
        return b""
    core = stated.namespace or f"urn:riv:{domain}:{entry.version.partition('.')[0]}"
    own = core if stated.shape == "ext" else entry.namespace
    said = (
        {"resultCode": "INFO", "resultText": _MESSAGE}
        if stated.shape == "short"
        else {"resultCode": "INFO", "logId": reference, "message": _MESSAGE}
    )
    inside = "".join(f'<{name} xmlns="{core}">{escape(value)}</{name}>' for name, value in said.items())
    return f'<result xmlns="{own}">{inside}</result>'.encode()


def ends(entry: Contract, base: Scope, header: bytes) -> tuple[bytes, bytes]:
    """The joined answer before and after its records."""
    return splice.opening(entry.response, base, header), splice.ending(entry.response)


def counted(*all_: Mapping[str, int]) -> dict[str, int]:
    """Counts by reason, added up, without those of 0."""
    total: dict[str, int] = {}
    for each in all_:
        for reason, count in each.items():
            total[reason] = total.get(reason, 0) + count
    return {reason: count for reason, count in total.items() if count}
