"""One thing that `vaxel doctor` looked at."""

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "note", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was looked at, how it is, and what to do where it is not well."""

    part: str
    grade: Grade
    what: str
    remedy: str = ""
