"""What the platform's own services need of a release: the index's situation, and aggregation's surroundings."""

import os
from collections.abc import Callable

from vaxel.admin import portions
from vaxel.admin.keeper import State
from vaxel.call import Call, Handler, HsaId, LogicalAddress
from vaxel.directory.model import IndexFilter
from vaxel.directory.permit import Permit, permit
from vaxel.directory.resolve import RoutingRules
from vaxel.engagements.port import Index
from vaxel.services.aggregate import Aggregate, Surroundings
from vaxel.services.engagement_index import Situation
from vaxel.services.find_content import FindContent
from vaxel.services.index_node import holds
from vaxel.services.reporting import Reports
from vaxel.settings import Settings, swedish_day, swedish_now


def aggregate(
    settings: Settings, state: State, handler: Handler, own: Callable[[], Index], reports: Reports, instance_id: str
) -> Handler:
    """`vaxel:aggregate` of a release; `own`, the platform's index, is asked in process, another by routes (AG-4.1)."""
    platform = state.directory.platform.id
    address = settings.index_address or platform
    held = address.lower() == platform.lower() or holds(state.directory, address)

    def index(call: Call, deadline: float) -> Index:
        if held:
            return own()
        return FindContent(
            call,
            handler,
            address=address,
            sender=HsaId(instance_id),
            deadline=deadline,
            timeout_s=settings.index_timeout_s,
            new_id=_new_id,
        )

    around = Surroundings(
        directory=state.directory,
        catalogue=state.catalogue,
        handler=handler,
        index=index,
        now=swedish_now,
        new_id=_new_id,
        events=reports,
    )
    return Aggregate(around, portions.aggregating(settings))


def situation(settings: Settings, state: State) -> Situation:
    """What the engagement index goes by in a release."""
    routing = settings.routing_rules(RoutingRules)

    def filters(call: Call) -> tuple[IndexFilter, ...]:
        receiver = LogicalAddress(call.receiver)
        found = permit(state.directory, call.sender, receiver, call.contract, swedish_day(), routing)
        return found.row.index_filters if isinstance(found, Permit) else ()

    return Situation(
        rules=portions.index_rules(settings, state.directory),
        catalogue=state.catalogue,
        directory=state.directory,
        filters=filters,
    )


def _new_id() -> str:
    """The id of a call that the platform makes itself."""
    return os.urandom(16).hex()
