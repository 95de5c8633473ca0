"""What people let wait for a time, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0021"
down_revision = "0020"


def upgrade(op: Operations, _: Work) -> None:
    """Nothing waits yet."""
    op.create_table(
        "pauses",
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("pause_id", sa.Text, nullable=False),
        sa.Column("reds", sa.SmallInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
