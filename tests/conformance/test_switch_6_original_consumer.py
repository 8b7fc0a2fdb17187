"""Original consumer and routing history on the wire: switch.md section 6.

Who has the right (SW-6.2, SW-6.3) and every form of a history (SW-6.4) are gone through in exchange/test_door.py and
exchange/test_identify.py.
"""

import ssl
from pathlib import Path

import pytest
from pki import Pki
from scene import PLATFORM, TRUSTED, UNPERMITTED, Scene, message, scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATED = "x-rivta-original-serviceconsumer-hsaid"
HISTORY = "x-rivta-routing-history"
RIGHT = (
    f"{{id: {TRUSTED}, roles: [consumer],",
    f"{{id: {TRUSTED}, roles: [consumer], may_state_original_consumer: true,",
)


async def mtls(stage: Scene, context: ssl.SSLContext, headers: dict[str, str]) -> tuple[int, str]:
    url = f"https://localhost:{stage.platform.ports['https']}/vp"
    async with stage.session.post(url, data=message(), headers=headers, ssl=context) as answer:
        return answer.status, answer.headers.get("x-vaxel-cause", "")


@pytest.mark.parametrize("stated", [None, "", "SE-ORIGINAL"])
async def test_sw_6_1_the_producer_is_always_told(stage: Scene, stated: str | None) -> None:
    headers = {} if stated is None else {STATED: stated}
    assert (await stage.call(headers=headers)).status == 200
    assert stage.producer.seen[0]["headers"][STATED.encode()] == (stated or TRUSTED).encode()
    assert [record["original_consumer"] for record in stage.journal("opened")] == [stated or TRUSTED]


async def test_sw_6_1_it_never_takes_part_in_permission(stage: Scene) -> None:
    assert (await stage.call(sender=UNPERMITTED, headers={STATED: TRUSTED})).code == "VP007"
    assert (await stage.call(headers={STATED: UNPERMITTED})).status == 200


@pytest.mark.parametrize("setting", ["warn", "reject"])
@pytest.mark.parametrize("right", [False, True])
async def test_sw_6_2_the_right_to_state_it(tmp_path: Path, setting: str, right: bool) -> None:
    """Without the right: a warning and the header passes, or VP013; SW-6.3: an instance id alone exempts nobody."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", original_consumer=setting, **pki.told) as stage:
        if right:
            stage.write("routing/components.yaml", (stage.path / "routing/components.yaml").read_text().replace(*RIGHT))
            assert (await stage.platform.reload())["successful"]
        headers = {STATED: "SE-ORIGINAL", "x-vp-instance-id": PLATFORM}
        status, cause = await mtls(stage.fresh(), pki.context(pki.consumer), headers)
        lines = stage.call_lines()
        if setting == "reject" and not right:
            assert (status, cause) == (500, "original-consumer.not-allowed")
            assert stage.producer.seen == []
        else:
            assert status == 200
            assert stage.producer.seen[0]["headers"][STATED.encode()] == b"SE-ORIGINAL"
            assert [line["log.level"] for line in lines] == ["info" if right else "warning"]
            assert [line["labels.originalServiceconsumerHsaid_in"] for line in lines] == ["SE-ORIGINAL"]


async def test_sw_6_2_an_internal_call_needs_no_right(tmp_path: Path) -> None:
    async with scene(tmp_path, original_consumer="reject") as stage:
        assert (await stage.call(headers={STATED: "SE-ORIGINAL"})).status == 200


@pytest.mark.parametrize("on", ["on", "off"])
async def test_sw_6_5_history_of_calls_with_a_certificate(tmp_path: Path, on: str) -> None:
    """SW-6.4: made, continued, or found to go round; by setting passed untouched."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", routing_history_on_https=on, **pki.told) as stage:
        context = pki.context(pki.consumer)
        for stated in ("", "SE-1", f"SE-1#{PLATFORM}"):
            status, cause = await mtls(stage.fresh(), context, {HISTORY: stated} if stated else {})
            if on == "on" and PLATFORM in stated:
                assert (status, cause) == (500, "routing.loop")
                continue
            expected = stated if on == "off" else f"{stated or TRUSTED}#{PLATFORM}"
            sent = stage.producer.seen[0]["headers"].get(HISTORY.encode(), b"").decode()
            assert (status, sent) == (200, expected)


@pytest.mark.parametrize("stated", ["", "SE-1", f"SE-1#{PLATFORM}", PLATFORM])
async def test_sw_6_6_internal_calls_pass_it_untouched(stage: Scene, stated: str) -> None:
    assert (await stage.call(headers={HISTORY: stated} if stated else {})).status == 200
    assert stage.producer.seen[0]["headers"].get(HISTORY.encode(), b"").decode() == stated


async def test_sw_6_4_a_loop_says_where_it_went(tmp_path: Path) -> None:
    """Also where a proxy has made two headers of one."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage:
        context = pki.context(pki.consumer)
        url = f"https://localhost:{stage.platform.ports['https']}/vp"
        told = [(HISTORY, "SE-1#SE-2"), (HISTORY, PLATFORM)]
        async with stage.session.post(url, data=message(), headers=told, ssl=context) as answer:
            assert f"history: SE-1#SE-2#{PLATFORM}" in await answer.text()
        assert [record["kind"] for record in stage.fresh().journal()] == []
