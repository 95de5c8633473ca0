"""Which notifications about a family tell of one event: an incident with several children is
reported once for each of them, and is one concern about the family.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from router.linkage.concerns import LATEST, at_one_time
from router.linkage.places import Nearness, nearest
from router.linkage.readings import reading
from router.linkage.rules import NEWEST
from router.linkage.subject import incident
from router.steps.link.register import Evidence
from schemas.message import derived_id
from schemas.picture import FamilyEvent

_A_DAY: Final = dt.timedelta(days=1)
"""One number for several children may be a family's for good: only so near is it an incident's."""


class _Told(NamedTuple):
    """What a notification says about its event."""

    piece: Evidence
    number: str
    """The agency's number of the incident, '' where it gave none; in it or not ..."""
    group: str
    """... the mark by which the agency tells the children of one incident apart."""
    homes: tuple[str, ...]
    timed: bool


@dataclass(frozen=True, slots=True)
class FamilyEvents:
    """The events that several notifications about a family tell of."""

    _of: Mapping[str, FamilyEvent]

    def of(self, referral_id: str) -> FamilyEvent | None:
        """The event of a referral; None for a concern of its own, about one child."""
        return self._of.get(referral_id)

    def id_of(self, referral_id: str) -> str | None:
        """The id of that event."""
        found = self.of(referral_id)
        return found.event_id if found else None


def family_events(told: Sequence[Evidence], *, untimed: Collection[str] = ()) -> FamilyEvents:
    """Of what was told of a family. ``untimed``: referrals whose sender gave no time observed,
    besides those that say so.

    Of one child an event has one concern, so that a family never has fewer concerns than a child.
    """
    if len({piece.person_id for piece in told}) < 2:
        return FamilyEvents({})
    groups: list[list[_Told]] = []
    concerns = [one for one in told if one.is_referral and one.again is None]
    for piece in sorted(concerns, key=lambda one: (one.received_at or one.observed_at, one.id)):
        if any(_may_be_one(piece, other) for other in concerns):
            new = _described(piece, timed=not piece.untimed and piece.id not in untimed)
            group = next((group for group in groups if _belongs(new, group)), None)
            if group is None:
                groups.append([new])
            else:
                group.append(new)
    found = {one.piece.id: _event(group) for group in groups if len(group) > 1 for one in group}
    versions = {one.id: found[one.again] for one in told if one.again in found}
    return FamilyEvents(found | versions)


def _may_be_one(one: Evidence, other: Evidence) -> bool:
    """Whether it is worth reading what the two say of the event."""
    others = one.agency == other.agency and one.person_id != other.person_id
    return others and abs(one.observed_at - other.observed_at) <= LATEST


def _event(group: Sequence[_Told]) -> FamilyEvent:
    ids = tuple(one.piece.id for one in group)
    return FamilyEvent(event_id=derived_id("family-event", ids[0]), referral_ids=ids)


def _described(piece: Evidence, *, timed: bool) -> _Told:
    read = reading(NEWEST)
    reference = read.reference(piece.reference)
    of = incident(piece.agency, reference) if reference else "||"
    _, number, group = of.split("|")
    return _Told(piece, number, group, read.homes(piece.child.address), timed)


def _belongs(new: _Told, group: Sequence[_Told]) -> bool:
    """One child's second concern is another event, whatever its number or time."""
    if any(one.piece.person_id == new.piece.person_id for one in group):
        return False
    return any(_is_one(new, one) for one in group)


def _is_one(new: _Told, other: _Told) -> bool:
    if new.piece.agency != other.piece.agency:
        return False
    if new.number and new.number == other.number:
        most = LATEST if new.group != other.group else _A_DAY
        return abs(new.piece.observed_at - other.piece.observed_at) <= most
    timed = new.timed and other.timed
    if not timed or not at_one_time(new.piece.observed_at, other.piece.observed_at):
        return False
    return nearest(new.homes, other.homes) <= Nearness.LINE
