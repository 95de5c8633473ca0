"""Names as they are in Britain."""

from __future__ import annotations

import pytest

from router.linkage.names import Likeness, family, family_likeness, given, given_likeness


@pytest.mark.parametrize(
    ("a", "b", "likeness"),
    [
        ("William", "Bill", Likeness.SHORT),
        ("Becky", "Bex", Likeness.SHORT),
        ("Holly", "Hols", Likeness.SHORT),
        ("Madison", "Maddie", Likeness.SHORT),
        ("Siobhan", "Shevaun", Likeness.VARIANT),
        ("Caasha", "Aisha", Likeness.VARIANT),
        ("Rabia", "Rabka", Likeness.TYPO),
        ("Harrison-James", "Harrison", Likeness.PART),
        ("Harrison-James", "Harrisn Jamse", Likeness.TYPO),
        ("Md Rayan", "Rayan", Likeness.SAME),
        ("Mohammed", "Muhammad", Likeness.GENERIC),
        ("J.", "James", Likeness.INITIAL),
        ("J.", "J", Likeness.INITIAL),
        ("Leo", "Corey", Likeness.OTHER),
        ("Emily", "Amelia", Likeness.OTHER),
    ],
)
def test_two_given_names_are_as_alike_as_people_would_say(a: str, b: str, likeness: int) -> None:
    assert given_likeness(given(a), given(b)) == likeness
    assert given_likeness(given(b), given(a)) == likeness


def test_mohammed_alone_says_nothing_against_another_name() -> None:
    assert given_likeness(given("Mohammed"), given("Ismail")) == Likeness.NONE
    assert given_likeness(given("Mohammed Ismail"), given("Mohammed Usman")) == Likeness.OTHER


@pytest.mark.parametrize(
    "text", ["Unborn", "UNBORN BABY", "Bump", "Baby", "Twin 2", "Child 1", "Not known", "U/K"]
)
def test_a_placeholder_is_no_name(text: str) -> None:
    assert given(text) == ""


@pytest.mark.parametrize(
    ("a", "b", "likeness"),
    [
        ("Kowalska", "Kowalski", Likeness.VARIANT),
        ("Kamiński", "Kaminski", Likeness.SAME),
        ("O'Brien", "OBRIEN", Likeness.SAME),
        ("Woodby-Mitchell", "Mitchell", Likeness.PART),
        ("Woodby-Mitchell", "Woodby Mitchell", Likeness.SAME),
        ("Hussain", "Hussein", Likeness.VARIANT),
        ("Hall", "Corey", Likeness.OTHER),
        ("Smith", "Unknown", Likeness.NONE),
    ],
)
def test_two_family_names_are_as_alike_as_people_would_say(a: str, b: str, likeness: int) -> None:
    assert family_likeness(family(a), family(b)) == likeness
