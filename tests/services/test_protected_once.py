"""Protection is decided once: on the call that a consumer made, not on those that it leads to (AG-3.4, P-8)."""

import pytest
from asked_calls import call
from published import ROOT

from vaxel.call import Body, Call, Reply
from vaxel.contracts.load import load
from vaxel.errors import TokenMissing
from vaxel.exchange.protect import protection
from vaxel.home import Home

HOME = Home(path=ROOT)
CATALOGUE = load(HOME.contract_files(), HOME.schema).catalogue


async def answered(_: Call) -> Reply:
    return Reply(status=200, headers=(), body=Body.whole(b"answer"))


async def test_a_call_to_a_source_is_not_judged_again() -> None:
    protect = protection(CATALOGUE, None)(answered)
    assert (await protect(call(parent="outer"))).body.start == b"answer"
    with pytest.raises(TokenMissing):
        await protect(call(parent=None))
