"""Is the journal whole: every hash, every link, every signature; and the first byte where it is not."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from vaxel.journal.checkpoint import KIND, verified
from vaxel.journal.record import Head, fields_of, head_of
from vaxel.journal.segments import segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Where the chain first breaks: segment, line from 1, byte from 0 where that line begins, and how."""

    segment: str
    line: int
    offset: int
    what: str

    def __str__(self) -> str:
        return f"{self.segment}:{self.line}: byte {self.offset}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was read of one node's journal; `damage` is None where all of it holds together."""

    node: str
    records: int
    head: Head
    checkpoints: int
    damage: Damage | None
    warnings: tuple[str, ...] = ()


def verify(folder: Path, public: str | None = None, elsewhere: Iterable[bytes] = ()) -> Verdict:
    """Read one node's journal from its first byte.

    `public` is the key that checkpoints must be signed with; `elsewhere` are checkpoints that were shipped, one JSON
    line each, which a journal whose tail was cut no longer agrees with (SW-18.10).
    """
    head, count, checkpoints = Head(), 0, 0
    shipped = _shipped(elsewhere, folder.name, public)
    for path in segments(folder):
        offset = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                what, head, is_checkpoint = _judge(line, head, public, shipped)
                if what:
                    damage = Damage(segment=path.name, line=number, offset=offset, what=what)
                    return Verdict(node=folder.name, records=count, head=head, checkpoints=checkpoints, damage=damage)
                offset += len(line)
                count += 1
                checkpoints += is_checkpoint
    return Verdict(
        node=folder.name,
        records=count,
        head=head,
        checkpoints=checkpoints,
        damage=_cut(folder, head, shipped),
        warnings=() if shipped else ("no checkpoint kept elsewhere was given: a cut tail cannot be detected",),
    )


def _judge(line: bytes, head: Head, public: str | None, shipped: dict[int, str]) -> tuple[str, Head, bool]:
    """What is wrong with a line (empty: nothing), the head after it, and whether it is a checkpoint."""
    if not line.endswith(b"\n"):
        return "the last line is unfinished", head, False
    try:
        after, record = head_of(line), fields_of(line)
    except (ValueError, KeyError, TypeError) as error:
        return f"changed or damaged: {error}", head, False
    if record["prev"] != head.hash:
        return "does not follow the record before it: one was changed, removed or inserted", head, False
    if record["seq"] != head.seq + 1:
        return f"has number {record['seq']} after {head.seq}", head, False
    if shipped.get(after.seq, after.hash) != after.hash:
        return "differs from the checkpoint kept elsewhere", head, False
    return _judge_checkpoint(record, head, public), after, record.get("kind") == KIND


def _judge_checkpoint(record: dict[str, Any], before: Head, public: str | None) -> str:
    if record.get("kind") != KIND:
        return ""
    if (record.get("at"), record.get("head")) != (before.seq, before.hash):
        return "a checkpoint that does not state the record before it"
    if not verified(record, public or str(record.get("public"))):
        return "a checkpoint with a wrong signature"
    return ""


def _shipped(checkpoints: Iterable[bytes], node: str, public: str | None) -> dict[int, str]:
    """Number → hash of the checkpoints of this node that were kept elsewhere; raises `ValueError` for a forged one."""
    found: dict[int, str] = {}
    for line in checkpoints:
        if not line.strip():
            continue
        checkpoint = orjson.loads(line)
        if checkpoint.get("node") != node:
            continue
        if not verified(checkpoint, public or str(checkpoint.get("public"))):
            raise ValueError(f"the checkpoint kept elsewhere of record {checkpoint.get('at')} is not signed by the key")
        found[checkpoint["at"]] = checkpoint["head"]
    return found


def _cut(folder: Path, head: Head, shipped: dict[int, str]) -> Damage | None:
    newest = max(shipped, default=0)
    if newest <= head.seq:
        return None
    found = segments(folder)
    where = found[-1] if found else folder
    what = f"ends at record {head.seq}, but a checkpoint kept elsewhere states record {newest}: the tail was cut"
    return Damage(segment=where.name, line=0, offset=where.stat().st_size if found else 0, what=what)
