"""Work on large messages is done beside the event loop, so that others do not wait for it (DESIGN section 8)."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

LARGE = 100_000
"""Bytes from which parsing and validation cost more than handing them to a thread, about 75 µs."""

P = ParamSpec("P")
Made = TypeVar("Made")


async def beside(size: int | None, work: Callable[P, Made], *args: P.args, **kwargs: P.kwargs) -> Made:
    """What `work` returns or raises: in a thread where the message has `LARGE` bytes or more, else at once."""
    if size is not None and size >= LARGE:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
