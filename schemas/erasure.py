"""What is to be kept although its time is over, and what was erased (L8, R48)."""

from __future__ import annotations

from operator import not_

from pydantic import Field

from schemas.access import Proof
from schemas.base import Fact, Identity, Line


class KeptFact(Fact, topic="records.kept", case="case_id"):
    """How long a case is kept."""

    case_id: Identity


class HoldFact(KeptFact):
    """What somebody decided about a hold: a court or an inquiry may want the record."""

    hold_id: Identity
    why: Line
    decided_by: Line
    proven: Proof | None = Field(default=None, exclude_if=not_)
    """How they showed who they are; None before that was kept."""


class HoldAdded(HoldFact, type="mash.record-hold.added.v1"):
    """The case is not to be erased, until this is lifted."""


class HoldLifted(HoldFact, type="mash.record-hold.lifted.v1"):
    """This hold keeps the case no more."""


class CaseErased(KeptFact, type="mash.case.erased.v1"):
    """Nobody can read any more what the hub had about a child: its keys are destroyed.

    What is named here are ids alone, so that a store that is put back is erased again.
    """

    also: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Cases that became one with it."""
    referral_ids: tuple[Identity, ...]
    """Its referrals, and whatever else told of the child."""
    keys: tuple[Identity, ...]
    """The ids of the keys that were destroyed."""
    entries: int
    """How many entries of the record nobody can open any more."""
    left: int = Field(default=0, exclude_if=not_)
    """How many speak of it and are sealed with the key of somebody else, who is still kept."""
    decided_by: Line
    and_by: Line
    """Who else decided it: another person."""
    proven: Proof | None = Field(default=None, exclude_if=not_)
    """How who decided it showed who they are; None before that was kept."""
    and_proven: Proof | None = Field(default=None, exclude_if=not_)
    why: Line
