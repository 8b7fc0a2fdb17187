"""A record as a line, and back (SW-18.8)."""

import hashlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.journal.record import FIRST_PREV, Head, fields_of, head_of, line_of, stated_head

RESERVED = {"seq", "time", "kind", "prev", "hash"}
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
FIELDS = st.dictionaries(st.text(max_size=10).filter(lambda name: name not in RESERVED), VALUES, max_size=6)


@given(fields=FIELDS, seq=st.integers(0, 10**9))
def test_what_is_written_is_read(fields: dict[str, object], seq: int) -> None:
    before = Head(seq=seq, hash="a" * 64)
    line, after = line_of(before, "2026-11-24T08:00:00Z", "closed", fields)
    read = fields_of(line)
    assert {name: value for name, value in read.items() if name not in RESERVED} == {
        name: value for name, value in fields.items() if value is not None
    }
    assert (read["seq"], read["prev"], read["hash"]) == (seq + 1, before.hash, after.hash)
    assert head_of(line) == stated_head(line) == after
    assert line.count(b"\n") == 1


def test_the_hash_is_of_the_bytes_before_it() -> None:
    line, head = line_of(Head(), "t", "opened", {"hash_of": ',"hash":'})
    body = line[: line.rindex(b',"hash":')]
    assert head.hash == hashlib.sha256(body).hexdigest()
    assert orjson.loads(line)["prev"] == FIRST_PREV == "0" * 64


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_value_error(content: bytes) -> None:
    for read in (head_of, fields_of, stated_head):
        with pytest.raises(ValueError, match=r".*"):
            read(content)


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"seq":"1","prev":""}', b'{"prev":""}', b"null", b"1"])
def test_json_that_is_no_record(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a record"):
        fields_of(line)
