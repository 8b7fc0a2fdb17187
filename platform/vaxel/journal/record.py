"""A journal record as a line: JSON whose last members are `prev` and `hash` (SW-18.8). Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

FIRST_PREV = "0" * 64
_HASH = b',"hash":'
_TAIL = len(_HASH) + 64 + 4  # the member, its digits, two quotes, the brace and the line end


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain stands: the last record's number and hash."""

    seq: int = 0
    hash: str = FIRST_PREV


def line_of(head: Head, time: str, kind: str, fields: Mapping[str, Any]) -> tuple[bytes, Head]:
    """The next record's line, with its end, and the head after it; members that are None are left out.

    `hash` is the lower-case SHA-256 in hex of the line's bytes before `,"hash":`.
    """
    seq = head.seq + 1
    said = (
        fields if None not in fields.values() else {name: fields[name] for name in fields if fields[name] is not None}
    )
    body = orjson.dumps({"seq": seq, "time": time, "kind": kind, **said, "prev": head.hash})[:-1]
    digest = hashlib.sha256(body).hexdigest()
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), Head(seq=seq, hash=digest)


def head_of(line: bytes) -> Head:
    """The chain's head after a whole line; `ValueError` where the line is no record or its hash is wrong."""
    body, member = line[:-_TAIL], line[-_TAIL:]
    digest = hashlib.sha256(body).hexdigest()
    if member != b'%b"%b"}\n' % (_HASH, digest.encode()):
        raise ValueError("the hash is not that of the line")
    return Head(seq=fields_of(line)["seq"], hash=digest)


def stated_head(line: bytes) -> Head:
    """The chain's head after a line by the line's own word; `ValueError` where it is no record."""
    record = fields_of(line)
    return Head(seq=record["seq"], hash=str(record.get("hash")))


def fields_of(line: bytes) -> dict[str, Any]:
    """A line's members; `ValueError` where it is no JSON object with the members of every record."""
    record = orjson.loads(line)
    if not isinstance(record, dict) or not isinstance(record.get("seq"), int) or "prev" not in record:
        raise ValueError("the line is not a record")
    return record
