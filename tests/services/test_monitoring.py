"""The platform's own answer to PingForConfiguration (SW-17.9, DI-6.9)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from calls import a_call
from lxml import etree

from vaxel.services.monitoring import NAMESPACE, monitoring

NOW = datetime(2026, 11, 24, 8, 5, 9, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.mark.parametrize("name", ["Växel", "<A & B>"])
async def test_the_answer(name: str) -> None:
    reply = await monitoring("1.2.3", name, lambda: NOW)(a_call())
    payload = etree.fromstring(reply.body.start).find("{*}Body")[0]  # type: ignore[index]
    found = {child.tag.rpartition("}")[2]: child for child in payload}
    assert payload.tag == f"{{{NAMESPACE}}}PingForConfigurationResponse"
    assert (found["version"].text, found["pingDateTime"].text) == ("1.2.3", "20261124080509")
    assert [child.text for child in found["configuration"]] == ["Applikation", name]
