"""Steps 1–3 together: the order of refusals, the ids of a call, the right to state the original consumer."""

import re

import pytest
from build import load
from hypothesis import given
from hypothesis import strategies as st
from steps import CONTRACT, OWN, SENDER, catalogue, entry, message, request

from vaxel.call import Call, HsaId
from vaxel.errors import Refusal
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.door import Door, arrive
from vaxel.exchange.identify import Identify, Trust
from vaxel.exchange.read import Read, Reading

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
STATED = "x-rivta-original-serviceconsumer-hsaid"


class Certificates:
    def of_handshake(self, der: bytes) -> HsaId:
        return HsaId(der.decode())

    def of_header(self, value: str) -> HsaId:
        raise AssertionError(value)


def door(*, reject: bool = False, right: str = "false", **stated: object) -> Door:
    components = f"  - {{id: {SENDER}, roles: [consumer], may_state_original_consumer: {right}}}\n"
    known = catalogue(entry(**stated))
    trust = Trust(instance_id=OWN, internal_certificates=(("SE-AGP", frozenset({"se-listed"})),))
    bounds = Bounds(calls=1, calls_per_consumer=1, buffered_bytes=1_000_000)
    return Door(
        Identify(trust, Certificates()),
        Read(known, Reading(), bounds),
        known,
        load(components=components).directory,
        reject=reject,
    )


async def enter(built: Door, *headers: tuple[str, str], content: bytes | None = None, sender: str = SENDER) -> Call:
    content = message() if content is None else content
    return await built(arrive(request(content, *headers, listener="https", certificate=sender.encode()), 5.0))


async def test_a_call_is_complete() -> None:
    """STYLE 8: everything mandatory is there, and no header makes a sub-call (SW-7.9)."""
    parent = ("x-vaxel-parent", "1")
    call = await enter(door(total_timeout_s=3), parent, ("x-rivta-acting-on-behalf-of-hsaid", "SE-9"))
    assert (call.sender, call.receiver, call.contract, call.parent) == (SENDER, "A", CONTRACT, None)
    assert (call.started, call.deadline, call.acting_on_behalf_of) == (5.0, 8.0, "SE-9")
    assert (call.original_consumer, call.original_consumer_in) == (SENDER, "")
    assert call.id == call.reference
    assert re.fullmatch("[0-9a-f]{32}", call.reference)
    assert call.routing_history == f"{SENDER}#{OWN}"


@pytest.mark.parametrize(
    ("reject", "right", "sender", "expected"),
    [
        (False, "false", SENDER, "stated without the right to"),
        (False, "true", SENDER, ""),
        (True, "true", SENDER.lower(), ""),
        (True, "false", SENDER, "VP013 original-consumer.not-allowed"),
        (True, "true", "SE-UNKNOWN", "VP013 original-consumer.not-allowed"),
    ],
)
async def test_who_may_state_the_original_consumer(*, reject: bool, right: str, sender: str, expected: str) -> None:
    """SW-6.2: without the right it is passed with a warning, or refused where the setting says so."""
    try:
        call = await enter(door(reject=reject, right=right), (STATED, "SE-ORIGINAL"), sender=sender)
    except Refusal as refusal:
        assert f"{refusal.code} {refusal.cause}" == expected  # noqa: PT017 - either outcome is in the table
    else:
        assert call.trail.notes.get("original_consumer", "") == expected
        assert (call.original_consumer, call.original_consumer_in) == ("SE-ORIGINAL", "SE-ORIGINAL")


async def test_an_internal_call_needs_no_right() -> None:
    """SW-6.2, SW-6.3: internal is the class of section 5, not a header."""
    told = (("x-vp-sender-id", "SE-LISTED"), ("x-vp-instance-id", OWN), (STATED, "SE-ORIGINAL"))
    assert (await enter(door(reject=True), *told, sender="SE-AGP")).caller.call_class == "internal"
    with pytest.raises(Refusal, match="may not state"):
        await enter(door(reject=True), told[1], told[2])


@pytest.mark.parametrize("stated", ["", "a" * 257, "å", "tab\there", "\x7f"])
def test_a_correlation_id_that_is_none(stated: str) -> None:
    """SW-12.3: replaced by a new UUIDv4, which is told of where one was stated."""
    arrival = arrive(request(b"", ("x-skltp-correlation-id", stated)), 0.0)
    assert UUID4.match(arrival.correlation_id)
    assert arrival.replaced_correlation_id is bool(stated)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=256))
def test_a_correlation_id_is_kept(stated: str) -> None:
    arrival = arrive(request(b"", ("x-skltp-correlation-id", stated)), 0.0)
    assert (arrival.correlation_id, arrival.replaced_correlation_id) == (stated, False)


def test_every_arrival_has_its_own_reference() -> None:
    assert len({arrive(request(), 0.0).reference for _ in range(100)}) == 100
