"""Headers that leave the platform, by the pure table of switch.md section 12 (see also conformance/test_switch_12)."""

import pytest
from calls import a_call
from hypothesis import given
from hypothesis import strategies as st

from vaxel.call import Headers
from vaxel.exchange.headers import HeaderRules, HeaderTable, host_of
from vaxel.settings import Settings

FIELDS = Settings.model_fields


def table(**told: object) -> HeaderTable:
    stated = {name: FIELDS[f"headers_{name}"].default for name in ("request_remove", "request_keep", "response_remove")}
    return HeaderTable(HeaderRules(**{**stated, "instance_id": "SE-OWN", **told}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://a.se/x", b"a.se"),
        ("http://a.se:80/x", b"a.se"),
        ("http://a.se:8080/x", b"a.se:8080"),
        ("https://a.se/x", b"a.se"),
        ("https://a.se:443/x", b"a.se:443"),
        ("http://[::1]:8080/x", b"[::1]:8080"),
        ("http://åäö.se/x", b"xn--4cab6c.se"),
        ("http://user:secret@a.se/x", b"a.se"),
    ],
)
def test_host(url: str, host: bytes) -> None:
    """SW-12.1: no port if it is 80 or none was given, an explicit 443 is kept."""
    assert host_of(url) == host


NAMES = st.from_regex(rb"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True)
VALUES = st.from_regex(rb"[ -~]{0,20}", fullmatch=True)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=10).map(tuple)
OWN = frozenset(
    b"host content-length content-type user-agent connection transfer-encoding x-skltp-correlation-id x-vp-sender-id"
    b" x-vp-instance-id x-rivta-original-serviceconsumer-hsaid".split()
)


@given(headers=HEADERS, url=st.sampled_from(["http://a.se", "https://a.se"]))
def test_what_goes_out_is_of_the_platform_or_was_there(headers: Headers, url: str) -> None:
    sent = table().outgoing(a_call(headers=headers, url=url), None)
    assert all(name in OWN or (name, value) in headers for name, value in sent)
    for name in (b"host", b"content-type", b"user-agent", b"x-rivta-original-serviceconsumer-hsaid"):
        assert [each for each, _ in sent].count(name) == 1
    assert not [name for name, _ in sent if name.startswith(b"x-vp-") and url.startswith("https")]


@given(HEADERS)
def test_what_comes_back_was_there(headers: Headers) -> None:
    passed = table().incoming(headers, 7)
    assert passed[-1] == (b"x-skltp-prt", b"7")
    assert all(each in headers for each in passed[:-1])


@pytest.mark.parametrize(
    ("value", "passed"),
    [(b"Bearer abc", False), (b"bearer abc", False), (b"BEARER  abc", False), (b"Basic abc", True)],
)
def test_bearer_tokens_never_pass(value: bytes, passed: bool) -> None:
    """SW-12.6: whatever the lists say."""
    sent = table(request_keep="(?i)authorization").outgoing(a_call(headers=((b"authorization", value),)), None)
    assert ((b"authorization", value) in sent) is passed


def test_keep_wins_over_remove_and_names_are_whole() -> None:
    rules = table(request_remove="(?i)x-.*", request_keep="(?i)x-kept")
    headers = ((b"x-kept", b"1"), (b"x-kept-not", b"2"), (b"ax-1", b"3"))
    passed = rules.outgoing(a_call(headers=headers), None)
    assert [value for name, value in passed if name in dict(headers)] == [b"1", b"3"]


def test_the_configured_certificate_header_stays() -> None:
    headers = ((b"x-fk-auth-cert", b"MII"), (b"x-vp-auth-cert", b"MII"), (b"x-forwarded-tls-client-cert", b"MII"))
    assert b"x-fk-auth-cert" in dict(table().outgoing(a_call(headers=headers), None))
    sent = dict(table(certificate_header=b"x-fk-auth-cert").outgoing(a_call(headers=headers), None))
    assert not dict(headers).keys() & sent.keys()


def test_a_message_passed_as_it_came_keeps_its_content_type() -> None:
    """SW-13.7."""
    sent = dict(table().outgoing(a_call(), None, b"multipart/related; boundary=x"))
    assert sent[b"content-type"] == b"multipart/related; boundary=x"
