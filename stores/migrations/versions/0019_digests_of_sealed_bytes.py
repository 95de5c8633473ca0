"""Digests of rows are of what is sealed as it lies there; a row that is all key has none."""

from __future__ import annotations

from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0019"
down_revision = "0018"


def upgrade(op: Operations, work: Work) -> None:
    """No row changes: all are recorded anew behind the last revision, as behind every upgrade."""
