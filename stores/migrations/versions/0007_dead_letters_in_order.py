"""Dead letters have a place of their own each; what fails is kept count of; sent_at goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0007"
down_revision = "0006"

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEPT = (
    "id, agency, connector, step, message_id, reason, field, state, content_type, created_at, "
    "decided_by, why, key_id, original, mended"
)


def upgrade(op: Operations, work: Work) -> None:
    """Dead letters are numbered anew in their order: two transactions at once could give two of
    them one place.
    """
    op.execute("CREATE TABLE dead_letters_before AS SELECT * FROM dead_letters")
    op.drop_table("dead_letters")
    _dead_letters(op)
    op.execute(
        f"INSERT INTO dead_letters ({_KEPT}) "  # noqa: S608 - ours
        f"SELECT {_KEPT} FROM dead_letters_before ORDER BY position, created_at, id"
    )
    op.drop_table("dead_letters_before")
    op.execute("DELETE FROM outbox WHERE sent_at IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("sent_at")
    _failures(op)


def _dead_letters(op: Operations) -> None:
    op.create_table(
        "dead_letters",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
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


def _failures(op: Operations) -> None:
    op.create_table(
        "failures",
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("again_at", sa.BigInteger),
    )
