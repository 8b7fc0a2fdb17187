"""Bounds on what is under way at once (SW-2.8, SW-2.12): past one of them a caller is refused at once, never queued."""

from collections import Counter

from vaxel.errors import Overloaded


class Bounds:
    """Counts calls in all, calls of each sender, and bytes that calls hold in memory; raises `Overloaded` (VX002)."""

    def __init__(self, *, calls: int, calls_per_consumer: int, buffered_bytes: int) -> None:
        self._max_calls = calls
        self._max_of_consumer = calls_per_consumer
        self._max_bytes = buffered_bytes
        self._of_consumer: Counter[str] = Counter()
        self._held: dict[str, int] = {}
        self.calls = 0
        self.buffered_bytes = 0

    def enter(self) -> None:
        """Count a call in; the caller counts it out."""
        if self.calls >= self._max_calls:
            raise Overloaded("too many calls in flight", fields={"bound": "VAXEL_MAX_CALLS"})
        self.calls += 1

    def leave(self) -> None:
        """Count a call out."""
        self.calls -= 1

    def enter_of(self, sender: str) -> None:
        """Count a call of this sender in; the caller counts it out."""
        if self._of_consumer[sender] >= self._max_of_consumer:
            raise Overloaded("too many calls of this consumer", fields={"bound": "VAXEL_MAX_CALLS_PER_CONSUMER"})
        self._of_consumer[sender] += 1

    def leave_of(self, sender: str) -> None:
        """Count a call of this sender out."""
        self._of_consumer[sender] -= 1
        if not self._of_consumer[sender]:
            del self._of_consumer[sender]

    def hold(self, reference: str, size_bytes: int) -> None:
        """Count bytes of a request or answer that the call of that reference keeps in memory until it ends."""
        if self.buffered_bytes + size_bytes > self._max_bytes:
            raise Overloaded("too many bytes buffered", fields={"bound": "VAXEL_MAX_BUFFERED_BYTES"})
        self.buffered_bytes += size_bytes
        self._held[reference] = self._held.get(reference, 0) + size_bytes

    def release(self, reference: str) -> None:
        """The call has ended, and with it all that it held."""
        self.buffered_bytes -= self._held.pop(reference, 0)
