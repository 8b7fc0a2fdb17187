"""A request's headers, as HTTP brings them."""

from steps import request


def test_headers_by_name() -> None:
    found = request(b"", ("X-A", "1"), ("X-B", "å"), ("X-A", "2"))
    assert (found.header(b"x-a"), found.header(b"x-b"), found.header(b"x-c")) == ("1", "å", "")
    assert found.headers_named(b"x-a") == ("1", "2")
    assert found.headers_named(b"x-c") == ()
