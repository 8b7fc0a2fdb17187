"""Messages of the index's contracts as bytes, escaped, in the order of the schema. Pure."""

from collections.abc import Iterable
from html import escape

from vaxel.engagements.fields import CHANGES, CORE, FIELDS, FIND, NOTIFY, value
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.read import PAGING
from vaxel.soap.names import REGISTRY_1, SOAP11

HEAD = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP11}"><s:Body>'.encode()
TAIL = b"</s:Body></s:Envelope>"
FIND_HEAD = HEAD + f'<FindContentResponse xmlns="{FIND}" xmlns:c="{CORE}">'.encode()
FIND_TAIL = b"</FindContentResponse>" + TAIL


def engagement(found: Engagement, name: str = "engagement") -> str:
    """One engagement; `c` stands for the core namespace."""
    fields = "".join(
        f"<c:{field.name}>{escape(text, quote=False)}</c:{field.name}>"
        for field in FIELDS
        if (text := value(found, field))
    )
    return f"<{name}>{fields}</{name}>"


def engagements(found: Iterable[Engagement]) -> bytes:
    """Engagements, one after the other."""
    return "".join(map(engagement, found)).encode()


def next_page(cursor: str) -> bytes:
    """Where more follows (EI-6.5)."""
    return f'<nextPage xmlns="{PAGING}" cursor="{escape(cursor)}"/>'.encode() if cursor else b""


def result(contract: str, name: str) -> bytes:
    """`ResultCode` OK of Update or ProcessNotification."""
    return HEAD + f'<{name}Response xmlns="{contract}"><ResultCode>OK</ResultCode></{name}Response>'.encode() + TAIL


def updates(found: Iterable[tuple[str, tuple[Engagement, ...]]], *, complete: bool) -> bytes:
    """A GetUpdates answer: each resident with all it has, or nothing (EI-7.2)."""
    residents = "".join(
        "<registeredResidentEngagement>"
        f"<registeredResidentIdentification>{escape(resident, quote=False)}</registeredResidentIdentification>"
        f"{''.join(map(engagement, rows))}</registeredResidentEngagement>"
        for resident, rows in found
    )
    whole = "true" if complete else "false"
    text = f"<responseIsComplete>{whole}</responseIsComplete>{residents}"
    head = f'<GetUpdatesResponse xmlns="{CHANGES}" xmlns:c="{CORE}">'
    return HEAD + f"{head}{text}</GetUpdatesResponse>".encode() + TAIL


def notification(receiver: str, told: Iterable[Transaction]) -> bytes:
    """A ProcessNotification to a subscriber (EI-8.4)."""
    inner = "".join(
        f"<engagementTransaction><c:deleteFlag>{'true' if each.delete else 'false'}</c:deleteFlag>"
        f"{engagement(each.engagement, 'c:engagement')}</engagementTransaction>"
        for each in told
    )
    return addressed(receiver, f'<ProcessNotification xmlns="{NOTIFY}" xmlns:c="{CORE}">{inner}</ProcessNotification>')


def asking(receiver: str, domain: str, since: str, after: str = "") -> bytes:
    """A GetUpdates to a source (EI-7.6)."""
    last = f"<registeredResidentLastFetched>{after}</registeredResidentLastFetched>" if after else ""
    return addressed(
        receiver,
        f'<GetUpdates xmlns="{CHANGES}"><serviceDomain>{escape(domain, quote=False)}</serviceDomain>'
        f"<timeStamp>{since}</timeStamp>{last}</GetUpdates>",
    )


def addressed(receiver: str, payload: str) -> bytes:
    """A request's envelope in BP 2.1."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP11}"><s:Header>'
        f'<r:LogicalAddress xmlns:r="{REGISTRY_1}">{escape(receiver, quote=False)}</r:LogicalAddress></s:Header>'
        f"<s:Body>{payload}</s:Body></s:Envelope>"
    ).encode()
