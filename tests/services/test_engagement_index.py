"""What of answering is seen without a platform; the rules are in tests/conformance/test_index_rules.py."""

from datetime import UTC, datetime

from vaxel.services.engagement_index import epoch


def test_times_are_swedish() -> None:
    """EI-7.1: the earlier of two where the clock was put back, so that nothing is missed."""
    assert epoch("20261124120000") == int(datetime(2026, 11, 24, 11, 0, tzinfo=UTC).timestamp())
    assert epoch("20260701120000") == int(datetime(2026, 7, 1, 10, 0, tzinfo=UTC).timestamp())
    assert epoch("20261025023000") == int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp())
