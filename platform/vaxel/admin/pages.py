"""Long lists a page at a time: in stable order, from an opaque cursor on (DI-9.1)."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from vaxel.admin.problems import Problem

MAX_LIMIT = 500


def page(
    items: Iterable[dict[str, Any]], key: Callable[[dict[str, Any]], str], limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` items after the cursor, in the order of their keys, and the cursor of the next page if any.

    `key` must tell items apart. Raises `Problem` (400) where the cursor is none that was given out.
    """
    after = _opened(cursor) if cursor else ""
    rest = sorted((item for item in items if key(item) > after), key=key)
    shown = rest[:limit]
    return shown, _closed(key(shown[-1])) if len(rest) > limit else None


def _closed(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise Problem(400, "cursor", "The cursor is not one of this API", "begin without a cursor") from error
