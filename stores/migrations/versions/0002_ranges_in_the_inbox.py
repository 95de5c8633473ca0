"""A row of the inbox may stand for a range of the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0002"
down_revision = "0001"

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade(op: Operations, work: Work) -> None:
    """SQLite cannot alter what has to change here, so there the table is made anew."""
    if work.connection.dialect.name == "sqlite":
        _made_anew(op)
    else:
        _altered(op)


def _altered(op: Operations) -> None:
    op.alter_column("inbox", "message_id", nullable=True)
    op.add_column("inbox", sa.Column("after", sa.BigInteger))
    op.add_column("inbox", sa.Column("upto", sa.BigInteger))
    op.drop_constraint("inbox_step_message_id_key", "inbox")
    op.create_unique_constraint(None, "inbox", ["message_id", "step"])


def _made_anew(op: Operations) -> None:
    op.rename_table("inbox", "inbox_before")
    op.create_table(
        "inbox",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("policy", sa.SmallInteger, nullable=False),
        sa.Column("after", sa.BigInteger),
        sa.Column("upto", sa.BigInteger),
        sa.UniqueConstraint("message_id", "step"),
    )
    op.execute(
        "INSERT INTO inbox (position, step, message_id, policy) "
        "SELECT position, step, message_id, policy FROM inbox_before"
    )
    op.drop_table("inbox_before")
