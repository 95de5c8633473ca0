"""Disagreements, alarms, receipts of teams, holders, schools and the case system: from now on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0014"
down_revision = "0013"

_HEARD = {
    "disagreement": (
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
        "mash.disagreement.received.v1",
        "mash.disagreement.taken-back.v1",
        "mash.disagreement.decided.v1",
        "mash.timer.elapsed.v1",
    ),
    "alarm": (
        "mash.case.child-linked.v1",
        "mash.case.link-corrected.v1",
        "mash.clock.chased.v1",
        "mash.clock.escalated.v1",
        "mash.due-time.breached.v1",
        "mash.rating.assigned.v1",
        "mash.referral.closed.v1",
        "mash.product.released.v1",
        "mash.product.not-taken.v1",
        "mash.product.delivered.v1",
        "mash.product.refused.v1",
        "mash.product.voided.v1",
        "mash.product.ended.v1",
        "mash.product.held.v1",
        "mash.letter.held.v1",
        "mash.safety.settled.v1",
        "mash.owner.silent.v1",
        "mash.handover.refused.v1",
        "mash.handover.confirmed.v1",
        "mash.handover.taken-back.v1",
        "mash.message.refused.v1",
        "mash.dead-letter.redriven.v1",
        "mash.dead-letter.discarded.v1",
        "mash.way-in.broken.v1",
        "mash.alarm.received.v1",
        "mash.timer.elapsed.v1",
    ),
    "hand_off": (
        "mash.referral.closed.v1",
        "mash.referral.reopened.v1",
        "mash.case-receipt.received.v1",
        "mash.timer.elapsed.v1",
    ),
    "hand_over": (
        "mash.case.child-linked.v1",
        "mash.case.link-corrected.v1",
        "mash.case.notification-amended.v1",
        "mash.case.version-moved.v1",
        "mash.handover.fetched.v1",
        "mash.handover.received.v1",
        "mash.handover.decided.v1",
        "mash.rating.assigned.v1",
        "mash.referral.closed.v1",
        "mash.timer.elapsed.v1",
    ),
    "inform": (
        "mash.rating.assigned.v1",
        "mash.referral.closed.v1",
        "mash.referral.reopened.v1",
        "mash.case.link-corrected.v1",
        "mash.product.ended.v1",
        "mash.product.released.v1",
        "mash.product.fetched.v1",
        "mash.product.recalled.v1",
        "mash.product.recall-answered.v1",
        "mash.change.received.v1",
        "mash.timer.elapsed.v1",
    ),
    "school": (
        "mash.case.child-linked.v1",
        "mash.case.link-corrected.v1",
        "mash.school.decided.v1",
        "mash.product.released.v1",
        "mash.product.refused.v1",
        "mash.timer.elapsed.v1",
    ),
}
_HEARD_TOO = {
    "check": ("mash.safety.settled.v1",),
    "compose": ("mash.case.registers-changed.v1",),
    "rate": ("mash.case.notification-amended.v1",),
    "release": ("mash.letter.held.v1", "mash.safety.settled.v1"),
}
"""What steps that were there before hear only now: of a topic that is new to them, all comes."""
_CURSOR = ("name", "next_offset", "sequence", "hash", "progressed_at")
_journal = sa.table("journal", *map(sa.column, ("message_id", "type", "position")))
_inbox = sa.table("inbox", *map(sa.column, ("step", "message_id", "policy")))
_cursors = sa.table("cursors", *map(sa.column, _CURSOR))
_PASSED_OVER = {
    step: sa.select(sa.literal(step), _journal.c.message_id, sa.literal(0)).where(
        _journal.c.type.in_(types)
    )
    for step, types in (_HEARD | _HEARD_TOO).items()
}
_LAST = sa.select(sa.func.coalesce(sa.func.max(_journal.c.position), 0))

goes_through = tuple(_PASSED_OVER.values())


def upgrade(op: Operations, work: Work) -> None:
    """Steps have had what was there before they heard of it: under no policy, so nothing is
    decided.
    """
    last = work.connection.execute(_LAST).scalar_one()
    for step, passed_over in _PASSED_OVER.items():
        noted = work.connection.execute(
            sa.insert(_inbox).from_select(["step", "message_id", "policy"], passed_over)
        )
        if step in _HEARD:
            stands = dict(zip(_CURSOR, (step, last + 1, 0, bytes(32), 0), strict=True))
            work.connection.execute(sa.insert(_cursors).values(stands))
        work.progress(noted.rowcount)
