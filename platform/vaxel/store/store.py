"""The store as the platform holds it: opened once, one writer, one reader."""

import asyncio
from contextlib import suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from vaxel.store.address import Address
from vaxel.store.engine import opened, unavailable
from vaxel.store.reader import PooledReader, Reader, SqliteReader
from vaxel.store.writer import Work, Writer


class Store:
    """Opened when it is first needed; raises `IndexTechnical` (`store.unavailable`) where it cannot be reached."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.address.path else "postgresql"

    @property
    def is_open(self) -> bool:
        """Whether it has been reached."""
        return self._engine is not None

    async def open(self) -> None:
        """Reach the database, and bring it to the newest structure; nothing where that is done."""
        async with self._opening:
            if self._engine is not None:
                return
            with unavailable():
                engine = await opened(self.address)
            self._reader: Reader = SqliteReader(self.address.path) if self.address.path else PooledReader(engine)
            self._writer = Writer(engine)
            self._writing = asyncio.create_task(self._writer.run(), name="store")
            self._engine = engine

    async def write(self, work: Work, item: Any = None) -> Any:
        """Do `work` in the writer's next transaction; its result when that is durable."""
        if self._engine is None:
            await self.open()
        return await self._writer.write(work, item)

    async def reader(self) -> Reader:
        """What reads."""
        if self._engine is None:
            await self.open()
        return self._reader

    async def close(self) -> None:
        """Let go of the database; what was answered is durable already."""
        if self._engine is None:
            return
        self._writing.cancel()
        with suppress(asyncio.CancelledError):
            await self._writing
        self._reader.close()
        await self._engine.dispose()
        self._engine = None
