from rows import row

from vaxel.engagements.fields import BY_NAME, FIELDS, FILTERS, UPDATE, value


def test_the_limits_are_those_of_section_3() -> None:
    limits = {field.name: field.longest for field in FIELDS}
    assert limits == {
        "registeredResidentIdentification": 32,
        "serviceDomain": 255,
        "categorization": 255,
        "logicalAddress": 64,
        "businessObjectInstanceIdentifier": 128,
        "clinicalProcessInterestId": 128,
        "mostRecentContent": 14,
        "sourceSystem": 64,
        "creationTime": 14,
        "updateTime": 14,
        "dataController": 64,
        "owner": 64,
    }
    assert {field.name for field in FIELDS if not field.mandatory} == {
        "mostRecentContent",
        "creationTime",
        "updateTime",
    }


def test_filters_are_all_but_the_index_times() -> None:
    """EI-6.2."""
    assert {field.name for field in FIELDS} - {field.name for field in FILTERS} == {"creationTime", "updateTime"}
    assert value(row(owner="SE-X"), BY_NAME["owner"]) == "SE-X"
    assert UPDATE == "urn:riv:itintegration:engagementindex:UpdateResponder:1"
