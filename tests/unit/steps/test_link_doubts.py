"""Hop 3, second thoughts: evidence that makes two persons look like one, or one like two, is put to
a human once.
"""

from __future__ import annotations

import datetime as dt

from schemas.case import LinkOutcome, MergeSuggested, SplitSuggested
from schemas.notices import MergeReview, SplitReview
from schemas.person import Address, Contact, Name, PartialDate, Person
from tests.support.given import child
from tests.support.linking import LEAD, Linking, another, namesake, of

MOVED = {
    "address": (Address(line1="9 Station Road", city="Exampleton", postcode="ZZ99 8QQ"),),
    "contact": (Contact(telephone=("01632 960555",)),),
}


def after_the_move() -> Person:
    """Tilly by her mother's surname, without a date, at another address: nobody knows that it is
    she.
    """
    unknown = {"identifier": (), "date_of_birth": None, "related_person": ()}
    return child().model_copy(
        update=unknown
        | MOVED
        | {"name": (Name(given_name=("Tilly",), family_name=("Chowdhury",)),)}
    )


def known_twice(linking: Linking) -> tuple[str, str]:
    """Tilly before and after the move, as two persons."""
    one, other = linking.referral("r1"), linking.referral("r2", after_the_move())
    assert other.outcome is LinkOutcome.NEW
    return one.person_id, other.person_id


def with_both(linking: Linking, id_: str) -> list[object]:
    """A notification that ties the two together; what humans are asked after it."""
    before = len(linking.facts)
    assert linking.referral(id_, child().model_copy(update=MOVED)).outcome is LinkOutcome.LINKED
    return [
        fact for fact in linking.facts[before:] if isinstance(fact, MergeSuggested | SplitSuggested)
    ]


def test_what_ties_two_persons_together_is_put_to_a_human_with_reasons(linking: Linking) -> None:
    one, other = known_twice(linking)
    (asked,) = with_both(linking, "r3")
    assert isinstance(asked, MergeSuggested)
    assert (asked.person_id, asked.other_person_id) == (one, other)
    assert "same telephone number (very strong)" in asked.reasons
    assert asked.model


def test_the_question_goes_to_the_lead_agency(linking: Linking) -> None:
    known_twice(linking)
    outcome = linking.hear_referral("r3", child().model_copy(update=MOVED))
    (letter,) = outcome.letters
    assert letter.agency == LEAD
    assert isinstance(letter.notice, MergeReview)


def test_it_is_not_asked_again_while_little_more_speaks_for_it(linking: Linking) -> None:
    known_twice(linking)
    with_both(linking, "r3")
    assert with_both(linking, "r4") == []


def test_of_two_whom_a_human_told_apart_it_is_not_asked(linking: Linking) -> None:
    one, other = known_twice(linking)
    linking.persons(one, other, same=False)
    assert with_both(linking, "r3") == []


def test_of_two_who_are_one_by_now_it_is_not_asked(linking: Linking) -> None:
    one, other = known_twice(linking)
    linking.persons(one, other, same=True)
    assert with_both(linking, "r3") == []


def test_what_a_link_review_asks_already_is_not_asked_again(linking: Linking) -> None:
    linking.referral("r1")
    assert linking.referral("r2", namesake()).outcome is LinkOutcome.REVIEW
    assert linking.referral("r3").outcome is LinkOutcome.LINKED
    assert of(MergeSuggested, linking.facts) == []


def test_an_open_case_that_ties_two_persons_together_asks_as_well(linking: Linking) -> None:
    known_twice(linking)
    outcome = linking.open_case("o1", child().model_copy(update=MOVED))
    assert len(of(MergeSuggested, outcome.facts)) == 1


def test_a_child_found_by_a_human_is_compared_with_the_other_candidates(linking: Linking) -> None:
    one, other = known_twice(linking)
    doubtful = linking.referral("r3", namesake().model_copy(update=MOVED))
    assert {candidate.person_id for candidate in doubtful.candidates} == {one, other}
    outcome = linking.link("r3", one)
    assert [asked.other_person_id for asked in of(MergeSuggested, outcome.facts)] == [other]


def test_evidence_against_what_a_human_joined_is_put_to_a_human_and_changes_nothing(
    linking: Linking,
) -> None:
    one = linking.referral("r1").person_id
    other = linking.referral("r2", another()).person_id
    linking.persons(one, other, same=True)
    outcome = linking.hear_referral("r3")
    (asked,) = of(SplitSuggested, outcome.facts)
    assert (asked.person_id, asked.referral_ids) == (one, ("r1", "r3"))
    assert asked.reasons == ("another date of birth",)
    assert [type(letter.notice) for letter in outcome.letters] == [SplitReview]
    assert linking.person(one).evidence == ("r1", "r2", "r3")


def test_it_is_asked_once_whether_one_person_is_two(linking: Linking) -> None:
    one = linking.referral("r1").person_id
    linking.persons(one, linking.referral("r2", another()).person_id, same=True)
    linking.referral("r3")
    linking.referral("r4")
    assert len(of(SplitSuggested, linking.facts)) == 1


def test_a_slip_in_a_date_is_no_second_child(linking: Linking) -> None:
    linking.referral("r1")
    slip = child().model_copy(update={"date_of_birth": PartialDate(date=dt.date(2018, 3, 2))})
    assert linking.referral("r2", slip).outcome is LinkOutcome.LINKED
    assert of(SplitSuggested, linking.facts) == []
