"""Calls as the door makes them, for tests of what comes after it."""

import math
import time
from datetime import UTC, datetime
from typing import Any

from vaxel.call import Body, Call, Caller, ContractId, Envelope, HsaId, RivtaProfile, Target

PATIENT = "191212121212"
CONTRACT = ContractId("urn:riv:demo:GetNothingResponder:1")


def a_call(**told: Any) -> Call:
    """A call that has been routed; `told` replaces members of it, `url` its target's address."""
    url = told.pop("url", "http://producer.example/ws")
    stated: dict[str, Any] = {
        "id": "0" * 32,
        "reference": "0" * 32,
        "correlation_id": "c-1",
        "caller": Caller(
            sender=HsaId("SE-SENDER"), call_class="proxied", listener="http", peer="10.0.0.1", address="10.0.0.9"
        ),
        "envelope": Envelope(receiver="SE-UNIT", profile=RivtaProfile.BP21, contract=CONTRACT, operation="GetNothing"),
        "body": Body.whole(b"<a/>"),
        "headers": (),
        "url": "http://platform.example/vp",
        "encoding": "utf-8",
        "received_at": datetime.now(UTC),
        "started": time.monotonic(),
        "deadline": math.inf,
        "original_consumer": "SE-SENDER",
        "original_consumer_in": "",
        "routing_history": "",
        "target": Target(url=url, profile="rivtabp21", producer=HsaId("SE-PRODUCER")),
    }
    return Call(**{**stated, **told})
