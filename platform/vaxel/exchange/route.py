"""Journey steps 5 and 6: where the call goes, and whether the consumer may go there (switch.md sections 7 and 8).

Both decisions are pure functions of the directory and the day, so what was decided is remembered for as long as the
directory is in use; refusals are not, since they are raised.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache

from vaxel.call import Call, Handler, Layer, LogicalAddress, Reply, Target
from vaxel.directory.model import Directory
from vaxel.directory.permit import Deny, permit
from vaxel.directory.resolve import RoutingRules, resolve
from vaxel.errors import NoDirectory, NotPermitted, Refusal

Today = Callable[[], date]
"""The day it is in Sweden: routes and permissions are valid for whole days (DI-3.1)."""

REMEMBERED = 65_536
"""Decisions kept of each kind."""


def routing(directory: Directory | None, rules: RoutingRules, today: Today) -> Layer:
    """Step 5: VP008, VP003, VP004, VP006 or VP010, else the call with its target."""
    if directory is None:
        return _without_directory

    @lru_cache(maxsize=REMEMBERED)
    def decide(receiver: str, contract: str, day: date, *, sub_call: bool) -> tuple[Target, str]:
        found = resolve(directory, receiver, contract, day, rules, sub_call=sub_call)
        if isinstance(found.outcome, Refusal):
            raise _Refused(found.outcome, found.trace)
        return found.outcome, found.trace

    def layer(inner: Handler) -> Handler:
        async def route(call: Call) -> Reply:
            try:
                target, trace = decide(call.receiver, call.contract, today(), sub_call=call.parent is not None)
            except _Refused as refused:
                call.trail.route = refused.trace
                raise refused.refusal from None
            call.trail.route = trace
            call.trail.producer = target.producer
            return await inner(replace(call, target=target))

        return route

    return layer


def permission(directory: Directory | None, rules: RoutingRules, today: Today) -> Layer:
    """Step 6: VP007 unless one row permits the sender, found by step 1, to call this contract here (SW-5.16)."""
    if directory is None:
        return _without_directory

    @lru_cache(maxsize=REMEMBERED)
    def decide(sender: str, receiver: str, contract: str, day: date) -> str:
        found = permit(directory, sender, LogicalAddress(receiver), contract, day, rules)
        if isinstance(found, Deny):
            fields = {"serviceNamespace": contract, "receiverId": receiver, "senderId": sender}
            raise _Refused(NotPermitted(fields=fields), found.trace)
        return found.trace

    def layer(inner: Handler) -> Handler:
        async def check(call: Call) -> Reply:
            try:
                call.trail.permission = decide(call.sender, call.receiver, call.contract, today())
            except _Refused as refused:
                call.trail.permission = refused.trace
                raise refused.refusal from None
            return await inner(call)

        return check

    return layer


class _Refused(Exception):
    """A refusal with its trace, on its way out of what is remembered."""

    def __init__(self, refusal: Refusal, trace: str) -> None:
        super().__init__()
        self.refusal = refusal
        self.trace = trace


def _without_directory(_: Handler) -> Handler:
    async def refuse(_: Call) -> Reply:
        raise NoDirectory("no directory has been loaded")

    return refuse
