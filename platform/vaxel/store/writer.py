"""The one task that writes: whatever has queued while the last commit ran goes into the next one (DESIGN section 8)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vaxel.store.engine import unavailable

MOST = 1000
"""Most jobs in one transaction."""

Work = Callable[[AsyncConnection, Sequence[Any]], Awaitable[Any]]
"""Does something with the items of jobs; may run again where the transaction fails, so it keeps no state."""


@dataclass(slots=True, kw_only=True)
class _Job:
    work: Work
    item: Any
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """Runs jobs in the order they come, many in one transaction; a job that fails fails alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()

    async def write(self, work: Work, item: Any = None) -> Any:
        """Run `work` and return its result when it is durable; raises `IndexTechnical` (`store.unavailable`).

        Consecutive jobs of the same work get their items together, and the same result.
        """
        job = _Job(work=work, item=item)
        self._jobs.put_nowait(job)
        return await job.done

    async def run(self) -> None:
        """Write until cancelled; what waits then is refused."""
        jobs: list[_Job] = []
        try:
            while True:
                jobs = [await self._jobs.get()]
                while len(jobs) < MOST and not self._jobs.empty():
                    jobs.append(self._jobs.get_nowait())
                await self._commit(jobs)
        finally:
            while not self._jobs.empty():
                jobs.append(self._jobs.get_nowait())
            for job in jobs:
                if not job.done.done():
                    job.done.cancel()

    async def _commit(self, jobs: list[_Job]) -> None:
        results: list[tuple[_Job, Any]] = []
        try:
            with unavailable():
                async with self._engine.begin() as connection:
                    for work, same in groupby(jobs, key=lambda job: job.work):
                        of_work = list(same)
                        result = await work(connection, [job.item for job in of_work])
                        results += [(job, result) for job in of_work]
        except Exception as error:  # noqa: BLE001 - each job's caller is told of its own
            await self._alone(jobs, error)
            return
        for job, result in results:
            if not job.done.done():
                job.done.set_result(result)

    async def _alone(self, jobs: list[_Job], error: Exception) -> None:
        """Each job by itself, so that one that cannot be done takes no other with it."""
        if len(jobs) > 1:
            for job in jobs:
                await self._commit([job])
        elif not jobs[0].done.done():
            jobs[0].done.set_exception(error)
