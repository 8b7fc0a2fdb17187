"""Named rules by which schemas with a known defect are read as they were meant (CO-7.7); never as published. Pure."""

import re
from collections.abc import Callable, Mapping

# A value in either kind of quotes: the quote, then what is up to its fellow.
_PATTERN = re.compile(rb"""(<(?:[\w.-]+:)?pattern\b[^<>]*?\bvalue\s*=\s*)(["'])\^([^"'<]*)\$\2""")
_WILDCARD = re.compile(rb"""(<(?:[\w.-]+:)?any(?:Attribute)?\b[^<>]*?\bnamespace\s*=\s*)(["'])\s*#{1,2}\s*other\s*\2""")


def unanchor_patterns(content: bytes) -> bytes:
    """A pattern between `^` and `$`, which are plain characters in XML Schema and match no real value, without them."""
    return _PATTERN.sub(rb"\1\2\3\2", content)


def wildcard_other(content: bytes) -> bytes:
    """A misspelt `##other` (`#other`, with blanks or line breaks inside) as `##other`."""
    return _WILDCARD.sub(rb"\1\2##other\2", content)


RULES: Mapping[str, Callable[[bytes], bytes]] = {
    "unanchor-patterns": unanchor_patterns,
    "wildcard-other": wildcard_other,
}
ALL_COMPATIBILITY = frozenset(RULES)


def compatible(content: bytes, rules: frozenset[str] = ALL_COMPATIBILITY) -> bytes:
    """A schema document with the named rules applied."""
    for name, rule in RULES.items():
        if name in rules:
            content = rule(content)
    return content


def applied(content: bytes) -> tuple[str, ...]:
    """The names of the rules that change a document."""
    return tuple(name for name, rule in RULES.items() if rule(content) != content)
