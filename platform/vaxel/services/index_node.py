"""The life of the engagement index on one node: opened when it is needed, then applying and notifying."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.call import Handler
from vaxel.directory.model import Directory
from vaxel.engagements import checks
from vaxel.engagements.batch import Applying
from vaxel.engagements.retrying import Policy
from vaxel.engagements.subscribers import Subscriber, subscribers
from vaxel.errors import IndexTechnical
from vaxel.services.applying import Applier, Collecting
from vaxel.services.engagement_index import Behaviour, EngagementIndex, Situation
from vaxel.services.inner_calls import Switch
from vaxel.services.notifying import Notifier, through
from vaxel.services.pulling import Puller, Source
from vaxel.settings import swedish_day, swedish_now
from vaxel.store import changes
from vaxel.store.inbox import Turn
from vaxel.store.store import Store

SERVICE = "engagement-index"
AGAIN_S = 1.0
FORGET_S = 3600.0
"""How often deletions that are old enough are forgotten (EI-7.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the index works on this node, as settings say."""

    node: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    collecting: Collecting = field(default_factory=Collecting)
    policy: Policy = field(default_factory=Policy)
    forward_unchanged: bool = True
    sources: tuple[Source, ...] = ()
    pull_s: float = 3600


class IndexNode:
    """Answers, applies and notifies; `switch` is the platform's own."""

    def __init__(self, store: Store, conduct: Conduct, events: IndexEvents, switch: Switch) -> None:
        self.store = store
        self._conduct = conduct
        self._events = events
        self._wanted = asyncio.Event()
        self._now: Situation | None = None
        self.notifier = Notifier(store, through(switch, self._own), conduct.policy, conduct.node, events)
        self.applier = Applier(store, self._turn, conduct.collecting, events, self.notifier.tell)
        self.puller = Puller(store, self.applier, switch, self._rules, _stamp, events)
        self._answers = EngagementIndex(store, self.applier, conduct.behaviour, events)

    def use(self, now: Situation) -> Handler:
        """Go over to a release; its handler. The store is opened when a route leads here."""
        self._now = now
        if any(route.url == f"vaxel:{SERVICE}" for route in now.directory.routes):
            self._wanted.set()
        return self._answers.handler(now)

    def subscribers(self) -> Sequence[Subscriber]:
        """Who is notified today: a new release counts at once (EI-8.1)."""
        assert self._now is not None  # noqa: S101 - a release comes before anything runs
        return subscribers(self._now.directory, self._own(), swedish_day(), self._now.rules.addresses)

    def wake(self) -> None:
        """Something was done to the store: look at it now."""
        self.applier.hurry()
        self.notifier.tell()

    async def run(self) -> None:
        """Work until cancelled, once a release routes calls here."""
        await self._wanted.wait()
        while not self.store.is_open:
            try:
                await self.store.open()
            except IndexTechnical as error:
                self._events.trouble("opening", error)
                await asyncio.sleep(AGAIN_S)
        self._events.told("index.opened", store=self.store.address.shown)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.applier.run(), name="index.applying")
            group.create_task(self.notifier.run(), name="index.notifying")
            group.create_task(self._forget(), name="index.forgetting")
            if self._conduct.sources:
                group.create_task(self.puller.run(self._conduct.sources, self._conduct.pull_s), name="index.pulling")

    async def _forget(self) -> None:
        while True:
            before = int(time.time() - self._conduct.behaviour.updates_days * 86_400)
            try:
                await self.store.write(changes.forget, before)
            except IndexTechnical as error:
                self._events.trouble("forgetting", error)
            await asyncio.sleep(FORGET_S)

    def _own(self) -> str:
        return self._rules().own

    def _rules(self) -> checks.Rules:
        assert self._now is not None  # noqa: S101 - a release comes before anything runs
        return self._now.rules

    def _turn(self) -> Turn:
        threshold = self._conduct.collecting.threshold
        rules = Applying(own=self._own(), collect=threshold, forward_unchanged=self._conduct.forward_unchanged)
        return Turn(rules=rules, subscribers=self.subscribers, now=_stamp)


def holds(directory: Directory, address: str) -> bool:
    """Whether calls to an index's address come to this platform's own (EI-6.8)."""
    here = (route for route in directory.routes if route.url == f"vaxel:{SERVICE}")
    return any(address.lower() == to.lower() for route in here for to in route.to)


def reserved(directory: Directory, own: str) -> frozenset[str]:
    """Ids that no engagement may name (EI-4.4), in lower case."""
    return frozenset({own.lower(), directory.platform.id.lower()})


def _stamp() -> str:
    return f"{swedish_now():%Y%m%d%H%M%S}"
