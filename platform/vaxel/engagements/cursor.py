"""Pages of FindContent: the order of rows, and a cursor that is bound to its query (EI-6.3, EI-6.5). Pure."""

import base64
import binascii
import hashlib

import orjson

from vaxel.engagements.fields import FILTERS, value
from vaxel.engagements.model import Engagement
from vaxel.errors import IndexSchema

Key = tuple[str, ...]
ORDER = (
    "categorization",
    "logical_address",
    "source_system",
    "business_object_instance_identifier",
    "clinical_process_interest_id",
    "data_controller",
    "owner",
)
"""With resident and domain, which a query states, the identity in the order of EI-6.3."""
_DIGEST = 16


def key(engagement: Engagement) -> Key:
    """Where a row stands in the order."""
    return tuple(getattr(engagement, name) for name in ORDER)


def cursor(wanted: Engagement, last: Engagement) -> str:
    """Opaque text to go on after a row."""
    return base64.urlsafe_b64encode(orjson.dumps([_bound(wanted), *key(last)])).decode()


def after(wanted: Engagement, text: str) -> Key | None:
    """Where to go on; None from the start. Raises `IndexSchema` for a cursor of another query, or none of ours."""
    if not text:
        return None
    try:
        bound, *found = orjson.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        bound, found = "", []
    if bound != _bound(wanted) or len(found) != len(ORDER) or not all(isinstance(each, str) for each in found):
        raise IndexSchema("the cursor belongs to another query", fields={"field": "page/@cursor"})
    return tuple(found)


def _bound(wanted: Engagement) -> str:
    stated = "\0".join(value(wanted, field) for field in FILTERS)
    return hashlib.sha256(stated.encode()).hexdigest()[:_DIGEST]
