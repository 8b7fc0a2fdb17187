"""Journey steps 5 and 6: where the call goes, and whether the consumer may go there (switch.md sections 7 and 8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from vaxel.call import Call, Handler, Layer, LogicalAddress, Reply
from vaxel.directory.model import Directory
from vaxel.directory.permit import Deny, permit
from vaxel.directory.resolve import RoutingRules, resolve
from vaxel.errors import NoDirectory, NotPermitted, Refusal

Today = Callable[[], date]
"""The day it is in Sweden: routes and permissions are valid for whole days (DI-3.1)."""


def routing(directory: Directory | None, rules: RoutingRules, today: Today) -> Layer:
    """Step 5: VP008, VP003, VP004, VP006 or VP010, else the call with its target."""

    def layer(inner: Handler) -> Handler:
        async def route(call: Call) -> Reply:
            if directory is None:
                raise NoDirectory("no directory has been loaded")
            found = resolve(directory, call.receiver, call.contract, today(), rules, sub_call=call.parent is not None)
            call.trail.route = found.trace
            if isinstance(found.outcome, Refusal):
                raise found.outcome
            call.trail.producer = found.outcome.producer
            return await inner(replace(call, target=found.outcome))

        return route

    return layer


def permission(directory: Directory | None, rules: RoutingRules, today: Today) -> Layer:
    """Step 6: VP007 unless one row permits the sender, found by step 1, to call this contract here (SW-5.16)."""

    def layer(inner: Handler) -> Handler:
        async def check(call: Call) -> Reply:
            if directory is None:
                raise NoDirectory("no directory has been loaded")
            found = permit(directory, call.sender, LogicalAddress(call.receiver), call.contract, today(), rules)
            call.trail.permission = found.trace
            if isinstance(found, Deny):
                raise NotPermitted(
                    fields={
                        "serviceNamespace": call.contract,
                        "receiverId": call.receiver,
                        "senderId": call.sender,
                    }
                )
            return await inner(call)

        return check

    return layer
