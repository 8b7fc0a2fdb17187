"""What packages share says on the wire what the published files say, also where no contract of ours uses it.

Wildcards and xsi:type reach components that no message names (docs/adr/0008).
"""

import pytest
from tests.conformance import schema_comparison as compare
from tests.conformance.published import RIVTA, ROOT, with_reference_data
from xmlschema import XMLSchema10

HEADERS = "interoperability.headers/1.0/core_components/interoperability_headers_1.0.xsd"
SHARED = [
    "ehr.accesscontrol/1.0/core_components/ehr_accesscontrol_1.0.xsd",
    "ehr.blocking/3.2/core_components/accesscontrol/ehr_blockingaccesscontrol_3.0.xsd",
    "ehr.blocking/3.2/interactions/administration/ehr_administration_2.0.xsd",
    "ehr.log/1.2/core_components/querying/ehr_logquerying_1.1.xsd",
    "ehr.log/1.2/core_components/store/ehr_logstore_1.0.xsd",
    "informationsecurity.auditing.log/2.0/core_components/informationsecurity_auditing_log_2.0.xsd",
    "informationsecurity.authorization.blocking/4.0/core_components/informationsecurity_authorization_blocking_4.0.xsd",
    "informationsecurity.authorization.consent/2.0/core_components/informationsecurity_authorization_consent_2.0.xsd",
    "infrastructure.itintegration.registry/2.0/core_components/infrastructure_itintegration_registry_2.0.xsd",
    HEADERS,
]


def components(folder: str, file: str) -> dict[str, compare.Description]:
    root = ROOT / "schemas" if folder == "ours" else RIVTA
    return compare.described_globals(XMLSchema10(str(root / file)))


@with_reference_data
@pytest.mark.parametrize("file", SHARED, ids=lambda file: file.rpartition("/")[2])
def test_global_components_equal_the_published_ones(file: str) -> None:
    own, published = components("ours", file), components("published", file)
    assert own.keys() == published.keys()
    assert [line for name in own for line in compare.differences(published[name], own[name])] == []


def test_the_headers_beside_the_address_are_declared() -> None:
    """`Actor` of requests and `ProcessingStatus` of aggregated answers (contracts.md section 5.1)."""
    declared = components("ours", HEADERS).keys()
    for name in ("Actor", "ProcessingStatus"):
        assert f"element {{urn:riv:interoperability:headers:1}}{name}" in declared
