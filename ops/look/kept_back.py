"""What is kept back as it would put somebody at risk, until a named human has decided (L7).

It says neither whom a letter is about nor what stands in it: the check never does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from ops.look import documents
from ops.look.clocks import keys_of, seconds_left
from ops.look.reading import Readable
from ops.run.wiring import Hub
from router.steps.hold import STEP, Held
from router.steps.now import Now
from schemas.safety import Hit, LetterHeld, ProductHeld, SafetySettled
from stores import codec, noted
from stores.database import View
from stores.noted import OfAgencies, Question
from stores.trail import Entry

_HELD_FOR: Final = dt.timedelta(days=365)
"""How long it is looked for what nobody has decided about and no clock runs of."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One letter or product that waits."""

    hold_id: str
    referral_id: str
    recipient: str
    letter: str
    """The type of what would be sent."""
    hits: tuple[Hit, ...]
    rest_goes: bool
    """Whether the rest of it went at once, as of a Red."""
    due_at: dt.datetime | None
    left_seconds: int | None


def of(hub: Readable, referral_id: str) -> list[Kept]:
    """Of one referral, what is due first."""
    at = codec.from_micros(hub.database.clock())
    with hub.database.view() as view:
        return _sorted(_open(view, {referral_id}, at=at))


def waiting(hub: Readable) -> list[Kept]:
    """All that nobody has decided about, what is due first."""
    at = codec.from_micros(hub.database.clock())
    with hub.database.view() as view:
        since = noted.position_of(view, codec.to_micros(at - _HELD_FOR))
        with _UNSETTLED.asked(view, since=since) as held:
            keys = held.of(_HUB, since=since)
        return _sorted(_open(view, keys.union(keys_of(view, STEP.name, at=at)), at=at))


class _Held(OfAgencies):
    """What was held back, and nobody has decided about."""

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case ProductHeld(hold_id=id_) | LetterHeld(hold_id=id_) as held:
                self.opened(_HUB, id_, entry, of=held.of_referral or "")
            case SafetySettled(hold_id=id_):
                self.over(_HUB, id_)


_HUB: Final = ""
_UNSETTLED: Final = Question((ProductHeld, LetterHeld, SafetySettled), _Held)


def among(view: View, referral_ids: Collection[str], *, at: dt.datetime) -> set[str]:
    """Those of these referrals of which something is kept back."""
    return {one.referral_id for one in _open(view, referral_ids, at=at)}


def deciders(hub: Hub) -> tuple[str, ...]:
    """Who of the lead agency may decide, as far as they are named by hand."""
    return hub.policy.value.partners[hub.settings.lead_agency].decision_makers


def may_decide(hub: Hub, who: str) -> bool:
    """Whether somebody of the lead agency may."""
    now = Now(codec.from_micros(hub.database.clock()), hub.policy.value)
    return now.may_decide(hub.settings.lead_agency, who)


def _open(view: View, keys: Collection[str], *, at: dt.datetime) -> Iterator[Kept]:
    for state in documents.of(view, STEP, keys).values():
        for held in state.holds.values():
            if held.decision is None:
                yield _kept(held, at=at)


def _kept(held: Held, *, at: dt.datetime) -> Kept:
    due = held.clock.due_at if held.clock else None
    return Kept(
        hold_id=held.hold_id,
        referral_id=held.referral_id,
        recipient=held.recipient,
        letter=held.letter,
        hits=held.hits,
        rest_goes=held.rest_goes,
        due_at=due,
        left_seconds=seconds_left(due, at) if due else None,
    )


def _sorted(found: Iterator[Kept]) -> list[Kept]:
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (one.due_at or last, one.hold_id))
