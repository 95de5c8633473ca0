"""Clocks run in the time of whom they bind: a table of cases, and what holds of all (F43)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from router.steps.clocks.openings import bank_holidays, openings
from router.steps.clocks.own_time import OwnTime, allowed_time, time_until
from schemas.calendar import (
    BeforeNextSchoolDay,
    Calendar,
    Elapsed,
    Minutes,
    PartnerCalendar,
    SameDay,
    Term,
    TimeAllowed,
    Week,
    WorkingDays,
    WorkingHours,
)
from tests.support import given, plain_clock
from tests.support.plain_clock import at

LONDON = ZoneInfo("Europe/London")
CASES = list(plain_clock.cases())
BY_HAND = [case for case in CASES if case.get("by_hand")]
ALLOWED: TypeAdapter[TimeAllowed] = TypeAdapter(TimeAllowed)
SHARES = {"warned": 0.75, "due": 1.0, "escalated": 1.5}


def name(case: dict[str, Any]) -> str:
    """What a case is about, for the name of its test."""
    return f"{case['about']}: {case['allowed']['kind']} from {case['at']}"


def own_time(case: dict[str, Any]) -> OwnTime:
    """What the hub makes of a case."""
    calendar = PartnerCalendar.model_validate(case["calendar"])
    allowed, start = case["allowed"], at(case["at"])
    if allowed["kind"] == "until":
        until = at(allowed["until"])
        return time_until(until, start, calendar=calendar, share=allowed["share"])
    return allowed_time(ALLOWED.validate_python(allowed), start, calendar=calendar)


def test_the_table_is_as_large_as_was_asked_for() -> None:
    assert len(CASES) >= 200
    assert len(BY_HAND) >= 25


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_table_of_cases(case: dict[str, Any]) -> None:
    own, pauses = own_time(case), [(at(a), at(b)) for a, b in case.get("pauses", ())]
    found = {name: own.at(share, pauses=pauses) for name, share in SHARES.items()}
    assert found == {name: at(case[name]) for name in SHARES}
    assert {moment.utcoffset() for moment in found.values()} == {dt.timedelta()}


@pytest.mark.parametrize("case", BY_HAND, ids=name)
def test_the_plain_reckoning_agrees_with_what_was_worked_out_by_hand(case: dict[str, Any]) -> None:
    assert at(plain_clock.reckon(case)["due"]) == at(case["due"])


@pytest.mark.parametrize("nation", ["ENG", "WLS", "SCT", "NIR"])
def test_bank_holidays_are_those_of_the_government(nation: str) -> None:
    known = plain_clock.BANK_HOLIDAYS[nation]
    years = {day.year for day in known}
    assert known == {day for year in years for day in bank_holidays(nation, year)}


days = st.dates(dt.date(2023, 1, 1), dt.date(2030, 1, 1))
moments = st.datetimes(
    dt.datetime(2023, 1, 1),
    dt.datetime(2030, 1, 1),
    timezones=st.sampled_from([dt.UTC, LONDON, ZoneInfo("Asia/Tokyo")]),
)
openings_of_a_day = st.tuples(st.integers(0, 1438), st.integers(1, 1439)).map(
    lambda two: {
        "opens": dt.time(*divmod(min(two), 60)),
        "closes": dt.time(*divmod(max(two[0] + 1, two[1]), 60)),
    }
)
WEEKDAYS = list(Week.model_fields)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), openings_of_a_day, min_size=1)


@st.composite
def terms(draw: st.DrawFn) -> list[dict[str, dt.date]]:
    """Some terms in order."""
    dates = sorted(draw(st.lists(days, min_size=2, max_size=6, unique=True)))
    return [{"first": a, "last": b} for a, b in zip(dates[::2], dates[1::2], strict=False)]


calendars = st.one_of(
    st.just(PartnerCalendar(always=True)),
    st.fixed_dictionaries(
        {
            "hours": weeks,
            "subdivision": st.sampled_from(["ENG", "WLS", "SCT", "NIR"]),
            "closures": st.lists(days, max_size=5),
            "on_call": st.booleans(),
        },
        optional={"terms": terms()},
    ).map(PartnerCalendar.model_validate),
)
kinds = st.one_of(
    st.builds(Minutes, minutes=st.floats(0.5, 1440), day_and_night=st.booleans()),
    st.builds(Elapsed, hours=st.floats(0.01, 24 * 30)),
    st.builds(WorkingHours, hours=st.floats(0.01, 80)),
    st.builds(WorkingDays, days=st.integers(1, 12)),
    st.just(SameDay()),
    st.just(BeforeNextSchoolDay()),
)

AMOUNTS: list[tuple[str, str, st.SearchStrategy[float]]] = [
    ("minutes", "minutes", st.floats(0.01, 1440)),
    ("hours", "hours", st.floats(0.01, 720)),
    ("working_hours", "hours", st.floats(0.01, 80)),
    ("working_days", "days", st.integers(1, 12)),
]


@for_all(calendars, moments, st.data())
def test_more_time_never_makes_an_earlier_due(
    calendar: Calendar, start: dt.datetime, data: st.DataObject
) -> None:
    kind, unit, amounts = data.draw(st.sampled_from(AMOUNTS))
    told = [{"kind": kind, unit: amount} for amount in sorted(data.draw(st.tuples(*[amounts] * 2)))]
    allowed = map(ALLOWED.validate_python, told)
    dues = [allowed_time(one, start, calendar=calendar).due for one in allowed]
    assert start < dues[0] <= dues[1]


@for_all(calendars, moments, st.floats(0.1, 400), st.floats(0, 400), st.floats(0.1, 1))
def test_a_later_end_never_makes_an_earlier_answer(
    calendar: Calendar, start: dt.datetime, hours: float, more: float, share: float
) -> None:
    # Hours that pass: a zone's own arithmetic leaves out the hour that summer time leaves out.
    ends = [start.astimezone(dt.UTC) + dt.timedelta(hours=one) for one in (hours, hours + more)]
    dues = [time_until(end, start, calendar=calendar, share=share).due for end in ends]
    assert start < dues[0] <= dues[1]


@for_all(calendars, moments, kinds)
def test_a_due_time_lies_within_the_time_in_which_it_runs(
    calendar: Calendar, start: dt.datetime, allowed: TimeAllowed
) -> None:
    own = allowed_time(allowed, start, calendar=calendar)
    assert own.runs.is_open(own.due)
    always = isinstance(allowed, Minutes) and allowed.day_and_night
    if not always and not (isinstance(allowed, Minutes | Elapsed) and calendar.on_call):
        assert openings(calendar).is_open(own.due)


@for_all(calendars, moments, kinds, st.floats(0.01, 1), st.floats(1, 4))
def test_it_is_warned_of_before_it_is_due_and_goes_up_after(
    calendar: Calendar, start: dt.datetime, allowed: TimeAllowed, before: float, after: float
) -> None:
    own = allowed_time(allowed, start, calendar=calendar)
    assert start < own.at(before) <= own.due <= own.at(after)


@for_all(calendars, moments, kinds, st.floats(0, 100), st.floats(0.1, 100))
def test_a_pause_never_makes_an_earlier_due(
    calendar: Calendar, start: dt.datetime, allowed: TimeAllowed, since: float, length: float
) -> None:
    own = allowed_time(allowed, start, calendar=calendar)
    begin = start.astimezone(dt.UTC) + dt.timedelta(hours=since)
    pause = (begin, begin + dt.timedelta(hours=length))
    due = own.at(1, pauses=[pause])
    assert due >= own.due
    assert not pause[0] < due < pause[1]


@for_all(calendars, moments, moments, st.integers(1, 10))
def test_what_comes_earlier_is_not_due_later(
    calendar: Calendar, one: dt.datetime, other: dt.datetime, days: int
) -> None:
    early, late = sorted((one, other))
    for allowed in (WorkingDays(days=days), SameDay(), BeforeNextSchoolDay(), Elapsed(hours=days)):
        dues = [allowed_time(allowed, came, calendar=calendar).due for came in (early, late)]
        assert dues[0] <= dues[1]


def test_days_end_when_the_authority_closes_after_so_many_working_days() -> None:
    calendar = Calendar(closures=(dt.date(2026, 6, 11),))
    due = allowed_time(WorkingDays(days=1), at("2026-06-10T12:00"), calendar=calendar).due
    assert due == at("2026-06-12T17:00")


@pytest.mark.parametrize("kind", ["police", "hospital", "ambulance", "front_line"])
def test_an_old_profile_has_the_police_and_hospitals_there_day_and_night(kind: str) -> None:
    old = given.profile().model_copy(update={"calendars": {}, "chains": {}})
    policy = given.policy(given.partner("agency", kind=kind), profile_=old)
    assert policy.calendar_of("agency").always


def test_an_old_profile_has_other_partners_there_in_office_hours() -> None:
    council = Calendar(subdivision="SCT", closures=(dt.date(2026, 12, 29),))
    old = given.profile().model_copy(update={"calendars": {}, "calendar": council})
    policy = given.policy(given.partner("nursery", kind="school"), profile_=old)
    assert policy.calendar_of("nursery") == PartnerCalendar(subdivision="SCT")
    assert policy.calendar_of("nobody_known") == PartnerCalendar(subdivision="SCT")
    assert policy.calendar_of(policy.lead_agency) == council


def test_an_agency_keeps_its_own_calendar_before_that_of_its_kind() -> None:
    own, of_kind = PartnerCalendar(opens=dt.time(7)), PartnerCalendar(opens=dt.time(8))
    calendars = {"nursery": own, "school": of_kind, "police": of_kind}
    profile = given.profile().model_copy(update={"calendars": calendars})
    partners = [given.partner(code, kind="school") for code in ("nursery", "primary")]
    policy = given.policy(*partners, profile_=profile)
    assert policy.calendar_of("nursery") == own
    assert policy.calendar_of("primary") == of_kind
    assert policy.calendar_of("police") == of_kind


def test_a_day_may_end_at_midnight() -> None:
    week = {"friday": {"opens": "09:00", "closes": "00:00"}}
    calendar = PartnerCalendar.model_validate({"hours": week})
    due = allowed_time(SameDay(), at("2026-11-27T20:00"), calendar=calendar).due
    assert due == at("2026-11-28T00:00")


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": "17:00", "closes": "09:00"},
        {"hours": {}},
        {"hours": {"monday": {"opens": "17:00", "closes": "09:00"}}},
        {"terms": [{"first": "2027-01-05", "last": "2026-12-18"}]},
        {"time_zone": "Mars/Olympus"},
    ],
)
def test_a_calendar_that_never_opens_or_runs_backwards_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PartnerCalendar.model_validate(wrong)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-11-28", "weekend"),
        ("2026-12-28", "bank holiday: Boxing Day (observed)"),
        ("2026-12-29", "closure"),
        ("2026-10-28", "school holidays"),
        ("2026-11-27", None),
        ("2028-08-15", None),
    ],
)
def test_it_says_why_a_day_is_no_working_day(day: str, why: str | None) -> None:
    calendar = PartnerCalendar(
        closures=(dt.date(2026, 12, 29),),
        terms=(
            Term(first=dt.date(2026, 9, 1), last=dt.date(2026, 10, 23)),
            Term(first=dt.date(2026, 11, 2), last=dt.date(2027, 7, 21)),
        ),
    )
    assert openings(calendar).why_closed(dt.date.fromisoformat(day)) == why
