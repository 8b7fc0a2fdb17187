"""The engagement index through real sockets, on both databases."""

from pathlib import Path
from typing import Any

import orjson
from index_scene import OTHER_INDEX, SECOND, SUBSCRIBER, IndexScene, index_scene, until
from rows import DOMAIN, OWN, RESIDENT, row
from scene import PLATFORM

from vaxel.engagements.fields import NOTIFY

DIA_ONLY = f", index_filters: [{{service_domain: '{DOMAIN}', categorizations: [dia]}}]"


async def test_an_update_is_found(tmp_path: Path, store_url: str) -> None:
    """EI-4.8, EI-4.9, EI-6.3, EI-12.3."""
    async with index_scene(tmp_path, store_url=store_url) as stage:
        answer = await stage.send(row(owner="SE-ELSE"), headers={"x-skltp-correlation-id": "c-1"})
        assert (answer.status, "<ResultCode>OK</ResultCode>" in answer.text) == (200, True)
        (found,) = await until(stage.find)
        assert (found.owner, found.creation_time, found.update_time) == (OWN, found.update_time, found.update_time)
        assert len(found.creation_time) == 14
        assert await stage.find(categorization="voo") == ()
        await stage.send(row(), delete=True)
        await until(lambda: _empty(stage))
        closed = [each for each in stage.journal("closed") if "FindContent" in each["contract"]]
        assert {each["rows"] for each in closed} == {0, 1}
        opened = [each for each in stage.journal("opened") if "FindContent" in each["contract"]]
        assert all(each["patient"]["sealed"] for each in opened)
        assert RESIDENT not in stage.log.getvalue().decode()


async def _empty(stage: IndexScene) -> bool:
    return not await stage.find()


async def test_a_subscriber_hears_within_its_filter(tmp_path: Path, store_url: str) -> None:
    """EI-8.1, EI-8.2, EI-8.4."""
    async with index_scene(tmp_path, {SUBSCRIBER: "", SECOND: DIA_ONLY}, store_url=store_url) as stage:
        await stage.send(row(), row(categorization="voo"), headers={"x-skltp-correlation-id": "cause-1"})
        await until(lambda: len(stage.heard()) == 2 and stage.heard(SECOND))
        assert [each.engagement.categorization for each in stage.heard(SECOND)] == ["dia"]
        seen = stage.producer.seen[0]["headers"]
        assert (seen[b"x-skltp-correlation-id"], seen[b"x-vp-sender-id"]) == (b"cause-1", PLATFORM.encode())
        assert seen[b"soapaction"] == f'"{NOTIFY}:ProcessNotification"'.encode()
        ways = {(PLATFORM, SUBSCRIBER), (PLATFORM, SECOND)}
        await until(lambda: _closed(stage, NOTIFY) == ways)


def _closed(stage: IndexScene, contract: str) -> set[tuple[str, str]]:
    records = stage.journal("closed")
    return {(each["sender"], each["receiver"]) for each in records if each["contract"] == contract}


async def test_notifications_of_another_index(tmp_path: Path, store_url: str) -> None:
    """EI-5.2 to EI-5.4: stored with their owner, ours dropped, nothing goes back."""
    async with index_scene(tmp_path, {SUBSCRIBER: "", OTHER_INDEX: ""}, store_url=store_url) as stage:
        theirs = row(owner=OTHER_INDEX)
        answer = await stage.send(theirs, row(), contract=NOTIFY, sender=OTHER_INDEX)
        assert answer.status == 200
        (found,) = await until(stage.find)
        assert found.owner == OTHER_INDEX
        await until(stage.heard)
        await stage.send(theirs, contract=NOTIFY, sender=OTHER_INDEX)
        await until(lambda: len(stage.heard()) == 2)
        assert stage.heard(OTHER_INDEX) == []
        assert (await stage.send(row(), contract=NOTIFY, sender=OTHER_INDEX)).status == 200


async def test_a_subscriber_that_is_down(tmp_path: Path, store_url: str) -> None:
    """EI-8.5, EI-8.7: a dead letter, a pause, and it goes on by itself; another subscriber hears at once."""
    async with index_scene(
        tmp_path, {SUBSCRIBER: "", SECOND: ""}, store_url=store_url, index_retry_attempts=2
    ) as stage:
        routes = tmp_path / "routing/routes.yaml"
        kept = routes.read_text()
        routes.write_text(kept.replace(f":{stage.port}/{SUBSCRIBER}", f":1/{SUBSCRIBER}"))
        await stage.platform.reload()
        await stage.send(row())
        await until(lambda: stage.heard(SECOND))
        await until(lambda: _dead(stage))
        await stage.send(row(categorization="voo"))
        await until(lambda: len(stage.heard(SECOND)) == 2)
        assert stage.heard() == []
        routes.write_text(kept)
        await stage.platform.reload()
        await until(stage.heard)
        assert [each.engagement.categorization for each in stage.heard()] == ["voo"]


async def _dead(stage: IndexScene) -> object:
    from vaxel.store import asking

    return await asking.dead_letters(await stage.platform.index.store.reader())


async def test_dead_letters_by_the_api(tmp_path: Path, store_url: str) -> None:
    """EI-8.9, EI-11.1, EI-11.3, EI-12.4: behind the key, as problem+json, each act recorded."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, store_url=store_url, index_retry_attempts=1) as stage:
        stage.producer.refuse = b"c"
        await stage.send(row(), row(categorization="voo"), row(categorization="upp"))
        letters = await until(lambda: _listed(stage, 3))
        assert RESIDENT not in str(letters)
        number = letters[0]["seq"]
        assert await _api(stage, "GET", "/dead-letters?limit=1") == (200, letters[:1])
        assert [each["seq"] for each in (await _api(stage, "GET", f"/dead-letters?after={number}"))[1]] == [
            each["seq"] for each in letters[1:]
        ]
        status, shown = await _api(stage, "GET", f"/dead-letters/{number}")
        assert (status, shown["engagement"]["registeredResidentIdentification"]) == (200, RESIDENT)
        status, problem = await _api(stage, "PATCH", f"/dead-letters/{number}", {"mostRecentContent": "2026"})
        assert (status, problem["type"]) == (422, "urn:vaxel:problem:request.field-date")
        assert (await _api(stage, "PATCH", f"/dead-letters/{number}", {"mostRecentContent": "20200101000000"}))[
            0
        ] == 200
        assert (await _api(stage, "GET", "/dead-letters/999"))[0] == 404
        stage.producer.refuse = b""
        stage.producer.seen.clear()
        assert await _api(stage, "POST", "/dead-letters/resend", {"numbers": [number]}) == (200, {"resent": 1})
        (told,) = await until(stage.heard)
        assert told.engagement.most_recent_content == "20200101000000"
        assert await _api(stage, "POST", "/dead-letters/drop", {"subscriber": SUBSCRIBER}) == (200, {"dropped": 2})
        assert (await _api(stage, "POST", "/dead-letters/drop", {}))[0] == 422
        assert await _api(stage, "PUT", "/write-lock", {"on": True}) == (200, {"writeLock": True})
        state = (await _api(stage, "GET", ""))[1]
        assert (state["rows"], state["writeLock"], state["deadLetters"], state["queues"][0]["state"]) == (
            3,
            True,
            0,
            "running",
        )
        assert (await _api(stage, "PUT", "/write-lock", {"on": False}))[0] == 200
        removal = {"field": "registered_resident_identification", "value": RESIDENT, "notify": True}
        assert await _api(stage, "POST", "/removals", removal) == (200, {"removed": 3})
        await until(lambda: [each.delete for each in stage.heard()].count(True) == 3)
        acts = [each["action"] for each in stage.journal("admin") if each.get("by") == "api"]
        assert acts == [
            "index.dead-letter.show",
            "index.dead-letter.mend",
            "index.dead-letter.resend",
            "index.dead-letter.drop",
            "index.write-lock",
            "index.write-lock",
            "index.remove",
        ]
        assert RESIDENT not in str(stage.journal())
        assert RESIDENT not in stage.log.getvalue().decode()


async def _listed(stage: IndexScene, count: int) -> list[dict[str, Any]]:
    status, found = await _api(stage, "GET", "/dead-letters")
    return found if status == 200 and len(found) == count else []


async def _api(stage: IndexScene, method: str, path: str, body: object = None) -> tuple[int, Any]:
    key = (stage.path / "var/admin.key").read_text().strip()
    url = f"http://127.0.0.1:{stage.platform.ports['web']}/api/v1/index{path}"
    headers = {"authorization": f"Bearer {key}"}
    async with stage.session.request(method, url, json=body, headers=headers) as answer:
        return answer.status, orjson.loads(await answer.read())
