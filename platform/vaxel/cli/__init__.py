"""The commands (DESIGN section 5). Exit codes: 0 done, 1 refused or failed with the reason on stderr, 2 usage."""

import sys
from collections.abc import Sequence
from typing import Protocol

import typer

from vaxel.cli import asking, cataloguing, indexing, judging, recorded, running, watching
from vaxel.cli.options import Compose
from vaxel.errors import DataError, SettingsError, VaxelError


class Run(Protocol):
    """The command line, ready to be run; leaves by `SystemExit` with the code of DESIGN section 5."""

    def __call__(self, arguments: Sequence[str] | None = None) -> None:
        """Run with these arguments; None: those that the program was started with."""
        ...


def build(compose: Compose) -> Run:
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
    cataloguing.add(app)
    judging.add(app)
    recorded.add(app)
    indexing.add(app)
    watching.add(app)

    def run(arguments: Sequence[str] | None = None) -> None:
        try:
            app(arguments)
        except (DataError, SettingsError) as error:
            sys.exit(_told(str(error)))
        except VaxelError as error:
            sys.exit(_told(f"{getattr(error, 'code', '')} {error}".strip()))
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output has gone
            sys.exit(1)
        except OSError as error:
            sys.exit(_told(f"{error.filename or 'the system'}: {error.strerror or error}"))

    return run


def _told(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
