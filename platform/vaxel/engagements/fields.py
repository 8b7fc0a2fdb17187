"""The fields of an engagement as they stand on the wire: names, order, limits (engagement_index.md section 3). Pure."""

from dataclasses import dataclass

from vaxel.engagements.model import Engagement

CORE = "urn:riv:itintegration:engagementindex:1"


def responder(name: str) -> str:
    """The namespace of one of the index's contracts."""
    return f"urn:riv:itintegration:engagementindex:{name}Responder:1"


UPDATE, NOTIFY, FIND, CHANGES = (
    responder(name) for name in ("Update", "ProcessNotification", "FindContent", "GetUpdates")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One element: its name on the wire, the attribute of `Engagement`, its longest value in characters.

    `mandatory` as for ProcessNotification: an Update's owner is set before it is checked. `date` where it is
    `YYYYMMDDhhmmss`.
    """

    name: str
    attribute: str
    longest: int
    mandatory: bool = False
    date: bool = False


FIELDS = (
    Field(
        name="registeredResidentIdentification",
        attribute="registered_resident_identification",
        longest=32,
        mandatory=True,
    ),
    Field(name="serviceDomain", attribute="service_domain", longest=255, mandatory=True),
    Field(name="categorization", attribute="categorization", longest=255, mandatory=True),
    Field(name="logicalAddress", attribute="logical_address", longest=64, mandatory=True),
    Field(
        name="businessObjectInstanceIdentifier",
        attribute="business_object_instance_identifier",
        longest=128,
        mandatory=True,
    ),
    Field(name="clinicalProcessInterestId", attribute="clinical_process_interest_id", longest=128, mandatory=True),
    Field(name="mostRecentContent", attribute="most_recent_content", longest=14, date=True),
    Field(name="sourceSystem", attribute="source_system", longest=64, mandatory=True),
    Field(name="creationTime", attribute="creation_time", longest=14, date=True),
    Field(name="updateTime", attribute="update_time", longest=14, date=True),
    Field(name="dataController", attribute="data_controller", longest=64, mandatory=True),
    Field(name="owner", attribute="owner", longest=64, mandatory=True),
)
"""In the order of the schema."""

BY_NAME = {field.name: field for field in FIELDS}
FILTERS = tuple(field for field in FIELDS if field.attribute not in {"creation_time", "update_time"})
"""What a FindContent may state (EI-6.2)."""


def value(engagement: Engagement, field: Field) -> str:
    """A field's value; empty where absent."""
    found: str = getattr(engagement, field.attribute)
    return found
