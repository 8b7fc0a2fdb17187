"""The tree of the project: where things are, what is pure, what has its test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "platform" / "vaxel"
PURE = ("engagements", "directory", "contracts", "soap", "call.py", "errors.py", "documents.py", "instants.py")
SHELL = frozenset({"asyncio", "os", "time", "logging", "socket", "subprocess", "vaxel.settings", "vaxel.home"})


def pure_modules() -> list[Path]:
    found = [PACKAGE / name for name in PURE]
    return sorted(path for each in found for path in ([each] if each.suffix else each.rglob("*.py")))


def test_platform_is_a_source_root() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "LICENSE",
        "pyproject.toml",
        "Dockerfile",
        ".ci/run",
        "logical_addresses.yaml",
        "contracts",
        "routing",
        "schemas",
        "platform/vaxel",
        "tests",
        "benchmarks",
        "docs/journey.md",
        "docs/glossary.md",
        "docs/errors.md",
        "docs/operations.md",
        "docs/privacy.md",
        "docs/adr",
    ],
)
def test_the_layout_is_that_of_the_design(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pure_modules_touch_no_shell(path: Path) -> None:
    """STYLE 7: no await, clock, file, log or settings."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Await | ast.AsyncFunctionDef), f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & SHELL
        if isinstance(node, ast.ImportFrom):
            assert node.module not in SHELL
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"open", "print", "input"}, f"line {node.lineno}: {called}"
            assert not called.endswith((".now", ".today", ".utcnow", ".read_text", ".write_text")), (
                f"line {node.lineno}"
            )


def test_functions_fit_in_the_eye() -> None:
    """STYLE 5: seldom over 40 lines; commands, whose parameters are their help, may be longer."""
    long = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "cli" not in path.parts:
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long.append((str(path.relative_to(PACKAGE)), node.name, lines))
    assert long == []


def test_serve_imports_nothing_that_only_other_commands_need() -> None:
    import subprocess
    import sys

    code = "import vaxel.app, sys; print([n for n in ('xmlschema', 'alembic', 'playwright') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
