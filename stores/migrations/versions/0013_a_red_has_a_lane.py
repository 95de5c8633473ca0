"""What may be a Red goes ahead of everything else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0013"
down_revision = "0012"

_RED = sa.text("topic = 'messages.red'")


def upgrade(op: Operations, _: Work) -> None:
    """Letters that wait keep their turn; what is a Red is known from what comes from now on."""
    op.create_table(
        "reds",
        sa.Column("referral_id", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("outbox_red", "outbox", ["position"], sqlite_where=_RED, postgresql_where=_RED)
    op.add_column(
        "letters", sa.Column("turn", sa.SmallInteger, nullable=False, server_default=sa.text("1"))
    )
    op.drop_index("letters_agency", "letters")
    op.create_index("letters_agency", "letters", ["agency", "turn", "position"])
