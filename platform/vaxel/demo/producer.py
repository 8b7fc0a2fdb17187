"""A simulated producer: answers contracts with samples or files, slowly or wrongly where it is told to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from vaxel.errors import MessageMalformed
from vaxel.soap import tree

FAILURES = ("fault", "http-500", "http-404", "empty", "garbage", "soap12-fault", "hang", "truncate")
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Sample = Callable[[str], bytes]
"""Patient → the answer's bytes."""

PATIENT_ELEMENTS = ("patientId", "PatientId", "subjectOfCareId", "subject_of_care", "personId")
"""Where requests name their patient: with `id` or `extension` inside, as an attribute, or as text."""

FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{namespace}"><s:Body><s:Fault>'
    "<faultcode>s:Server</faultcode><faultstring>{text}</faultstring></s:Fault></s:Body></s:Envelope>"
)
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How it answers: after `delay_s`, and with one of `FAILURES` (empty: rightly)."""

    delay_s: float = 0
    failure: str = ""


class SimulatedProducer:
    """An ASGI application that answers the contracts it has samples for."""

    def __init__(self, samples: Mapping[str, Sample], behaviour: Behaviour) -> None:
        self._samples = {namespace: lru_cache(maxsize=256)(sample) for namespace, sample in samples.items()}
        self._behaviour = behaviour
        self.calls = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        """Answer one request."""
        content = await _body(receive)
        self.calls += 1
        await asyncio.sleep(self._behaviour.delay_s)
        status, answer = self._answer(content)
        if self._behaviour.failure == "hang":
            await asyncio.sleep(3600)
        length = len(answer) + (10 if self._behaviour.failure == "truncate" else 0)
        headers = [(b"content-type", b"text/xml; charset=UTF-8"), (b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, content: bytes) -> tuple[int, bytes]:
        failure = self._behaviour.failure
        if failure.startswith("http-"):
            return int(failure.removeprefix("http-")), b"<html>something went wrong</html>"
        if failure == "empty":
            return 200, b""
        if failure == "garbage":
            return 200, b"\x00\x01 not xml"
        if failure in {"fault", "soap12-fault"}:
            return 500, fault("the simulated producer fails", SOAP12 if failure == "soap12-fault" else SOAP11)
        try:
            envelope = tree.parse(content)
        except MessageMalformed:
            return 500, fault("the request cannot be read")
        sample = self._samples.get(envelope.contract)
        if sample is None:
            return 500, fault("the simulated producer does not know this contract")
        answer = sample(_patient(envelope.payload))
        return 200, answer[: len(answer) // 2] if failure == "truncate" else answer


def fault(text: str, namespace: str = SOAP11) -> bytes:
    """A SOAP fault."""
    return FAULT.format(namespace=namespace, text=escape(text)).encode()


def _patient(payload: Any) -> str:
    """The identity that the request asks about, where contracts have it; empty where there is none."""
    for name in PATIENT_ELEMENTS:
        for element in payload.iter(f"{{*}}{name}"):
            parts = (
                element.findtext("{*}id"),
                element.findtext("{*}extension"),
                element.get("extension"),
                element.text,
            )
            found = next((part.strip() for part in parts if part and part.strip()), "")
            if found:
                return found
    return ""


async def _body(receive: Any) -> bytes:
    content: bytes = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            return content
