"""Compiled schemas: one by one, inside their package, shared by threads (CO-7.2 to CO-7.6)."""

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from lxml import etree
from tests.contracts.build import CORE, RESPONDER, WSDL, package
from tests.contracts.test_sample import NOTES, SAMPLER, schema

from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.sample import Facts
from vaxel.contracts.schema import Schema
from vaxel.contracts.validate import validate


@contextmanager
def hurried() -> Iterator[None]:
    """Threads change places as often as they can."""
    former = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(former)


def test_it_is_compiled_once_however_many_ask() -> None:
    """CO-7.2: at most once, when first needed."""
    asked: Counter[str] = Counter()
    files = {f"p/{name}": content for name, content in package().items()}

    def resolve(name: str) -> bytes | None:
        asked[name] += 1
        return files.get(name)

    found = Schema("p", WSDL, resolve)
    assert asked.total() == 0
    with ThreadPoolExecutor(8) as pool, hurried():
        compiled = set(pool.map(lambda _: id(found.compiled()), range(100)))
    assert len(compiled) == 1
    assert asked[f"p/{WSDL}"] == 1


def test_threads_that_validate_at_once_get_their_own_findings() -> None:
    """The log of errors is state of a compiled schema: each thread must see what is wrong with its own message."""
    shared = schema()
    catalogue = Catalogue([("example:care:notes", NOTES)], {NOTES.namespace.lower(): shared})

    def violations(number: int) -> bool:
        root = SAMPLER.payload(Facts(repeats=40, seed=number % 7), response=True).root
        wrong = number % 4
        for record in root.findall("{*}note")[:wrong]:
            record.find("{*}code").text = f"wrong {number}"
        found = validate(catalogue, NOTES, root, response=True)
        paths = [each.path for each in found]
        return paths == [f"GetNotesResponse/note[{position}]/code" for position in range(1, wrong + 1)]

    with ThreadPoolExecutor(8) as pool, hurried():
        assert all(pool.map(violations, range(400)))


def test_a_file_outside_the_package_is_never_asked_for() -> None:
    """CO-7.6."""
    asked = set()

    def resolve(name: str) -> bytes | None:
        asked.add(name)
        return files.get(name)

    locations = ("../../../q/a.xsd", "http://127.0.0.1:1/a.xsd", "file:///etc/passwd", "/etc/passwd", "//host/a.xsd")
    extra = "".join(f'<xs:import namespace="urn:x:{n}" schemaLocation="{each}"/>' for n, each in enumerate(locations))
    files = {f"p/{name}": content for name, content in package().items()}
    files[f"p/{RESPONDER}"] = files[f"p/{RESPONDER}"].replace(b"<xs:import", extra.encode() + b"<xs:import", 1)
    found = Schema("p", WSDL, resolve)
    assert "Failed to locate a schema" in found.unusable
    found.structure()
    assert asked <= set(files)


@pytest.mark.parametrize("declaration", ["<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY a "b">]>'])
def test_a_schema_with_a_document_type_is_not_read(declaration: str) -> None:
    files = package()
    files[CORE] = files[CORE].replace(b"<xs:schema", declaration.encode() + b"<xs:schema", 1)
    assert "does not compile" in schema(files).unusable


def test_every_element_of_a_message_part_must_be_declared() -> None:
    """CO-7.3: libxml2 compiles a schema without them."""
    files = package()
    files[WSDL] = files[WSDL].replace(b'element="r:GetNotesResponse"', b'element="r:NotThere"')
    assert schema(files).unusable == f"does not declare {{{NOTES.namespace}}}NotThere"


def test_without_inline_schema_there_is_nothing_to_compile() -> None:
    files = package()
    files[WSDL] = etree.tostring(_without_types(files[WSDL]))
    assert schema(files).unusable == "the WSDL has no inline schema"
    assert "is not there" in Schema("p", "absent.wsdl", lambda _: None).unusable


def _without_types(content: bytes) -> etree._Element:
    root = etree.fromstring(content)
    root.remove(root.find("{*}types"))  # type: ignore[arg-type]
    return root
