"""A pregnancy and the child born of it are one child, of the same mother and of no other."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.linkage import Linkage, describe, found, keys, link, load_model, profile_keys
from router.linkage.rules import NEWEST
from schemas.case import LinkOutcome
from schemas.person import Address, Contact, Name, PartialDate, Person, RelatedPerson
from tests.support.linking import Linking, in_replay

MODEL = load_model()
DUE = dt.date(2026, 9, 1)
TOLD_UNBORN, TOLD_BORN = dt.date(2026, 6, 1), dt.date(2026, 9, 20)
EARLY = DUE - dt.timedelta(weeks=10)
BORN = dt.date(2026, 6, 4)
"""Days before the hub hears."""
HOME = (Address(line1="12 Larkfield Road", city="Netherby", postcode="ZX1 2AB"),)
ELSEWHERE = (Address(line1="7 Mill Court", city="Netherby", postcode="ZX3 9QQ"),)
PHONE = (Contact(telephone=("01632 960999",)),)


def mother(
    given: str = "Petra", family: str = "Ashdown", born: dt.date | None = dt.date(1998, 3, 4)
) -> RelatedPerson:
    date = PartialDate(date=born) if born else None
    name = Name(given_name=(given,), family_name=(family,))
    return RelatedPerson(name=name, relationship="mother", date_of_birth=date)


def person(given: str, family: str, date: PartialDate | None, **more: Any) -> Person:
    name = (Name(given_name=(given,), family_name=(family,)),)
    told = {"address": HOME, "contact": PHONE, "related_person": (mother(),)}
    return Person.model_validate({"name": name, "date_of_birth": date} | told | more)


def unborn(given: str = "Unborn", due: dt.date = DUE, **more: Any) -> Person:
    return person(given, "Ashdown", PartialDate(date=due, accuracy_indicator="XXX"), **more)


def born(on: dt.date, given: str = "Mia", family: str = "Halloran", **more: Any) -> Person:
    return person(given, family, PartialDate(date=on), **more)


def linked(first: Person, then: Person, *, first_on: dt.date, then_on: dt.date) -> Linkage:
    """What is told second, to a hub that knows what was told first; found by its keys."""
    one = describe(first, observed_at=_noon(first_on))
    two = describe(then, observed_at=_noon(then_on))
    known = found(one, person_id="p1", family_id="f1", case_id="c1")
    assert keys(two) & profile_keys(known)
    return link(two, [known], model=MODEL)


def told_of(first: str, then: str, *, rules: int = NEWEST, **more: Any) -> Linkage:
    """Two unborn children of one mother, called so."""
    one, other = (
        describe(unborn(called, **more), observed_at=_noon(on), rules=rules)
        for called, on in ((first, TOLD_UNBORN), (then, TOLD_UNBORN + dt.timedelta(days=5)))
    )
    known = found(one, person_id="p1", family_id="f1", case_id="c1")
    return link(other, [known], model=MODEL)


def after(before: Person, child: Person) -> Linkage:
    return linked(before, child, first_on=TOLD_UNBORN, then_on=TOLD_BORN)


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


HALLORAN = mother(family="Halloran")
UNDATED = mother(born=None)


@pytest.mark.parametrize("on", [DUE, EARLY, DUE - dt.timedelta(weeks=15)])
@pytest.mark.parametrize(
    ("pregnant", "after_birth"),
    [
        ({}, {"family": "Ashdown"}),
        ({}, {}),
        ({}, {"address": ELSEWHERE, "contact": ()}),
        ({}, {"related_person": (HALLORAN,)}),
        ({}, {"related_person": (HALLORAN,), "address": ELSEWHERE, "contact": ()}),
        ({"related_person": (UNDATED,)}, {}),
    ],
    ids=["all the same", "surname", "and home", "hers too", "all but her", "no birthday of hers"],
)
def test_a_child_is_the_one_that_its_mother_expected(
    on: dt.date, pregnant: dict[str, Any], after_birth: dict[str, Any]
) -> None:
    before, child = unborn(**pregnant), born(on, **after_birth)
    decided = after(before, child)
    assert decided.outcome is LinkOutcome.LINKED
    told_late = linked(child, before, first_on=TOLD_BORN, then_on=TOLD_UNBORN)
    assert told_late.outcome is LinkOutcome.LINKED


@pytest.mark.parametrize("on", [DUE, EARLY])
@pytest.mark.parametrize("where", [HOME, ELSEWHERE])
@pytest.mark.parametrize("family", ["Ashdown", "Halloran"])
def test_another_mothers_child_is_another_at_one_home_too(
    on: dt.date, where: tuple[Address, ...], family: str
) -> None:
    other = mother("Zelda", born=dt.date(1990, 1, 5))
    child = born(on, family=family, related_person=(other,), address=where)
    assert after(unborn(), child).outcome is not LinkOutcome.LINKED


def test_a_mother_of_one_name_and_another_birthday_is_another() -> None:
    child = born(DUE, related_person=(mother(born=dt.date(1983, 11, 20)),))
    assert after(unborn(), child).outcome is not LinkOutcome.LINKED


def test_a_mother_known_by_name_alone_elsewhere_is_for_a_human() -> None:
    child = born(DUE, related_person=(UNDATED,), address=ELSEWHERE, contact=())
    assert after(unborn(), child).outcome is LinkOutcome.REVIEW


@pytest.mark.parametrize(
    "on",
    [DUE - dt.timedelta(weeks=40), DUE + dt.timedelta(weeks=40), DUE + dt.timedelta(weeks=8)],
    ids=["elder", "next", "too late"],
)
def test_her_elder_or_her_next_child_is_another(on: dt.date) -> None:
    decided = linked(unborn(), born(on), first_on=TOLD_UNBORN, then_on=on + dt.timedelta(days=9))
    assert decided.outcome is not LinkOutcome.LINKED


def test_whoever_was_born_before_the_pregnancy_was_told_of_is_another() -> None:
    """Ten weeks before she was due, and three weeks later she is still expecting."""
    told = EARLY + dt.timedelta(days=22)
    decided = linked(born(EARLY), unborn(), first_on=EARLY + dt.timedelta(days=2), then_on=told)
    assert decided.outcome is not LinkOutcome.LINKED


@pytest.mark.parametrize("due", [BORN, BORN + dt.timedelta(weeks=10)])
def test_twins_are_two_children_and_a_human_says_which_is_which(due: dt.date) -> None:
    linking: Linking = in_replay()
    one = linking.referral("u1", unborn("Unborn Twin 1", due))
    other = linking.referral("u2", unborn("Unborn Twin 2", due))
    assert one.person_id != other.person_id
    mia, noah = linking.referral("b1", born(BORN)), linking.referral("b2", born(BORN, "Noah"))
    assert (mia.outcome, noah.outcome) == (LinkOutcome.REVIEW, LinkOutcome.REVIEW)
    assert {one.person_id, other.person_id} <= {c.person_id for c in mia.candidates}
    assert len({f.person_id for f in (one, other, mia, noah)}) == 4


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("Unborn Twin", "Unborn Twin"),
        ("Unborn Twins", "Unborn Twins"),
        ("Unborn Twin 1", "Unborn Twin"),
        ("Unborn Twin", "Unborn Twin 2"),
        ("Unborn", "Unborn Twin"),
        ("Unborn Triplet", "Unborn"),
    ],
)
def test_twins_of_whom_nobody_says_which_is_which_are_for_a_human(first: str, then: str) -> None:
    assert told_of(first, then).outcome is LinkOutcome.REVIEW


@pytest.mark.parametrize(
    ("first", "then", "same"),
    [
        ("Unborn", "Unborn", True),
        ("Unborn Twin 1", "Unborn Twin 1", True),
        ("Unborn Twin A", "Twin 1", True),
        ("Unborn Twin 2", "Unborn Twin Two", True),
        ("Unborn Twin A", "Unborn Twin B", False),
        ("Second Twin", "Unborn Twin 1", False),
    ],
)
def test_twins_whom_both_tell_apart_are_known_by_that(first: str, then: str, *, same: bool) -> None:
    assert (told_of(first, then).outcome is LinkOutcome.LINKED) is same


def test_a_twin_beside_an_unborn_child_makes_it_one_of_two() -> None:
    twin = RelatedPerson(name=Name(given_name=("Unborn",)), relationship="twin")
    decided = told_of("Unborn", "Unborn", related_person=(mother(), twin))
    assert decided.outcome is LinkOutcome.REVIEW


@pytest.mark.parametrize(
    ("narrative", "outcome"),
    [
        ("She is expecting twins in September.", LinkOutcome.REVIEW),
        ("It is a twin pregnancy.", LinkOutcome.REVIEW),
        ("Her twins, aged 4, are at nursery.", LinkOutcome.LINKED),
    ],
)
def test_words_that_tell_of_twins_to_come_make_it_one_of_two(
    narrative: str, outcome: LinkOutcome
) -> None:
    one = describe(unborn(), observed_at=_noon(TOLD_UNBORN), narrative=narrative)
    known = found(one, person_id="p1", family_id="f1", case_id="c1")
    later = TOLD_UNBORN + dt.timedelta(days=5)
    other = describe(unborn(), observed_at=_noon(later), narrative=narrative)
    assert link(other, [known], model=MODEL).outcome is outcome


def test_by_rules_3_twins_whom_nobody_told_apart_are_one_as_they_were() -> None:
    assert told_of("Unborn Twin", "Unborn Twin", rules=3).outcome is LinkOutcome.LINKED


def test_a_twin_whom_nobody_expected_is_put_to_a_human() -> None:
    linking: Linking = in_replay()
    expected = linking.referral("u1", unborn(due=BORN + dt.timedelta(weeks=10)))
    mia = linking.referral("b1", born(BORN))
    assert mia.person_id == expected.person_id
    noah = linking.referral("b2", born(BORN, "Noah"))
    assert noah.outcome is LinkOutcome.REVIEW
    assert noah.person_id != mia.person_id
    assert noah.family_id == mia.family_id


def test_what_was_decided_by_rules_2_is_decided_so_again() -> None:
    """As a replay of an older journal does."""
    told = (unborn(), TOLD_UNBORN), (born(EARLY), TOLD_BORN)
    one, two = (describe(who, observed_at=_noon(on), rules=2) for who, on in told)
    known = found(one, person_id="p1", family_id="f1", case_id="c1")
    assert link(two, [known], model=MODEL).outcome is LinkOutcome.NEW
    assert len(keys(two)) < len(keys(two._replace(rules=3)))


@given(
    weeks=st.integers(min_value=-60, max_value=60),
    family=st.sampled_from(["Ashdown", "Halloran"]),
    where=st.sampled_from([HOME, ELSEWHERE]),
    given_name=st.sampled_from(["Zelda", "Ottoline", "Wilhelmina"]),
)
def test_no_child_of_another_mother_is_ever_the_expected_one(
    weeks: int, family: str, where: tuple[Address, ...], given_name: str
) -> None:
    on = DUE + dt.timedelta(weeks=weeks)
    other = mother(given_name, family, dt.date(1990, 1, 5))
    child = born(on, family=family, related_person=(other,), address=where)
    decided = linked(unborn(), child, first_on=TOLD_UNBORN, then_on=on + dt.timedelta(days=9))
    assert decided.outcome is not LinkOutcome.LINKED
