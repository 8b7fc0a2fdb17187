"""Patterns of XML Schema: what is generated matches, by our own reading and by lxml's."""

import random
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vaxel.contracts import patterns

PATTERNS = [
    r"(19|20)\d\d(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])",
    r"-?([1-9][0-9]{3}|0[0-9]{3})((0[1-9]|1[0-2])((0[1-9]|[12][0-9]|3[01]))?)?",
    r"([OUDCNLoudcnl]{1,2}=[0-9\p{L}\p{Zs}\-.]*,?)*",
    r"urn:[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:([a-zA-Z0-9()+,.:=@;$_!*'-]|%[0-9A-Fa-f]{2})+",
    r"[A-Fa-f0-9]{32}|(\{|\()?[A-Fa-f0-9]{8}-([A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}(\}|\))?",
    r"[(\p{L})0-9\-]*",
    r"(.*)#(.*)",
    r"\i\c*",
    r"[a-z-[aeiou]]{2,}",
    r"[^0-9]+\.",
    r"\w{3}\s?\W\D",
    r"[\w\-]+7",
    r"\P{L}",
    "a|b|",
    "",
]


def by_lxml(pattern: str) -> etree.XMLSchema:
    return etree.XMLSchema(
        etree.XML(
            '<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"><s:element name="x"><s:simpleType>'
            f'<s:restriction base="s:string"><s:pattern value="{escape(pattern)}"/></s:restriction>'
            "</s:simpleType></s:element></s:schema>"
        )
    )


def element(text: str) -> etree._Element:
    made = etree.Element("x")
    made.text = text
    return made


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_generated_matches_in_both_readings(pattern: str) -> None:
    schema = by_lxml(pattern)
    for seed in range(50):
        text = patterns.generate(pattern, random.Random(seed))  # noqa: S311 - repeatable
        assert patterns.matches(pattern, text)
        assert schema.validate(element(text)), text


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=60)
@given(data=st.data())
def test_what_matches_is_what_lxml_takes(pattern: str, data: st.DataObject) -> None:
    """Within the repertoire, damage to a text that matches is judged as lxml judges it."""
    text = patterns.generate(pattern, data.draw(st.randoms(use_true_random=False)))
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.sampled_from(patterns.REPERTOIRE)) + text[at + data.draw(st.integers(0, 1)) :]
    assert patterns.matches(pattern, damaged) == by_lxml(pattern).validate(element(damaged)), damaged


@pytest.mark.parametrize("pattern", ["(", "a)", "[a", "\\", "\\p{", "(a|b"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a pattern"):
        patterns.matches(pattern, pattern)
