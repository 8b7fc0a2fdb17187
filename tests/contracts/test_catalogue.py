"""The catalogue in memory: found without case, by namespace or name (CO-3.1, CO-3.4, CO-9.8)."""

from steps import CONTRACT, entry

from vaxel.contracts.catalogue import Catalogue

OLD = entry(version="9.0", namespace="urn:riv:a:b:GetXResponder:9")
NEW = entry(version="10.1", namespace="urn:riv:a:b:GetXResponder:10")
OTHER = entry(name="Other")
CATALOGUE = Catalogue([("a:b", OLD), ("a:b", NEW), ("c:d", OTHER)])


def test_a_contract_is_found_in_any_case() -> None:
    """CO-9.8: the entry keeps its spelling."""
    assert CATALOGUE.get(CONTRACT.upper()) is OTHER
    assert OTHER.namespace == CONTRACT
    assert CATALOGUE.get("urn:x") is None


def test_a_name_stands_for_the_newest() -> None:
    """Versions are numbers: 10.1 is newer than 9.0."""
    assert CATALOGUE.named("getx") is NEW
    assert CATALOGUE.named(OLD.namespace) is OLD
    assert CATALOGUE.named("GetY") is None


def test_domains_namespaces_and_schemas() -> None:
    assert (CATALOGUE.domain(OTHER), CATALOGUE.domain(NEW)) == ("c:d", "a:b")
    assert CATALOGUE.namespaces == {OLD.namespace.lower(), NEW.namespace.lower(), CONTRACT.lower()}
    assert (len(CATALOGUE), list(CATALOGUE)) == (3, [OLD, NEW, OTHER])
    assert CATALOGUE.schema(OTHER) is None
