"""The tree of the project: where things are, what is pure, what has its test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "platform" / "vaxel"
PURE = (
    "aggregation", "engagements", "directory", "contracts", "soap", "call.py", "errors.py", "documents.py", "instants.py",
    "masking.py", "adapters/breaker.py",
)  # fmt: skip
WITHOUT_LOGIC = {
    "__init__.py": "the version",
    "__main__.py": "starts the commands",
    "adapters/__init__.py": "a docstring",
    "aggregation/__init__.py": "a docstring",
    "contracts/__init__.py": "a docstring",
    "delivery.py": "values and a protocol",
    "demo/__init__.py": "a docstring",
    "directory/__init__.py": "a docstring",
    "engagements/__init__.py": "a docstring",
    "journal/__init__.py": "a docstring",
    "services/__init__.py": "a docstring",
    "cli/diagnosis.py": "a value",
    "soap/__init__.py": "a docstring",
    "soap/names.py": "names on the wire",
    "store/__init__.py": "a docstring",
}
"""Modules that need no test, and what is in them."""
SHOWN_ELSEWHERE = {
    "adapters/cycle.py": "adapters/test_inbound.py",
    "admin/__init__.py": "journey/test_operations.py",
    "admin/contract_facts.py": "admin/test_contract_routes.py",
    "admin/quality.py": "conformance/test_quality_rules.py",
    "admin/housekeeping.py": "conformance/test_switch_17_operations.py",
    "admin/own_services.py": "journey/test_aggregation_by_index.py",
    "app.py": "journey/test_reload.py",
    "cli/__init__.py": "cli/test_commands.py",
    "cli/judged.py": "cli/test_options.py",
    "contracts/publish.py": "journey/test_publication.py",
    "cli/cataloguing.py": "cli/test_commands.py",
    "cli/shown.py": "cli/test_commands.py",
    "cli/watching.py": "journey/test_health.py",
    "contracts/components.py": "conformance/test_engines.py",
    "contracts/damage.py": "conformance/test_engines.py",
    "contracts/derive.py": "conformance/test_install.py",
    "contracts/fit.py": "conformance/test_install.py",
    "contracts/package.py": "contracts/test_install.py",
    "contracts/render.py": "contracts/test_install.py",
    "contracts/structure.py": "conformance/test_engines.py",
    "contracts/values.py": "contracts/test_sample.py",
    "contracts/wsdl.py": "contracts/test_install.py",
    "demo/run.py": "cli/test_commands.py",
    "demo/show.py": "cli/test_commands.py",
    "exchange/__init__.py": "conformance/test_switch_3_order.py",
    "services/aggregate.py": "conformance/test_aggregation_rules.py",
    "services/answer.py": "conformance/test_aggregation_rules.py",
    "services/asked.py": "conformance/test_aggregation_rules.py",
    "services/find_content.py": "conformance/test_aggregation_rules.py",
    "services/reporting.py": "conformance/test_aggregation_rules.py",
    "services/sources.py": "conformance/test_aggregation_rules.py",
    "services/spool.py": "conformance/test_aggregation_rules.py",
    "soap/fields.py": "contracts/test_layouts.py",
    "soap/splice.py": "aggregation/test_merge.py",
    "store/migrations/env.py": "store/test_migrate.py",
    "store/migrations/versions/0001_engagement_index.py": "store/test_migrate.py",
}
"""Modules whose work is seen only together with others, and the test that sees it."""
SHELL = frozenset({"asyncio", "os", "time", "logging", "socket", "subprocess", "vaxel.settings", "vaxel.home"})


def pure_modules() -> list[Path]:
    found = [PACKAGE / name for name in PURE]
    return sorted(path for each in found for path in ([each] if each.suffix else each.rglob("*.py")))


def modules() -> list[str]:
    return sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", modules())
def test_every_module_has_its_test(module: str) -> None:
    """STYLE 24: tests mirror the source, unless it is said why not."""
    if module in WITHOUT_LOGIC:
        return
    shown = SHOWN_ELSEWHERE.get(module)
    assert (ROOT / "tests" / shown if shown else twin_of(module)).is_file()


def twin_of(module: str) -> Path:
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


def test_exceptions_are_modules_that_exist_and_have_no_twin() -> None:
    assert set(WITHOUT_LOGIC) | set(SHOWN_ELSEWHERE) <= set(modules())
    assert [module for module in SHOWN_ELSEWHERE if twin_of(module).is_file()] == []
    for module in WITHOUT_LOGIC.keys() - {"__main__.py", "delivery.py"}:
        tree = ast.parse((PACKAGE / module).read_text("utf-8"))
        assert not any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree)), module


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
