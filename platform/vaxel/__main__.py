"""The command `vaxel`."""

from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what composes a platform is imported only by commands that run one."""
    from vaxel.cli import build

    def compose(*arguments: Any) -> Any:
        from vaxel.app import Platform

        return Platform(*arguments)

    build(compose)(arguments)


if __name__ == "__main__":
    main()
