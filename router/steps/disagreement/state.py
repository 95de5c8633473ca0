"""What is remembered of a referral for differences of opinion: who was told of it, and each view as
its profession's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from operator import not_
from typing import Final, Literal

from pydantic import Field

from router.steps.cases import Cases
from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Instant, Line, Prose, Shape
from schemas.calendar import Contact
from schemas.disagreements import DisagreementId, Disputing, Verdict, View
from schemas.rating import Colour

STEP_NAME: Final = "disagreement"
"""Under which its documents are kept, and its letters named."""


class Ended(Shape):
    """How a difference ended, by whom and when."""

    ended: Literal["settled", "withdrawn", "closed"]
    at: Instant
    by: Line | None = None
    """Who decided, or withdrew it; None where nobody can decide about it any more."""
    said: Prose
    """What was told of it."""
    verdict: Verdict | None = Field(default=None, exclude_if=not_)
    rationale: Line | None = Field(default=None, exclude_if=not_)


class Dispute(View, DisagreementId, Disputing):
    """One partner's disagreement, until it is settled and after."""

    agency: Code
    """Who disagrees."""
    at: Instant
    owed_by: Code
    """Who owes a decision."""
    due_at: Instant | None = None
    clock: Ticking | None = Field(default=None, exclude_if=not_)
    """None once there is nobody else to tell, or it has ended."""
    told: tuple[Contact, ...] = Field(default=(), exclude_if=not_)
    """Those of both chains to whom it has gone up."""
    ended: Ended | None = Field(default=None, exclude_if=not_)

    @property
    def sides(self) -> tuple[str, ...]:
        """Who owes the decision, and who disagrees; one where an agency differs with itself."""
        return tuple(dict.fromkeys((self.owed_by, self.agency)))


class Signposted(Shape):
    """A recipient whom a product tells that an owner holds something back."""

    recipient: Code
    owner: Code


class Disputes(Shape):
    """A referral, for those who may disagree about it."""

    cases: Cases | None = None
    """None until anything is heard of it."""
    colour: Colour | None = None
    """As it is rated now."""
    told: tuple[Code, ...] = ()
    """Agencies that were told of it."""
    signposted: tuple[Signposted, ...] = ()
    disputes: tuple[Dispute, ...] = Field(default=(), exclude_if=not_)
    """Side by side, in the order in which they came."""

    @property
    def clocks(self) -> list[tuple[str, Ticking]]:
        """Those that run, each with whom it binds."""
        return [(one.owed_by, one.clock) for one in self.disputes if one.clock]

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next."""
        return min((clock.next_at for _, clock in self.clocks), default=None)

    def dispute(self, id_: str) -> Dispute | None:
        """The disagreement of this id."""
        return next((one for one in self.disputes if one.disagreement_id == id_), None)

    def telling(self, *agencies: str) -> Disputes:
        """With these told of the referral; the very same where they were before."""
        told = tuple(dict.fromkeys((*self.told, *agencies)))
        return self if told == self.told else self.model_copy(update={"told": told})

    def signposting(self, recipient: str, owners: Iterable[str]) -> Disputes:
        """With a product that names these owners as holding something."""
        new = (Signposted(recipient=recipient, owner=owner) for owner in owners)
        both = (*self.signposted, *(one for one in new if one not in self.signposted))
        return self if both == self.signposted else self.model_copy(update={"signposted": both})

    def with_dispute(self, new: Dispute) -> Disputes:
        """With a disagreement, or one as it stands now."""
        ids = [one.disagreement_id for one in self.disputes]
        if new.disagreement_id not in ids:
            return self.model_copy(update={"disputes": (*self.disputes, new)})
        now = (new if one.disagreement_id == new.disagreement_id else one for one in self.disputes)
        return self.model_copy(update={"disputes": tuple(now)})
