"""Valid messages made from a contract's schema: plausible, seeded, repeatable. For people and tests, not the data path.

The values are Swedish test data: identity numbers only as given, names and ids invented.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from lxml import etree

from vaxel.contracts.components import Complex, Element, Group, Particle, Simple, Wildcard
from vaxel.contracts.entry import Contract
from vaxel.contracts.structure import Structure
from vaxel.contracts.values import Values
from vaxel.soap.names import BP20_ADDRESS

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
REGISTRY = "urn:riv:itintegration:registry:1"
DEEP = 12
"""Below this depth optional parts are left out, so that types that hold themselves come to an end."""
_ACTOR = (
    '<h:Actor xmlns:h="urn:riv:interoperability:headers:1"><h:actorId>{}</h:actorId>'
    "<h:actorType>subject_of_care</h:actorType></h:Actor>"
)
_SPECIAL = frozenset({"nullified", "nullifiedReason", "hasMore", "errorCode", "filter"})
"""Optional parts that would say something special of a record, or hide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a sample says: the patient (personal identity number), and the system it comes from.

    `share` of the optional parts are there; what may be repeated in the message itself, such as records, comes
    `repeats` times.
    """

    patient: str = "191212121212"
    system: str = "SE2321000016-TC01"
    seed: int = 1
    share: float = 1.0
    repeats: int = 1


@dataclass(slots=True)
class Payload:
    """A message's element, and the declaration of every element in it, in document order."""

    root: Any
    declared: list[tuple[Any, Element]] = field(default_factory=list)

    def text(self, *, indented: bool = False) -> str:
        """The element as XML."""
        if indented:
            etree.indent(self.root)
        return str(etree.tostring(self.root, encoding="unicode"))


class Sampler:
    """Makes messages of one contract; `model` is its schema as values."""

    def __init__(self, contract: Contract, structure: Structure) -> None:
        self._contract = contract
        self.model = structure

    def request(self, facts: Facts, receiver: str, *, profile: str = "rivtabp21") -> bytes:
        """A request in its envelope that many sources can answer; who acts, where that is asked, is the patient."""
        registry = self._contract.address_header or REGISTRY
        actor = _ACTOR.format(escape(facts.patient)) if "Actor" in self._contract.headers else ""
        stated = self._contract.aggregation
        narrow = (stated.source_filter or "", *stated.refuse) if stated else ()
        without = frozenset(path.partition("/")[0] for path in narrow)
        return envelope(self.payload(facts, without=without).text(), receiver, profile, registry, actor)

    def response(self, facts: Facts) -> bytes:
        """An answer in its envelope."""
        return envelope(self.payload(facts, response=True).text())

    def payload(self, facts: Facts, *, response: bool = False, without: frozenset[str] = frozenset()) -> Payload:
        """A message without envelope, and without the optional elements of the names in `without`.

        `ValueError` where the schema does not declare it, or asks what no text is.
        """
        name = self._contract.response if response else self._contract.request
        element = self.model.element(f"{{{self._contract.namespace}}}{name}")
        if element is None:
            raise ValueError(f"the schema does not declare {name}")
        return _Writer(self.model, facts, _SPECIAL | without).message(element)


def envelope(
    payload: str,
    receiver: str | None = None,
    profile: str = "rivtabp21",
    registry: str = REGISTRY,
    headers: str = "",
) -> bytes:
    """A SOAP envelope around a payload, with the profile's address header where there is a receiver, then `headers`."""
    header = ""
    if receiver is not None and profile == "rivtabp20":
        header = f'<wsa:{BP20_ADDRESS} xmlns:wsa="{ADDRESSING}">{escape(receiver)}</wsa:{BP20_ADDRESS}>'
    elif receiver is not None:
        header = f'<r:LogicalAddress xmlns:r="{escape(registry)}">{escape(receiver)}</r:LogicalAddress>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{header}{headers}'
        f"</soap:Header><soap:Body>{payload}</soap:Body></soap:Envelope>"
    ).encode()


class _Writer:
    """Walks a schema and writes one instance."""

    def __init__(self, structure: Structure, facts: Facts, unsaid: frozenset[str]) -> None:
        self._structure = structure
        self._facts, self._unsaid = facts, unsaid
        self._random = random.Random(facts.seed)  # noqa: S311 - samples are to be repeatable, not secret
        self._values = Values(self._random, patient=facts.patient, system=facts.system)
        self._payload = Payload(None)

    def message(self, element: Element) -> Payload:
        self._payload.root = self._element(element, None, ())
        return self._payload

    def _element(self, element: Element, parent: Any, path: tuple[str, ...]) -> Any:
        made = _made(element, parent)
        self._payload.declared.append((made, element))
        path = (*path, element.name)
        kind = self._structure.type_of(element)
        content = kind.content if isinstance(kind, Complex) else kind
        for attribute in kind.attributes if isinstance(kind, Complex) else ():
            if attribute.required or self._wanted(path):
                made.set(attribute.tag, attribute.fixed or self._values.text(attribute.type, (*path, attribute.name)))
        if isinstance(content, Simple):
            made.text = element.fixed or self._values.text(content, path)
        elif content is not None:
            self._group(content, made, path)
        return made

    def _group(self, group: Group, parent: Any, path: tuple[str, ...]) -> None:
        for _ in range(self._times(group.least, group.most, path)):
            for particle in self._chosen(group, path):
                self._particle(particle, parent, path)

    def _chosen(self, group: Group, path: tuple[str, ...]) -> Iterator[Particle]:
        named = [particle for particle in group.particles if not isinstance(particle, Wildcard)]
        if group.model != "choice":
            yield from named
        elif named:
            ending = [each for each in named if isinstance(each, Element) and self._ends(each)]
            yield self._random.choice(ending if ending and len(path) > DEEP else named)

    def _particle(self, particle: Particle, parent: Any, path: tuple[str, ...]) -> None:
        if isinstance(particle, Group):
            self._group(particle, parent, path)
        elif isinstance(particle, Element):
            unsaid = particle.least == 0 and particle.name in self._unsaid
            for _ in range(0 if unsaid else self._times(particle.least, particle.most, (*path, particle.name))):
                self._element(particle, parent, path)

    def _times(self, least: int, most: int | None, path: tuple[str, ...]) -> int:
        if least == 0 and not self._wanted(path):
            return 0
        wanted = max(least, 1)
        if len(path) <= 2:  # the message and its own children
            wanted = max(wanted, self._facts.repeats)
        return wanted if most is None else min(wanted, most)

    def _wanted(self, path: tuple[str, ...]) -> bool:
        """Whether an optional part is written: seldom within itself, never far down."""
        if len(path) > DEEP or path[-1] in path[:-1]:
            return False
        return self._facts.share >= 1 or self._random.random() < self._facts.share

    def _ends(self, element: Element) -> bool:
        kind = self._structure.type_of(element)
        return isinstance(kind, Simple) or not isinstance(kind.content, Group)


def _made(element: Element, parent: Any) -> Any:
    """An element that declares its namespace only where its parent has another."""
    inherited = parent.nsmap.get(None) if parent is not None else None
    nsmap: Any = {None: element.namespace} if element.namespace not in {"", inherited} else None
    return (
        etree.Element(element.tag, nsmap=nsmap)
        if parent is None
        else etree.SubElement(parent, element.tag, nsmap=nsmap)
    )
