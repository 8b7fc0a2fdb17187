"""A call as the door makes it, for tests of what comes behind."""

import math
from datetime import UTC, datetime

from scene import DIAGNOSIS, PROTECTED, UNIT

from vaxel.call import Body, Call, Caller, ContractId, Envelope, HsaId, RivtaProfile


def call(parent: str | None = None, content: bytes = b"") -> Call:
    return Call(
        id="c", reference="r", correlation_id="i", headers=(), url="http://x/vp", encoding="utf-8",
        caller=Caller(sender=HsaId(PROTECTED), call_class="mtls", listener="https", peer="::1", address="::1"),
        envelope=Envelope(
            receiver=UNIT, profile=RivtaProfile.BP21, contract=ContractId(DIAGNOSIS), operation="GetDiagnosis"
        ),
        body=Body.whole(content), received_at=datetime.now(UTC), started=0, deadline=math.inf,
        original_consumer=PROTECTED, original_consumer_in="", routing_history="", parent=parent,
    )  # fmt: skip
