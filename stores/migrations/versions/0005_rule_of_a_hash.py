"""Each journal entry says by which version of the rule it was hashed: all so far by the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0005"
down_revision = "0004"


def upgrade(op: Operations, work: Work) -> None:
    """No row is touched: what is not there reads as the default."""
    version = sa.Column(
        "hash_version", sa.SmallInteger, nullable=False, server_default=sa.text("1")
    )
    op.add_column("journal", version)
