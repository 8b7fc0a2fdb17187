"""Fetches changes from sources that do not send them (EI-7.6, EI-7.7)."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.engagements import checks, pull, write
from vaxel.engagements.batch import Arrived
from vaxel.engagements.fields import CHANGES
from vaxel.engagements.model import Transaction
from vaxel.services.applying import Applier
from vaxel.services.inner_calls import Switch, inner_call
from vaxel.soap import tree
from vaxel.store import asking, facts, inbox
from vaxel.store.store import Store

ACTION = f"{CHANGES}:GetUpdates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whom to ask about which domain."""

    address: str
    domain: str

    @property
    def mark(self) -> str:
        """The name of the fact that says when the last complete run began."""
        return f"pulled {self.address} {self.domain}"


class PullFailed(Exception):
    """A run that could not be completed; its mark stays where it was."""


class Puller:
    """Asks each source through the switch, every `every_s` seconds, and applies what it says as an Update."""

    def __init__(
        self,
        store: Store,
        applier: Applier,
        switch: Switch,
        rules: Callable[[], checks.Rules],
        now: Callable[[], str],
        events: IndexEvents,
    ) -> None:
        self._store = store
        self._applier = applier
        self._switch = switch
        self._rules = rules
        self._now = now
        self._events = events

    async def run(self, sources: Sequence[Source], every_s: float) -> None:
        """Pull until cancelled; a source that fails is asked again at the next turn."""
        while True:
            for source in sources:
                try:
                    count = await self.fetch(source)
                    self._events.told("index.pulled", source=source.address, domain=source.domain, residents=count)
                except Exception as error:  # noqa: BLE001 - one source's trouble is nobody else's
                    self._events.trouble(f"pulling {source.address}", error)
            await asyncio.sleep(every_s)

    async def fetch(self, source: Source) -> int:
        """One complete run; how many residents it was about. Raises `PullFailed` or a refusal."""
        begun, after, count = self._now(), "", 0
        since = pull.since(await self._mark(source))
        while True:
            found = await self._ask(source, since, after)
            if pull.stuck(found, after):
                raise PullFailed("the source does not come to an end")
            await self._apply(source, found)
            count += len(found.residents)
            if found.complete:
                await self._store.write(facts.note, (source.mark, begun))
                return count
            after = found.last

    async def _mark(self, source: Source) -> str:
        reader = await self._store.reader()
        found = await reader.rows("SELECT value FROM index_facts WHERE name = :name", {"name": source.mark})
        return str(found[0][0]) if found else ""

    async def _ask(self, source: Source, since: str, after: str) -> pull.Portion:
        content = write.asking(source.address, source.domain, since, after)
        correlation_id = str(uuid.uuid4())
        call = inner_call(content, sender=self._rules().own, correlation_id=correlation_id, soap_action=ACTION)
        status, answer = await self._switch.ask(call)
        if status >= 400:
            raise PullFailed("the source answered with a fault")
        return pull.portion(tree.parse(answer).payload)

    async def _apply(self, source: Source, found: pull.Portion) -> None:
        reader, rules = await self._store.reader(), self._rules()
        residents = [resident for resident, _ in found.residents]
        held = await asking.of_residents(reader, self._store.dialect, source.domain, residents)
        told = pull.differences(found, held, source=source.address, own=rules.own)
        self._check(told, source, rules)
        for start in range(0, len(told), rules.transactions):
            part = told[start : start + rules.transactions]
            arrived = Arrived(correlation_id=str(uuid.uuid4()), sender=source.address, transactions=part)
            await self._store.write(inbox.keep, arrived)
        await self._applier.apply()

    def _check(self, told: Sequence[Transaction], source: Source, rules: checks.Rules) -> None:
        """As an Update is checked; and a source speaks of the domain that it was asked about."""
        checks.check_transactions(told, rules)
        if any(each.engagement.service_domain != source.domain for each in told):
            raise PullFailed("the source answered about another domain")
