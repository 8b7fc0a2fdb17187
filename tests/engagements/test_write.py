from rows import row

from vaxel.engagements import read, write
from vaxel.engagements.fields import UPDATE
from vaxel.soap import tree


def test_text_is_escaped() -> None:
    odd = row(categorization="<&>", logical_address='"å"')
    payload = tree.parse(write.FIND_HEAD + write.engagements([odd]) + write.FIND_TAIL).payload
    assert read.engagements(payload) == (odd,)


def test_a_result_says_ok() -> None:
    payload = tree.parse(write.result(UPDATE, "Update")).payload
    assert payload.findtext(f"{{{UPDATE}}}ResultCode") == "OK"


def test_updates_hold_residents_without_engagement() -> None:
    """EI-7.2."""
    payload = tree.parse(write.updates([("191212121212", (row(),)), ("191001239803", ())], complete=False)).payload
    assert payload[0].text == "false"
    assert [len(read.engagements(each)) for each in payload[1:]] == [1, 0]


def test_a_next_page_only_where_there_is_one() -> None:
    assert write.next_page("") == b""
    assert b'cursor="a&quot;b"' in write.next_page('a"b')
