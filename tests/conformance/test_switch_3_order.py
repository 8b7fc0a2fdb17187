"""The order of processing: switch.md section 3. A request with everything wrong, mended one fault at a time."""

from dataclasses import dataclass, replace
from datetime import date

import pytest
from pki import header_forms
from scene import DIAGNOSIS, PLATFORM, PROTECTED, REQUEST, TRUSTED, UNIT, UNPERMITTED, Scene, message
from steps import CONTRACT, call, catalogue, entry

from vaxel.adapters.authority import Authority
from vaxel.call import Call, Reply
from vaxel.directory.model import ALWAYS, Address, Component, Permission, Route, assemble
from vaxel.directory.resolve import RoutingRules
from vaxel.errors import JournalUnavailable, Refusal
from vaxel.exchange import Rules, journey
from vaxel.exchange.forward import translated
from vaxel.journal.memory import MemoryJournal

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLD = {
    "internal_peers": "",
    "trusted_proxies": "127.0.0.1/32",
    "trust_unverified_header": "on",
    "original_consumer": "reject",
    "call_events": "all",
}
AUTHORITY = Authority()
CERTIFICATES = {sender: header_forms(AUTHORITY.issue(sender))["base64"] for sender in (TRUSTED, PROTECTED, UNPERMITTED)}
VIOLATION = f'<GetDiagnosis xmlns="{DIAGNOSIS}"/>'


@dataclass(frozen=True)
class Attempt:
    """One request, as wrong as it is told to be."""

    sender: str = ""
    history: str = f"X#{PLATFORM}"
    receiver: str | None = None
    payload: str = VIOLATION + "<broken"
    states_original: bool = True
    producer_status: int = 404

    async def made(self, stage: Scene) -> str:
        headers = {"x-skltp-correlation-id": "corr-1"}
        if self.sender:
            headers["x-vp-auth-cert"] = CERTIFICATES[self.sender]
        if self.history:
            headers["x-rivta-routing-history"] = self.history
        if self.states_original:
            headers["x-rivta-original-serviceconsumer-hsaid"] = "SE-ORIGINAL"
        stage.producer.status = self.producer_status
        answer = await stage.post(message(self.payload, self.receiver), headers)
        return answer.code or str(answer.status)


LADDER: list[tuple[dict[str, object], str]] = [
    ({}, "VP002"),
    ({"sender": UNPERMITTED}, "VP014"),
    ({"history": ""}, "VP015"),
    ({"payload": VIOLATION}, "VP013"),
    ({"states_original": False}, "VP003"),
    ({"receiver": "SE2321000016-NONE"}, "VP004"),
    ({"receiver": UNIT}, "VP007"),
    ({"sender": PROTECTED}, "VP015"),
    ({"payload": REQUEST}, "AC001"),
    ({"sender": TRUSTED}, "VP009"),
    ({"producer_status": 200}, "200"),
]
"""What is mended at each rung, and the code that the next fault has: the table of section 3 from top to bottom."""


async def test_sw_3_1_the_first_step_that_fails_decides_the_code(stage: Scene) -> None:
    attempt, found = Attempt(), []
    for mended, _ in LADDER:
        attempt = replace(attempt, **mended)  # type: ignore[arg-type]
        found.append(await attempt.made(stage))
    assert found == [code for _, code in LADDER]


GOOD = Attempt(sender=TRUSTED, history="", receiver=UNIT, payload=REQUEST, states_original=False, producer_status=200)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"sender": "", "payload": "<broken"}, "VP002"),
        ({"states_original": True, "receiver": ""}, "VP013"),
        ({"states_original": True, "receiver": "SE2321000016-NONE"}, "VP013"),
        ({"sender": UNPERMITTED, "receiver": "SE2321000016-NONE"}, "VP004"),
        ({"sender": UNPERMITTED, "payload": VIOLATION}, "VP007"),
    ],
)
async def test_sw_3_1_of_two_faults_one_wins(stage: Scene, wrong: dict[str, object], code: str) -> None:
    """VP002 over VP015; VP013 over VP003 and VP004; VP004 over VP007; VP007 over what step 7 would say."""
    assert await replace(GOOD, **wrong).made(stage) == code  # type: ignore[arg-type]
    assert stage.producer.seen == []


def carried(*, permitted: bool, profile: str, known: bool, journal: MemoryJournal) -> object:
    """Steps 4 to 11 around a core that only translates, for a directory that files would not let pass."""
    route = Route(to=("A",), contract=(CONTRACT,), producer="T", url="http://t.se/", profile=profile, valid=ALWAYS)
    row = Permission(consumer=("K",), to=("A",), contract=(CONTRACT,), valid=ALWAYS)
    platform = Address(id="P", name="p", kind="platform")
    directory = assemble((platform,), (Component(id="K"),), (route,), (row,) if permitted else ())
    known_contracts = catalogue(entry()) if known else catalogue()

    async def core(call: Call) -> Reply:
        return Reply(status=200, headers=(), body=translated(call, None))

    rules = Rules(routing=RoutingRules(), today=lambda: date(2026, 6, 15))
    return journey(directory, known_contracts, journal, rules, lambda *_: None, core)


@pytest.mark.parametrize(
    ("permitted", "profile", "known", "expected"),
    [
        (False, "rivtabp30", False, "VP007"),
        (True, "rivtabp30", False, "VX004"),
        (True, "rivtabp30", True, "VP005"),
        (True, "rivtabp20", True, "carried"),
    ],
)
async def test_sw_3_1_permission_over_contract_over_profile(
    permitted: bool, profile: str, known: bool, expected: str
) -> None:
    journal = MemoryJournal()
    handler = carried(permitted=permitted, profile=profile, known=known, journal=journal)
    try:
        found = "carried" if (await handler(call(sender="K"))).body else ""  # type: ignore[operator]
    except Refusal as refusal:
        found = refusal.code
    assert found == expected
    assert [record["kind"] for record in journal.records] == ["opened", "closed"]


async def test_sw_3_1_nothing_is_done_that_cannot_be_recorded() -> None:
    """Step 4 comes before step 5: VX001."""
    journal = MemoryJournal()
    journal.failing = True
    handler = carried(permitted=True, profile="rivtabp21", known=True, journal=journal)
    with pytest.raises(JournalUnavailable) as caught:
        await handler(call(sender="K"))  # type: ignore[operator]
    assert caught.value.retryable is True


@pytest.mark.parametrize("wrong", [{"sender": ""}, {"history": PLATFORM}, {"payload": "<x"}, {"states_original": True}])
async def test_sw_3_2_what_the_door_refuses(stage: Scene, wrong: dict[str, object]) -> None:
    """No `req-in` and no `opened`: an `error`, and a record `refused`, with peer, listener and both ids."""
    code = await replace(GOOD, **wrong).made(stage)  # type: ignore[arg-type]
    (record,) = stage.journal()
    assert (record["kind"], record["code"], record["outcome"]) == ("refused", code, "refused")
    assert (record["peer"], record["listener"], record["correlation_id"]) == ("127.0.0.1", "http", "corr-1")
    lines = stage.call_lines()
    assert {line["event.action"] for line in lines} - {"resp-out"} == {"error"}
    (error,) = [line for line in lines if line["event.action"] == "error"]
    assert (error["labels.errorCode"], error["trace.id"], error["source.ip"]) == (code, "corr-1", "127.0.0.1")
    assert error["labels.reference"] == record["reference"]
    assert {"http", "vp-http-route"} & set(map(str, error.values()))


async def test_sw_3_2_what_is_refused_later_has_its_opening(stage: Scene) -> None:
    await replace(GOOD, sender=UNPERMITTED).made(stage)
    assert [record["kind"] for record in stage.journal()] == ["opened", "closed"]
    assert [line["event.action"] for line in stage.call_lines()] == ["req-in", "error", "resp-out"]


async def test_sw_3_1_the_record_is_closed_before_the_reply(stage: Scene) -> None:
    """Step 11 comes last: when the consumer has its answer, the record is there."""
    assert await GOOD.made(stage) == "200"
    assert [record["kind"] for record in stage.journal()] == ["opened", "closed"]
