"""A child whom a partner asks about is looked up with the same care, and the question leaves no
trace in the register.
"""

from __future__ import annotations

from typing import Any

import pytest

from router.step import Outcome
from schemas.case import LinkOutcome
from schemas.enquiries import EnquiryAdmitted, EnquiryMatched
from schemas.person import Name, Person
from schemas.sharing import Sharing
from tests.support.given import child
from tests.support.linking import AREA, Linking, another, checked, namesake


def enquire(linking: Linking, query: Person | None = None, id_: str = "q1") -> EnquiryMatched:
    outcome: Outcome[Any] = linking.hear(
        EnquiryAdmitted(
            enquiry_id=id_,
            agency="school",
            area=AREA,
            by_policy="permit",
            reasons=("As agreed.",),
            sharing_policy="ISA/school",
            query=query or child(),
        ),
        f"{id_}-admitted",
    )
    assert outcome.state is None
    assert outcome.letters == ()
    (fact,) = outcome.facts
    assert isinstance(fact, EnquiryMatched)
    return fact


def test_a_child_with_referrals_is_found(linking: Linking) -> None:
    person = linking.referral("r1").person_id
    linking.open_case("o1")
    found = enquire(linking)
    assert found.outcome is LinkOutcome.LINKED
    (one,) = found.matches
    assert (one.person_id, one.referrals) == (person, 1)
    assert one.allocated_to is not None


def test_a_child_whom_nobody_knows_is_not_found(linking: Linking) -> None:
    linking.referral("r1", another())
    found = enquire(linking)
    assert (found.outcome, found.matches) == (LinkOutcome.NEW, ())


def test_in_doubt_all_are_told_whom_it_may_be(linking: Linking) -> None:
    person = linking.referral("r1").person_id
    found = enquire(linking, namesake())
    assert found.outcome is LinkOutcome.REVIEW
    assert [one.person_id for one in found.matches] == [person]


def test_a_name_alone_finds_nobody_for_sure(linking: Linking) -> None:
    linking.referral("r1")
    named = Person(name=(Name(given_name=("Tilly",), family_name=("Thornbury",)),))
    assert enquire(linking, named).outcome is not LinkOutcome.LINKED


def test_it_says_what_registers_know(linking: Linking) -> None:
    linking.policy = checked()
    linking.entry("e1")
    (one,) = enquire(linking).matches
    assert [entry.reference for entry in one.known_to] == ["E-12"]
    assert one.referrals == 0


@pytest.mark.parametrize("known", [True, False])
def test_the_question_is_no_evidence(linking: Linking, known: bool) -> None:
    if known:
        linking.referral("r1")
    before = linking.person(linking.referral("r2").person_id) if known else None
    enquire(linking)
    enquire(linking, id_="q2")
    if before is not None:
        assert linking.person(before.person_id) == before
    after = linking.referral("r3")
    assert after.earlier_referrals == (2 if known else 0)
    assert after.outcome is (LinkOutcome.LINKED if known else LinkOutcome.NEW)


def test_concerns_that_may_not_leave_do_not_count(linking: Linking) -> None:
    kept = Sharing(may_leave=False, reason="An informant is at risk")
    linking.hear_referral("r1", sharing=kept)
    (one,) = enquire(linking).matches
    assert one.referrals == 0
    linking.referral("r2")
    (other,) = enquire(linking, id_="q2").matches
    assert other.referrals == 1
