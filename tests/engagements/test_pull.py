from rows import OWN, RESIDENT, parsed, row

from vaxel.engagements import pull, write
from vaxel.engagements.model import Transaction
from vaxel.soap import tree

SOURCE = row().source_system


def test_what_is_written_is_read() -> None:
    content = write.updates([(RESIDENT, (row(),)), ("191001239803", ())], complete=False)
    found = pull.portion(tree.parse(content).payload)
    assert found == pull.Portion(complete=False, residents=((RESIDENT, (row(),)), ("191001239803", ())))
    assert found.last == "191001239803"


def test_a_run_that_would_not_end() -> None:
    """EI-7.6."""
    one = pull.Portion(complete=False, residents=((RESIDENT, ()),))
    assert not pull.stuck(one, "")
    assert pull.stuck(one, RESIDENT)
    assert pull.stuck(pull.Portion(complete=False, residents=()), "")
    assert not pull.stuck(pull.Portion(complete=True, residents=()), "")


def test_the_time_mark() -> None:
    assert pull.since("") == pull.FIRST
    assert pull.since("20260101000030") == "20251231235930"


def test_what_is_missing_goes() -> None:
    """EI-7.7: only that source's, and only what this index owns."""
    found = pull.Portion(complete=True, residents=((RESIDENT, (row(owner=""),)),))
    gone = row(categorization="voo")
    held = {
        RESIDENT: [
            row(),
            gone,
            row(categorization="upp", source_system="SE-B"),
            row(categorization="upp", owner="SE-X"),
        ]
    }
    assert pull.differences(found, held, source=SOURCE.lower(), own=OWN) == (
        Transaction(engagement=row()),
        Transaction(engagement=gone, delete=True),
    )


def test_an_answer_without_anything() -> None:
    assert not pull.portion(parsed("<x/>")).complete
