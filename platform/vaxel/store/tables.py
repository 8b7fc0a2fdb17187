"""The tables of the store. Migrations make them; a test holds the two equal.

Times called `…_at` are seconds since the epoch; an engagement's own times are text, as on the wire.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

HEAD = "0001"
"""The newest version of the structure; a database at this version needs no migration."""

metadata = MetaData()
_BINARY = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")  # both databases order alike
_NUMBER = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
ORDERED = (
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
"""The identity (EI-3.3) in the order that FindContent answers in (EI-6.3), so that one index serves both."""


def _numbered(name: str, *columns: Column[Any]) -> Table:
    """A table whose rows are numbered in the order they came; numbers are never used again."""
    number = Column("seq", _NUMBER, primary_key=True, autoincrement=True)
    return Table(name, metadata, number, *columns, sqlite_autoincrement=True)


engagements = Table(
    "engagements",
    metadata,
    *(Column(name, _BINARY, nullable=False) for name in ORDERED),
    *(Column(name, Text, nullable=False) for name in ("most_recent_content", "creation_time", "update_time")),
    PrimaryKeyConstraint(*ORDERED),
    sqlite_with_rowid=False,
)

changes = Table(
    "index_changes",
    metadata,
    Column("service_domain", _BINARY, nullable=False),
    Column("registered_resident_identification", _BINARY, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("service_domain", "registered_resident_identification"),
    sqlite_with_rowid=False,
)
"""When a resident's engagements of a domain last changed; outlives them by `VAXEL_INDEX_UPDATES_DAYS` (EI-7.4)."""

inbox = _numbered(
    "index_inbox",
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
"""Requests that were answered and are not applied yet (EI-4.8, EI-4.9)."""

outbox = _numbered(
    "index_outbox",
    Column("subscriber", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("content", Text, nullable=False),
)
"""Notifications that are not delivered yet, in order of each subscriber (EI-8.3, EI-8.6)."""
Index("index_outbox_queue", outbox.c.subscriber, outbox.c.seq)

dead = _numbered(
    "index_dead",
    Column("subscriber", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("died_at", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("mended", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
"""Notifications that nobody took, until somebody mends, resends or drops them (EI-8.9)."""
Index("index_dead_queue", dead.c.subscriber, dead.c.seq)

queues = Table(
    "index_queues",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("paused", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("delivered_at", Float, nullable=False),
    Column("held_by", Text, nullable=False),
    Column("held_until", Float, nullable=False),
)
"""Where each subscriber's queue stands, and which node delivers it (EI-8.7)."""

facts = Table("index_facts", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
"""Single facts: the write lock, how far each pull has come."""
