"""THE JOURNEY of a message (DESIGN section 2): the door lets a request in, the onion carries it, one way out.

    1 identify        who calls, and does the call go round        identify.py   VP002 VP011 VP014
    2 read            the envelope, once; the bytes are kept       read.py       VP015 VX002 VX003
    3 door            may the original consumer be stated          door.py       VP013
    4 audit opens     a record exists before anything leaves       audit.py      VX001
    5 routing         logical address × contract → target          route.py      VP003 VP004 VP006 VP008 VP010
    6 permission      consumer × contract × address                route.py      VP007
    7 checking        contract known, access stated, request valid check.py      VX004 VP015
    8 protection      consent and blocks, for patient contracts    protect.py    AC0xx
    9 forward         translate, send, judge the answer            forward.py    VP005 VP009 VP012
   10 protection      of the answer                                protect.py    AC0xx
   11 audit closes    durable before the answer leaves             audit.py      VX001

An `Exchange` belongs to one directory release: a change builds a new one, and a call keeps the one it began with.
"""

from dataclasses import dataclass

from vaxel.call import Handler, onion
from vaxel.contracts.catalogue import Catalogue
from vaxel.directory.model import Directory
from vaxel.directory.resolve import RoutingRules
from vaxel.exchange.audit import Journal, audit
from vaxel.exchange.check import Count, Observe, checking
from vaxel.exchange.door import Door
from vaxel.exchange.protect import protection
from vaxel.exchange.route import Today, permission, routing


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The door and the onion behind it, built for one release."""

    door: Door
    handler: Handler
    catalogue: Catalogue
    directory: Directory | None
    release: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the steps are told by settings."""

    routing: RoutingRules
    today: Today
    validation_max: str = "reject"
    forward_unknown: bool = False


def journey(
    directory: Directory | None,
    catalogue: Catalogue,
    journal: Journal,
    rules: Rules,
    count: Count,
    observe: Observe,
    forward: Handler,
) -> Handler:
    """Steps 4–11 in order: the first sees a call first and its reply last."""
    return onion(
        [
            audit(journal, catalogue),
            routing(directory, rules.routing, rules.today),
            permission(directory, rules.routing, rules.today),
            checking(catalogue, count, observe, highest=rules.validation_max, forward_unknown=rules.forward_unknown),
            protection(catalogue, directory),
        ],
        forward,
    )
