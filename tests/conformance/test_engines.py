"""Two engines, one verdict: lxml decides, xmlschema may explain, and where they differ has a name (CO-7.8).

`VAXEL_TEST_MESSAGES` is how many generated messages are judged, half of them damaged.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests.conformance import schema_comparison as compare
from tests.conformance.message_mutations import DAMAGES
from tests.conformance.published import RIVTA, body_element, example_bodies, with_reference_data
from xmlschema import XMLSchema10

from vaxel.adapters.packages import read
from vaxel.contracts.compatibility import compatible
from vaxel.contracts.damage import mutants
from vaxel.contracts.describe import describe
from vaxel.contracts.entry import Contract
from vaxel.contracts.package import examined
from vaxel.contracts.sample import Facts, Sampler
from vaxel.contracts.schema import Schema
from vaxel.contracts.structure import Structure
from vaxel.contracts.wsdl import inline_schemas
from vaxel.errors import DataError

MESSAGES = int(os.environ.get("VAXEL_TEST_MESSAGES", "3000"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A message with both verdicts: the errors that each engine has, empty when it accepts."""

    message: Any
    fast: list[str]
    second: list[str]

    @property
    def agreed(self) -> bool:
        return bool(self.fast) == bool(self.second)

    def __str__(self) -> str:
        return f"{self.message.tag}: lxml {self.fast[:2]}, xmlschema {self.second[:2]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """One contract in both engines, with its structure for samples."""

    contract: Contract
    schema: Schema
    structure: Structure
    model: XMLSchema10

    def judge(self, message: Any) -> Judged:
        fast = [error.message for error in self.schema.errors(message)]
        second = [str(error.reason) for error in self.model.iter_errors(message)]
        return Judged(message=message, fast=fast, second=second)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> list[Engines]:
    """Every published contract that compiles; both engines read it with the compatibility rules applied."""
    folder = tmp_path_factory.mktemp("packages")
    found = []
    for package in sorted(RIVTA.glob("*/*/")):
        try:
            files = {name: compatible(content) for name, content in examined(read(package)).files.items()}
            interactions = examined(files).interactions
        except DataError:
            continue
        place = folder / package.parent.name / package.name
        for name, content in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        for wsdl in interactions:
            schema = Schema("p", wsdl.file, {f"p/{name}": content for name, content in files.items()}.get)
            if schema.unusable:
                continue
            contract = Contract(name=wsdl.name, version=wsdl.version, package="p", namespace=wsdl.namespace,
                                wsdl=wsdl.file, request=wsdl.request, response=wsdl.response)  # fmt: skip
            found.append(
                Engines(contract=contract, schema=schema, structure=schema.structure(), model=second(place / wsdl.file))
            )
    return found


def second(wsdl: Path) -> XMLSchema10:
    inline = etree.tostring(inline_schemas(etree.parse(wsdl).getroot())[0], encoding="unicode", with_tail=False)
    return XMLSchema10(inline, base_url=f"{wsdl.parent.as_uri()}/", allow="local", defuse="always")


def generated(engine: Engines) -> Iterator[Any]:
    """Valid messages and damaged ones in turn without end, the same each time."""
    chance = random.Random(engine.contract.namespace)  # noqa: S311 - repeatable
    sampler = Sampler(engine.contract, engine.structure)
    for number in count():
        facts = Facts(seed=number, share=chance.choice((0, 0.3, 0.6, 1)), repeats=chance.randint(1, 2))
        payload = sampler.payload(facts, response=bool(number % 2))
        yield payload.root
        if number % 4 < 2:
            yield from (
                each.root for each in islice(mutants(payload, engine.structure, chance, (chance.choice(RULES),)), 1)
            )
        else:
            yield damaged(payload.root, chance)


RULES = (
    "missing",
    "repeated",
    "unknown",
    "namespace",
    "order",
    "enumeration",
    "pattern",
    "length",
    "kind",
    "attribute",
)


def damaged(root: Any, chance: random.Random) -> Any:
    made = deepcopy(root)
    DAMAGES[chance.choice(list(DAMAGES))](chance.choice(list(made.iter("*"))))
    return made


def content_of_base64(judged: Judged) -> bool:
    """lxml takes any text as `xs:base64Binary`, as real producers need who write `cid:…` there."""
    return not judged.fast and all("xs:base64Binary" in error for error in judged.second)


def text_in_empty_content(judged: Judged) -> bool:
    """xmlschema overlooks text in an element of a type with no content, or of wildcards only."""
    return not judged.second and all("Character content" in error for error in judged.fast)


def malformed_uri(judged: Judged) -> bool:
    """xmlschema takes a text as `xs:anyURI` that is no URI."""
    return not judged.second and all("xs:anyURI" in error for error in judged.fast)


def own_after_foreign(judged: Judged) -> bool:
    """lxml takes `own*, any ##other*` in any order, where a message has foreign elements before its own."""
    parents = [node for node in judged.message.iter("*") if _foreign_first(node)]
    return not judged.fast and bool(parents) and all("Unexpected child" in error for error in judged.second)


def _foreign_first(node: Any) -> bool:
    spaces = [etree.QName(child).namespace for child in node.iterchildren("*")]
    own = etree.QName(node).namespace
    return any(earlier != own and later == own for earlier, later in pairwise(spaces))


# Where the engines differ, by name (CO-7.8). A difference without a name fails.
DIFFERENCES: dict[str, Callable[[Judged], bool]] = {
    "base64-content": content_of_base64,
    "text-in-empty-content": text_in_empty_content,
    "own-after-foreign": own_after_foreign,
    "malformed-uri": malformed_uri,
}


NO_URI = (
    '<r:{0}Response xmlns:r="{1}"><r:serviceContractNamespace><ServiceContractNamespace xmlns="'
    'urn:riv:infrastructure:itintegration:registry:2">%%% [</ServiceContractNamespace></r:serviceContractNamespace></r:{0}Response>'
)
FOREIGN_FIRST = (
    '<r:{0}Response xmlns:r="{1}"><o:x xmlns:o="urn:o"/><r:logicalAddressRecord><r:logicalAddress>A</r:logicalAddress>'
    "</r:logicalAddressRecord></r:{0}Response>"
)


def named(judged: Judged) -> str | None:
    return next((name for name, holds in DIFFERENCES.items() if holds(judged)), None)


@with_reference_data
def test_generated_messages_and_mutants_get_one_verdict(engines: list[Engines]) -> None:
    share = -(-MESSAGES // len(engines))
    judged = [engine.judge(message) for engine in engines for message in islice(generated(engine), share)]
    unnamed = [each for each in judged if not each.agreed and named(each) is None]
    assert unnamed == [], "\n".join(map(str, unnamed))
    accepted = sum(not each.fast for each in judged)
    print(f"{len(judged)} messages, {accepted} accepted, {sum(not each.agreed for each in judged)} differ by name")
    assert accepted >= len(judged) // 2 - len(engines)
    assert len(judged) - accepted >= len(judged) // 4


@with_reference_data
def test_our_reading_of_a_schema_is_that_of_the_second_engine(engines: list[Engines]) -> None:
    """`contracts/structure.py`: every path of every message."""
    for engine in engines:
        described = describe(engine.contract, engine.structure)
        for node in (described.request, described.response):
            element = engine.model.maps.elements[f"{{{engine.contract.namespace}}}{node.name}"]
            expected = compare.describe(element, node.name)
            paths = {re.sub(r"/group\d+", "", path) for path in expected if not re.search(r"/(\(\)|any|@|@any)$", path)}
            assert {"/".join((node.name, *path)) for path in node.paths()} | {node.name} == paths, engine.contract.name


@with_reference_data
@pytest.mark.parametrize(
    ("contract", "message", "name"),
    [
        ("GetLogicalAddresseesByServiceContract", FOREIGN_FIRST, "own-after-foreign"),
        ("GetHospLastUpdate", '<r:{0} xmlns:r="{1}">text</r:{0}>', "text-in-empty-content"),
        ("GetSupportedServiceContracts", NO_URI, "malformed-uri"),
    ],
)  # fmt: skip
def test_each_difference_is_real(engines: list[Engines], contract: str, message: str, name: str) -> None:
    """A row whose engines agree one day is to be taken out of the table."""
    engine = max((each for each in engines if each.contract.name == contract), key=lambda each: each.contract.version)
    judged = engine.judge(etree.fromstring(message.format(contract, engine.contract.namespace)))
    assert not judged.agreed
    assert named(judged) == name


@with_reference_data
def test_official_examples_get_one_verdict(engines: list[Engines]) -> None:
    judged, met = 0, set[str]()
    for engine in engines:
        for message in messages(f"{{{engine.contract.namespace}}}"):
            found = engine.judge(message)
            assert found.agreed or named(found), str(found)
            met |= {str(named(found))} if not found.agreed else set()
            judged += 1
    assert judged > 100
    assert "base64-content" in met


@cache
def examples() -> list[tuple[str, Any]]:
    return [(name, body_element(path)) for path, name in example_bodies()]


def messages(namespace: str) -> Iterator[Any]:
    yield from (body for name, body in examples() if name.startswith(namespace))
