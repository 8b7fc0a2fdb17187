"""A stage for the engagement index: sources, readers and subscribers of a platform with its own index."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rows import update, wanted
from scene import PLATFORM, Answer, Producer, Scene, message

from vaxel.contracts.sample import envelope
from vaxel.engagements import read
from vaxel.engagements.fields import CHANGES, FILTERS, FIND, NOTIFY, UPDATE, value
from vaxel.engagements.model import Engagement, Transaction
from vaxel.soap import tree

SOURCE = "SE2321000016-TC01"
READER = "SE5565594230-B9P"
OTHER_INDEX = "SE2321000016-EI02"
SUBSCRIBER = "SE2321000016-SUB1"
SECOND = "SE2321000016-SUB2"
ALL = f"[{UPDATE}, {NOTIFY}, {FIND}, {CHANGES}]"
NAMES = (SUBSCRIBER, SECOND, OTHER_INDEX, "SE-OTHER-NAME", "SE-ELSEWHERE")
TAKEN = envelope(
    f'<ProcessNotificationResponse xmlns="{NOTIFY}"><ResultCode>OK</ResultCode></ProcessNotificationResponse>'
)

FAILED = envelope(
    f'<ProcessNotificationResponse xmlns="{NOTIFY}"><ResultCode>ERROR</ResultCode><comment>nej</comment>'
    "</ProcessNotificationResponse>"
)


@dataclass
class Subscribers(Producer):
    """Takes every notification but those that hold the word `refuse`; where it is `plain`, answers with `content`."""

    content: bytes = TAKEN
    refuse: bytes = b""
    plain: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        while message.get("more_body"):
            more = await receive()
            message = {**more, "body": message["body"] + more["body"]}
        if not self.plain:
            self.content = FAILED if self.refuse and self.refuse in message["body"] else TAKEN

        async def again() -> Any:
            return message

        await super().__call__(scope, again, send)


class IndexScene(Scene):
    """`subscribers` are notified at the stage's producer, each with its filters as YAML."""

    def __init__(self, path: Path, told: dict[str, object], subscribers: dict[str, str]) -> None:
        super().__init__(path, told)
        self.subscribers = subscribers
        self.producer: Subscribers = Subscribers()

    def furnish(self) -> None:
        super().furnish()
        addresses = "".join(f"  - {{id: {name}, name: {name}, kind: system}}\n" for name in NAMES)
        with (self.path / "logical_addresses.yaml").open("a") as file:
            file.write(addresses)
        self.write(
            "routing/components.yaml",
            f"format: 1\ncomponents:\n  - {{id: {PLATFORM}, roles: [consumer, producer]}}\n"
            f"  - {{id: {SOURCE}, roles: [consumer, producer]}}\n  - {{id: {READER}, roles: [consumer]}}\n"
            f"  - {{id: {OTHER_INDEX}, roles: [consumer, producer]}}\n",
        )
        notified = "".join(
            f"  - {{to: [{name}], contract: [{NOTIFY}], producer: {SOURCE}, url: 'http://127.0.0.1:{self.port}/{name}', "
            "profile: rivtabp21}\n"
            for name in self.subscribers
        )
        self.write(
            "routing/routes.yaml",
            f"format: 1\nroutes:\n  - {{to: [{PLATFORM}, SE-OTHER-NAME, SE-ELSEWHERE], contract: {ALL}, "
            f"producer: {PLATFORM}, url: 'vaxel:engagement-index', profile: rivtabp21}}\n{notified}",
        )
        told = "".join(
            f"  - {{consumer: [{PLATFORM}], to: [{name}], contract: [{NOTIFY}]{filters}}}\n"
            for name, filters in self.subscribers.items()
        )
        self.write(
            "routing/permissions.yaml",
            f"format: 1\npermissions:\n  - {{consumer: [{SOURCE}, {READER}, {OTHER_INDEX}], to: ['*'], contract: {ALL}}}\n{told}",
        )

    async def send(
        self,
        *found: Engagement,
        delete: bool = False,
        sender: str = SOURCE,
        receiver: str = PLATFORM,
        contract: str = UPDATE,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """An Update or ProcessNotification."""
        name = "Update" if contract == UPDATE else "ProcessNotification"
        payload = update(*found, delete=delete, contract=contract, name=name)
        return await self.call(message(payload, receiver), sender=sender, receiver=receiver, headers=headers)

    async def find(self, more: str = "", **stated: str) -> tuple[Engagement, ...]:
        """What FindContent answers."""
        answer = await self.ask_for(more, **stated)
        assert answer.status == 200, answer.text
        return read.engagements(tree.parse(answer.content).payload)

    async def ask_for(self, more: str = "", **stated: str) -> Answer:
        """A FindContent's answer as it is."""
        asked = wanted(**stated)
        fields = "".join(f"<{f.name}>{value(asked, f)}</{f.name}>" for f in FILTERS if value(asked, f))
        return await self.call(
            message(f'<FindContent xmlns="{FIND}">{fields}{more}</FindContent>', PLATFORM), sender=READER
        )

    def heard(self, subscriber: str = SUBSCRIBER) -> list[Transaction]:
        """What a subscriber has been notified of."""
        return [
            each
            for seen in self.producer.seen
            if seen["path"] == f"/{subscriber}"
            for each in read.transactions(tree.parse(seen["body"]).payload)
        ]


async def until(holds: Callable[[], Any] | Callable[[], Awaitable[Any]], within_s: float = 10) -> Any:
    """Wait until something holds, and return it; fails when it does not in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = holds()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"nothing after {within_s} s")


@asynccontextmanager
async def index_scene(
    path: Path, subscribers: dict[str, str] | None = None, **told: object
) -> AsyncIterator[IndexScene]:
    """A stage that is set, and cleared afterwards; collects for a moment only unless told otherwise."""
    made = IndexScene(
        path, {"index_collect_s": "0.05", "index_retry_s": "0.05", "internal_peers": PEERS, **told}, subscribers or {}
    )
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


PEERS = f"127.0.0.1/32={SOURCE}|{READER}|{OTHER_INDEX}"
