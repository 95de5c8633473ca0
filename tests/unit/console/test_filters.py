"""Dates, times and numbers stand on screens as people write them."""

from __future__ import annotations

import datetime as dt

import pytest

from ops.console import filters
from schemas.person import NHS_NUMBER, Identifier, PartialDate


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-12T17:30:00+00:00", "12 March 2026 at 5:30pm"),
        ("2026-07-01T08:05:00+00:00", "1 July 2026 at 9:05am"),  # British Summer Time
        ("2026-01-01T00:00:00+00:00", "1 January 2026 at midnight"),
        ("2026-01-01T12:00:00+00:00", "1 January 2026 at midday"),
        ("2026-01-01T12:01:00+00:00", "1 January 2026 at 12:01pm"),
        ("2026-01-01T00:01:00+00:00", "1 January 2026 at 12:01am"),
    ],
)
def test_a_moment_is_said_in_local_time(at: str, said: str) -> None:
    assert filters.moment(dt.datetime.fromisoformat(at)) == said


def test_what_is_due_at_midnight_is_due_at_the_end_of_the_day_before() -> None:
    assert filters.due(dt.datetime.fromisoformat("2026-11-29T00:00:00+00:00")) == (
        "the end of 28 November 2026"
    )
    assert filters.due(dt.datetime.fromisoformat("2026-11-29T09:00:00+00:00")).endswith("9:00am")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (29, "less than a minute left"),
        (60, "1 minute left"),
        (3 * 3600 + 120, "3 hours 2 minutes left"),
        (86400 * 2 + 3600, "2 days 1 hour left"),
        (-120, "2 minutes overdue"),
    ],
)
def test_time_left_is_said_in_its_two_largest_parts(seconds: int, said: str) -> None:
    assert filters.left(seconds) == said


def test_an_nhs_number_stands_in_three_groups_and_other_numbers_as_they_are() -> None:
    assert filters.nhs("9990000018") == "999 000 0018"
    number = Identifier(value="9990000018", system=NHS_NUMBER)
    assert filters.number(number) == "NHS number 999 000 0018"
    other = Identifier(value="A123", system="https://example.org/upn")
    assert filters.number(other) == "UPN A123"


def test_what_of_a_date_of_birth_is_in_doubt_is_said() -> None:
    born = PartialDate(date=dt.date(2017, 2, 9), accuracy_indicator="EAA")
    assert filters.born(born) == "9 February 2017 (day estimated)"
    due = PartialDate(date=dt.date(2027, 1, 2), accuracy_indicator="XXX")
    assert filters.born(due) == "Expected 2 January 2027"
