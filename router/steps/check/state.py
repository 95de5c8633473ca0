"""What checking remembers of a referral; the picture shows ``results`` and ``not_asked``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from operator import not_
from typing import Final

from pydantic import Field

from router.steps.cases import Cases
from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Instant, Shape
from schemas.case import ChildLinked, LinkCorrected, RegistersChanged, Worker
from schemas.checks import CheckResult, Concluded, NotChecked
from schemas.person import Person
from schemas.product import Disposal
from schemas.registers import KnownTo

STEP_NAME: Final = "check"
"""Under which its documents are kept, and its letters named."""


class Registered(Shape):
    """What the registers that the hub keeps say of the referral's child."""

    known_to: tuple[KnownTo, ...] = ()
    allocated_to: Worker | None = None

    @classmethod
    def of(cls, link: ChildLinked | LinkCorrected | RegistersChanged) -> Registered:
        """As a link, its correction or a change of registers says."""
        return cls(**link.shared(cls))


class Asking(Shape):
    """Who is asked about, kept while systems may still have to be asked."""

    child: Person
    """As its notifier told it."""
    told_by: Code
    observed_on: dt.date
    only: Code | None = None
    """The notifier, where it lets nothing of its concern leave: its own systems alone are asked."""


class CheckClock(Ticking):
    """The clock of a check that was put to an agency and has not been answered."""

    check_id: Identity
    letter: Identity | None = None
    """The letter in which the question went out."""


class Ended(Shape):
    """The outcome of a referral."""

    outcome: Disposal
    on: dt.date


class Checking(Shape):
    """The checks of a referral."""

    cases: Cases
    registered: Registered = Registered()
    """As last heard; a correction may be heard before the link."""
    linked: bool = False
    """Whether the link was heard."""
    in_review: bool = False
    """Whether linking left it to a human to say whose child it is."""
    settled: bool = False
    """Whether a human said so."""
    asking: Asking | None = None
    """Set while systems wait for that."""
    looked_at: Instant | None = None
    """When the systems were first asked or looked into."""
    ended: Ended | None = None
    """How this referral ended, as far as it has."""
    followed_by: tuple[Identity, ...] = ()
    """Later referrals about the child."""
    before: tuple[Concluded, ...] = ()
    """How earlier ones ended."""
    results: tuple[CheckResult, ...] = ()
    not_asked: tuple[NotChecked, ...] = ()
    clocks: tuple[CheckClock, ...] = Field(default=(), exclude_if=not_)
    """Of open answers; documents that were written before have none for theirs."""

    @property
    def in_doubt(self) -> bool:
        """Whether it has to be settled first whose child it is."""
        return self.in_review and not self.settled

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next of an open answer."""
        clocked = {one.check_id: one.next_at for one in self.clocks}
        others = (one for one in self.results if one.check_id not in clocked)
        due = [one.due_at for one in others if one.due_at and one.state == "awaited"]
        return min((*due, *clocked.values()), default=None)

    @property
    def concluded(self) -> list[Concluded]:
        """Earlier referrals about the child whom this one is held to be about, that have ended."""
        return [one for one in self.before if one.outcome and one.case_id == self.cases.now]

    def asked(self, check_id: str) -> CheckResult | None:
        """What came of the check of this id that was put to an agency, if there is one."""
        found = (one for one in self.results if one.check_id == check_id and one.due_at)
        return next(found, None)

    def with_changed(self, *changed: CheckResult) -> Checking:
        """With these results of checks that were put to agencies as they are now."""
        by_id = {one.check_id: one for one in changed}
        results = tuple(by_id.get(one.check_id, one) if one.due_at else one for one in self.results)
        return self.model_copy(update={"results": results})

    def with_clock(self, check_id: str, clock: Ticking | None) -> Checking:
        """With this clock as it is now; None: it runs no longer."""
        others = tuple(one for one in self.clocks if one.check_id != check_id)
        if clock is None:
            return self.model_copy(update={"clocks": others})
        before = next(one for one in self.clocks if one.check_id == check_id)
        new = before.model_copy(update=clock.shared(Ticking))
        return self.model_copy(update={"clocks": (*others, new)})

    def with_more(
        self, results: Iterable[CheckResult], not_asked: Iterable[NotChecked]
    ) -> Checking:
        """With what was found now, in place of what was said of the same systems before."""
        more, left = tuple(results), tuple(not_asked)
        anew = {one.system for one in (*more, *left)}
        kept = (one for one in self.results if one.system not in anew)
        why = (one for one in self.not_asked if one.system not in anew)
        return self.model_copy(update={"results": (*kept, *more), "not_asked": (*why, *left)})
