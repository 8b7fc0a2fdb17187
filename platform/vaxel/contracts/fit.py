"""Does a catalogue entry fit its schema: every stated path and element is there (CO-9.2). Pure."""

from collections.abc import Iterator, Mapping

from vaxel import documents
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.derive import LAYOUTS, header
from vaxel.contracts.describe import Described, Node, describe
from vaxel.contracts.entry import Contract, Records
from vaxel.contracts.load import where
from vaxel.errors import DataError, Finding

REMEDY = "state it as the schema has it"


def fitted(
    catalogue: Catalogue, files: Mapping[str, bytes], former: Catalogue | None
) -> tuple[Catalogue, tuple[Finding, ...]]:
    """The catalogue without entries that do not fit their schema, and an error for each.

    A contract keeps its last good entry, that of `former`; without one its calls are refused as unknown.
    """
    found = [each for contract in catalogue for each in findings(catalogue, contract, files)]
    bad = {namespace.lower() for namespace, _ in found}
    return (catalogue.keeping(bad, former) if bad else catalogue), tuple(finding for _, finding in found)


def findings(catalogue: Catalogue, contract: Contract, files: Mapping[str, bytes]) -> Iterator[tuple[str, Finding]]:
    """Namespace and error for whatever an entry states and its schema, where it has one, does not have."""
    stated = (contract.patient, contract.records, contract.aggregation, *contract.filters.__dict__.values())
    schema = catalogue.schema(contract)
    if schema is None or not any(stated):
        return
    try:
        described = describe(contract, schema.structure())
    except (DataError, ValueError):
        return  # what cannot be used is told as that (CO-7.4)
    file, line = where(files, contract)
    for what in misfits(contract, described):
        text = f"{contract.name}: {what}"
        yield contract.namespace, documents.finding("contract.misfit", file, line, text, REMEDY)


def misfits(contract: Contract, described: Described) -> Iterator[str]:
    """What an entry states and its schema does not have, one text for each."""
    for key, path in _request_paths(contract):
        if described.request.child(*path) is None:
            yield f"{key} is {'/'.join(path)}, which {contract.request} does not have"
    if contract.records is not None:
        yield from _records(contract.records, contract.response, described.response)


def _request_paths(contract: Contract) -> Iterator[tuple[str, tuple[str, ...]]]:
    filters = contract.filters
    stated = {
        "patient": contract.patient,
        "filters.care_unit": filters.care_unit,
        "filters.care_provider": filters.care_provider,
        "filters.period": filters.period,
    }
    yield from ((key, path) for key, path in stated.items() if path)
    if contract.aggregation is not None:
        if contract.aggregation.source_filter:
            yield "aggregation.source_filter", tuple(contract.aggregation.source_filter.split("/"))
        for path in (*contract.aggregation.refuse, *contract.aggregation.rewrite):
            yield "aggregation", tuple(path.split("/"))


def _records(records: Records, name: str, response: Node) -> Iterator[str]:
    found = response.child(records.list)
    for also in records.also:
        if response.child(also) is None:
            yield f"records.also is {also}, which {name} does not have"
    if found is None:
        yield f"records.list is {records.list}, which {name} does not have"
        return
    if records.header in LAYOUTS and header(found) != records.header:
        yield f"records.header is {records.header}, but {records.list} has not the fields of that layout"
    for key, path in records.fields.items():
        if found.child(*path.split("/")) is None:
            yield f"records.fields.{key} is {path}, which {records.list} does not have"
