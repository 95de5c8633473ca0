"""When something is due: after hours, the same day, or working days of a borough (R18, R25, L3)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from router.step import Timer
from schemas.base import Instant, Shape
from schemas.policy import Calendar, Elapsed, Minutes, SameDay, TimeAllowed

_SATURDAY = 5


class Ticking(Shape):
    """A clock that runs; ``approaching_at`` is None once the warning was given."""

    approaching_at: Instant | None
    due_at: Instant

    @property
    def next_at(self) -> dt.datetime:
        """When there is something to tell: first that the due time is near, then that it passed."""
        return self.approaching_at or self.due_at

    @property
    def breached_next(self) -> bool:
        """Whether what is to tell next is the breach."""
        return self.approaching_at is None

    def told(self) -> Ticking | None:
        """The clock once that was told; a breached one runs no more."""
        return None if self.breached_next else self.model_copy(update={"approaching_at": None})


def started(from_: dt.datetime, due_at: dt.datetime, *, warn_at: float) -> Ticking:
    """A clock from one moment to another that warns after a share (0 to 1) of the time."""
    return Ticking(approaching_at=share_of(from_, due_at, share=warn_at), due_at=due_at)


def timers(
    next_at: dt.datetime | None, key: str, *, before: dt.datetime | None = None
) -> tuple[Timer, ...]:
    """One timer at a time: for what a state waits for next, unless that is what it waited for."""
    return () if next_at is None or next_at == before else (Timer(next_at, key),)


def due(allowed: TimeAllowed, from_: dt.datetime, *, calendar: Calendar) -> dt.datetime:
    """When what came at ``from_`` (aware) is due, in UTC.

    Hours are hours on the clock, through changes to and from summer time. Days end when the
    calendar closes.
    """
    if isinstance(allowed, Minutes):
        return from_.astimezone(dt.UTC) + dt.timedelta(minutes=allowed.minutes)
    if isinstance(allowed, Elapsed):
        return from_.astimezone(dt.UTC) + dt.timedelta(hours=allowed.hours)
    came = from_.astimezone(ZoneInfo(calendar.time_zone))
    day, days = came.date(), 0 if isinstance(allowed, SameDay) else allowed.days
    if not days and not (came.time() < calendar.closes and is_working_day(day, calendar)):
        days = 1  # What comes at closing time or later is the next working day's work.
    while days:
        day += dt.timedelta(days=1)
        days -= is_working_day(day, calendar)
    closing = dt.datetime.combine(day, calendar.closes, ZoneInfo(calendar.time_zone))
    return closing.astimezone(dt.UTC)


def share_of(from_: dt.datetime, until: dt.datetime, *, share: float) -> dt.datetime:
    """The moment, in UTC, when this share (0 to 1) of the time has passed."""
    start = from_.astimezone(dt.UTC)
    return start + (until - start) * share


def is_working_day(day: dt.date, calendar: Calendar) -> bool:
    """Whether the borough works: no weekend, closure or bank holiday of its part of Britain."""
    off = day.weekday() >= _SATURDAY or day in calendar.closures
    return not off and day not in _bank_holidays(calendar.subdivision, day.year)


@lru_cache(maxsize=512)
def _bank_holidays(subdivision: str, year: int) -> frozenset[dt.date]:
    """Kept per year: building a year takes milliseconds, asking it nothing."""
    return frozenset(holidays.country_holidays("GB", subdiv=subdivision, years=year))
