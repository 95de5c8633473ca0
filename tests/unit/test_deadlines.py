"""Due times: hours are real hours, days end at closing time, and nobody works on bank holidays."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.steps import deadlines
from schemas.policy import Calendar, Elapsed, SameDay, WorkingDays

LONDON = ZoneInfo("Europe/London")
ENGLAND = Calendar()

moments = st.datetimes(
    dt.datetime(2020, 1, 1),
    dt.datetime(2035, 12, 1),
    timezones=st.sampled_from([dt.UTC, LONDON, ZoneInfo("Asia/Tokyo")]),
)


def at(text: str) -> dt.datetime:
    """A moment on London's clocks."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("came", "days", "due"),
    [
        ("2026-06-10T12:00", 2, "2026-06-12T17:00"),  # Wednesday to Friday
        ("2026-06-12T12:00", 1, "2026-06-15T17:00"),  # over a weekend
        ("2026-06-13T12:00", 1, "2026-06-15T17:00"),  # came on a Saturday
        ("2026-04-02T12:00", 1, "2026-04-07T17:00"),  # over Good Friday and Easter Monday
        ("2026-12-24T12:00", 1, "2026-12-29T17:00"),  # Boxing Day's substitute is Monday the 28th
        ("2021-12-24T12:00", 1, "2021-12-29T17:00"),  # substitutes for both days of Christmas
        ("2028-02-28T12:00", 1, "2028-02-29T17:00"),  # a leap day is a working day
        ("2024-02-28T12:00", 2, "2024-03-01T17:00"),
    ],
)
def test_working_days_leave_out_weekends_and_bank_holidays(came: str, days: int, due: str) -> None:
    assert deadlines.due(WorkingDays(days=days), at(came), calendar=ENGLAND) == at(due)


@pytest.mark.parametrize(
    ("subdivision", "due"),
    [("ENG", "2026-04-07T17:00"), ("SCT", "2026-04-06T17:00"), ("NIR", "2026-04-07T17:00")],
)
def test_easter_monday_is_a_working_day_in_scotland_only(subdivision: str, due: str) -> None:
    calendar = Calendar.model_validate({"subdivision": subdivision})
    assert deadlines.due(WorkingDays(days=1), at("2026-04-02T12:00"), calendar=calendar) == at(due)


def test_a_closure_of_the_borough_is_no_working_day() -> None:
    calendar = Calendar(closures=(dt.date(2026, 6, 11),))
    assert deadlines.due(WorkingDays(days=1), at("2026-06-10T12:00"), calendar=calendar) == at(
        "2026-06-12T17:00"
    )


@pytest.mark.parametrize(
    ("came", "due"),
    [
        ("2026-06-10T00:00", "2026-06-10T17:00"),
        ("2026-06-10T16:59", "2026-06-10T17:00"),
        ("2026-06-10T17:00", "2026-06-11T17:00"),  # at closing time nothing is left of the day
        ("2026-06-12T18:00", "2026-06-15T17:00"),
        ("2026-06-13T09:00", "2026-06-15T17:00"),
        ("2026-04-03T09:00", "2026-04-07T17:00"),  # Good Friday
    ],
)
def test_the_same_day_is_the_working_day_on_which_it_came(came: str, due: str) -> None:
    assert deadlines.due(SameDay(), at(came), calendar=ENGLAND) == at(due)


def test_four_hours_are_four_hours_through_the_change_to_summer_time() -> None:
    due = deadlines.due(Elapsed(hours=4), at("2026-03-29T00:30"), calendar=ENGLAND)
    assert due == at("2026-03-29T05:30")


def test_four_hours_are_four_hours_through_the_change_to_winter_time() -> None:
    due = deadlines.due(Elapsed(hours=4), at("2026-10-25T00:30"), calendar=ENGLAND)
    assert due == at("2026-10-25T03:30")


@given(moments, st.floats(0.1, 24 * 90))
def test_hours_elapse_alike_on_every_day(came: dt.datetime, hours: float) -> None:
    due = deadlines.due(Elapsed(hours=hours), came, calendar=ENGLAND)
    assert due - came.astimezone(dt.UTC) == dt.timedelta(hours=hours)


@given(moments, st.integers(1, 30), st.sampled_from(["ENG", "SCT", "WLS", "NIR"]))
def test_days_end_at_closing_time_with_exactly_so_many_working_days_passed(
    came: dt.datetime, days: int, subdivision: str
) -> None:
    calendar = Calendar.model_validate({"subdivision": subdivision})
    due = deadlines.due(WorkingDays(days=days), came, calendar=calendar)
    first, last = came.astimezone(LONDON).date(), due.astimezone(LONDON).date()
    passed = [first + dt.timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert due.utcoffset() == dt.timedelta()
    assert due.astimezone(LONDON).time() == dt.time(17, 0)
    assert sum(deadlines.is_working_day(day, calendar) for day in passed) == days
    assert deadlines.is_working_day(last, calendar)


@given(moments)
def test_the_same_day_is_never_over_and_never_beyond_the_next_working_day(
    came: dt.datetime,
) -> None:
    due = deadlines.due(SameDay(), came, calendar=ENGLAND)
    assert came < due <= deadlines.due(WorkingDays(days=1), came, calendar=ENGLAND)


@given(moments, moments, st.integers(1, 10))
def test_what_comes_earlier_is_not_due_later(
    one: dt.datetime, other: dt.datetime, days: int
) -> None:
    early, late = sorted((one, other))
    for allowed in (WorkingDays(days=days), SameDay()):
        assert deadlines.due(allowed, early, calendar=ENGLAND) <= deadlines.due(
            allowed, late, calendar=ENGLAND
        )


@given(moments, st.floats(0.01, 1))
def test_a_share_of_the_time_lies_within_it(came: dt.datetime, share: float) -> None:
    until = deadlines.due(Elapsed(hours=4), came, calendar=ENGLAND)
    assert came < deadlines.share_of(came, until, share=share) <= until


def test_three_quarters_of_four_hours_are_three() -> None:
    came = at("2026-03-29T00:30")
    until = deadlines.due(Elapsed(hours=4), came, calendar=ENGLAND)
    assert deadlines.share_of(came, until, share=0.75) == came.astimezone(dt.UTC) + dt.timedelta(
        hours=3
    )
