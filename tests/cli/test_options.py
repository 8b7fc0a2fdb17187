"""What several commands share."""

from pathlib import Path

import pytest
import typer
from inside import vaxel

from vaxel.cli.judged import judged
from vaxel.cli.options import fail, opened
from vaxel.errors import SettingsError


def test_a_home_with_its_settings(tmp_path: Path) -> None:
    vaxel("init", str(tmp_path / "home"))
    (tmp_path / "home/vaxel.toml").write_text("http_port = 7\n")
    home, settings = opened(tmp_path / "home")
    assert (home.path, settings.home, settings.http_port) == (tmp_path / "home", tmp_path / "home", 7)
    with pytest.raises(SettingsError, match="not a home"):
        opened(tmp_path)


def test_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        fail("the reason")
    assert (left.value.exit_code, capsys.readouterr().err) == (1, "the reason\n")


def test_every_finding_of_catalogue_and_directory(tmp_path: Path) -> None:
    """A broken catalogue hides nothing of the directory, nor the other way round."""
    vaxel("init", str(tmp_path / "home"))
    home, settings = opened(tmp_path / "home")
    assert judged(home, settings) == ()
    (home.path / "contracts/bad.yaml").write_text("format: 1\nnonsense: 1\n")
    (home.path / "routing/routes.yaml").write_text("format: 1\nroutes: nonsense\n")
    assert {each.file for each in judged(home, settings) if not each.warning} == {
        "contracts/bad.yaml",
        "routing/routes.yaml",
    }
