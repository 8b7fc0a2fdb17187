"""Step 7: is the contract known, its access stated, the request valid (CO-7.1, CO-9.1, CO-9.7)."""

import itertools
from pathlib import Path

import pytest
from steps import CONTRACT, call, catalogue, entry, message

from vaxel.call import Body, Call, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract, Validation
from vaxel.contracts.schema import Schema
from vaxel.contracts.validate import Violation
from vaxel.errors import ContractUnknown, MessageMalformed
from vaxel.exchange.check import LEVELS, checking, lowered

PING = "urn:riv:itintegration:monitoring:PingForConfigurationResponder:1"
ROOT = Path(__file__).parents[2]
EMPTY = message(f'<PingForConfiguration xmlns="{PING}"/>')
ANSWER = Reply(status=200, headers=(), body=Body.whole(b""))


async def core(call: Call) -> Reply:
    return ANSWER


class Counted(list[tuple[str, str, int]]):
    def __call__(self, contract: Contract, message: str, violations: tuple[Violation, ...]) -> None:
        self.append((contract.name, message, len(violations)))


def ping(level: str) -> Catalogue:
    """A catalogue of the shipped contract, at a level."""
    row = entry(
        name="PingForConfiguration",
        namespace=PING,
        wsdl="interactions/PingForConfigurationInteraction/PingForConfigurationInteraction_1.0_RIVTABP21.wsdl",
        request="PingForConfiguration",
        response="PingForConfigurationResponse",
    ).model_copy(update={"validation": Validation.model_validate({"request": level})})
    package = next(ROOT.glob("schemas/itintegration.monitoring/*"))
    schema = Schema(str(package.relative_to(ROOT)), row.wsdl, resolver)
    return Catalogue([("itintegration:monitoring", row)], {PING.lower(): schema})


def resolver(path: str) -> bytes | None:
    found = ROOT / path
    return found.read_bytes() if found.is_file() else None


async def test_an_unknown_contract() -> None:
    """CO-9.1: refused, or forwarded where a setting says so."""
    with pytest.raises(ContractUnknown) as caught:
        await checking(catalogue(), Counted())(core)(call())
    assert (caught.value.cause, caught.value.fields) == ("contract.unknown", {"contract": CONTRACT})
    assert await checking(catalogue(), Counted(), forward_unknown=True)(core)(call()) is ANSWER


@pytest.mark.parametrize("forward_unknown", [True, False])
async def test_an_entry_that_does_not_state_its_access(*, forward_unknown: bool) -> None:
    """CO-9.7: never open."""
    layer = checking(catalogue(entry(access=None)), Counted(), forward_unknown=forward_unknown)
    with pytest.raises(ContractUnknown) as caught:
        await layer(core)(call())
    assert caught.value.cause == "contract.access-unstated"


@pytest.mark.parametrize(
    ("level", "counted", "refused"), [("off", 0, False), ("observe", 0, False), ("warn", 1, False), ("reject", 1, True)]
)
async def test_the_level_decides(level: str, counted: int, refused: bool) -> None:
    """contracts.md section 7: `observe` is done beside the call."""
    count = Counted()
    handler = checking(ping(level), count)(core)
    if refused:
        with pytest.raises(MessageMalformed) as caught:
            await handler(call(EMPTY))
        assert caught.value.cause == "request.contract-violation"
    else:
        assert await handler(call(EMPTY)) is ANSWER
    assert [each[:2] for each in count] == [("PingForConfiguration", "request")] * counted


async def test_a_setting_lowers_every_level() -> None:
    """CO-7.1."""
    assert await checking(ping("reject"), Counted(), highest="warn")(core)(call(EMPTY)) is ANSWER


@pytest.mark.parametrize(("level", "highest"), list(itertools.product(LEVELS, LEVELS)))
def test_lowered(level: str, highest: str) -> None:
    assert LEVELS.index(lowered(level, highest)) == min(LEVELS.index(level), LEVELS.index(highest))
