"""The engagement index: rows, changes, inbox, outbox, dead letters, queues, facts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
_BINARY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")  # the order of SQLite
_IDENTITY = (
    "registered_resident_identification",
    "service_domain",
    "categorization",
    "logical_address",
    "source_system",
    "business_object_instance_identifier",
    "clinical_process_interest_id",
    "data_controller",
    "owner",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "engagements",
        *(sa.Column(name, _BINARY, nullable=False) for name in _IDENTITY),
        *(_text(name) for name in ("most_recent_content", "creation_time", "update_time")),
        sa.PrimaryKeyConstraint(*_IDENTITY),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_changes",
        sa.Column("service_domain", _BINARY, nullable=False),
        sa.Column("registered_resident_identification", _BINARY, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("service_domain", "registered_resident_identification"),
        sqlite_with_rowid=False,
    )
    _queue("index_inbox", _text("kind"), _text("sender"), _text("correlation_id"), _time("received_at"), _int("size"))
    _queue("index_outbox", _text("subscriber"), _text("correlation_id"), _time("created_at"))
    dead = (_text("subscriber"), _text("correlation_id"), _time("died_at"), _text("reason"), _int("mended"))
    _queue("index_dead", *dead)
    op.create_index("index_outbox_queue", "index_outbox", ["subscriber", "seq"])
    op.create_index("index_dead_queue", "index_dead", ["subscriber", "seq"])
    op.create_table(
        "index_queues",
        sa.Column("subscriber", sa.Text, primary_key=True),
        _int("paused"),
        _int("attempts"),
        _text("last_error"),
        _time("delivered_at"),
        _text("held_by"),
        _time("held_until"),
    )
    op.create_table("index_facts", sa.Column("name", sa.Text, primary_key=True), _text("value"))


def downgrade() -> None:
    """Never: an older program refuses a newer database."""
    raise NotImplementedError


def _queue(name: str, *columns: "sa.Column[Any]") -> None:
    number = sa.Column("seq", _NUMBER, primary_key=True, autoincrement=True)
    op.create_table(name, number, *columns, _text("content"), sqlite_autoincrement=True)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float, nullable=False)


def _int(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False)
