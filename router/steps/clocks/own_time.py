"""When something is due, in the time of whom it binds (R18, R25, L3, L4).

Time allowed is so long a time while its clock runs: opening hours, or day and night for who is
reached at all hours. Shares of it are shares of that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from router.steps.clocks.openings import Openings, Span, openings
from schemas.calendar import (
    DAY_AND_NIGHT,
    BeforeNextSchoolDay,
    Calendar,
    Elapsed,
    Minutes,
    SameDay,
    TimeAllowed,
    WorkingDays,
    WorkingHours,
)


@dataclass(frozen=True, slots=True)
class OwnTime:
    """So long from a moment on, while it is open; moments are in UTC."""

    start: dt.datetime
    length: dt.timedelta
    runs: Openings

    @property
    def due(self) -> dt.datetime:
        """When all of it has passed."""
        return self.at(1)

    def at(self, share: float, *, pauses: Iterable[Span] = ()) -> dt.datetime:
        """When this share of it has passed, pauses left out; beyond 1 as much again."""
        return self.runs.after(self.start, self.length * share, pauses=pauses)


def allowed_time(allowed: TimeAllowed, from_: dt.datetime, *, calendar: Calendar) -> OwnTime:
    """The time allowed for what came at ``from_`` (aware), for whom this calendar is about."""
    start, own = from_.astimezone(dt.UTC), openings(calendar)
    match allowed:
        case Minutes(day_and_night=True):
            return OwnTime(start, allowed.length, openings(DAY_AND_NIGHT))
        case Minutes() | Elapsed():
            return _on_the_clock(allowed.length, start, calendar=calendar)
        case WorkingHours(hours=hours):
            return OwnTime(start, dt.timedelta(hours=hours), own)
        case WorkingDays(days=days):
            return OwnTime(start, own.between(start, own.closing(start, days=days)), own)
        case SameDay():
            return OwnTime(start, own.between(start, own.closing(start, days=0)), own)
        case BeforeNextSchoolDay():
            return OwnTime(start, own.opening(start) - start, openings(DAY_AND_NIGHT))


def _on_the_clock(length: dt.timedelta, start: dt.datetime, *, calendar: Calendar) -> OwnTime:
    if calendar.on_call:
        return OwnTime(start, length, openings(DAY_AND_NIGHT))
    return time_until(start + length, start, calendar=calendar)


def time_until(
    until: dt.datetime, from_: dt.datetime, *, calendar: Calendar, share: float = 1
) -> OwnTime:
    """A share (0 to 1) of the opening time until a moment.

    Whoever is closed for nearly all of that has a little of its own time all the same: nobody
    answers in five minutes because it is Friday evening.
    """
    start, own = from_.astimezone(dt.UTC), openings(calendar)
    least = min((until - start) * share, dt.timedelta(minutes=calendar.at_least_minutes))
    return OwnTime(start, max(own.between(start, until) * share, least), own)
