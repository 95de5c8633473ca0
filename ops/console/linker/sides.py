"""Children side by side: what was told of each, what agrees, what speaks against, how strongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ops.console.opening import WHY
from ops.console.screen import NotThere, Visit
from ops.linkage.explained import explain
from ops.look.pictures import Opened, open_for
from schemas.access import Purpose
from schemas.picture import PicturedChild

TO_SETTLE = "To settle which child this is about"
"""Why whoever settles a link that waits looks at it: nobody has to write that each time."""


@dataclass(frozen=True, slots=True)
class Side:
    """One child."""

    title: str
    child: PicturedChild
    odds: str | None = None
    """How many to one that it is this child."""
    agree: Sequence[Mapping[str, Any]] = ()
    against: Sequence[Mapping[str, Any]] = ()


def opened(visit: Visit, referral_id: str, *, waits: bool) -> Opened:
    """A referral as whoever settles its link may see it; one that does not wait for the reason that
    they wrote.
    """
    why = TO_SETTLE if waits else visit.form.one(WHY)
    asker = replace(visit.asker, why=why, purpose=Purpose.SAFEGUARDING)
    found = open_for(visit.hub, referral_id, asker=asker)
    if found is None:
        raise NotThere
    return found


def of_review(visit: Visit, now: Opened) -> list[Side]:
    """What was told, and beside it everybody whom it may be about."""
    explained = explain(visit.hub, now.picture.referral_id)
    rows = {one["person_id"]: one for found in explained for one in found["candidates"]}
    known = "What was told" if now.picture.candidates else "The child that it is linked to"
    sides = [Side(known, now.picture.child)]
    for number, child in enumerate(now.picture.candidates, start=1):
        sides.append(_side(f"Candidate {number}", child, rows.get(child.person_id)))
    return sides


def _side(title: str, child: PicturedChild, row: Mapping[str, Any] | None) -> Side:
    reasons = row["reasons"] if row else []
    return Side(
        title,
        child,
        row["odds"] if row else None,
        agree=[one for one in reasons if one["speaks_for"]],
        against=[one for one in reasons if not one["speaks_for"]],
    )
