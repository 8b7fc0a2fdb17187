"""An engagement index elsewhere, asked by FindContent through the platform's own journey (AG-4.1 to AG-4.5)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Any

from vaxel.call import Body, Call, ContractId, Envelope, Handler, HsaId, RivtaProfile, Trail
from vaxel.engagements.model import Engagement
from vaxel.errors import IndexFailed, MessageMalformed, ProducerFailed, Refusal
from vaxel.soap import charset, scan, tree
from vaxel.soap.names import REGISTRY_1, SOAP11

NAMESPACE = "urn:riv:itintegration:engagementindex:FindContentResponder:1"
PAGE = "urn:vaxel:engagementindex:1"
_FIELDS = {
    "registeredResidentIdentification": "registered_resident_identification",
    "serviceDomain": "service_domain",
    "categorization": "categorization",
    "logicalAddress": "logical_address",
    "businessObjectInstanceIdentifier": "business_object_instance_identifier",
    "clinicalProcessInterestId": "clinical_process_interest_id",
    "sourceSystem": "source_system",
    "dataController": "data_controller",
    "owner": "owner",
    "mostRecentContent": "most_recent_content",
    "creationTime": "creation_time",
    "updateTime": "update_time",
}


class FindContent:
    """The index port for one call: asks `address` in the platform's own name, within `deadline` (monotonic seconds)."""

    def __init__(
        self,
        call: Call,
        handler: Handler,
        *,
        address: str,
        sender: HsaId,
        deadline: float,
        timeout_s: float,
        new_id: Callable[[], str],
    ) -> None:
        self._call, self._handler, self._new_id = call, handler, new_id
        self._address, self._sender = address, sender
        self._deadline, self._timeout_s = deadline, timeout_s

    async def find(
        self, resident: str, service_domain: str, categorization: str | None = None
    ) -> tuple[Engagement, ...]:
        """The engagements, all pages of them; `IndexFailed` with its cause."""
        asked = {"registeredResidentIdentification": resident, "serviceDomain": service_domain}
        if categorization:
            asked["categorization"] = categorization
        found: list[Engagement] = []
        cursor: str | None = None
        while True:
            response = await self._answer(_payload(asked, cursor))
            found += [_engagement(element) for element in response.iterchildren("{*}engagement")]
            following = response.find(f"{{{PAGE}}}nextPage")
            if following is None or following.get("cursor") in {None, cursor}:
                return tuple(found)
            cursor = following.get("cursor")

    async def _answer(self, payload: str) -> Any:
        """One answer's response element; asked again once, since it may be (AG-4.4)."""
        try:
            return await self._ask(payload)
        except IndexFailed as failed:
            if failed.cause == "index.fault" or time.monotonic() >= self._deadline:
                raise
        return await self._ask(payload)

    async def _ask(self, payload: str) -> Any:
        call = self._question(payload)
        try:
            async with asyncio.timeout(call.deadline - time.monotonic()):
                reply = await self._handler(call)
                content = bytearray(reply.body.start)
                if reply.body.rest is not None:
                    async for part in reply.body.rest:
                        content += part
        except TimeoutError as error:
            raise IndexFailed("the index did not answer in time", cause="index.timeout") from error
        except ProducerFailed as error:
            cause = "index.timeout" if error.cause.endswith("-timeout") else "index.unreachable"
            raise IndexFailed(error.reason, cause=cause) from error
        except Refusal as error:
            raise IndexFailed(f"{error.code}: {error.detail}", cause="index.unreachable") from error
        return _response(reply.status, bytes(content))

    def _question(self, payload: str) -> Call:
        began = time.monotonic()
        content = (
            f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP11}"><s:Header>'
            f'<r:LogicalAddress xmlns:r="{REGISTRY_1}">{escape(self._address)}</r:LogicalAddress></s:Header>'
            f"<s:Body>{payload}</s:Body></s:Envelope>"
        ).encode()
        return replace(
            self._call,
            id=self._new_id(),
            parent=self._call.id,
            caller=replace(self._call.caller, sender=self._sender, call_class="internal"),
            envelope=Envelope(
                receiver=self._address,
                profile=RivtaProfile.BP21,
                contract=ContractId(NAMESPACE),
                operation="FindContent",
                address_namespace=REGISTRY_1,
                payload=tree.parse(content).payload,
            ),
            body=Body.whole(content),
            encoding="utf-8",
            headers=(),
            original_consumer=self._sender,
            original_consumer_in="",
            received_at=datetime.now(UTC),
            started=began,
            deadline=min(self._deadline, began + self._timeout_s),
            gone=None,
            multipart=None,
            trail=Trail(release=self._call.trail.release),
        )


def _payload(asked: dict[str, str], cursor: str | None) -> str:
    fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in asked.items())
    page = f'<page xmlns="{PAGE}" size="10000" cursor="{escape(cursor)}"/>' if cursor else ""
    return f'<FindContent xmlns="{NAMESPACE}">{fields}{page}</FindContent>'


def _response(status: int, content: bytes) -> Any:
    if status >= 400:
        code, text = scan.fault_code(content)
        raise IndexFailed(f"the index answered with a fault: {code} {text}".strip())
    try:
        payload = tree.parse(charset.to_utf8(content)[0]).payload
    except MessageMalformed as error:
        raise IndexFailed("the index's answer is not a SOAP message") from error
    if payload.tag != f"{{{NAMESPACE}}}FindContentResponse":
        raise IndexFailed("the index's answer is not FindContentResponse")
    return payload


def _engagement(element: Any) -> Engagement:
    said = dict.fromkeys(_FIELDS.values(), "")
    for child in element.iterchildren("{*}*"):
        name = _FIELDS.get(child.tag.rpartition("}")[2])
        if name:
            said[name] = (child.text or "").strip()
    return Engagement(**said)
