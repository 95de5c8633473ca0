"""Differences of opinion that nobody has settled, and whose it is to do so; no words of a view."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from ops.access.acting import Asker
from ops.look import documents
from ops.look.clocks import keys_of
from ops.look.reading import Readable
from router.steps.disagreement.decide import STEP
from router.steps.disagreement.state import Dispute
from schemas.disagreements import OVER, DisagreementRaised
from stores import codec, linking, noted, overview
from stores.database import View

_RAISED_FOR: Final = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Difference:
    """One that is open."""

    referral_id: str
    disagreement_id: str
    over: str
    """What it is about, in words."""
    agency: str
    """Who disagrees."""
    owed_by: str
    """Who owes a decision."""
    at: dt.datetime
    due_at: dt.datetime | None
    told: tuple[str, ...]
    """To whose role it has gone up."""
    withheld: bool
    """Whether it is about what its owner withholds: nobody else settles that (R30)."""


def unsettled(hub: Readable) -> list[Difference]:
    """Those that the lead agency may know of, by when a decision is owed."""
    with hub.database.view() as view:
        at = codec.from_micros(hub.database.clock())
        found = list(_of(hub, view, keys_of(view, STEP.name, at=at)))
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (one.due_at or last, one.disagreement_id))


def _of(hub: Readable, view: View, keys: Collection[str]) -> Iterator[Difference]:
    lead = hub.settings.lead_agency
    for key, state in documents.of(view, STEP, keys).items():
        for one in state.disputes:
            if one.ended is None and (one.may_be_revealed or lead in one.sides):
                yield _difference(key, one)


@dataclass(frozen=True, slots=True, repr=False)
class Own:
    """One that an agency has raised itself."""

    referral_id: str
    dispute: Dispute

    @property
    def over(self) -> str:
        """What it is about, in words."""
        return OVER[self.dispute.disputes]


def raised_by(hub: Readable, asker: Asker) -> list[Own]:
    """Those of the agency of who asks in the last year, open ones first, the latest first."""
    with hub.database.view() as view:
        since = codec.from_micros(hub.database.clock()) - _RAISED_FOR
        after = noted.position_of(view, codec.to_micros(since))
        period = (after, overview.last_position(view.connection))
        facts = linking.within(view, type_=DisagreementRaised, period=period)
        mine = {one.message.data.of_referral for one in facts if _is_of(one.message.data, asker)}
        known = documents.of(view, STEP, set(filter(None, mine)))
    found = [
        Own(key, one)
        for key, state in known.items()
        for one in state.disputes
        if one.agency == asker.agency
    ]
    found.sort(key=lambda one: one.dispute.at, reverse=True)
    return sorted(found, key=lambda one: one.dispute.ended is not None)


def _is_of(fact: object, asker: Asker) -> bool:
    return getattr(fact, "agency", None) == asker.agency


def _difference(referral_id: str, one: Dispute) -> Difference:
    return Difference(
        referral_id=referral_id,
        disagreement_id=one.disagreement_id,
        over=OVER[one.disputes],
        agency=one.agency,
        owed_by=one.owed_by,
        at=one.at,
        due_at=one.due_at,
        told=tuple(told.role for told in one.told),
        withheld=one.disputes == "withholding",
    )
