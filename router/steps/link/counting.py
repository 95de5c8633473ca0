"""How often there was a concern: distinct ones about a child and about its family, in the months
that the profile says (R12). Whoever suggests a colour and whoever shows a picture counts by this.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from router.steps.link.events import FamilyEvents, family_events
from router.steps.link.register import Evidence, Kin, PersonRecord, Register
from router.steps.now import Now
from schemas.case import Counted
from schemas.policy import Policy

_SLACK: Final = 2
"""Days by which a date may differ between time zones."""


@dataclass(frozen=True, repr=False)
class Window:
    """The months up to the moment at which the hub heard of a concern."""

    now: Now

    @classmethod
    def of(cls, piece: Evidence, policy: Policy) -> Window:
        """Up to this piece of evidence."""
        return cls(Now(_heard(piece), policy))

    @cached_property
    def after(self) -> dt.date:
        """The same day so many months before: what is of later days is in it."""
        upto = self.now.today
        months = upto.year * 12 + upto.month - 1 - self.now.profile.repeat_months
        year, month = max(months // 12, dt.MINYEAR), months % 12 + 1
        return dt.date(year, month, min(upto.day, monthrange(year, month)[1]))

    @property
    def since(self) -> int:
        """From this day on there is something to look at, as an ordinal, whatever the time zone."""
        return self.after.toordinal() - _SLACK

    def day(self, piece: Evidence) -> dt.date:
        """Of which day a piece is: a register's entry of the day since when, where that is told,
        anything else of the day observed, and nothing of a day after the hub heard of it.
        """
        if piece.entry is None:
            return self.now.day_of(min(piece.observed_at, _heard(piece)))
        heard = self.now.day_of(_heard(piece))
        return min(piece.entry.since or heard, heard)


@dataclass(frozen=True, repr=False)
class Count:
    """The concerns about a child and its family in the months up to one of them, itself included.

    ``told``: at least all concerns of their own of these months, of the whole family; ``ids``: of
    all that was ever told of the family.
    """

    this: Evidence
    told: Sequence[Evidence]
    ids: Collection[str]
    policy: Policy

    @cached_property
    def window(self) -> Window:
        """The months that are counted."""
        return Window.of(self.this, self.policy)

    @cached_property
    def days(self) -> dict[str, dt.date]:
        """Of what was told in these months, oldest first, of which day it is; what the hub heard
        later is not in it.
        """
        heard = (one for one in self.told if _heard(one) <= self.window.now.at)
        days = ((self.window.day(one), one.id) for one in heard)
        return {id_: day for day, id_ in sorted(days) if day > self.window.after}

    @cached_property
    def concerns(self) -> dict[str, Evidence]:
        """What is counted, oldest first: each concern by what told of it first."""
        found: dict[str, Evidence] = {}
        for id_ in self.days:
            piece = self._told_by_id[id_]
            if self._counts(piece):
                found.setdefault(self._concern(piece), piece)
        # Whatever it tells again, and of whenever: this one is before whoever decides.
        found.setdefault(self._concern(self.this), self.this)
        return found

    @cached_property
    def of_child(self) -> frozenset[str]:
        """Those of them that are about the child."""
        own = {id_ for id_, one in self.concerns.items() if one.person_id == self.this.person_id}
        return frozenset(own | {self._concern(self.this)})

    @cached_property
    def events(self) -> FamilyEvents:
        """Those of them that are one event with several children."""
        return family_events(list(self.concerns.values()))

    @property
    def counted(self) -> Counted:
        """How many there are."""
        return Counted(
            of_child=len(self.of_child),
            of_family=len({self.events.id_of(id_) or id_ for id_ in self.concerns}),
            months=self.policy.profile.repeat_months,
        )

    def repeats(self, piece: Evidence) -> str | None:
        """The concern that a piece only tells again: a new version, a resend, a forwarded copy, or
        the same entry of a register, or one under a referral's own id.
        """
        if piece.entry is None:
            return piece.again
        if piece.reference in self.ids:
            return piece.reference
        first = self._entries.get(_entry(piece), piece.id)
        return first if first != piece.id else None

    def is_concern(self, piece: Evidence) -> bool:
        """Whether it tells of a concern: of a referral, whoever has it now, or of what is on record
        as below threshold.
        """
        return piece.is_referral or (piece.entry is not None and self._below(piece.entry.system))

    def is_undated(self, piece: Evidence) -> bool:
        """Whether it is an entry of a register that does not say of when it is."""
        return piece.entry is not None and piece.entry.since is None

    def _counts(self, piece: Evidence) -> bool:
        if not self.is_concern(piece) or self.is_undated(piece):
            return False
        first = self.repeats(piece)
        return first is None or first not in self.ids

    def _concern(self, piece: Evidence) -> str:
        """The notification that told of it first: an amended copy belongs to the copy's."""
        first = self.repeats(piece)
        before = self._told_by_id.get(first or "")
        return (before.again if before else None) or first or piece.id

    @cached_property
    def _told_by_id(self) -> dict[str, Evidence]:
        return {one.id: one for one in self.told}

    def _below(self, system: str) -> bool:
        return any(one.kind == "ecaf" and one.system == system for one in self.policy.checks)

    @cached_property
    def _entries(self) -> dict[tuple[str, ...], str]:
        """What told of each entry first, by whose register it is in and its reference."""
        by_number: dict[tuple[str, ...], str] = {}
        entries = (one for one in self.told if one.entry is not None)
        for one in sorted(entries, key=lambda one: (_heard(one), one.id)):
            by_number.setdefault(_entry(one), one.id)
        return by_number


def _heard(piece: Evidence) -> dt.datetime:
    return piece.received_at or piece.observed_at


def _entry(piece: Evidence) -> tuple[str, ...]:
    entry = piece.entry
    return (piece.agency, entry.system, piece.reference) if entry else (piece.id,)


@dataclass(frozen=True, slots=True, repr=False)
class KinAfter:
    """A family as it is once a decision has been followed, before that is kept."""

    kin: Kin
    after: Register

    def members(self, family_id: str) -> list[PersonRecord]:
        """Everybody of the family who has any evidence now."""
        people = {one.person_id: one for one in self.kin.members(family_id)}
        changed = {one.person_id: one for one in self.after.people}
        belong = {
            id_: one
            for id_, one in changed.items()
            if id_ in people or one.profile.family_id == family_id
        }
        return [one for one in (people | belong).values() if one.evidence]

    def told_of(self, people: Iterable[PersonRecord], *, since: int) -> list[Evidence]:
        """What may tell of concerns, held to be of whom it is held to be of now."""
        told = self.kin.told_of(people, since=since)
        return [self.after.evidence.get(one.id, one) for one in told]


def count_of(known: Register, record: PersonRecord, *, piece: Evidence, policy: Policy) -> Count:
    """Of a piece that has just been held to be of this person, whose record has it already."""
    kin, first = known.kin, known.evidence.get(piece.again or "")
    window = Window.of(piece, policy)
    others = kin.members(record.profile.family_id) if kin else ()
    members = [record, *(one for one in others if one.person_id != record.person_id)]
    told = {one.id: one for one in kin.told_of(members, since=window.since)} if kin else {}
    ids = {id_ for one in members for id_ in one.evidence}
    told |= {one.id: one for one in (first, piece) if one is not None and one.id in ids}
    return Count(piece, list(told.values()), ids, policy)
