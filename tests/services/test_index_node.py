from rows import OWN

from vaxel.directory.model import Address, assemble
from vaxel.services.index_node import reserved


def test_no_engagement_names_the_index_or_the_platform() -> None:
    """EI-4.4."""
    directory = assemble((Address(id=OWN, name="x", kind="platform"),), (), (), ())
    assert reserved(directory, "SE-INDEX") == {OWN.lower(), "se-index"}
