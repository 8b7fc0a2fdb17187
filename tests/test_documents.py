"""The one reader of YAML: YAML 1.2 words, lines of everything, and nothing but our errors (DI-7.10)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from vaxel.documents import MAX_DEPTH, Listing, Record, Table, line_of, load, read_yaml
from vaxel.errors import DataError

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


class Row(Record):
    id: str
    size: int = 0


class Rows(Record):
    format: int
    rows: tuple[Row, ...] = Field(min_length=1)


def findings(content: bytes) -> list[tuple[str, int]]:
    with pytest.raises(DataError) as caught:
        load(Rows, "rows.yaml", content)
    assert all(each.file == "rows.yaml" and each.remedy for each in caught.value.findings)
    return [(each.id, each.line) for each in caught.value.findings]


@given(VALUES)
def test_what_was_written_is_read(value: object) -> None:
    """JSON is YAML: whatever it can say is read as it was meant."""
    assert read_yaml("x", json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_raise_anything_but_our_error(content: bytes) -> None:
    try:
        read_yaml("x", content)
    except DataError as error:
        assert [each.file for each in error.findings] == ["x"]  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"), ("no", "no"), ("Yes", "Yes"), ("2026-01-31", "2026-01-31"), ("0o17", "0o17"), ("1_000", "1_000"),
        ("12:30", "12:30"), ("true", True), ("NULL", None), ("~", None), ("", None), ("-7", -7), ("007", 7), ("1e3", 1000.0),
        ("'1'", "1"), ('"true"', "true"), ("9" * 25, "9" * 25), ("=", "="), ("<<", "<<"),
    ],
)  # fmt: skip
def test_words_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert read_yaml("x", f"a: {text}\n".encode()) == {"a": value}


def test_every_line_is_known() -> None:
    document = read_yaml("x", b"a: 1\nb:\n  - c\n  - d: 2\n    e: 3\n")
    assert isinstance(document, Table)
    assert document.lines == {"a": 1, "b": 2}
    assert isinstance(document["b"], Listing)
    assert document["b"].lines == [3, 4]
    assert [line_of(document, path) for path in ([], ["a"], ["b", 1, "e"], ["b", 1, "x"], ["b", 9])] == [1, 1, 5, 4, 2]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("value.missing", 1)),
        (b"# nothing\n", ("value.missing", 1)),
        (b"a: [\n", ("value.format", 2)),
        (b"a: 1\n---\nb: 2\n", ("value.format", 2)),
        (b"a: 1\nb: &x 2\nc: *x\n", ("value.format", 3)),
        (b"a: &x [1]\n", ("value.format", 1)),
        (b"a: 1\na: 2\n", ("row.duplicate", 2)),
        (b"[a]: 1\n", ("value.format", 1)),
        (b"a: '\xff'\n", ("value.format", 1)),
        (b"[" * (MAX_DEPTH + 1), ("value.format", 1)),
    ],
)
def test_what_the_formats_do_not_need_is_refused(content: bytes, expected: tuple[str, int]) -> None:
    with pytest.raises(DataError) as caught:
        read_yaml("x", content)
    assert [(each.id, each.line) for each in caught.value.findings] == [expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"format: 1\n", [("value.missing", 1)]),
        (b"format: 1\nrows: []\n", [("value.missing", 2)]),
        (b"format: 1\nrows:\n  - {id: 7}\n", [("value.illegal", 3)]),
        (b"format: 1\nrows:\n  - id: A\n    size: x\n    colour: red\n", [("value.illegal", 4), ("value.unknown", 5)]),
        (b"format: 1\nrows:\n  - {id: A}\n  - {}\n", [("value.missing", 4)]),
        (b"nonsense\n", [("value.illegal", 1)]),
    ],
)
def test_every_violation_of_a_model_has_its_line(content: bytes, expected: list[tuple[str, int]]) -> None:
    """DI-3.9, STYLE 22."""
    assert findings(content) == expected


def test_texts_are_trimmed_and_values_frozen() -> None:
    """DI-3.6."""
    rows, document = load(Rows, "x", b"format: 1\nrows:\n  - {id: ' A '}\n")
    assert rows.rows[0].id == "A"
    assert line_of(document, ("rows", 0)) == 3
    with pytest.raises(ValueError, match="frozen"):
        rows.format = 2  # type: ignore[misc]
