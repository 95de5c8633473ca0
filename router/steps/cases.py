"""Which case a referral belongs to, and whose worker's team has it, while humans may correct its
link, in whatever order we hear.
"""

from __future__ import annotations

import datetime as dt
from operator import not_
from typing import Literal, Self

from pydantic import Field

from schemas.base import Identity, Instant, Shape
from schemas.case import ChildLinked, LinkCorrected, RegistersChanged, Worker
from schemas.handover import HandoverGiven, HandoverTakenBack


class Cases(Shape):
    """The case of a referral, and those that it was taken for.

    ``since`` is when it was last corrected, if ever. ``revision`` counts the corrections: two of
    them may be of one moment, and heard in either order.
    """

    now: Identity
    former: tuple[Identity, ...] = ()
    since: Instant | None = None
    revision: int = 0

    def known(self, case_id: str) -> bool:
        """Whether it is or was in this case: people may answer under either."""
        return case_id == self.now or case_id in self.former

    @classmethod
    def linked(cls, before: Cases | None, case_id: str) -> Cases:
        """The referral was linked to this case; a correction that was heard earlier came later."""
        return cls(now=case_id) if before is None else before._with_former(case_id)

    @classmethod
    def corrected(
        cls, before: Cases | None, correction: LinkCorrected, *, at: dt.datetime
    ) -> Cases:
        """A human moved the referral: the latest correction counts, whenever it was heard."""
        moved = cls(now=correction.case_id, since=at, revision=correction.revision)
        moved = moved._with_former(correction.from_case_id)
        if before is None:
            return moved
        earlier, latest = sorted((moved, before), key=cls._order)
        return latest._with_former(earlier.now, *earlier.former)

    def _order(self) -> tuple[bool, int, float, str]:
        since = self.since
        return since is not None, self.revision, since.timestamp() if since else 0.0, self.now

    def _with_former(self, *case_ids: str) -> Cases:
        former = tuple(sorted({*self.former, *case_ids} - {self.now}))
        return self if former == self.former else self.model_copy(update={"former": former})


class Allocated(Shape):
    """To whose worker's team a referral was handed over, by the latest word on its link (R9)."""

    worker: Worker | None = Field(default=None, exclude_if=not_)
    letter: Identity | None = Field(default=None, exclude_if=not_)
    """That handed it over."""
    revision: int = Field(default=0, exclude_if=not_)
    """Of the correction that said so; 0: the link itself."""
    gone: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Letters of handovers that were taken back."""
    by_hand: bool = Field(default=False, exclude_if=not_)
    """Whether a human handed it to that team: a link that is heard later says nothing of that."""
    registered: Worker | None = Field(default=None, exclude_if=not_)
    """Who the case system has said since to be the child's worker."""

    @property
    def works_with(self) -> Worker | None:
        """The child's worker: whose team has it, or who was allocated since; nobody from whose team
        it was taken back.
        """
        since = None if self.registered == self.worker else self.registered
        return self.has_it or since

    def heard(self, registers: RegistersChanged) -> Self:
        """With who is the child's worker now, as the case system says."""
        return self.model_copy(update={"registered": registers.allocated_to})

    @property
    def has_it(self) -> Worker | None:
        """The worker whose team has it; None where no team has, or it was taken back."""
        return None if self.letter in self.gone else self.worker

    def linked(self, link: ChildLinked) -> Self:
        """As its link says, unless a correction was heard already."""
        return self if self.revision or self.by_hand else self._with(link)

    def corrected(self, correction: LinkCorrected) -> Self:
        """As the latest correction says, whenever it was heard."""
        at_least = self.revision + self.by_hand
        if correction.revision < at_least:
            return self
        return self._with(correction).model_copy(update={"revision": correction.revision})

    def given(self, fact: HandoverGiven) -> Self:
        """As a human handed it over, unless its link was corrected since."""
        if fact.revision < self.revision:
            return self
        said = {"worker": fact.worker, "letter": fact.letter_id, "revision": fact.revision}
        return self.model_copy(update=said | {"by_hand": True})

    def taken_back(self, fact: HandoverTakenBack) -> Self:
        """Without what was taken back, be it heard before the link."""
        gone = tuple(dict.fromkeys((*self.gone, fact.letter_id)))
        return self.model_copy(update={"gone": gone})

    def _with(self, link: ChildLinked | LinkCorrected) -> Self:
        letter = letter_of(link) if link.allocated_to else None
        said = {"worker": link.allocated_to, "letter": letter, "registered": None}
        return self.model_copy(update=said | {"by_hand": False})


NOBODY = Allocated()
"""No worker's team was ever handed it, as far as is known."""


def letter_of(link: ChildLinked | LinkCorrected) -> str:
    """The letter that handed a referral over; what was linked before that was noted has none."""
    return link.letter_id or link.referral_id


class HandedOver(Shape):
    """The child's own social worker has it (R9): not the hub's, unless a human says otherwise."""

    kind: Literal["handed_over"] = "handed_over"
    cases: Cases
    allocated: Allocated = Field(default=NOBODY, exclude_if=lambda one: one == NOBODY)
