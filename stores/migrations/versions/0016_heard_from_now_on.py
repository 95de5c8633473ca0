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
_HELD = ("mash.product.held.v1", "mash.letter.held.v1", "mash.safety.decided.v1")
"""What the step ``hold`` heard before; where there was none of it, it has no cursor yet."""
_CURSOR = ("name", "next_offset", "sequence", "hash", "progressed_at")
_journal = sa.table("journal", *map(sa.column, ("message_id", "type", "position")))
_cursors = sa.table("cursors", *map(sa.column, _CURSOR))
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
    _begin_hold(work)


def _begin_hold(work: Work) -> None:
    """Where it has had nothing to do so far it stands at the end of what there was."""
    begun = sa.select(_cursors.c.name).where(_cursors.c.name == "hold")
    heard = sa.select(_journal.c.type).where(_journal.c.type.in_(_HELD)).limit(1)
    if work.connection.execute(begun).first() or work.connection.execute(heard).first():
        return
    last = sa.select(sa.func.coalesce(sa.func.max(_journal.c.position), 0))
    end = work.connection.execute(last).scalar_one() + 1
    stands = dict(zip(_CURSOR, ("hold", end, 0, bytes(32), 0), strict=True))
    work.connection.execute(sa.insert(_cursors).values(stands))
