"""Instants as text, in UTC and cheaply: records and log lines need one each, many times a second. Pure."""

from datetime import UTC, datetime
from functools import lru_cache

NS = 1_000_000_000


def iso(time_ns: int) -> str:
    """Nanoseconds since the epoch as ISO 8601 with microseconds, `2026-01-15T10:30:00.123456Z`."""
    return f"{_second(time_ns // NS)}.{time_ns // 1000 % 1_000_000:06}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
