"""Engagements for tests: made of few values, so that identities meet."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from vaxel.contracts.sample import envelope
from vaxel.engagements.fields import CORE, FIELDS, UPDATE, value
from vaxel.engagements.model import Engagement, Transaction
from vaxel.soap import tree

OWN = "SE5565594230-VAXEL"
DOMAIN = "riv:clinicalprocess:healthcond:description"
RESIDENT = "191212121212"

ROW = Engagement(
    registered_resident_identification=RESIDENT,
    service_domain=DOMAIN,
    categorization="dia",
    logical_address="SE2321000016-39KJ",
    business_object_instance_identifier="NA",
    clinical_process_interest_id="NA",
    source_system="SE2321000016-39KJ",
    data_controller="SE2321000016-0000",
    owner=OWN,
    most_recent_content="20260102030405",
)


def row(**changed: str) -> Engagement:
    return replace(ROW, **changed)


def wanted(**stated: str) -> Engagement:
    """A query: empty but for resident and domain."""
    empty = {field.attribute: "" for field in FIELDS}
    known = {"registered_resident_identification": RESIDENT, "service_domain": DOMAIN}
    return Engagement(**(empty | known | stated))


def xml(found: Engagement, *, delete: bool = False, extra: str = "") -> str:
    fields = "".join(
        f"<c:{f.name}>{value(found, f)}</c:{f.name}>" for f in FIELDS if value(found, f) or f.name in extra
    )
    flag = "true" if delete else "false"
    return f"<engagementTransaction><c:deleteFlag>{flag}</c:deleteFlag><c:engagement>{fields}</c:engagement></engagementTransaction>"


def update(*found: Engagement, delete: bool = False, contract: str = UPDATE, name: str = "Update") -> str:
    inner = "".join(xml(each, delete=delete) for each in found)
    return f'<{name} xmlns="{contract}" xmlns:c="{CORE}">{inner}</{name}>'


def parsed(payload: str) -> Any:
    return tree.parse(envelope(payload, OWN)).payload


rows = st.builds(
    row,
    registered_resident_identification=st.sampled_from([RESIDENT, "191001239803", "191001309812"]),
    categorization=st.sampled_from(["dia", "voo"]),
    source_system=st.sampled_from(["SE-A", "SE-B"]),
    owner=st.sampled_from([OWN, "SE-OTHER"]),
    most_recent_content=st.sampled_from(["", "20250101000000", "20260101000000"]),
)
transactions = st.builds(Transaction, engagement=rows, delete=st.booleans())
