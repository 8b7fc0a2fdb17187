"""Where a violation is, in messages that write their prefixes as they like."""

from pathlib import Path

import pytest
from rows import row, update

from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.load import load
from vaxel.contracts.sample import envelope
from vaxel.contracts.validate import validate
from vaxel.home import Home
from vaxel.soap import tree

HOME = Home(path=Path(__file__).parents[2])


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(HOME.contract_files(), HOME.schema).catalogue


@pytest.mark.parametrize("prefix", ["c", "soap", "x.1"])
def test_a_path_names_the_element_whatever_its_prefix(catalogue: Catalogue, prefix: str) -> None:
    """CO-7.8: also where the prefix is bound below the envelope, or means something else above."""
    payload = (
        update(row(), row(most_recent_content="x")).replace("c:", f"{prefix}:").replace("xmlns:c=", f"xmlns:{prefix}=")
    )
    contract = catalogue.named("Update")
    assert contract is not None
    (found,) = validate(catalogue, contract, tree.parse(envelope(payload, "SE-1")).payload, response=False)
    assert (found.rule, found.path) == ("pattern-valid", "Update/engagementTransaction[2]/engagement/mostRecentContent")
