"""What the consumer is told of each source: the SOAP header ProcessingStatus (AG section 9). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from vaxel.errors import ProducerFailed, Refusal
from vaxel.masking import masked
from vaxel.soap import tree

NAMESPACE = "urn:riv:interoperability:headers:1"
OMITTED = "urn:vaxel:aggregation:1"
CAUSE = "urn:vaxel:fault:1"
MAX_TEXT = 500

Agent = Literal["service_catalog", "virtualization_platform", "service_producer", "engagement_index", "other"]
_CATALOG = frozenset({"VP004", "VP005", "VP006", "VP007", "VP010"})
_LATE = ("-timeout", "aggregation.early-answer", "aggregation.deadline")
_BY_CAUSE: Mapping[str, str] = {
    "producer.circuit-open": "503",
    "producer.contract-violation": "INVALID_RESPONSE",
    "producer.response-too-large": "RESPONSE_TOO_LARGE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a source gave nothing: who is at fault, a code of section 9.2, words, and the stable cause."""

    agent: Agent
    code: str
    text: str
    cause: str
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How it went with one source; `reference` is the id of the call to it, `time` `yyyyMMddHHmmss` (AG-9.1)."""

    source: str
    time: str
    failure: Failure | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The switches of section 9: national agents and codes (AG-9.9), an empty last success (AG-9.2)."""

    legacy_codes: bool = False
    empty_synch: bool = False


def refused(refusal: Refusal) -> Failure:
    """What it means that the call to a source was refused (section 9.2)."""
    cause, code = refusal.cause, refusal.code
    agent: Agent = "virtualization_platform"
    if isinstance(refusal, ProducerFailed):
        agent = "service_producer"
        code = "504" if cause.endswith(_LATE) else _BY_CAUSE.get(cause, code)
    elif code == "VX002":
        agent, code = "service_producer", "503"
    elif code in _CATALOG:
        agent = "service_catalog"
    elif code == "VX000":
        agent, code = "other", "INTERNAL"
    return Failure(agent=agent, code=code, text=refusal.detail, cause=cause, retryable=refusal.retryable)


def faulted(code: str, text: str) -> Failure:
    """The producer answered with a SOAP fault of its own."""
    return Failure(agent="service_producer", code="500", text=f"{code}: {text}", cause="producer.fault")


def late(cause: Literal["aggregation.deadline", "aggregation.early-answer"], text: str) -> Failure:
    """No answer in time (AG-7.3, AG-7.4)."""
    return Failure(agent="service_producer", code="504", text=text, cause=cause)


def invalid(reason: str) -> Failure:
    """The answer is not one of the contract (AG-8.4)."""
    return Failure(agent="service_producer", code="INVALID_RESPONSE", text=reason, cause="producer.invalid-response")


def errored(code: str) -> Failure:
    """`resultCode` ERROR without records (AG-8.10)."""
    text = "the source answered with resultCode ERROR"
    return Failure(agent="service_producer", code=code or "ERROR", text=text, cause="producer.result-error")


def too_large() -> Failure:
    """The joined answer would be too large with it (AG-8.12)."""
    text = "the answers together are larger than they may be"
    return Failure(agent="service_producer", code="RESPONSE_TOO_LARGE", text=text, cause="aggregation.too-large")


def filtered(reason: str) -> Failure:
    """A source that was not asked, where `records` tells of it (AG-5.5)."""
    code = "VP004" if reason == "no-route" else "VP007"
    return Failure(agent="service_catalog", code=code, text=f"not asked: {reason}", cause=f"aggregation.{reason}")


def internal() -> Failure:
    """Something unexpected; the log says what."""
    return Failure(agent="other", code="INTERNAL", text="internal error", cause="internal.error")


def header(records: Iterable[Record], omitted: Mapping[str, int], wording: Wording) -> bytes:
    """The header element; with no records and nothing omitted it stands empty (AG-3.2)."""
    inside = "".join(_record(record, wording) for record in records)
    return f'<ps:ProcessingStatus xmlns:ps="{NAMESPACE}">{inside}{_omitted(omitted)}</ps:ProcessingStatus>'.encode()


def _record(record: Record, wording: Wording) -> str:
    failed = record.failure
    said: list[tuple[str, str]] = [
        ("logicalAddress", record.source),
        ("statusCode", "NoDataSynchFailed" if failed else "DataFromSource"),
        ("isResponseFromCache", "false"),
        ("isResponseInSynch", "false" if failed else "true"),
    ]
    if not failed or wording.empty_synch:
        said.append(("lastSuccessfulSynch", "" if failed else record.time))
    if failed:
        said.append(("lastUnsuccessfulSynch", record.time))
    error = _error(failed, record.reference, wording) if failed else ""
    return f"<ps:ProcessingStatusList>{_elements(said)}{error}</ps:ProcessingStatusList>"


def _error(failure: Failure, reference: str, wording: Wording) -> str:
    agent, code = (_legacy(failure)) if wording.legacy_codes else (failure.agent, failure.code)
    text = _line(failure.text)
    said = _elements([("causingAgent", agent), ("code", code), ("text", text)])
    cause = (
        f'<cause xmlns="{CAUSE}" id="{_clean(failure.cause)}" retryable="{"true" if failure.retryable else "false"}"'
        f' reference="{_clean(reference)}"/>'
    )
    return f"<ps:lastUnsuccessfulSynchError>{said}{cause}</ps:lastUnsuccessfulSynchError>"


def _legacy(failure: Failure) -> tuple[str, str]:
    return "virtualization_platform", failure.code if failure.code in {"500", "504"} else "43000"


def _omitted(omitted: Mapping[str, int]) -> str:
    if not omitted:
        return ""
    reasons = "".join(f'<reason id="{_clean(reason)}" count="{count}"/>' for reason, count in sorted(omitted.items()))
    return f'<omitted xmlns="{OMITTED}">{reasons}</omitted>'


def _elements(said: list[tuple[str, str]]) -> str:
    return "".join(f"<ps:{name}>{_clean(value)}</ps:{name}>" for name, value in said)


def _line(text: str) -> str:
    """One line, at most 500 characters, without personal identity numbers (AG-9.8)."""
    return masked(" ".join(text.split()))[:MAX_TEXT]


def _clean(text: str) -> str:
    if text.isprintable():
        return escape(text)
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer says of one source."""

    source: str
    status: str
    cause: str = ""
    text: str = ""


def read(root: Any) -> tuple[Told, ...] | None:
    """What a parsed answer says of its sources, in the header or at its end; None where it is no aggregated one."""
    header_ = next(root.iter(f"{{{NAMESPACE}}}ProcessingStatus"), None)
    if header_ is None:
        return None
    return tuple(_told(each) for each in header_.iterchildren(f"{{{NAMESPACE}}}ProcessingStatusList"))


def left_out(content: bytes) -> dict[str, int]:
    """What an answer says was left out, by reason (section 9.3)."""
    reasons = tree.document(content).iter(f"{{{OMITTED}}}reason")
    return {each.get("id"): int(each.get("count")) for each in reasons}


def _told(element: Any) -> Told:
    cause = next(element.iter(f"{{{CAUSE}}}cause"), None)
    return Told(
        source=element.findtext(f"{{{NAMESPACE}}}logicalAddress") or "",
        status=element.findtext(f"{{{NAMESPACE}}}statusCode") or "",
        cause=cause.get("id", "") if cause is not None else "",
        text=element.findtext(f"{{{NAMESPACE}}}lastUnsuccessfulSynchError/{{{NAMESPACE}}}text") or "",
    )
