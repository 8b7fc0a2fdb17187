"""Everything that the loaders find in a home: what `check` prints and `doctor` counts."""

from collections.abc import Iterator, Mapping

from vaxel import documents
from vaxel.contracts import fit
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.load import load, unusable, where
from vaxel.contracts.sample import Facts, Sampler
from vaxel.contracts.schema import Schema
from vaxel.contracts.structure import Structure
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
        findings += loaded.findings
        for contract in loaded.catalogue:
            findings += contract_findings(loaded.catalogue, contract, files)
    try:
        findings += load_directory(home.directory_files(), contracts, swedish_day()).warnings
    except DataError as error:
        findings += error.findings
    return tuple(findings)


def contract_findings(
    catalogue: Catalogue, contract: Contract, files: Mapping[str, bytes], *, samples: bool = False
) -> Iterator[Finding]:
    """What is wrong between an entry and its schema (CO-7.4, CO-9.2); with `samples`, whether both can be sampled."""
    found = unusable(catalogue, contract, files)
    schema = catalogue.schema(contract)
    if found is not None or schema is None:
        yield from [found] if found else []
        return
    structure = schema.structure()
    yield from (finding for _, finding in fit.findings(catalogue, contract, files))
    file, line = where(files, contract)
    for response in (False, True) if samples else ():
        name = contract.response if response else contract.request
        wrong = _sample_errors(contract, schema, structure, response=response)
        if wrong:
            yield documents.finding(
                "contract.sample", file, line, f"no sample of {name} is valid: {wrong}", "report this"
            )


def _sample_errors(contract: Contract, schema: Schema, structure: Structure, *, response: bool) -> str:
    try:
        errors = schema.errors(Sampler(contract, structure).payload(Facts(), response=response).root)
    except ValueError as error:
        return str(error)
    return errors[0].message if errors else ""
