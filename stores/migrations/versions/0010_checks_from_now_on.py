"""Systems are asked about children who are linked from now on, not about those of before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0010"
down_revision = "0009"

_HEARD = (
    "mash.case.child-linked.v1",
    "mash.case.link-corrected.v1",
)
_journal = sa.table("journal", *map(sa.column, ("message_id", "type", "position")))
_inbox = sa.table("inbox", *map(sa.column, ("step", "message_id", "policy")))
_PASSED_OVER = sa.select(sa.literal("check"), _journal.c.message_id, sa.literal(0)).where(
    _journal.c.type.in_(_HEARD)
)

goes_through = (_PASSED_OVER,)


def upgrade(op: Operations, work: Work) -> None:
    """A new step has had what was there before it: under no policy, so nothing is decided."""
    columns = ["step", "message_id", "policy"]
    noted = work.connection.execute(sa.insert(_inbox).from_select(columns, _PASSED_OVER))
    work.progress(noted.rowcount)
