"""What has changed since an agency was sent products of a referral, and nobody of it has said that
they know (R19, R20, R38).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from ops.access.acting import Asker
from ops.look import documents, letters
from ops.look.clocks import keys_of, seconds_left
from ops.run.wiring import Hub
from router.steps.inform.decide import STEP
from router.steps.inform.saying import changed, to_do
from router.steps.inform.state import Holders, Knows, Owes, Stands
from router.steps.now import Now
from schemas.changes import ChangeAcknowledged, ChangeTold
from schemas.rating import Colour
from stores import codec, linking, noted
from stores.database import View
from stores.noted import OfAgencies, Question
from stores.trail import Entry

_TOLD_FOR: Final = dt.timedelta(days=365)
"""How long it is looked for what was told, whether or not a clock of it runs."""
_WHY: Final = "To know what has changed, at the desk"


@dataclass(frozen=True, slots=True)
class Changed:
    """One change, as its letter says it: about which products, and nothing of whom."""

    change_id: str
    referral_id: str
    case_id: str
    product_ids: tuple[str, ...]
    colour: Colour
    """As it is rated now."""
    says: str
    to_do: str
    due_at: dt.datetime | None
    left_seconds: int | None
    contact: str
    acknowledged: bool
    """Whether somebody of the agency has said that they know."""


def waiting(hub: Hub, asker: Asker, *, clocked: bool = False) -> list[Changed]:
    """All that is for the agency of who asks, what is due first. ``clocked``: as of products."""
    now = letters.now_at(hub)
    agency = asker.agency or ""
    with hub.database.view() as view:
        keys = set(keys_of(view, STEP.name, at=now.at))
        keys |= set() if clocked else _told(view, agency, at=now.at)
        found = [one for one in _of(view, keys, agency=agency, now=now) if not one.acknowledged]
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (one.due_at or last, one.change_id))


def one(hub: Hub, asker: Asker, change_id: str) -> Changed | None:
    """One of these, which is recorded; None where there is no such, or it is another agency's.
    Raises ``Denied``.
    """
    found = next((one for one in waiting(hub, asker) if one.change_id == change_id), None)
    if found is not None:
        letters.opened(hub, asker, wanted=change_id, referral_id=found.referral_id, why=_WHY)
    return found


def last(hub: Hub, asker: Asker, referral_id: str) -> Changed | None:
    """The last one of a referral, also once somebody has said that they know: what was sent before
    it still says what it said.
    """
    now = letters.now_at(hub)
    with hub.database.view() as view:
        return next(_of(view, {referral_id}, agency=asker.agency or "", now=now), None)


def _told(view: View, agency: str, *, at: dt.datetime) -> set[str]:
    """The referrals of which an agency was told in a year that something has changed."""
    since = noted.position_of(view, codec.to_micros(at - _TOLD_FOR))
    with _UNKNOWN.asked(view, since=since) as told:
        return told.of(agency, since=since)


class _Told(OfAgencies):
    """Changes of which nobody of whom was told has said that they know."""

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case ChangeTold() as told:
                self.opened(told.agency, told.change_id, entry, of=told.referral_id)
            case ChangeAcknowledged() as known:
                self.over(known.agency, known.change_id)


_UNKNOWN: Final = Question((ChangeTold, ChangeAcknowledged), _Told)


def _of(view: View, keys: Collection[str], *, agency: str, now: Now) -> Iterator[Changed]:
    """The last of each referral: it takes the place of those before."""
    for key, state in documents.of(view, STEP, keys).items():
        owed = [one for one in state.owed if one.kind == "change" and one.agency == agency]
        if owed and state.held_by(agency):
            told = linking.about(view.connection, view.vault, ids=[key], types=[ChangeTold])
            facts = [one.message.data for one in told]
            mine = [one for one in facts if isinstance(one, ChangeTold) and one.agency == agency]
            yield _changed(state, owed[-1], mine, now=now)


def _changed(state: Holders, owes: Owes, told: list[ChangeTold], *, now: Now) -> Changed:
    *before, last = told
    outcome = before[-1].outcome if before else None
    knew = Knows(agency=owes.agency, colour=last.was, outcome=outcome, unconfirmed=last.confirmed)
    stands = Stands(**last.shared(Stands))
    held = state.held_by(owes.agency)
    standing = (one.colour for one in held if one.colour is stands.colour and not one.ended)
    due = owes.clock.due_at if owes.clock else None
    return Changed(
        change_id=owes.id,
        referral_id=last.referral_id,
        case_id=owes.case_id,
        product_ids=last.product_ids,
        colour=stands.colour,
        says=changed(knew, stands),
        to_do=to_do(
            owes.agency, stands, holds=next(standing, None), confirmed=last.confirmed, now=now
        ),
        due_at=due,
        left_seconds=seconds_left(due, now.at) if due else None,
        contact=now.contact_of(now.policy.lead_agency),
        acknowledged=owes.acknowledged,
    )
