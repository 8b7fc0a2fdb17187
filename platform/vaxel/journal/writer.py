"""Writes the journal: a record is in the file before `written` returns, and on the disk before `durable` does.

Records are written by the event loop, in order, those of one turn of the loop in one write; a thread syncs them.
While one sync runs, records queue for the next, so that one sync serves many calls and nothing waits for a timer.
Whatever was promised to nobody may be lost: after a failed sync the file is cut back to what is known to be on the
disk, and a `recovered` record tells how much was cut.
"""

import asyncio
import errno
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaxel.errors import JournalUnavailable
from vaxel.instants import iso
from vaxel.journal.checkpoint import KIND as CHECKPOINT
from vaxel.journal.checkpoint import Signer
from vaxel.journal.record import Head, line_of
from vaxel.journal.reserve import Reserve
from vaxel.journal.sealing import Sealer
from vaxel.journal.segments import Tail, lock, path_of, recover, segments, sync_folder

RETRY_S = 1.0
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStatus:
    """What readiness and `/status` say of the journal; `reason` is empty while it can be written."""

    node: str
    reason: str
    seq: int
    segment: str
    reserve: bool
    checkpoint_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A place in the journal: segment, size in bytes, and the chain's head there."""

    number: int
    size: int
    head: Head


@dataclass(slots=True, kw_only=True)
class _Sync:
    """One piece of the thread's work: descriptors to sync, and who waits for it."""

    current: int
    retired: tuple[int, ...]
    folder: bool
    mark: _Mark
    waiters: list[asyncio.Future[None]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class _Entry:
    """A record that is to be written, and who waits for it: until it is in the file, or (`durable`) on the disk."""

    kind: str
    fields: Mapping[str, Any]
    in_flight: bool
    durable: bool = False
    time_ns: int = field(default_factory=time.time_ns)
    done: asyncio.Future[None] | None = None


class Journal:
    """The journal of one node, open for writing in one process."""

    def __init__(
        self,
        folder: Path,
        node: str,
        *,
        sealer: Sealer,
        signer: Signer,
        reserve: Reserve,
        segment_bytes: int = 67_108_864,
        synced: Callable[[int, float], None] = lambda records, seconds: None,
    ) -> None:
        self._folder = folder
        self._node = node
        self._sealer = sealer
        self._signer = signer
        self._reserve = reserve
        self._segment_bytes = segment_bytes
        self._told = synced
        self._jobs: queue.SimpleQueue[_Sync | None] = queue.SimpleQueue()
        self._waiters: list[asyncio.Future[None]] = []
        self._pending: list[_Entry] = []
        self._retired: list[int] = []
        self._syncing = False
        self._reason = ""
        self._full = False
        self._retry_at = 0.0
        self._checkpoint_seq = 0
        self.opened = False

    def open(self) -> Tail:
        """Take the folder, mend its end and be ready to write; raises `SettingsError` or `OSError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock(self._folder)
        tail = recover(self._folder)
        self._loop = asyncio.get_running_loop()
        self._number, self._size, self._head = tail.number, tail.size, tail.head
        self._durable = self._mark()
        self._descriptor = self._segment(tail.number)
        self._new_name = True
        self._full = not self._reserve.make()
        self._thread = threading.Thread(target=self._sync_all, name="journal", daemon=True)
        self._thread.start()
        self.opened = True
        if tail.moved is not None:
            self.append("recovered", {"moved": tail.moved.name, "segment": path_of(self._folder, tail.number).name})
        return tail

    async def close(self) -> None:
        """Write a last checkpoint, sync, and give the folder up."""
        with suppress(JournalUnavailable):  # readiness has said so, and there is nobody left to refuse
            await self.checkpoint()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        for descriptor in (*self._retired, self._descriptor, self._lock):
            os.close(descriptor)

    def append(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Write a record now: it survives this process at once, and a power cut with the next sync."""
        self._admit(in_flight=in_flight)
        self._flush()
        entry = _Entry(kind=kind, fields=fields, in_flight=in_flight)
        if entry in self._keep([entry]):
            raise self._unavailable()

    async def written(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """The same, with every record of one turn of the loop in one write; returns when it is in the file."""
        await self._enter(_Entry(kind=kind, fields=fields, in_flight=in_flight))

    async def durable(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Write a record and return when it is on the disk; raises `JournalUnavailable` (VX001)."""
        await self._enter(_Entry(kind=kind, fields=fields, in_flight=in_flight, durable=True))

    async def checkpoint(self) -> dict[str, Any] | None:
        """Write a signed checkpoint where there is anything new; returns its fields, to be shipped (SW-18.10)."""
        self._flush()
        if self._head.seq == self._checkpoint_seq:
            return None
        fields = self._signer.checkpoint(self._node, self._head)
        waiting = self._enter(_Entry(kind=CHECKPOINT, fields=fields, in_flight=True, durable=True))
        self._flush()  # now, so that it stands next to what it signs
        await waiting
        self._checkpoint_seq = fields["at"] + 1
        return fields

    def seal(self, patient: str) -> Mapping[str, str]:
        """A patient's identity as it may stand in a record (P-120)."""
        try:
            return self._sealer.seal(patient)
        except (OSError, ValueError) as error:
            raise JournalUnavailable("the journal's keys cannot be used") from error

    def status(self) -> JournalStatus:
        """How the journal is, now; tries to mend what failed where it is time to."""
        try:
            self._admit(in_flight=False)
        except JournalUnavailable as error:
            reason = error.reason
        else:
            reason = ""
        return JournalStatus(
            node=self._node,
            reason=reason,
            seq=self._head.seq,
            segment=path_of(self._folder, self._number).name,
            reserve=self._reserve.present,
            checkpoint_seq=self._checkpoint_seq,
        )

    # Writing

    def _enter(self, entry: "_Entry") -> asyncio.Future[None]:
        """Take a record for the write at the end of this turn of the loop; raises `JournalUnavailable`."""
        self._admit(in_flight=entry.in_flight)
        entry.done = self._loop.create_future()
        self._pending.append(entry)
        if len(self._pending) == 1:
            self._loop.call_soon(self._flush)
        return entry.done

    def _flush(self) -> None:
        """Write what was taken, in order, and tell or sync whoever waits for it."""
        entries, self._pending = self._pending, []
        if not entries:
            return
        refused = self._keep(entries)
        for entry in entries:
            if entry.done is None or entry.done.done():
                continue
            if entry in refused:
                entry.done.set_exception(self._unavailable())
            elif entry.durable:
                self._waiters.append(entry.done)
            else:
                entry.done.set_result(None)
        if self._waiters and not self._syncing:
            self._sync()

    def _keep(self, entries: list["_Entry"]) -> list["_Entry"]:
        """Write records; returns those that were not. Where room is short, those in flight go into the reserve's."""
        if self._reason:
            return entries
        try:
            self._write(entries)
        except OSError as error:
            self._no_room_or_failed(error)
        else:
            return []
        kept = [entry for entry in entries if entry.in_flight]
        if self._reason or not kept:
            return entries
        try:
            self._write(kept)
        except OSError as error:
            self._no_room_or_failed(error)
            return entries
        return [entry for entry in entries if not entry.in_flight]

    def _write(self, entries: list["_Entry"]) -> None:
        """Chain records to the last one, and write all of them or none."""
        head, lines = self._head, []
        for entry in entries:
            line, head = line_of(head, iso(entry.time_ns), entry.kind, entry.fields)
            lines.append(line)
        content = b"".join(lines)
        if self._size + len(content) > self._segment_bytes and self._size:
            self._rotate()
        self._put(content)
        self._head = head
        self._size += len(content)

    def _put(self, content: bytes) -> None:
        """Write all of it or nothing."""
        written = -1
        try:
            written = os.write(self._descriptor, content)
        finally:
            if written != len(content):
                os.ftruncate(self._descriptor, self._size)
        if written != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _rotate(self) -> None:
        """Go on in a new segment; the former is synced and closed with the next sync."""
        descriptor = self._segment(self._number + 1)
        self._retired.append(self._descriptor)
        self._descriptor, self._number, self._size = descriptor, self._number + 1, 0
        self._new_name = True

    def _segment(self, number: int) -> int:
        return os.open(path_of(self._folder, number), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    # Failing closed, and healing

    def _admit(self, *, in_flight: bool) -> None:
        """Refuse while the journal cannot be written, trying again once a second."""
        if not self._reason and not self._full:
            return
        now = time.monotonic()
        if now >= self._retry_at:
            self._retry_at = now + RETRY_S
            self._heal()
        if self._reason or (self._full and not in_flight):
            raise self._unavailable()

    def _heal(self) -> None:
        if self._reason and not self._syncing:
            try:
                self._reopen()
            except OSError as error:
                self._reason = f"the journal cannot be written: {os.strerror(error.errno or 0)}"
                return
        self._full = not self._reserve.make()

    def _reopen(self) -> None:
        """Cut back to what is on the disk, go on in a new segment, and tell what was cut."""
        lost = self._written.seq - self._durable.head.seq
        for path in segments(self._folder):
            if int(path.stem) > self._durable.number:
                path.rename(path.with_suffix(f".cut-{time.time_ns()}"))
        os.truncate(path_of(self._folder, self._durable.number), self._durable.size)
        descriptor = self._segment(self._durable.number + 1)
        for old in (*self._retired, self._descriptor):
            os.close(old)
        self._retired.clear()
        self._descriptor, self._new_name = descriptor, True
        self._number, self._size, self._head = self._durable.number + 1, 0, self._durable.head
        reason, self._reason = self._reason, ""
        self.append("recovered", {"lost": lost, "reason": reason}, in_flight=True)

    def _no_room_or_failed(self, error: OSError) -> None:
        if error.errno in _NO_ROOM:
            self._full = True
            self._retry_at = time.monotonic() + RETRY_S
            self._reserve.release()
        else:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """Nothing written since the last sync can be trusted: whoever waits for it is refused."""
        self._reason = f"the journal cannot be written: {os.strerror(error.errno or 0)}"
        self._retry_at = time.monotonic() + RETRY_S
        self._written = self._head
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(self._unavailable())

    def _unavailable(self) -> JournalUnavailable:
        return JournalUnavailable(self._reason or "the journal's disk is full")

    # Syncing

    def _mark(self) -> _Mark:
        return _Mark(number=self._number, size=self._size, head=self._head)

    def _sync(self) -> None:
        """Hand everything written so far to the thread."""
        waiters, self._waiters = self._waiters, []
        retired, self._retired = tuple(self._retired), []
        job = _Sync(
            current=self._descriptor, retired=retired, folder=self._new_name, mark=self._mark(), waiters=waiters
        )
        self._new_name = False
        self._syncing = True
        self._jobs.put(job)

    def _sync_all(self) -> None:
        """The thread: one sync after the other."""
        while (job := self._jobs.get()) is not None:
            error = None
            begun = time.monotonic()
            try:
                for descriptor in (*job.retired, job.current):
                    os.fdatasync(descriptor)
                if job.folder:
                    sync_folder(self._folder)
            except OSError as failure:
                error = failure
            self._loop.call_soon_threadsafe(self._synced, job, error, time.monotonic() - begun)

    def _synced(self, job: _Sync, error: OSError | None, seconds: float) -> None:
        """Back in the loop: keep or break what was promised, and go on with what came meanwhile."""
        self._syncing = False
        for descriptor in job.retired:
            os.close(descriptor)
        if error is not None:
            self._waiters = [*job.waiters, *self._waiters]
            self._fail(error)
            return
        self._told(job.mark.head.seq - self._durable.head.seq, seconds)
        self._durable = job.mark
        for waiter in job.waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._waiters:
            self._sync()
