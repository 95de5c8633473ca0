"""When somebody is there, by the calendar of the borough's profile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import holidays

from schemas.calendar import Calendar

Span: TypeAlias = tuple[dt.datetime, dt.datetime]
"""From the first moment (UTC) until the second, which is no longer part of it."""

_DAY = dt.timedelta(days=1)
_MOST_DAYS = 4096
_NO_TIME = dt.timedelta()


class Openings:
    """The times at which somebody is there; days are worked out once."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = ZoneInfo(calendar.time_zone)
        self._week = calendar.week
        self._days: dict[dt.date, Span | None] = {}

    def on(self, day: dt.date) -> Span | None:
        """From when until when it is open on a day of its own."""
        if day not in self._days:
            if len(self._days) >= _MOST_DAYS:
                self._days.clear()
            self._days[day] = self._span(day)
        return self._days[day]

    def why_closed(self, day: dt.date) -> str | None:
        """Why it does not open on a day, in words; None where it does."""
        calendar = self.calendar
        if calendar.always:
            return None
        if self._week[day.weekday()] is None:
            return "weekend" if day.weekday() >= 5 else "closed on that weekday"
        if day in calendar.closures:
            return "closure"
        if holiday := bank_holidays(calendar.subdivision, day.year).get(day):
            return f"bank holiday: {holiday}"
        terms = calendar.terms
        if not terms or not terms[0].first <= day <= terms[-1].last:
            return None
        in_term = any(term.first <= day <= term.last for term in terms)
        return None if in_term else "school holidays"

    def day_of(self, moment: dt.datetime) -> dt.date:
        """Its own date at a moment."""
        return moment.astimezone(self.zone).date()

    def since(self, start: dt.datetime, day: dt.date | None = None) -> Iterator[Span]:
        """The openings that are not over at ``start``, without end; ``day``: not before it."""
        day = day or self.day_of(start)
        while True:
            span = self._days[day] if day in self._days else self.on(day)
            if span is not None and span[1] > start:
                yield span
            day += _DAY

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """How long it is open from one moment to another."""
        if self.calendar.always:
            return max(end - start, _NO_TIME)
        length = _NO_TIME
        for opens, closes in self._running(start):
            if opens >= end:
                break
            length += (closes if closes < end else end) - opens
        return length

    def after(
        self, start: dt.datetime, length: dt.timedelta, *, pauses: Iterable[Span] = ()
    ) -> dt.datetime:
        """The first moment by which it was open for so long, leaving out pauses."""
        if self.calendar.always and not pauses:
            return start + length
        running = self._running(start)
        for begin, end in _without(sorted(pauses), running) if pauses else running:
            here = end - begin
            if length <= here:
                return begin + length
            length -= here
        raise AssertionError("openings have no end")

    def _running(self, start: dt.datetime) -> Iterator[Span]:
        for opens, closes in self.since(start):
            yield (opens if opens > start else start), closes

    def closing(self, start: dt.datetime, *, days: int) -> dt.datetime:
        """When the so-many-th working day after the one of ``start`` ends; 0: the first that is not
        over then.
        """
        first = self.day_of(start) + (_DAY if days else _NO_TIME)
        for number, (_, closes) in enumerate(self.since(start, first), start=1):
            if number >= days:
                return closes
        raise AssertionError("openings have no end")

    def opening(self, start: dt.datetime) -> dt.datetime:
        """When it opens next."""
        return next(opens for opens, _ in self.since(start) if opens > start)

    def is_open(self, moment: dt.datetime) -> bool:
        """Whether somebody is there, or has just left."""
        span = self.on(self.day_of(moment))
        return self.calendar.always or (span is not None and span[0] <= moment <= span[1])

    def _span(self, day: dt.date) -> Span | None:
        if self.why_closed(day) is not None:
            return None
        hours = self._week[day.weekday()]
        if self.calendar.always or hours is None:
            return self._moment(day, dt.time()), self._moment(day + _DAY, dt.time())
        closes_on = day + _DAY if hours.closes == dt.time() else day
        return self._moment(day, hours.opens), self._moment(closes_on, hours.closes)

    def _moment(self, day: dt.date, at: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, at, self.zone).astimezone(dt.UTC)


def _without(pauses: Sequence[Span], running: Iterable[Span]) -> Iterator[Span]:
    for begin, end in running:
        left = begin
        for since, until in pauses:
            if since < end and until > left:
                if since > left:
                    yield left, since
                left = until
        if left < end:
            yield left, end


@lru_cache(maxsize=256)
def openings(calendar: Calendar) -> Openings:
    """The openings of a calendar, which remember the days that they have worked out."""
    return Openings(calendar)


@lru_cache(maxsize=512)
def bank_holidays(subdivision: str, year: int) -> dict[dt.date, str]:
    """Kept per year: building a year takes milliseconds, asking it nothing."""
    return dict(holidays.country_holidays("GB", subdiv=subdivision, years=year))
