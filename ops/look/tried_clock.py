"""What a profile makes of a moment: when something would be due, and which days it skips."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from router.steps.clocks.openings import Openings, openings
from router.steps.clocks.own_time import OwnTime, allowed_time, time_until
from router.steps.clocks.ticking import rungs
from schemas.calendar import BeforeNextSchoolDay, Calendar, Contact
from schemas.policy import CHECK_ALLOWED, BoroughProfile
from schemas.rating import ClockKind, Colour

Kind: TypeAlias = ClockKind | Literal["before_next_school_day"]


class CannotTry(Exception):
    """The question lacks something, in words."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that the clock tells; ``at`` by the borough's clocks."""

    what: str
    """``warned``, ``due and chased``, or ``escalated``."""
    at: dt.datetime
    share: float
    """Of its own time."""
    told: str | None = None
    """Whom of the chain."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Days in a row on which it does not run, and why."""

    first: dt.date
    last: dt.date
    why: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A clock as it would run."""

    profile: str
    kind: str
    agency: str | None
    starts: dt.datetime
    runs: Literal["day and night", "while it is open"]
    own_seconds: int
    moments: tuple[Moment, ...]
    skipped: tuple[Skipped, ...]


def attempt(
    profile: BoroughProfile, kind: Kind, *, at: dt.datetime, agency: str | None, colour: Colour
) -> Tried:
    """A clock of this kind that starts ``at`` (by the borough's clocks where it has no offset).

    Raises ``CannotTry``.
    """
    try:
        return _attempted(profile, kind, at=at, agency=agency, colour=colour)
    except OverflowError:
        raise CannotTry("it would run beyond the end of time: give an earlier moment") from None


def _attempted(
    profile: BoroughProfile, kind: Kind, *, at: dt.datetime, agency: str | None, colour: Colour
) -> Tried:
    zone = ZoneInfo(profile.calendar.time_zone)
    start = at if at.tzinfo else at.replace(tzinfo=zone)
    own = _own_time(profile, kind, start=start, agency=agency, colour=colour)
    contacts, every = _chain(profile, kind, own=own)
    up, step = rungs(own.due, contacts, every=every, runs=own.runs), every / own.length
    moments = (
        Moment("warned", own.at(profile.warn_at).astimezone(zone), profile.warn_at),
        Moment("due and chased", own.due.astimezone(zone), 1),
        *(
            Moment("escalated", rung.at.astimezone(zone), 1 + step * number, rung.contact.role)
            for number, rung in enumerate(up, start=1)
        ),
    )
    return Tried(
        profile=profile.title,
        kind=kind,
        agency=agency,
        starts=start.astimezone(zone),
        runs="day and night" if own.runs.calendar.always else "while it is open",
        own_seconds=int(own.length.total_seconds()),
        moments=moments,
        skipped=tuple(
            _skipped(_days_of(profile, kind, own=own, agency=agency), start, end=moments[-1].at)
        ),
    )


def _chain(
    profile: BoroughProfile, kind: Kind, *, own: OwnTime
) -> tuple[tuple[Contact, ...], dt.timedelta]:
    """Along whom it goes up, and how much later each is told."""
    if kind == "before_next_school_day":
        return (), own.length * (profile.escalate_at - 1)
    return profile.chains.get(kind, ()), profile.escalates_every(kind, own.length)


def _own_time(
    profile: BoroughProfile,
    kind: Kind,
    *,
    start: dt.datetime,
    agency: str | None,
    colour: Colour,
) -> OwnTime:
    authority, rule = profile.calendar, profile.colours[colour]
    product = allowed_time(rule.time_allowed, start, calendar=authority)
    match kind:
        case "decision":
            return allowed_time(profile.decision_allowed, start, calendar=authority)
        case "product":
            return product
        case "possible_red":
            if profile.possible_red_allowed is None:
                raise CannotTry("the profile has no clock for a possible Red")
            return allowed_time(profile.possible_red_allowed, start, calendar=authority)
    if kind == "check":
        return _of_a_check(profile, start, agency=agency)
    if kind != "answer" and kind != "before_next_school_day":
        return _as_allowed(profile, kind, start=start, agency=agency, colour=colour)
    if agency is None:
        raise CannotTry("it runs in the time of an agency: name it with --agency")
    theirs, until = profile.calendar_of(agency, None), product.due
    return _of_an_agency(
        profile, start, theirs=theirs, agency=agency, until=until if kind == "answer" else None
    )


def _of_an_agency(
    profile: BoroughProfile,
    start: dt.datetime,
    *,
    theirs: Calendar,
    agency: str,
    until: dt.datetime | None,
) -> OwnTime:
    """Its share of the time until then, or all until its next school day."""
    if until is not None:
        return time_until(until, start, calendar=theirs, share=profile.answer_share)
    if theirs.always:
        raise CannotTry(f"{agency} is always open in this profile: there is no next school day")
    return allowed_time(BeforeNextSchoolDay(), start, calendar=theirs)


def _of_a_check(profile: BoroughProfile, start: dt.datetime, *, agency: str | None) -> OwnTime:
    """As long as a system has to which the configuration gives no time of its own."""
    if agency is None:
        raise CannotTry("it runs in the time of an agency: name it with --agency")
    return allowed_time(CHECK_ALLOWED, start, calendar=profile.calendar_of(agency, None))


def _as_allowed(
    profile: BoroughProfile,
    kind: ClockKind,
    *,
    start: dt.datetime,
    agency: str | None,
    colour: Colour,
) -> OwnTime:
    allowed = profile.colours[colour].allowed.get(kind) or profile.allowed.get(kind)
    if allowed is None:
        raise CannotTry(f"the profile has no clock of this kind: name {kind} under [allowed]")
    calendar = profile.calendar_of(agency, None) if agency else profile.calendar
    return allowed_time(allowed, start, calendar=calendar)


def _days_of(profile: BoroughProfile, kind: Kind, *, own: OwnTime, agency: str | None) -> Openings:
    """By whose days it ends: a school's, though its clock runs day and night."""
    if kind == "before_next_school_day" and agency is not None:
        return openings(profile.calendar_of(agency, None))
    return own.runs


def _skipped(runs: Openings, start: dt.datetime, *, end: dt.datetime) -> Iterator[Skipped]:
    first, last = runs.day_of(start), runs.day_of(end)
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    for why, together in groupby(days, runs.why_closed):
        skipped = list(together)
        if why is not None:
            yield Skipped(skipped[0], skipped[-1], why)
