"""Watches the system's clock against the monotonic one (SW-17.10)."""

import time
from collections.abc import Callable

JUMP_S = 5


class Clock:
    """Both clocks, as they stood when they were last looked at."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()

    def jump_s(self) -> float:
        """By how many seconds the system's clock has jumped since the last look; 0 where it went its way."""
        offset = self._wall() - self._steady()
        jumped, self._offset = offset - self._offset, offset
        return round(jumped, 1) if abs(jumped) > JUMP_S else 0.0
