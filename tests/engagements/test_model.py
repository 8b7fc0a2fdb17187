import hashlib

from rows import OWN, row


def test_an_empty_categorization_object_or_interest_is_na() -> None:
    """EI-3.3."""
    bare = row(categorization="", business_object_instance_identifier="", clinical_process_interest_id="")
    assert bare.identity == row(categorization="NA").identity


def test_the_exchange_key_is_that_of_national_indexes() -> None:
    """EI-3.4: SHA-256 over the nine fields in order, without separator."""
    text = (
        "191212121212riv:clinicalprocess:healthcond:descriptiondiaSE2321000016-39KJNA"
        f"SE2321000016-39KJSE2321000016-0000{OWN}NA"
    )
    assert row().exchange_key == hashlib.sha256(text.encode()).hexdigest()


def test_shifted_characters_are_other_identities() -> None:
    """EI-3.5: equal keys, unequal identities."""
    one, other = row(source_system="SE-AB", data_controller="C"), row(source_system="SE-A", data_controller="BC")
    assert one.exchange_key == other.exchange_key
    assert one.identity != other.identity


def test_times_are_no_part_of_the_identity() -> None:
    assert row(most_recent_content="", creation_time="20200101000000").identity == row().identity
