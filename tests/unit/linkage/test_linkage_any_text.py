"""Whatever an agency writes in whatever field, every parser reads something or nothing, and never
fails: no notification can make a step undecidable.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.linkage import describe, identifiers, keys, names, places, profile_keys
from router.linkage.adults import compare_adults, split_adult
from router.linkage.called import compare_names
from router.linkage.dates import compare, day_of, unborn
from router.linkage.profile import Profile, extend, found
from router.linkage.resends import forwarded_reference, plain_reference
from router.linkage.subject import Subject, incident
from router.linkage.text import fold, sound
from schemas import person
from schemas.person import PartialDate, Person
from tests.support.anything import ODD, WHOLE_TEXT, of_shape

MANY = settings(max_examples=300)
NOW = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)
READERS: tuple[Callable[[str], object], ...] = (
    fold,
    lambda text: sound(fold(text)),
    names.given,
    names.family,
    lambda text: names.given_codes(names.given(text) or "x"),
    lambda text: names.sounds(names.family(text) or "x"),
    names.given_rarity(),
    lambda text: places.address((text, text), text),
    lambda text: places.address((text,), ""),
    places.telephone,
    identifiers.nhs_number,
    identifiers.upn,
    person.nhs_number,
    plain_reference,
    forwarded_reference,
    lambda text: forwarded_reference(f"Forwarded from {text} ref {text}: {text}"),
    lambda text: incident("police", text),
    lambda text: incident("police", f"{text}/{text}"),
)
ASCII_DIGITS = frozenset("0123456789")


@pytest.mark.parametrize("read", READERS)
def test_texts_that_others_stumbled_over_are_read(read: Callable[[str], object]) -> None:
    for text in ODD:
        read(text)


@MANY
@given(WHOLE_TEXT)
def test_any_text_is_read(text: str) -> None:
    for read in READERS:
        read(text)


@MANY
@given(WHOLE_TEXT)
@example("01632 960\u00b2\u00b3\u2074")
@example("\uff10\uff11\uff16\uff13\uff12\uff19\uff16\uff10\uff11\uff19\uff15")
def test_numbers_are_of_plain_digits_alone(text: str) -> None:
    assert ASCII_DIGITS.issuperset(places.telephone(text))
    assert ASCII_DIGITS.issuperset(identifiers.nhs_number(text))
    assert identifiers.upn(text).isascii()


@MANY
@given(st.text(), st.sampled_from("\u00b2\u0663\uff13\U0001d7d1\u2462\u0b69"))
def test_a_number_with_another_scripts_digit_is_none(around: str, digit: str) -> None:
    number = "9991754377"
    assert person.nhs_number(number) == number
    for at in range(10):
        assert person.nhs_number(number[:at] + digit + number[at + 1 :]) == ""
        assert person.nhs_number(number[:at] + digit + around) == ""


@MANY
@given(WHOLE_TEXT, WHOLE_TEXT)
def test_any_two_texts_are_compared(one: str, other: str) -> None:
    names.given_likeness(names.given(one), names.given(other))
    names.family_likeness(names.family(one), names.family(other))
    places.nearness(places.address((one,), other), places.address((other,), one))


@MANY
@given(st.dates(), st.dates(), st.sampled_from(["AAA", "EEE", "UUU", "XXX", "AAX"]))
def test_any_two_days_are_compared(one: dt.date, other: dt.date, accuracy: str) -> None:
    seen = other.toordinal()
    born = PartialDate(date=one, accuracy_indicator=accuracy)
    day, estimated, expected = day_of(born, seen)
    for a, b in itertools.product((day, expected, one.toordinal()), repeat=2):
        if a and b:
            compare(a, estimated, b, False)
            unborn(a, seen, other_expected=b, other_seen=seen)


def described(child: Person, text: str, *, at: dt.datetime = NOW) -> Subject:
    return describe(child, observed_at=at, narrative=text, agency="police", reference=text)


@MANY
@given(of_shape(Person), WHOLE_TEXT, st.datetimes(timezones=st.just(dt.UTC)))
def test_any_child_is_described_and_filed(child: Person, text: str, at: dt.datetime) -> None:
    subject = described(child, text, at=at)
    assert keys(subject) == keys(subject)
    profile = found(subject, person_id="p", family_id="f", case_id="c")
    assert profile_keys(Profile.decode(profile.encode())) == profile_keys(profile)


@MANY
@given(of_shape(Person), of_shape(Person), WHOLE_TEXT)
def test_any_two_children_are_compared(one: Person, other: Person, text: str) -> None:
    mine, theirs = described(one, text), described(other, text)
    profile = found(theirs, person_id="p", family_id="f", case_id="c")
    compare_names(mine, profile)
    compare_adults(mine.adults, profile.adults, families=(*mine.families, *profile.families))
    assert profile_keys(profile) <= profile_keys(extend(profile, mine))
    assert all(len(split_adult(adult)) == 4 for adult in mine.adults)


def test_of_thousands_of_values_and_words_a_few_are_compared_and_filed() -> None:
    words = ["".join(one) for one in itertools.product("bdfgklmnprst", "aeiou", "bdfgklmnprst")]
    lines = [" ".join(words[at : at + 100]) for at in range(600)]
    child = Person.model_validate(
        {
            "name": [{"given_name": lines[n : n + 9], "family_name": lines[n:]} for n in range(90)],
            "address": [{"line1": line, "line2": " ".join(map(str, range(99)))} for line in lines],
            "contact": [{"telephone": [f"01632 96{number:04}" for number in range(5000)]}],
            "related_person": [
                {"relationship": role, "name": {"given_name": [line], "family_name": [line]}}
                for line in lines
                for role in ("mother", "sibling")
            ],
        }
    )
    subject = described(child, "Seen alone.")
    assert len(keys(subject)) < 100_000
    assert max(len(value) for value in subject if isinstance(value, tuple)) <= 12
