"""What arrivals are known again by gets a table: for those so far, the ids of their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0006"
down_revision = "0005"

_journal = sa.table("journal", *map(sa.column, ("message_id", "chain", "type")))
_ARRIVED = sa.select(_journal.c.message_id).where(
    _journal.c.chain.startswith("intake/"), _journal.c.type != "mash.message.refused.v1"
)

goes_through = (_ARRIVED,)


def upgrade(op: Operations, work: Work) -> None:
    """Without a time: their messages' ids have none."""
    arrivals = op.create_table(
        "arrivals",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("millis", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    moved = work.connection.execute(sa.insert(arrivals).from_select(["key"], _ARRIVED))
    work.progress(moved.rowcount)
