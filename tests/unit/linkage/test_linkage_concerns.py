"""The same concern again, or a new one in the same words."""

from __future__ import annotations

import datetime as dt

import pytest

from router.linkage.concerns import Account, account, is_again, words_key

AT = dt.datetime(2026, 3, 4, 20, 25, tzinfo=dt.UTC)
LONG = (
    "Officers were called at 20:25 by a neighbour who heard shouting from the rear bedroom. "
    "Mia was found behind a wardrobe with a red mark to the neck. Her mother's partner had left "
    "by the fire escape before they came, and her mother did not want to say what had happened."
)
STANDARD = "Child present at domestic incident. No injuries seen. Standard risk."


def told(narrative: str, **later: float) -> Account:
    return account(AT + dt.timedelta(**later), narrative)


@pytest.mark.parametrize(
    "again",
    [
        LONG.upper(),
        LONG.replace("mother's", "mother\u2019s").replace(" ", "  "),
        f"FW: please see below. {LONG}",
        f"> {LONG}",
        f"{LONG} Strategy meeting asked for.",
        LONG.replace("red mark", "bruise"),
        LONG[:150],
    ],
)
def test_the_same_words_of_the_same_moment_are_the_same_concern(again: str) -> None:
    assert is_again(told(again), told(LONG))


def test_standard_words_are_a_resend_at_the_same_moment_and_not_at_another() -> None:
    assert is_again(told(STANDARD, minutes=2), told(STANDARD))
    assert not is_again(told(STANDARD, hours=5), told(STANDARD))
    assert not is_again(told(STANDARD, days=7), told(STANDARD))


def test_many_words_are_a_resend_when_the_time_is_that_of_sending() -> None:
    assert is_again(told(LONG, days=3), told(LONG))
    assert not is_again(told(LONG, days=30), told(LONG))


def test_another_figure_in_the_same_words_is_a_new_incident() -> None:
    assert not is_again(told(LONG.replace("20:25", "23:50"), days=3), told(LONG))


def test_an_account_that_is_quoted_before_a_new_one_is_a_new_incident() -> None:
    new = "Today the same neighbour rang again. " * 8
    assert not is_again(told(f"{LONG} {new}", days=3), told(LONG))


def test_a_day_without_a_time_is_no_moment() -> None:
    midnight = account(AT.replace(hour=0, minute=0), STANDARD)
    assert not is_again(midnight, midnight)
    assert is_again(midnight._replace(words=told(LONG).words), told(LONG))


def test_other_words_of_the_same_moment_are_another_concern() -> None:
    assert not is_again(told("The school saw him come in late, cold and hungry."), told(LONG))


def test_words_are_filed_under_the_same_key_whoever_the_child_is() -> None:
    other = LONG.replace("Mia", "Eve").replace("20:25", "21:40")
    assert words_key(told(LONG), frozenset({"mia"})) == words_key(told(other), frozenset({"eve"}))
    assert words_key(told(STANDARD), frozenset()) is None
