"""Everything that the loaders find in a home: what `check` prints and `doctor` counts."""

from vaxel.contracts.load import load, unusable
from vaxel.directory.load import load_directory
from vaxel.errors import DataError, Finding
from vaxel.home import Home
from vaxel.settings import Settings, swedish_day


def judged(home: Home, settings: Settings) -> tuple[Finding, ...]:
    """Every finding of catalogue and directory, errors and warnings."""
    findings: list[Finding] = []
    contracts: frozenset[str] = frozenset()
    files = home.contract_files()
    try:
        loaded = load(files, home.schema, frozenset(settings.schema_compat))
    except DataError as error:
        findings += error.findings
    else:
        contracts = frozenset(loaded.catalogue.namespaces)
        findings += [*loaded.findings, *unusable(loaded.catalogue, files)]
    try:
        findings += load_directory(home.directory_files(), contracts, swedish_day()).warnings
    except DataError as error:
        findings += error.findings
    return tuple(findings)
