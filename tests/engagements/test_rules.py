from rows import DOMAIN, row

from vaxel.contracts.entry import IndexRules
from vaxel.engagements.rules import breaches

RULES = {
    DOMAIN: IndexRules(
        categorizations=("dia", "voo"),
        equal={"logicalAddress": "sourceSystem"},
        fixed={"clinicalProcessInterestId": "NA"},
    )
}


def test_breaches_name_their_fields() -> None:
    """Section 10."""
    assert list(breaches(row(), RULES)) == []
    bad = row(categorization="xyz", logical_address="SE-1", clinical_process_interest_id="1")
    assert list(breaches(bad, RULES)) == ["categorization", "logicalAddress", "clinicalProcessInterestId"]


def test_a_domain_without_rules_has_none() -> None:
    assert list(breaches(row(service_domain="riv:other", categorization="xyz"), RULES)) == []
