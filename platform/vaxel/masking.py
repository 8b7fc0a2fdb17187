"""Personal identity numbers out of texts that people read (SW-18.6). Pure."""

import re

_IDENTITY = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+]?\d{4}(?!\d)")


def masked(text: str) -> str:
    """The text with what looks like a personal identity number replaced."""
    return _IDENTITY.sub("************", text)
