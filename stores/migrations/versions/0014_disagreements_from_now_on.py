"""Who disagrees does so about referrals that are told of from now on, not about those of before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0014"
down_revision = "0013"

_HEARD = (
    "mash.case.child-linked.v1",
    "mash.case.link-corrected.v1",
    "mash.rating.assigned.v1",
    "mash.information.requested.v1",
    "mash.checks.requested.v1",
    "mash.checks.revised.v1",
    "mash.item.withheld.v1",
    "mash.product.approved.v1",
    "mash.product.approval-withdrawn.v1",
    "mash.product.released.v1",
    "mash.product.voided.v1",
)
_CURSOR = ("name", "next_offset", "sequence", "hash", "progressed_at")
_journal = sa.table("journal", *map(sa.column, ("message_id", "type", "position")))
_inbox = sa.table("inbox", *map(sa.column, ("step", "message_id", "policy")))
_cursors = sa.table("cursors", *map(sa.column, _CURSOR))
_PASSED_OVER = sa.select(sa.literal("disagreement"), _journal.c.message_id, sa.literal(0)).where(
    _journal.c.type.in_(_HEARD)
)
_LAST = sa.select(sa.func.coalesce(sa.func.max(_journal.c.position), 0))

goes_through = (_PASSED_OVER,)


def upgrade(op: Operations, work: Work) -> None:
    """A new step has had what was there before it: under no policy, so nothing is decided."""
    noted = work.connection.execute(
        sa.insert(_inbox).from_select(["step", "message_id", "policy"], _PASSED_OVER)
    )
    last = work.connection.execute(_LAST).scalar_one()
    stands = dict(zip(_CURSOR, ("disagreement", last + 1, 0, bytes(32), 0), strict=True))
    work.connection.execute(sa.insert(_cursors).values(stands))
    work.progress(noted.rowcount)
