"""What the index knows: which source system holds something about whom (engagement_index.md section 3). Pure."""

import hashlib
from dataclasses import dataclass

NOT_USED = "NA"
"""Stands where a business object or an interest does not apply."""

Identity = tuple[str, str, str, str, str, str, str, str, str]
"""The nine fields of EI-3.3 in their order, with `NA` for an empty one of the three that may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """One row of the index: a reference, never clinical content. Empty where absent.

    `most_recent_content`, `creation_time` and `update_time` are `YYYYMMDDhhmmss` in Swedish time.
    """

    registered_resident_identification: str
    service_domain: str
    categorization: str
    logical_address: str
    business_object_instance_identifier: str
    clinical_process_interest_id: str
    source_system: str
    data_controller: str
    owner: str = ""
    most_recent_content: str = ""
    creation_time: str = ""
    update_time: str = ""

    @property
    def identity(self) -> Identity:
        """What makes it this engagement and no other (EI-3.3, EI-3.5)."""
        return (
            self.registered_resident_identification,
            self.service_domain,
            self.categorization or NOT_USED,
            self.logical_address,
            self.business_object_instance_identifier or NOT_USED,
            self.source_system,
            self.data_controller,
            self.owner,
            self.clinical_process_interest_id or NOT_USED,
        )

    @property
    def exchange_key(self) -> str:
        """SHA-256 in hex over the nine fields without separator, as national indexes write it (EI-3.4)."""
        return hashlib.sha256("".join(self.identity).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """An engagement that there is, or with `delete` no longer is."""

    engagement: Engagement
    delete: bool = False
