"""What a consumer sees of a call, through a real platform."""

import asyncio
from pathlib import Path

import httpx
import pytest
from scene import PLATFORM, RESPONSE, TRUSTED, message, scene

from vaxel.demo.calling import Line, send

HEADERS = {"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM, "x-skltp-correlation-id": "c-1"}


async def test_an_answer_and_a_refusal(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        line = Line(url=f"http://127.0.0.1:{stage.platform.ports['http']}/vp")
        good = await asyncio.to_thread(send, line, message(), HEADERS)
        assert (good.answered, good.status, good.content, good.fault) == (True, 200, RESPONSE, "")
        assert (good.correlation_id, good.producer_ms.isdigit(), good.total_ms > 0) == ("c-1", True, True)
        bad = await asyncio.to_thread(send, line, message(receiver="SE-NONE"), HEADERS)
        assert (bad.answered, bad.cause, len(bad.reference)) == (False, "routing.no-route", 32)
        assert bad.fault.startswith("SOAP-ENV:Client VP004 [Växel]")


def test_where_nobody_listens() -> None:
    with pytest.raises(httpx.HTTPError):
        send(Line(url="http://127.0.0.1:9/vp"), b"", {})
