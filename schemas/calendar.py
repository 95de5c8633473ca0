"""When people work, and how much time they are allowed: data of the borough's profile (R18, R25,
L3, L4).
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from operator import not_
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from schemas.base import Code, Line, Shape


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError("write an IANA time zone such as Europe/London") from error
    return name


class Minutes(Shape):
    """So many minutes; as hours."""

    kind: Literal["minutes"] = "minutes"
    minutes: float = Field(gt=0, le=60 * 24)
    day_and_night: bool = Field(default=False, exclude_if=not_)
    """Whether they run while whoever they bind is closed, too: so that its chain hears tonight that
    a Red lacks an owner's words, and not on Monday.
    """

    @property
    def length(self) -> dt.timedelta:
        """As a length of time."""
        return dt.timedelta(minutes=self.minutes)


class Elapsed(Shape):
    """So many hours, nights and weekends included, for who is reached at all hours; for whoever is
    not, as much of them as it is open for.
    """

    kind: Literal["hours"] = "hours"
    hours: float = Field(gt=0, le=24 * 90)

    @property
    def length(self) -> dt.timedelta:
        """As a length of time."""
        return dt.timedelta(hours=self.hours)


class WorkingHours(Shape):
    """So many hours of opening time."""

    kind: Literal["working_hours"] = "working_hours"
    hours: float = Field(gt=0, le=24 * 90)


class SameDay(Shape):
    """By the end of the working day on which it came, or of the next one."""

    kind: Literal["same_day"] = "same_day"


class WorkingDays(Shape):
    """By the end of the n-th working day after the one on which it came."""

    kind: Literal["working_days"] = "working_days"
    days: int = Field(ge=1, le=90)


class BeforeNextSchoolDay(Shape):
    """By when the school opens next (L4). It runs day and night: who tells the school is bound."""

    kind: Literal["before_next_school_day"] = "before_next_school_day"


TimeAllowed = Annotated[
    Minutes | Elapsed | WorkingHours | SameDay | WorkingDays | BeforeNextSchoolDay,
    Field(discriminator="kind"),
]


class Hours(Shape):
    """From when until when somebody is there; ``closes`` at 00:00 is the end of the day."""

    opens: dt.time
    closes: dt.time

    @model_validator(mode="after")
    def _in_order(self) -> Hours:
        if self.closes != dt.time() and self.closes <= self.opens:
            raise ValueError("it closes before it opens")
        return self


class Week(Shape):
    """The hours of each weekday; none: closed."""

    monday: Hours | None = None
    tuesday: Hours | None = None
    wednesday: Hours | None = None
    thursday: Hours | None = None
    friday: Hours | None = None
    saturday: Hours | None = None
    sunday: Hours | None = None

    @model_validator(mode="after")
    def _opens_at_all(self) -> Week:
        if not any(self.days):
            raise ValueError("it opens on no day")
        return self

    @property
    def days(self) -> tuple[Hours | None, ...]:
        """Monday first."""
        first = (self.monday, self.tuesday, self.wednesday, self.thursday)
        return (*first, self.friday, self.saturday, self.sunday)


class Term(Shape):
    """A part of the school year, both days included."""

    first: dt.date
    last: dt.date


class Calendar(Shape):
    """When somebody works: not on bank holidays of ``subdivision`` or ``closures``.

    As it stands, the authority's; a partner's is a :class:`PartnerCalendar`.
    """

    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Europe/London"
    opens: dt.time = dt.time(9, 0)
    closes: dt.time = dt.time(17, 0)
    """From Monday to Friday, where ``hours`` does not say otherwise."""
    subdivision: Literal["ENG", "SCT", "WLS", "NIR"] = "ENG"
    closures: tuple[dt.date, ...] = ()
    hours: Week | None = Field(default=None, exclude_if=not_)
    always: bool = Field(default=False, exclude_if=not_)
    """Open day and night, on every day."""
    terms: tuple[Term, ...] = Field(default=(), exclude_if=not_)
    """Of a school, in order: between the first and the last it opens in terms alone. Before and
    after them nobody has said when it does, and its other days count.
    """
    on_call: bool = Field(default=True, exclude_if=bool)
    """Somebody is reached at all hours, so that hours and minutes run day and night."""
    at_least_minutes: int = Field(default=60, ge=1, exclude_if=lambda minutes: minutes == 60)
    """Of its own time, where it is closed while hours and minutes run, or nearly all of them."""

    @model_validator(mode="after")
    def _in_order(self) -> Calendar:
        Hours(opens=self.opens, closes=self.closes)
        days = [day for term in self.terms for day in (term.first, term.last)]
        if days != sorted(days):
            raise ValueError("write terms in order, each with its first day before its last")
        return self

    @property
    def week(self) -> tuple[Hours | None, ...]:
        """The hours of each weekday, Monday first."""
        if self.hours is not None:
            return self.hours.days
        office = Hours(opens=self.opens, closes=self.closes)
        return (*[office] * 5, None, None)


class PartnerCalendar(Calendar):
    """When an agency, or one of a kind, is there: nobody is reached while it is closed."""

    on_call: bool = Field(default=False, exclude_if=not_)


DAY_AND_NIGHT = PartnerCalendar(always=True)
ALWAYS_THERE = frozenset({"police", "hospital", "ambulance", "front_line"})
"""Kinds of agency that are there day and night, unless the profile gives their calendar."""


@lru_cache(maxsize=64)
def office_hours(calendar: Calendar) -> PartnerCalendar:
    """Those of the authority for somebody else, whom its closures do not bind."""
    return PartnerCalendar(
        time_zone=calendar.time_zone,
        opens=calendar.opens,
        closes=calendar.closes,
        subdivision=calendar.subdivision,
        hours=calendar.hours,
    )


class Contact(Shape):
    """One of a chain along which what is late goes up: somebody who is called by name or role."""

    role: Line
    reach: Line
    """How they are reached, such as a telephone number."""
    agency: Code | None = Field(default=None, exclude_if=lambda code: code is None)
    """Whose queue the letter goes to; None: the lead agency's."""
