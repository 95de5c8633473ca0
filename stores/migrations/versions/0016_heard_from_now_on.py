"""Times of safety reviews, amendments that moved, what was given back: heard from now on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0016"
down_revision = "0015"

_HEARD_TOO = {
    "compose": ("mash.case.version-moved.v1",),
    "hold": ("mash.product.refused.v1", "mash.timer.elapsed.v1"),
    "inform": ("mash.product.returned.v1",),
}
_journal = sa.table("journal", *map(sa.column, ("message_id", "type")))
_inbox = sa.table("inbox", *map(sa.column, ("step", "message_id", "policy")))
_PASSED_OVER = tuple(
    sa.select(sa.literal(step), _journal.c.message_id, sa.literal(0)).where(
        _journal.c.type.in_(types)
    )
    for step, types in _HEARD_TOO.items()
)

goes_through = _PASSED_OVER


def upgrade(op: Operations, work: Work) -> None:
    """They have had what was there before: under no policy, so nothing is decided."""
    for passed_over in _PASSED_OVER:
        noted = work.connection.execute(
            sa.insert(_inbox).from_select(["step", "message_id", "policy"], passed_over)
        )
        work.progress(noted.rowcount)
