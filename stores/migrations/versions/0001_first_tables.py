"""The tables of the first hubs, which recorded no revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0001"
down_revision = None

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite gives out positions by itself only for a column of exactly this type."""


def upgrade(op: Operations, work: Work) -> None:
    """Make them all, empty."""
    for make in (
        _journal,
        _cursors,
        _inbox,
        _keys,
        _policies,
        _states,
        _people,
        _person_keys,
        _timers,
        _dead_letters,
        _letters,
        _outbox,
    ):
        make(op)


def _journal(op: Operations) -> None:
    op.create_table(
        "journal",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("message_id", sa.Text, nullable=False, unique=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("causation_id", sa.Text),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_journal_subject", "journal", ["subject"])
    op.create_index("ix_journal_correlation_id", "journal", ["correlation_id"])
    op.create_index("journal_type", "journal", ["type", "position"])


def _cursors(op: Operations) -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("progressed_at", sa.BigInteger, nullable=False),
    )


def _inbox(op: Operations) -> None:
    op.create_table(
        "inbox",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("policy", sa.SmallInteger, nullable=False),
        sa.UniqueConstraint("step", "message_id"),
    )


def _keys(op: Operations) -> None:
    op.create_table(
        "keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("destroyed_at", sa.BigInteger),
    )


def _policies(op: Operations) -> None:
    op.create_table(
        "policies",
        sa.Column("number", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("adopted_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _states(op: Operations) -> None:
    op.create_table(
        "states",
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _people(op: Operations) -> None:
    op.create_table(
        "people",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _person_keys(op: Operations) -> None:
    op.create_table(
        "person_keys",
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _timers(op: Operations) -> None:
    op.create_table(
        "timers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("message_key", sa.Text, nullable=False),
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"])


def _dead_letters(op: Operations) -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("field", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("original", sa.LargeBinary, nullable=False),
        sa.Column("mended", sa.LargeBinary),
    )
    op.create_index("dead_letters_state", "dead_letters", ["state", "position"])


def _letters(op: Operations) -> None:
    op.create_table(
        "letters",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("letters_agency", "letters", ["agency", "position"])


def _outbox(op: Operations) -> None:
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
    )
