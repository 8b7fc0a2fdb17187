"""Writes of one turn go out together, in order."""

import asyncio

from vaxel.adapters.outbox import SMALL, Outbox


class Transport:
    def __init__(self, log: list[bytes], *, closing: bool = False) -> None:
        self.log, self.closing = log, closing

    def is_closing(self) -> bool:
        return self.closing

    def write(self, content: bytes) -> None:
        self.log.append(content)


async def test_small_writes_wait_for_the_end_of_the_turn_and_large_ones_do_not() -> None:
    log: list[bytes] = []
    outbox, one, gone = Outbox(asyncio.get_running_loop()), Transport(log), Transport(log, closing=True)
    outbox.write(one, b"1")  # type: ignore[arg-type]
    outbox.write(gone, b"lost")  # type: ignore[arg-type]
    outbox.write(one, b"2")  # type: ignore[arg-type]
    assert log == []
    await asyncio.sleep(0)
    assert log == [b"1", b"2"]
    large = bytes(SMALL + 1)
    outbox.write(one, b"3")  # type: ignore[arg-type]
    outbox.write(one, large)  # type: ignore[arg-type]
    assert log == [b"1", b"2", b"3", large]
