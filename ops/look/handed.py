"""What an agency's own teams were handed, as they have a child's allocated worker (R9): what nobody
there has yet, what they have, and what was taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from ops.access.acting import Asker
from ops.look import documents, letters
from ops.look.clocks import keys_of, seconds_left
from ops.run.wiring import Hub
from router.handing_out import handed_out
from router.steps.hand_over.decide import STEP
from router.steps.hand_over.state import Handing
from schemas.case import Worker
from schemas.handover import HandoverConfirmed, HandoverFetched
from schemas.notices import Handover
from schemas.owed import ClockChased
from stores import codec, noted, queues
from stores.database import View
from stores.noted import OfAgencies, Question
from stores.trail import Entry

_HANDED_FOR: Final = dt.timedelta(days=365)
_SECONDS: Final = 60.0
_WHY: Final = "To act on it at the desk"
_NOTED: Final = (HandoverFetched, HandoverConfirmed, ClockChased)
"""Facts by which a handover is found though no clock runs for it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One handover: nothing of what it says."""

    referral_id: str
    case_id: str
    letter_id: str
    worker: Worker
    since: dt.datetime
    received_by: str | None
    refused: str | None
    """Why the team says that it is not theirs."""
    taken_back: str | None
    """Why it is theirs no more, where they have still to say that they keep nothing of it."""
    due_at: dt.datetime | None
    left_seconds: int | None
    handed_by: str | None = None
    """Who of the hub handed it over, where a human did."""

    @property
    def waits(self) -> bool:
        """Whether somebody of the team has still to say something of it."""
        return self.taken_back is not None or not (self.received_by or self.refused)


def all_of(hub: Hub, asker: Asker, *, clocked: bool = False) -> list[Handed]:
    """All of the agency of who asks: what waits first, then by when a word is due. ``clocked``: as
    of products.
    """
    now = letters.now_at(hub)
    agency = asker.agency or ""
    with hub.database.view() as view:
        keys = set(keys_of(view, STEP.name, at=now.at))
        keys |= set() if clocked else _noted(view, agency, at=now.at)
        found = list(_of(view, keys, agency=agency, at=now.at))
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (not one.waits, one.due_at or last, one.referral_id))


def one(hub: Hub, asker: Asker, referral_id: str) -> tuple[Handed, Handover | None] | None:
    """One of them, and its letter as it would be handed out now; no letter where the agency's own
    system took it away, or it is kept back. Who opens what nobody has fetched has fetched it.
    Raises ``Denied``.
    """
    agency = asker.agency or ""
    with hub.database.view() as view:
        now = codec.from_micros(hub.database.clock())
        found = next(_of(view, {referral_id}, agency=agency, at=now), None)
    if found is None:
        return None
    letters.opened(hub, asker, wanted=found.letter_id, referral_id=referral_id, why=_WHY)
    if found.taken_back is not None:
        return found, None
    with hub.database.transaction() as transaction:
        only = [found.letter_id]
        leased = queues.lease(transaction, agency, limit=1, seconds=_SECONDS, only=only)
        goes = handed_out(transaction, agency, leased=leased, policy=hub.policy.value)
        if goes:
            # The agency's own system gets it still.
            queues.give_back(transaction, agency, ids=only, after_seconds=0)
    return found, Handover.model_validate(from_json(goes[0].body)["data"]) if goes else None


class _Noted(OfAgencies):
    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        fact = entry.message.data
        owed = not isinstance(fact, ClockChased) or fact.clock == "receipt"
        if isinstance(fact, _NOTED) and owed:
            self.opened(fact.agency, fact.referral_id, entry, of=fact.referral_id)


_HANDED: Final = Question(_NOTED, _Noted)


def _noted(view: View, agency: str, *, at: dt.datetime) -> set[str]:
    since = noted.position_of(view, codec.to_micros(at - _HANDED_FOR))
    with _HANDED.asked(view, since=since) as handed:
        return handed.of(agency, since=since)


def _of(view: View, keys: Collection[str], *, agency: str, at: dt.datetime) -> Iterator[Handed]:
    for key, state in documents.of(view, STEP, keys).items():
        stands = state.at(agency, taken_back=False)
        gone = state.at(agency, taken_back=True)
        if gone is not None and gone.recalled and gone.given_up_by is None:
            yield _handed(key, gone, case_id=state.cases.now, at=at)
        elif stands is not None:
            yield _handed(key, stands, case_id=state.cases.now, at=at)


def _handed(referral_id: str, one: Handing, *, case_id: str, at: dt.datetime) -> Handed:
    due = one.clock.due_at if one.clock and not one.refused else None
    return Handed(
        referral_id=referral_id,
        case_id=case_id,
        letter_id=one.letter,
        worker=one.worker,
        since=one.since,
        received_by=one.received_by,
        refused=one.refused,
        taken_back=one.taken_back,
        due_at=due,
        left_seconds=seconds_left(due, at) if due else None,
        handed_by=one.handed_by,
    )
