"""Small writes of one turn of the event loop, sent one after the other at its end.

A write to a socket wakes whoever reads it, and waking a sleeping process costs more than all else about the write.
Sent in a row, the first wakes the reader and the rest find it awake.
"""

import asyncio

SMALL = 65_536
"""Writes of up to so many bytes wait for the end of the turn."""


class Outbox:
    """Collects writes; `flush` sends them, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def write(self, transport: asyncio.Transport, content: bytes) -> None:
        """Send at the end of this turn; a large write goes at once, after what waits."""
        if len(content) > SMALL:
            self.flush()
            transport.write(content)
            return
        self._waiting.append((transport, content))
        if len(self._waiting) == 1:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what waits."""
        waiting, self._waiting = self._waiting, []
        for transport, content in waiting:
            if not transport.is_closing():
                transport.write(content)
