"""Which referrals are with the team of a child's worker, and what is owed of each; no words that
anybody wrote.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ops.look import documents
from ops.look.clocks import keys_of
from ops.look.reading import Readable
from router.steps.hand_over.decide import STEP
from router.steps.hand_over.state import Handing
from stores import codec
from stores.database import View


@dataclass(frozen=True, slots=True)
class Handed:
    """A referral at a team."""

    referral_id: str
    team: str
    """Whose queue the worker's team reads."""
    since: dt.datetime
    state: str
    refused: bool
    """Whether the team says that it is not theirs."""
    due_at: dt.datetime | None
    is_red: bool


def standing(hub: Readable) -> list[Handed]:
    """Those of which something is owed, or was until lately, that stand: refused ones first, then
    by when somebody has to say that they have it.
    """
    with hub.database.view() as view:
        at = codec.from_micros(hub.database.clock())
        found = list(_of(view, keys_of(view, STEP.name, at=at)))
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (not one.refused, one.due_at or last, one.referral_id))


def _of(view: View, keys: Collection[str]) -> Iterator[Handed]:
    for key, state in documents.of(view, STEP, keys).items():
        if (now := state.now) is not None:
            yield _handed(key, now, is_red=state.is_red)


def _handed(referral_id: str, one: Handing, *, is_red: bool) -> Handed:
    return Handed(
        referral_id=referral_id,
        team=one.desk,
        since=one.since,
        state=_state(one),
        refused=one.refused is not None,
        due_at=one.clock.due_at if one.clock else None,
        is_red=is_red,
    )


def _state(one: Handing) -> str:
    if one.refused is not None:
        return "the team says that it is not theirs"
    if one.received_by is not None:
        return "a person of the team has it"
    if one.amended:
        return "its agency has amended it since"
    return "fetched, nobody has said that they have it" if one.fetched else "not fetched"
