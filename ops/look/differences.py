"""Differences of opinion that nobody has settled, and whose it is to do so; no words of a view."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ops.look.clocks import keys_of
from ops.look.reading import Readable
from router.steps.disagreement.decide import STEP
from router.steps.disagreement.state import Dispute, Disputes
from schemas.disagreements import OVER
from stores import codec, states
from stores.database import View


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
    for key, (_, body) in states.load(view, STEP.name, keys=keys).items():
        for one in Disputes.model_validate_json(body).disputes:
            if one.ended is None and (one.may_be_revealed or lead in one.sides):
                yield _difference(key, one)


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
