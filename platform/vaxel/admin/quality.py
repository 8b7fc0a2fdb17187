"""The quality report of a running platform: told by the exchange, counted in metrics, kept between runs (CO-7.9)."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from vaxel.adapters.quality_file import QualityFile
from vaxel.adapters.telemetry import Log, Metrics
from vaxel.call import Call
from vaxel.contracts.entry import Contract
from vaxel.contracts.quality import Message, Quality, Subject
from vaxel.contracts.validate import Violation
from vaxel.exchange.observe import Told, subject_of

KEEP_S = 60
"""How often a report that has changed is written."""


class Watch:
    """Keeps the report; `told` is what an observer tells it, `count` what the journey's own checks do."""

    def __init__(self, file: QualityFile, metrics: Metrics, log: Log) -> None:
        self._file = file
        self._metrics = metrics
        self._log = log
        self.quality = Quality()
        self.told = Told(seen=self._seen, skipped=self._skipped, judged=self._observed)

    def start(self) -> None:
        """Take up the kept report; a damaged one is moved aside and told of."""
        try:
            self.quality = self._file.read()
        except ValueError as error:
            aside = self._file.move_aside()
            self._log.event("quality.damaged", level="error", reason=str(error), kept_as=aside.name)
        except OSError as error:
            self._log.event("quality.unreadable", level="error", reason=type(error).__name__)

    def count(self, call: Call, contract: Contract, message: Message, violations: tuple[Violation, ...]) -> None:
        """A message was judged in its call, at level `warn` or `reject`."""
        subject = subject_of(call, contract, message)
        self.quality.seen(subject)
        self._checked(subject, violations)

    async def keep(self) -> None:
        """Write the report now and then, for ever."""
        while True:
            await asyncio.sleep(KEEP_S)
            await asyncio.to_thread(self.write, self.changed_rows())

    def changed_rows(self) -> list[dict[str, Any]] | None:
        """The rows to write; None where nothing has changed since they were asked for."""
        if not self.quality.changed:
            return None
        self.quality.changed = False
        return self.quality.rows()

    def write(self, rows: list[dict[str, Any]] | None) -> None:
        """Write the rows, if there are any to be written."""
        if rows is None:
            return
        try:
            self._file.write(rows)
        except OSError as error:
            self.quality.changed = True
            self._log.event("quality.not-kept", level="error", reason=type(error).__name__)

    def _seen(self, subject: Subject) -> None:
        self.quality.seen(subject)

    def _skipped(self, subject: Subject, cause: str) -> None:
        self.quality.skipped(subject)
        self._metrics.judged.add(subject.contract, subject.message, f"skipped-{cause}")

    def _observed(self, subject: Subject, violations: tuple[Violation, ...], cpu_s: float) -> None:
        self._metrics.observe_cpu.add(amount=cpu_s)
        self._checked(subject, violations)

    def _checked(self, subject: Subject, violations: tuple[Violation, ...]) -> None:
        outcome = self.quality.checked(subject, violations, datetime.now(UTC))
        self._metrics.judged.add(subject.contract, subject.message, outcome)
