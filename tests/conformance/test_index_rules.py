"""Rules of the engagement index by number, over the wire."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from index_scene import OTHER_INDEX, READER, SECOND, SOURCE, SUBSCRIBER, IndexScene, index_scene, until
from rows import DOMAIN, OWN, RESIDENT, row, update
from scene import PLATFORM, Answer, message

from vaxel.engagements import read
from vaxel.engagements.fields import CHANGES, CORE, NOTIFY, UPDATE
from vaxel.engagements.model import Engagement
from vaxel.settings import swedish_now
from vaxel.soap import tree
from vaxel.soap.faults import Fault, read_fault
from vaxel.store import asking, facts


def fault(answer: Answer) -> Fault:
    found = read_fault(answer.content)
    assert answer.status == 500
    assert found is not None
    return found


async def changes(
    stage: IndexScene, since: str, after: str = "", domain: str = DOMAIN, receiver: str = PLATFORM
) -> Answer:
    last = f"<registeredResidentLastFetched>{after}</registeredResidentLastFetched>" if after else ""
    payload = f'<GetUpdates xmlns="{CHANGES}"><serviceDomain>{domain}</serviceDomain><timeStamp>{since}</timeStamp>{last}</GetUpdates>'
    return await stage.call(message(payload, receiver), sender=READER)


def residents(answer: Answer) -> tuple[bool, dict[str, int]]:
    payload = tree.parse(answer.content).payload
    return payload[0].text == "true", {each[0].text: len(read.engagements(each)) for each in payload[1:]}


REFUSED: list[tuple[str, tuple[Engagement, ...], str, str, str, dict[str, str]]] = [
    ("EI-4.1", (), "EI000", "request.count", "0", {}),
    ("EI-4.2", (row(),), "EI003", "request.wrong-index", "SE-ELSEWHERE", {"receiver": "SE-ELSEWHERE"}),
    ("EI-4.3", (row(), row(categorization="voo"), row()), "EI002", "request.duplicate-identity", "1 och 3", {}),
    ("EI-4.4", (row(logical_address=PLATFORM),), "EI005", "request.reserved-address", PLATFORM, {}),
    ("EI-4.4", (row(source_system=PLATFORM.lower()),), "EI006", "request.reserved-source", PLATFORM.lower(), {}),
    ("EI-3.1", (row(data_controller=" SE-1"),), "EI004", "request.field-white-space", "dataController", {}),
    ("EI-3.1", (row(service_domain=""),), "EI004", "request.field-missing", "serviceDomain", {}),
    ("EI-4.5", (row(categorization="c" * 256),), "EI004", "request.field-length", "categorization", {}),
    ("EI-4.5", (row(most_recent_content="20260230000000"),), "EI004", "request.field-date", "mostRecentContent", {}),
    ("EI-3.2", (row(registered_resident_identification="19121212"),), "EI001", "request.schema", "schema", {}),
    ("EI-5.1", (row(owner=""),), "EI004", "request.field-missing", "owner", {"contract": NOTIFY}),
]


async def test_refusals(tmp_path: Path) -> None:
    """EI-2.3, EI-3.1, EI-3.2, EI-4.1 to EI-4.6, EI-5.1, EI-9.1, EI-9.2: code, cause, Swedish text, nothing stored."""
    async with index_scene(tmp_path) as stage:
        for rule, found, code, cause, said, how in REFUSED:
            answer = await stage.send(*found, **how)  # type: ignore[arg-type]
            seen = fault(answer)
            assert seen.faultstring.startswith(f"{code}: "), (rule, seen.faultstring)
            assert (seen.cause, answer.headers["x-vaxel-cause"]) == (cause, cause), rule
            assert said in seen.faultstring + seen.detail, (rule, seen)
            assert RESIDENT not in answer.text, rule
            assert seen.faultcode == "SOAP-ENV:Server"
        await stage.send(row(), row(data_controller=""))
        assert (await asking.counts(await stage.platform.index.store.reader(), rows=True))["rows"] == 0
        counted = [each for each in stage.log_lines() if each.get("event.action") == "call"]
        assert not any(RESIDENT in str(each) for each in counted)


async def test_what_passes(tmp_path: Path) -> None:
    """EI-3.2, EI-3.7, EI-4.2: either form of a resident, extensions, another id of the index, an older edition's letters."""
    async with index_scene(tmp_path, index_other_addresses="SE-OTHER-NAME") as stage:
        residents = ("191212121212", "19121212T212", "19121212ABCD", "19121212p212")
        found = [row(registered_resident_identification=each) for each in residents]
        assert (await stage.send(*found, receiver="SE-OTHER-NAME")).status == 200
        await until(stage.find)
        for each in residents:
            assert len(await stage.find(registered_resident_identification=each)) == 1, each
        extended = update(row(categorization="voo")).replace(
            "</c:engagement>", '<x:note xmlns:x="urn:x">a</x:note></c:engagement>'
        )
        assert (await stage.call(message(extended, PLATFORM), sender=SOURCE)).status == 200


async def test_a_thousand_and_one(tmp_path: Path) -> None:
    """EI-4.1."""
    async with index_scene(tmp_path, index_max_transactions=20) as stage:
        many = [row(categorization=f"c{number}") for number in range(21)]
        assert fault(await stage.send(*many)).faultstring.startswith("EI000: Begäran har 21 transaktioner")
        assert (await stage.send(*many[:20])).status == 200


async def test_up_to_a_hundred_problems_stand_in_the_detail(tmp_path: Path) -> None:
    """EI-4.5."""
    async with index_scene(tmp_path) as stage:
        bad = [row(categorization=f"c{number}", data_controller="") for number in range(130)]
        assert fault(await stage.send(*bad)).detail.count("field-missing") == 100


async def test_sync(tmp_path: Path) -> None:
    """EI-4.13: found as soon as it is answered."""
    async with index_scene(tmp_path, index_sync="on", index_collect_s=60) as stage:
        await stage.send(row())
        assert len(await stage.find()) == 1


async def test_collecting(tmp_path: Path) -> None:
    """EI-4.9, EI-6.6: single ones wait, and FindContent does not wait for them; larger ones take them along."""
    async with index_scene(tmp_path, index_collect_s=60) as stage:
        pair = (
            row(registered_resident_identification="191001239803"),
            row(registered_resident_identification="191001309812"),
        )
        await stage.send(*pair)
        await until(lambda: stage.find(registered_resident_identification="191001239803"))
        await stage.send(row())
        await asyncio.sleep(0.3)
        assert await stage.find() == ()
        await stage.send(row(categorization="voo"), row(categorization="upp"))
        await until(stage.find)
        assert len(await stage.find()) == 3


async def test_checks_of_the_sender(tmp_path: Path) -> None:
    """EI-4.14."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_check_sender="enforce") as stage:
        theirs = row(source_system=SUBSCRIBER, logical_address=SUBSCRIBER)
        assert (await stage.send(theirs)).status == 200  # SOURCE is its producer by a route
        strange = row(source_system=SECOND, logical_address=SECOND)
        assert fault(await stage.send(strange)).cause == "request.sender-not-source"
    async with index_scene(tmp_path / "warn", index_check_sender="warn") as stage:
        assert (await stage.send(strange)).status == 200
        assert any(each.get("labels.strangeSources") == "1" for each in stage.log_lines())


async def test_domain_rules(tmp_path: Path) -> None:
    """EI-10.1, EI-10.2: counted by default, refused where told."""
    odd = row(categorization="xyz")
    async with index_scene(tmp_path / "warn") as stage:
        assert (await stage.send(odd)).status == 200
        metrics = (await stage.post(b"", {}, path="/metrics", method="GET")).text
        assert f'vaxel_index_rule_breaches_total{{sender="{SOURCE}"}} 1.0' in metrics
        assert f'vaxel_index_transactions_total{{contract="Update",domain="{DOMAIN}",outcome="ok"}} 1.0' in metrics
        assert RESIDENT not in metrics
    async with index_scene(tmp_path / "enforce", index_domain_rules="enforce") as stage:
        seen = fault(await stage.send(row(), odd))
        assert (seen.faultstring[:5], seen.cause) == ("EI004", "request.domain-rule")


async def test_questions(tmp_path: Path) -> None:
    """EI-6.1 to EI-6.5."""
    async with index_scene(tmp_path) as stage:
        await stage.send(*(row(categorization=f"c{number:04}") for number in range(1000)))
        await stage.send(*(row(categorization=f"d{number:04}") for number in range(500)))
        await until(lambda: _all_there(stage, 1500))
        found = await stage.find()
        assert [each.categorization for each in found] == sorted(each.categorization for each in found)
        closed = [each for each in stage.journal("closed") if "FindContent" in each["contract"]]
        assert closed[-1]["rows"] == 1500
        pages, cursor = [], ""
        while True:
            page = f'<v:page xmlns:v="{read.PAGING}" size="400" cursor="{cursor}"/>'
            payload = tree.parse((await stage.ask_for(page)).content).payload
            pages.append(read.engagements(payload))
            following = payload.find(f"{{{read.PAGING}}}nextPage")
            if following is None:
                break
            cursor = following.get("cursor")
        assert [len(each) for each in pages] == [400, 400, 400, 300]
        assert tuple(each for page in pages for each in page) == found
        for stated, code, field in (
            ({"service_domain": ""}, "EI000", "serviceDomain"),
            ({"registered_resident_identification": ""}, "EI000", "registeredResidentIdentification"),
            ({"most_recent_content": "20260231000000"}, "EI004", "mostRecentContent"),
        ):
            seen = fault(await stage.ask_for(**stated))  # type: ignore[arg-type]
            assert (seen.faultstring[:5], field in seen.faultstring) == (code, True)
        other = f'<v:page xmlns:v="{read.PAGING}" size="400" cursor="{cursor}"/>'
        assert fault(await stage.ask_for(other, categorization="c0001")).faultstring.startswith("EI001")
        empty = await stage.ask_for(registered_resident_identification="191001239803")
        assert (empty.status, len(tree.parse(empty.content).payload)) == (200, 0)


async def _all_there(stage: IndexScene, count: int) -> bool:
    return len(await stage.find()) == count


async def test_another_encoding(tmp_path: Path) -> None:
    """SW-13.4: the answer comes in the request's encoding."""
    async with index_scene(tmp_path, index_sync="on") as stage:
        odd = row(categorization="å")
        text = message(update(odd), PLATFORM).decode().replace("UTF-8", "ISO-8859-1")
        answer = await stage.call(text.encode("latin-1"), sender=SOURCE)
        assert "iso-8859-1" in answer.headers["content-type"].lower()
        assert b'encoding="ISO-8859-1"' in answer.content
        assert (await stage.find())[0].categorization == "å"


async def test_changes(tmp_path: Path) -> None:
    """EI-7.1 to EI-7.5."""
    other = "191001239803"
    async with index_scene(tmp_path, index_sync="on", index_updates_page=1) as stage:
        since = f"{swedish_now():%Y%m%d%H%M%S}"
        await stage.send(row(), row(categorization="voo"), row(registered_resident_identification=other))
        await stage.send(row(), delete=True)
        await stage.send(row(categorization="voo"), delete=True)
        assert residents(await changes(stage, since)) == (False, {other: 1})
        assert residents(await changes(stage, since, other)) == (True, {RESIDENT: 0})
        assert residents(await changes(stage, since, domain="riv:other")) == (True, {})
        seen = fault(await changes(stage, "20200101000000"))
        assert (seen.faultstring[:5], seen.cause) == ("EI000", "get-updates.too-old")
        assert fault(await changes(stage, since, receiver="SE-ELSEWHERE")).faultstring.startswith("EI003")
        permissions = tmp_path / "routing/permissions.yaml"
        told = f"  - {{consumer: [{READER}], to: [{PLATFORM}], contract: [{CHANGES}], index_filters: "
        text = permissions.read_text()
        permissions.write_text(text + told + f"[{{service_domain: '{DOMAIN}', categorizations: [voo]}}]}}\n")
        await stage.platform.reload()
        assert residents(await changes(stage, since)) == (False, {other: 0})
        permissions.write_text(text + told + "[{service_domain: 'riv:other'}]}\n")
        await stage.platform.reload()
        assert residents(await changes(stage, since)) == (True, {})


async def test_only_what_changed_is_told(tmp_path: Path) -> None:
    """EI-4.12."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_sync="on") as stage:
        await stage.send(row())
        await stage.send(row())
        await stage.send(replace(row(), most_recent_content="20270101000000"))
        await stage.send(row(), delete=True)
        await stage.send(row(), delete=True)
        await until(lambda: len(stage.heard()) == 3)
        await asyncio.sleep(0.3)
        assert [(each.delete, each.engagement.most_recent_content[:4]) for each in stage.heard()] == [
            (False, "2026"),
            (False, "2027"),
            (True, "2027"),
        ]


async def test_unchanged_notifications(tmp_path: Path) -> None:
    """EI-5.4: `VAXEL_INDEX_FORWARD_UNCHANGED=off` tells only of changes."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_forward_unchanged="off") as stage:
        for _ in range(2):
            await stage.send(row(owner=OTHER_INDEX), contract=NOTIFY, sender=OTHER_INDEX)
            await until(stage.find)
        await until(stage.heard)
        await asyncio.sleep(0.3)
        assert len(stage.heard()) == 1


async def test_a_change_of_owner(tmp_path: Path) -> None:
    """EI-5.3."""
    async with index_scene(tmp_path, index_sync="on") as stage:
        await stage.send(row())
        await stage.send(row(owner=OTHER_INDEX), contract=NOTIFY, sender=OTHER_INDEX)
        assert [each.owner for each in await stage.find()] == [OTHER_INDEX]


async def test_a_refused_batch_is_split(tmp_path: Path) -> None:
    """EI-8.8, EI-8.10: only what is refused when alone becomes a dead letter."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_retry_attempts=2) as stage:
        stage.producer.refuse = b"c5"
        await stage.send(*(row(categorization=f"c{number}") for number in range(8)))
        await until(lambda: _dead(stage, 1))
        assert {each.engagement.categorization for each in stage.heard()} == {f"c{number}" for number in range(8)}
        (letter,) = await asking.dead_letters(await stage.platform.index.store.reader())
        assert ("c5" in letter.content, letter.reason) == (True, "nej")


async def _dead(stage: IndexScene, count: int) -> bool:
    return len(await asking.dead_letters(await stage.platform.index.store.reader())) == count


async def test_a_locked_index(tmp_path: Path) -> None:
    """EI-11.3: queued in order by default, refused where told; questions are answered."""
    for how, status in (("queue", 200), ("refuse", 500)):
        async with index_scene(tmp_path / how, index_locked=how) as stage:
            await stage.send(row())
            await until(stage.find)
            store = stage.platform.index.store
            await store.write(facts.lock, True)
            answer = await stage.send(row(), delete=True)
            assert answer.status == status
            if how == "refuse":
                seen = fault(answer)
                assert (seen.faultstring[:5], seen.cause) == ("EI000", "index.locked")
                assert 'retryable="true"' in answer.text
            await asyncio.sleep(0.3)
            assert len(await stage.find()) == 1
            await store.write(facts.lock, False)
            if how == "queue":
                await until(lambda stage=stage: _gone(stage))


async def _gone(stage: Any) -> bool:
    return not await stage.find()


async def test_the_store_is_down(tmp_path: Path) -> None:
    """EI-9.3, EI-11.6: EI000, and the switch itself goes on."""
    async with index_scene(tmp_path, store_url="postgresql+asyncpg://vaxel@127.0.0.1:1/none") as stage:
        for answer in (await stage.send(row()), await stage.ask_for()):
            seen = fault(answer)
            assert (seen.faultstring[:5], seen.cause) == ("EI000", "store.unavailable")
            assert 'retryable="true"' in answer.text
        assert (await stage.post(b"", {}, path="/health/ready", method="GET")).status == 200


async def test_a_new_release_counts_at_once(tmp_path: Path) -> None:
    """EI-8.1."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_sync="on") as stage:
        permissions = tmp_path / "routing/permissions.yaml"
        text = permissions.read_text()
        permissions.write_text("\n".join(line for line in text.splitlines() if SUBSCRIBER not in line) + "\n")
        await stage.platform.reload()
        await stage.send(row())
        permissions.write_text(text)
        await stage.platform.reload()
        await stage.send(row(categorization="voo"))
        await until(stage.heard)
        assert [each.engagement.categorization for each in stage.heard()] == ["voo"]


def test_names() -> None:
    """Section 2."""
    assert (UPDATE, CORE) == (
        "urn:riv:itintegration:engagementindex:UpdateResponder:1",
        "urn:riv:itintegration:engagementindex:1",
    )
    assert OWN == PLATFORM


@pytest.mark.parametrize("pattern", ["[0-9]{6}"])
async def test_a_pattern_of_ones_own(tmp_path: Path, pattern: str) -> None:
    """EI-3.2."""
    async with index_scene(tmp_path, index_sync="on", index_resident_pattern=pattern) as stage:
        assert (await stage.send(row(registered_resident_identification="123456"))).status == 200
        assert fault(await stage.send(row())).faultstring.startswith("EI001")
