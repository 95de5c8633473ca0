"""Dates of birth: accurate, estimated, swapped, mistyped, expected."""

from __future__ import annotations

import datetime as dt

import pytest

from router.linkage.dates import Agreement, born, compare, day_of, unborn
from schemas.person import PartialDate


def day(text: str) -> int:
    return dt.date.fromisoformat(text).toordinal()


@pytest.mark.parametrize(
    ("a", "b", "agreement"),
    [
        ("2014-05-03", "2014-05-03", Agreement.EXACT),
        ("2014-05-03", "2014-03-05", Agreement.SWAPPED),
        ("2014-05-03", "2013-05-03", Agreement.SLIP),
        ("2014-05-13", "2014-05-03", Agreement.SLIP),
        ("2014-05-03", "2014-08-29", Agreement.CLOSE),
        ("2014-05-03", "2017-11-21", Agreement.OTHER),
    ],
)
def test_two_accurate_dates_agree_as_their_errors_would_make_them(
    a: str, b: str, agreement: int
) -> None:
    assert compare(day(a), False, day(b), False) == agreement


def test_an_estimated_date_is_held_to_its_year_alone() -> None:
    assert compare(day("2014-01-01"), True, day("2014-09-30"), False) == Agreement.YEAR
    assert compare(day("2014-01-01"), True, day("2015-09-30"), False) == Agreement.NEAR_YEAR


def test_a_birth_near_the_expected_day_fits_and_one_a_year_later_cannot() -> None:
    assert born(day("2025-03-20"), False, day("2025-03-02"), day("2024-12-01")) == Agreement.BORN
    assert (
        born(day("2026-03-20"), False, day("2025-03-02"), day("2024-12-01")) == Agreement.IMPOSSIBLE
    )


def test_two_pregnancies_far_apart_are_not_one_child() -> None:
    assert (
        unborn(
            day("2025-03-02"),
            day("2024-12-01"),
            other_expected=day("2025-03-09"),
            other_seen=day("2025-01-01"),
        )
        == Agreement.EXPECTED
    )
    assert (
        unborn(
            day("2025-03-02"),
            day("2024-12-01"),
            other_expected=day("2026-01-09"),
            other_seen=day("2025-10-01"),
        )
        == Agreement.IMPOSSIBLE
    )


def test_a_placeholder_date_or_the_date_of_an_adult_is_no_date() -> None:
    for text in ("1900-01-01", "2000-01-01"):
        told = PartialDate(date=dt.date.fromisoformat(text))
        assert day_of(told, day("2025-06-01")) == (0, False, 0)
