"""The commands (DESIGN section 5). Exit codes: 0 done, 1 refused or failed with the reason on stderr, 2 usage."""

import sys
from collections.abc import Callable

import typer

from vaxel.cli import asking, indexing, judging, recorded, running
from vaxel.cli.options import Compose
from vaxel.errors import DataError, SettingsError, VaxelError


def build(compose: Compose) -> Callable[[], None]:
    """The command line, given what makes a platform of settings, a home and a log."""
    app = typer.Typer(
        name="vaxel",
        help="Växel: a health-care service platform. Try it: [bold]vaxel demo[/bold]",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    running.add(app, compose)
    asking.add(app)
    judging.add(app)
    recorded.add(app)
    indexing.add(app)

    def run() -> None:
        try:
            app()
        except (DataError, SettingsError) as error:
            sys.exit(_told(str(error)))
        except VaxelError as error:
            sys.exit(_told(f"{getattr(error, 'code', '')} {error}".strip()))
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output has gone
            sys.exit(1)

    return run


def _told(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
