"""Index rules of a domain, read from the schematron that newer packages hold (engagement_index.md section 10). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vaxel.contracts import wsdl as wsdls
from vaxel.contracts.package import SCHEMATRON

_DOMAIN = re.compile(r"serviceDomain\s*=\s*'([^']+)'")
_VALUE = re.compile(r"(?:[\w.-]+:)?(\w+)\s*=\s*'([^']*)'\Z")
_FIELDS = re.compile(r"(?:[\w.-]+:)?(\w+)\s*=\s*(?:[\w.-]+:)?(\w+)\Z")


@dataclass(slots=True)
class DomainRules:
    """What an engagement of one domain must hold; `unread` are assertions that say something else."""

    categorizations: list[str] = field(default_factory=list)
    equal: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def entry(self) -> dict[str, Any]:
        """As the catalogue's file states them."""
        stated = {"categorizations": self.categorizations, "equal": self.equal, "fixed": self.fixed}
        return {key: value for key, value in stated.items() if value}


def read(content: bytes, file: str) -> Mapping[str, DomainRules]:
    """The rules by service domain, `riv:…`; `DataError` where the file cannot be read."""
    found: dict[str, DomainRules] = {}
    for rule in wsdls.document(content, file).iter(f"{{{SCHEMATRON}}}rule"):
        domain = _DOMAIN.search(rule.get("context", ""))
        if domain is not None:
            rules = found.setdefault(domain[1], DomainRules())
            for each in rule.iter(f"{{{SCHEMATRON}}}assert"):
                _assertion(" ".join(each.get("test", "").split()), rules)
    return found


def _assertion(test: str, rules: DomainRules) -> None:
    values = [_VALUE.match(part.strip()) for part in test.split(" or ")]
    names = {value[1] for value in values if value}
    fields = _FIELDS.match(test)
    if all(values) and names == {"categorization"}:
        rules.categorizations += [value[2] for value in values if value]
    elif len(values) == 1 and values[0]:
        rules.fixed[values[0][1]] = values[0][2]
    elif fields:
        rules.equal[fields[1]] = fields[2]
    else:
        rules.unread.append(test)
