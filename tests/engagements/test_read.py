import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import DOMAIN, RESIDENT, parsed, row, rows, update, xml

from vaxel.engagements import read, write
from vaxel.engagements.fields import CORE, FIND, UPDATE
from vaxel.engagements.model import Transaction
from vaxel.errors import IndexSchema
from vaxel.soap import tree


@given(st.lists(st.tuples(rows, st.booleans()), max_size=5))
def test_what_is_written_is_read(found: list[tuple[object, bool]]) -> None:
    told = tuple(Transaction(engagement=each, delete=delete) for each, delete in found)  # type: ignore[arg-type]
    payload = tree.parse(write.notification("SE-X", told)).payload
    assert read.transactions(payload) == told


def test_elements_of_other_namespaces_are_ignored() -> None:
    """EI-3.7."""
    text = update(row()).replace("</c:engagement>", '<x:more xmlns:x="urn:x"><x:a/></x:more></c:engagement>')
    assert read.transactions(parsed(text)) == (Transaction(engagement=row()),)


def test_a_flag_is_true_in_both_spellings() -> None:
    text = update(row(), row(categorization="voo"), delete=True).replace(">true<", "> 1 <", 1)
    assert [each.delete for each in read.transactions(parsed(text))] == [True, True]


def test_a_transaction_without_engagement_is_empty() -> None:
    payload = parsed(f'<Update xmlns="{UPDATE}"><engagementTransaction/></Update>')
    assert read.transactions(payload)[0].engagement.service_domain == ""


def find(more: str = "") -> str:
    return (
        f'<FindContent xmlns="{FIND}"><registeredResidentIdentification>{RESIDENT}</registeredResidentIdentification>'
        f"<serviceDomain>{DOMAIN}</serviceDomain>{more}</FindContent>"
    )


def test_a_query_states_what_it_states() -> None:
    found = read.query(parsed(find("<categorization>dia</categorization>")))
    assert (found.wanted.registered_resident_identification, found.wanted.service_domain) == (RESIDENT, DOMAIN)
    assert (found.wanted.categorization, found.wanted.owner, found.page, found.cursor) == ("dia", "", None, "")


def test_a_page_is_read() -> None:
    found = read.query(parsed(find(f'<p:page xmlns:p="{read.PAGING}" size="10" cursor="abc"/>')))
    assert (found.page, found.cursor) == (10, "abc")


@pytest.mark.parametrize("size", ["", "0", "10001", "-1", "ten", "²"])
def test_a_page_that_cannot_be(size: str) -> None:
    """EI-6.5."""
    with pytest.raises(IndexSchema):
        read.query(parsed(find(f'<p:page xmlns:p="{read.PAGING}" size="{size}"/>')))


def test_core_is_the_namespace_of_fields() -> None:
    assert CORE in xml(row()).replace("c:", CORE)
