"""The hub's tables, the same on SQLite and PostgreSQL. Times are microseconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData()

_Plain = Text().with_variant(Text(collation="C"), "postgresql")
"""In the order of its characters, whatever a database's own language is: ranges need it."""
_Position = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives out positions by itself only for a column of exactly this type."""

journal = Table(
    "journal",
    METADATA,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("key", Text, nullable=False),
    Column("correlation_id", Text, nullable=False, index=True),
    Column("causation_id", Text),
    Column("time", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("chain", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("hash_version", SmallInteger, nullable=False, server_default=text("1")),
    Index("journal_type", "type", "position"),
)

arrivals = Table(
    "arrivals",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("millis", BigInteger),
    sqlite_with_rowid=False,
)

cursors = Table(
    "cursors",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("progressed_at", BigInteger, nullable=False),
)

inbox = Table(
    "inbox",
    METADATA,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("step", Text, nullable=False),
    Column("message_id", Text),
    Column("policy", SmallInteger, nullable=False),
    Column("after", BigInteger),
    Column("upto", BigInteger),
    UniqueConstraint("message_id", "step"),
)

states = Table(
    "states",
    METADATA,
    Column("step", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("key_id", Text),
)

reference_versions = Table(
    "reference_versions",
    METADATA,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    Column("referral_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

reference_parts = Table(
    "reference_parts",
    METADATA,
    Column("part", _Plain, primary_key=True),
    Column("subject", Text, primary_key=True),
    sqlite_with_rowid=False,
)

people = Table(
    "people",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("key_id", Text),
)

person_keys = Table(
    "person_keys",
    METADATA,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

products = Table(
    "products",
    METADATA,
    Column("product_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

pictures = Table(
    "pictures",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("referral_id", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    sqlite_with_rowid=False,
)

keys = Table(
    "keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("destroyed_at", BigInteger),
)

policies = Table(
    "policies",
    METADATA,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("adopted_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("agency", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("message_id", Text),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("state", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("decided_by", Text),
    Column("why", Text),
    Column("key_id", Text, nullable=False),
    Column("original", LargeBinary, nullable=False),
    Column("mended", LargeBinary),
    Column("may_be_red", SmallInteger, nullable=False, server_default=text("0")),
    Index("dead_letters_state", "state", "may_be_red", "position"),
)

letters = Table(
    "letters",
    METADATA,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("agency", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("turn", SmallInteger, nullable=False, server_default=text("1")),
    Column("key_id", Text),
    Index("letters_agency", "agency", "turn", "position"),
)

timers = Table(
    "timers",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("message_key", Text, nullable=False),
)

_RED = text("topic = 'messages.red'")

outbox = Table(
    "outbox",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Index("outbox_red", "position", sqlite_where=_RED, postgresql_where=_RED),
)

reds = Table(
    "reds",
    METADATA,
    Column("referral_id", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

failures = Table(
    "failures",
    METADATA,
    Column("part", Text, primary_key=True),
    Column("error", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("again_at", BigInteger),
)

pauses = Table(
    "pauses",
    METADATA,
    Column("what", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("pause_id", Text, nullable=False),
    Column("reds", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("why", Text, nullable=False),
)

leaves = Table(
    "leaves",
    METADATA,
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

subtrees = Table(
    "subtrees",
    METADATA,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

bound = Table(
    "bound",
    METADATA,
    Column("number", _Position, primary_key=True, autoincrement=True),
    Column("body", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_with_rowid=False,
)
