"""The documentation says what the code has, all of it and no more."""

import dataclasses
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from vaxel import call, errors
from vaxel.contracts import entry
from vaxel.directory import model, release
from vaxel.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def headings(name: str, level: int) -> set[str]:
    text = (ROOT / name).read_text("utf-8")
    return set(re.findall(rf"^{'#' * level} ([A-Z][A-Z_0-9]+)$", text, re.M))


def refusals(kind: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from refusals(sub)


def test_every_setting_has_its_heading() -> None:
    """SW-19.3."""
    assert headings("docs/operations.md", 3) == {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_code_has_its_heading_and_its_text() -> None:
    """SW-19.3, STYLE 18."""
    codes = {kind.code for kind in refusals(errors.Refusal)}
    assert headings("docs/errors.md", 2) == codes
    assert set(tomllib.loads((ROOT / "platform/vaxel/soap/faults.toml").read_text("utf-8"))) == codes


def test_the_tree_of_errors_is_drawn_whole() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    assert {kind.__name__ for kind in refusals(errors.Refusal)} | {"DataError", "SettingsError", "Refusal"} == drawn


def test_every_public_model_type_stands_in_the_glossary() -> None:
    """STYLE 1."""
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    for module in (call, model, release, entry):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            ours = kind.__module__ == module.__name__ and not name.startswith("_")
            if ours and (dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel | str)):
                assert f"`{name}`" in text, name


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[>=<\[]", line)[0] for line in project["dependencies"]}
    text = (ROOT / "docs/adr/0013-runtime-dependencies.md").read_text("utf-8")
    assert names == set(re.findall(r"^\| ([A-Za-z-]+) \|", text, re.M)) - {"package"}


def test_the_readme_has_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    assert [block.count("\n") for block in blocks] == [1, 1]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_every_command_has_an_example() -> None:
    for path in (ROOT / "platform/vaxel/cli").glob("*.py"):
        for body in re.findall(r'\.command\(.*?\n    def .*?"""(.*?)"""', path.read_text("utf-8"), re.S):
            assert "Example: " in body, (path.name, body[:60])
