"""Rules of a service domain about its engagements, as the catalogue states them (EI-10.2). Pure."""

from collections.abc import Iterator, Mapping

from vaxel.contracts.entry import IndexRules
from vaxel.engagements.fields import BY_NAME, value
from vaxel.engagements.model import Engagement


def breaches(engagement: Engagement, rules: Mapping[str, IndexRules]) -> Iterator[str]:
    """The fields that are not as the domain wants them; `rules` by index domain, `riv:…`, in lower case."""
    of_domain = rules.get(engagement.service_domain.lower())
    if of_domain is None:
        return
    if of_domain.categorizations and engagement.categorization not in of_domain.categorizations:
        yield "categorization"
    for name, other in of_domain.equal.items():
        if value(engagement, BY_NAME[name]) != value(engagement, BY_NAME[other]):
            yield name
    for name, text in of_domain.fixed.items():
        if value(engagement, BY_NAME[name]) != text:
            yield name
