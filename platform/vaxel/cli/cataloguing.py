"""`vaxel contracts`: the catalogue's contracts."""

import typer

from vaxel.cli import quality


def add(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Contracts: how well they are kept to.", no_args_is_help=True)
    app.add_typer(group, name="contracts")

    @group.callback()
    def contracts() -> None:
        """Keep a group of one command a group."""

    quality.add(group)
