"""Engagements and transactions as the store keeps them: rows of text, and JSON arrays."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import orjson

from vaxel.engagements.model import NOT_USED, Engagement, Transaction

COLUMNS = tuple(each.name for each in fields(Engagement))
"""The columns of `engagements` in the order of the dataclass."""
IDENTITY = (*COLUMNS[:5], COLUMNS[6], COLUMNS[7], COLUMNS[8], COLUMNS[5])
"""The identity's columns in the order of EI-3.3."""
LISTED = ", ".join(COLUMNS)


def engagement(row: Sequence[Any]) -> Engagement:
    """The engagement of a row selected as `LISTED`."""
    return Engagement(**dict(zip(COLUMNS, row, strict=True)))


def values(found: Engagement) -> list[str]:
    """A row's values in the order of `COLUMNS`, with `NA` for what the identity counts so (EI-3.3)."""
    return [getattr(normal(found), name) for name in COLUMNS]


def normal(found: Engagement) -> Engagement:
    """The engagement as it is kept."""
    if found.categorization and found.business_object_instance_identifier and found.clinical_process_interest_id:
        return found
    return replace(
        found,
        categorization=found.categorization or NOT_USED,
        business_object_instance_identifier=found.business_object_instance_identifier or NOT_USED,
        clinical_process_interest_id=found.clinical_process_interest_id or NOT_USED,
    )


def packed(transactions: Sequence[Transaction]) -> str:
    """Transactions as JSON."""
    return orjson.dumps([[each.delete, *values(each.engagement)] for each in transactions]).decode()


def unpacked(content: str) -> tuple[Transaction, ...]:
    """Transactions from JSON."""
    return tuple(Transaction(delete=row[0], engagement=engagement(row[1:])) for row in orjson.loads(content))


def given(dialect: str, count: int) -> str:
    """A table expression `given(c0, c1, …)` of the JSON array of arrays in the parameter `:given`.

    One parameter whatever the number of rows: statements stay the same, and databases prepare them once.
    """
    source = "json_each(:given)" if dialect == "sqlite" else "json_array_elements(CAST(:given AS json)) AS j(value)"
    columns = ", ".join(f"value->>{number} AS c{number}" for number in range(count))
    return f"given AS (SELECT {columns} FROM {source})"
