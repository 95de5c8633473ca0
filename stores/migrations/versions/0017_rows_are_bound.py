"""What every row of the tables is stands in the record, and has its leaf.

All rows are recorded as they are at the end of an upgrade, whichever its revisions were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0017"
down_revision = "0016"


def upgrade(op: Operations, work: Work) -> None:
    """Only the table: whoever upgrades fills it."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "bound",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
