"""Every rule of switch.md stands in some test's name or docstring; what is not built yet is listed with the reason."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LAST = {
    1: 1, 2: 12, 3: 2, 4: 13, 5: 16, 6: 6, 7: 9, 8: 4, 9: 6, 10: 10, 11: 3, 12: 7, 13: 8, 14: 9, 15: 6, 16: 7, 17: 11, 18: 11, 19: 4,
}  # fmt: skip
"""Sections and the number of the last rule of each."""
RULES = [f"SW-{section}.{number}" for section, last in LAST.items() for number in range(1, last + 1)]
NOT_BUILT = {
    "SW-5.12": "a national configuration cannot be imported yet",
    "SW-10.2": "a national timeout table belongs to that import",
    "SW-11.2": "answers of protected contracts are not filtered yet: such calls are refused, or carried for a consumer that does",
    "SW-12.5": "there is no tracing yet",
}
IN_NAME = re.compile(r"sw_(\d+)_(\d+)(?=_|$)")
IN_DOCSTRING = re.compile(r"SW-(\d+)\.(\d+)")


def named() -> set[str]:
    """The rules that a test names, itself or in its docstring."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                numbers = IN_NAME.findall(node.name) + IN_DOCSTRING.findall(ast.get_docstring(node) or "")
                found |= {f"SW-{section}.{number}" for section, number in numbers}
    return found


@pytest.mark.parametrize("section", LAST)
def test_every_rule_of_a_section_is_tested(section: int) -> None:
    if section >= 10 and not list(TESTS.glob(f"conformance/test_switch_{section}_*.py")):
        pytest.skip("the section has no file of its own yet")
    rules = {rule for rule in RULES if rule.startswith(f"SW-{section}.")}
    assert rules - named() - NOT_BUILT.keys() == set()


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    assert named() - set(RULES) == set()
