"""Protection is decided once: on the call that a consumer made, not on those that it leads to (AG-3.4, P-8)."""

import math
from datetime import UTC, datetime

import pytest
from published import ROOT
from scene import DIAGNOSIS, PROTECTED, UNIT

from vaxel.call import Body, Call, Caller, ContractId, Envelope, HsaId, Reply, RivtaProfile
from vaxel.contracts.load import load
from vaxel.errors import TokenMissing
from vaxel.exchange.protect import protection
from vaxel.home import Home

HOME = Home(path=ROOT)
CATALOGUE = load(HOME.contract_files(), HOME.schema).catalogue


def call(parent: str | None) -> Call:
    return Call(
        id="c", reference="r", correlation_id="i", headers=(), url="http://x/vp", encoding="utf-8",
        caller=Caller(sender=HsaId(PROTECTED), call_class="mtls", listener="https", peer="::1", address="::1"),
        envelope=Envelope(
            receiver=UNIT, profile=RivtaProfile.BP21, contract=ContractId(DIAGNOSIS), operation="GetDiagnosis"
        ),
        body=Body.whole(b""), received_at=datetime.now(UTC), started=0, deadline=math.inf,
        original_consumer=PROTECTED, original_consumer_in="", routing_history="", parent=parent,
    )  # fmt: skip


async def answered(_: Call) -> Reply:
    return Reply(status=200, headers=(), body=Body.whole(b"answer"))


async def test_a_call_to_a_source_is_not_judged_again() -> None:
    protect = protection(CATALOGUE, None)(answered)
    assert (await protect(call(parent="outer"))).body.start == b"answer"
    with pytest.raises(TokenMissing):
        await protect(call(parent=None))
