"""Journey step 7: the contract is known, its access stated, and the request keeps to it (CO-9.1, CO-9.7, section 7)."""

from collections.abc import Callable

from vaxel.call import Body, Call, Handler, Layer, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.quality import Message
from vaxel.contracts.validate import Violation, refuses, validate
from vaxel.errors import ContractUnknown, MessageMalformed
from vaxel.exchange.beside import beside

Count = Callable[[Call, Contract, Message, tuple[Violation, ...]], None]
"""Told of each message judged in its call: `request` or `response`, and what was found, which may be nothing."""
Observe = Callable[[Call, Contract, Message, Body], None]
"""Given each message that is to be judged beside its call: `request` or `response`. Never waits, never raises."""

LEVELS = ("off", "observe", "warn", "reject")
_LOWERED = {(level, highest): min(level, highest, key=LEVELS.index) for level in LEVELS for highest in LEVELS}


def checking(
    catalogue: Catalogue, count: Count, observe: Observe, *, highest: str = "reject", forward_unknown: bool = False
) -> Layer:
    """Step 7. `highest` lowers every level (CO-7.1); `forward_unknown` is `VAXEL_UNKNOWN_CONTRACTS=forward`."""

    def layer(inner: Handler) -> Handler:
        async def check(call: Call) -> Reply:
            entry = catalogue.get(call.contract)
            if entry is None:
                if not forward_unknown:
                    raise ContractUnknown("the catalogue lacks the contract", fields={"contract": call.contract})
            elif entry.access is None:
                raise ContractUnknown(
                    "the contract's access is not stated",
                    cause="contract.access-unstated",
                    fields={"contract": entry.namespace},
                )
            elif call.parent is None:  # a call to a source holds what was validated in the outer one (AG-3.3)
                level = lowered(entry.validation.request, highest)
                if level == "observe":
                    observe(call, entry, "request", call.body)
                else:
                    await _validate(call, catalogue, entry, level, count)
            return await inner(call)

        return check

    return layer


def lowered(level: str, highest: str) -> str:
    """A validation level, at most `highest`."""
    return _LOWERED[level, highest]


async def _validate(call: Call, catalogue: Catalogue, entry: Contract, level: str, count: Count) -> None:
    if level not in {"warn", "reject"} or call.envelope.payload is None:
        return
    violations = await beside(call.body.length, validate, catalogue, entry, call.envelope.payload, response=False)
    count(call, entry, "request", violations)
    if not violations:
        return
    call.trail.notes["violations"] = str(len(violations))
    if level == "reject" and refuses(violations):
        raise MessageMalformed(
            "the request violates its contract: " + "; ".join(str(violation) for violation in violations),
            cause="request.contract-violation",
        )
