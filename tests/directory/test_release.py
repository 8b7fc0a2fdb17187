"""Compiled releases: what is read is what was written, or nothing (directory.md section 4)."""

from datetime import UTC, datetime

import pytest
from build import COMPONENTS_ROWS, load, permission, route
from hypothesis import given
from hypothesis import strategies as st

from vaxel.directory.release import Release, compiled, described, read

RELEASE = Release(
    number=7, time=datetime(2026, 6, 1, 12, tzinfo=UTC), author="files", comment="å", base=6, digest="ab" * 32
)
DIRECTORY = load(
    addresses="  - {id: A, name: Åsa, parent: P, owner: {type: private, code: x}, valid: {until: 2030-12-31}}\n",
    components="  - {id: C, roles: [consumer], access_control: consumer, oidc_clients: [a, b]}\n"
    + COMPONENTS_ROWS.partition("\n")[2],
    routes=route("A", valid="from: 2026-01-01"),
    permissions=permission("*").replace(
        "]}\n", "], agreement: X, index_filters: [{service_domain: 'riv:a', categorizations: [dia]}]}\n"
    ),
).directory
CONTENT = compiled(RELEASE, DIRECTORY)


def test_read_is_the_inverse_of_compiled() -> None:
    assert read(CONTENT) == (RELEASE, DIRECTORY)
    assert described(CONTENT) == RELEASE


@given(st.integers(min_value=0, max_value=len(CONTENT) - 1), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_refused_or_harms_nothing(place: int, change: int) -> None:
    content = bytearray(CONTENT)
    content[place] ^= change
    try:
        _, directory = read(bytes(content))
    except ValueError:
        return
    assert directory == DIRECTORY


@pytest.mark.parametrize("content", [b"", b"{}", b"[]\n[]", b'{"format":2}\n[]', CONTENT[:-10]])
def test_what_is_no_release_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read(content)
