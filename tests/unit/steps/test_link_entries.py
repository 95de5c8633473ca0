"""Entries of registers that the hub keeps: each goes to a child with the same care as a referral,
and what it says goes with the links of that child's referrals.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from schemas.case import (
    LinkCorrected,
    LinkOutcome,
    MergeSuggested,
    RegisterEntryLinked,
    RegistersChanged,
)
from schemas.notices import MergeReview
from schemas.person import Person
from tests.support.given import child
from tests.support.linking import LEAD, Linking, another, checked, namesake, of, refused


@pytest.fixture(autouse=True)
def _with_a_register(linking: Linking) -> None:
    linking.policy = checked()


def linked(outcome: Outcome[Any]) -> RegisterEntryLinked:
    (fact,) = of(RegisterEntryLinked, outcome.facts)
    return fact


def told(outcome: Outcome[Any]) -> list[tuple[str, list[tuple[str | None, bool]]]]:
    """For each referral of which registers say something else: references, and which are in
    doubt.
    """
    return [
        (one.referral_id, [(entry.reference, entry.possible) for entry in one.known_to])
        for one in of(RegistersChanged, outcome.facts)
    ]


def test_an_entry_about_a_child_with_a_referral_goes_to_that_child(linking: Linking) -> None:
    first = linking.referral("r1")
    outcome = linking.entry("e1")
    fact = linked(outcome)
    assert (fact.outcome, fact.person_id) == (LinkOutcome.LINKED, first.person_id)
    assert fact.known_to.involvement == "early help plan"
    assert fact.reasons
    assert told(outcome) == [("r1", [("E-12", False)])]
    assert outcome.letters == ()


def test_a_link_says_what_registers_knew_of_the_child_before(linking: Linking) -> None:
    found = linked(linking.entry("e1", involvement="early help plan", since=dt.date(2025, 9, 1)))
    assert found.outcome is LinkOutcome.NEW
    fact = linking.referral("r1")
    assert fact.person_id == found.person_id
    (entry,) = fact.known_to
    assert (entry.system, entry.reference, entry.since, entry.possible) == (
        "ecaf",
        "E-12",
        dt.date(2025, 9, 1),
        False,
    )
    assert fact.earlier_referrals == 0, "an entry is no referral"


def test_an_entry_that_shares_a_name_alone_is_about_another_child(linking: Linking) -> None:
    linking.referral("r1")
    stranger = Person(
        name=child().name,
        date_of_birth=another().date_of_birth,
        address=another().address,
    )
    assert linked(linking.entry("e1", stranger)).outcome is not LinkOutcome.LINKED
    assert linking.referral("r2").known_to == ()


def test_the_same_entry_again_adds_nothing(linking: Linking) -> None:
    linking.entry("e1")
    person = linked(linking.entry("e2", until=dt.date(2026, 2, 1))).person_id
    evidence = linking.person(person).evidence
    assert linking.entry("e3", until=dt.date(2026, 2, 1)) == Outcome()
    assert linking.person(person).evidence == evidence
    assert len(evidence) == 1


def test_an_entry_that_has_ended_since_says_so_of_the_childs_referrals(linking: Linking) -> None:
    linking.entry("e1")
    linking.referral("r1")
    outcome = linking.entry("e2", until=dt.date(2026, 2, 1))
    (fact,) = of(RegistersChanged, outcome.facts)
    assert [(one.reference, one.until) for one in fact.known_to] == [("E-12", dt.date(2026, 2, 1))]
    (entry,) = linking.referral("r2").known_to
    assert entry.until == dt.date(2026, 2, 1)


def test_an_entry_of_one_reference_with_other_details_of_the_child_stays_one_entry(
    linking: Linking,
) -> None:
    linking.entry("e1")
    linking.entry("e2", child().model_copy(update={"address": another().address}))
    assert [one.reference for one in linking.referral("r1").known_to] == ["E-12"]


def test_one_reference_is_not_one_child(linking: Linking) -> None:
    one = linked(linking.entry("e1")).person_id
    other = linked(linking.entry("e2", another())).person_id
    assert one != other


def test_of_a_child_in_doubt_a_human_is_asked_and_the_referral_says_that_it_may_be(
    linking: Linking,
) -> None:
    referral = linking.referral("r1")
    outcome = linking.entry("e1", namesake())
    fact = linked(outcome)
    assert fact.outcome is LinkOutcome.REVIEW
    assert fact.person_id != referral.person_id
    (asked,) = of(MergeSuggested, outcome.facts)
    assert {asked.person_id, asked.other_person_id} == {fact.person_id, referral.person_id}
    assert [(one.agency, type(one.notice)) for one in outcome.letters] == [(LEAD, MergeReview)]
    assert told(outcome) == [("r1", [("E-12", True)])]
    assert [(one.reference, one.possible) for one in linking.referral("r2").known_to] == [
        ("E-12", True)
    ]


@pytest.mark.parametrize(("same", "says"), [(True, [("E-12", False)]), (False, [])])
def test_what_the_human_says_is_told_of_the_referrals(
    linking: Linking, same: bool, says: list[tuple[str, bool]]
) -> None:
    referral = linking.referral("r1")
    entry = linked(linking.entry("e1", namesake()))
    outcome = linking.persons(referral.person_id, entry.person_id, same=same)
    assert told(outcome) == [("r1", says)]
    assert [(one.reference, one.possible) for one in linking.referral("r2").known_to] == says


def test_a_decision_taken_back_takes_back_what_registers_say(linking: Linking) -> None:
    referral = linking.referral("r1")
    entry = linked(linking.entry("e1", namesake()))
    linking.persons(referral.person_id, entry.person_id, same=True, id_="d1")
    outcome = linking.undo("d1")
    assert told(outcome) == [("r1", [("E-12", True)])]
    assert linking.person(referral.person_id).known_to == ()
    assert [one.reference for one in linking.person(entry.person_id).known_to] == ["E-12"]


def test_an_entry_in_doubt_of_nobody_who_was_referred_asks_nobody_yet(linking: Linking) -> None:
    linking.entry("e1", reference="E-1")
    outcome = linking.entry("e2", namesake(), reference="E-2")
    assert linked(outcome).outcome is LinkOutcome.REVIEW
    assert outcome.letters == ()


def test_a_referral_in_doubt_says_what_registers_say_of_whom_it_may_be_about(
    linking: Linking,
) -> None:
    linking.entry("e1")
    fact = linking.referral("r1", namesake())
    assert fact.outcome is LinkOutcome.REVIEW
    assert [(one.reference, one.possible) for one in fact.known_to] == [("E-12", True)]
    outcome = linking.link("r1", fact.candidates[0].person_id)
    (corrected,) = of(LinkCorrected, outcome.facts)
    assert [(one.reference, one.possible) for one in corrected.known_to] == [("E-12", False)]


def test_a_referral_found_to_be_about_none_of_them_is_not_known(linking: Linking) -> None:
    linking.entry("e1")
    linking.referral("r1", namesake())
    (corrected,) = of(LinkCorrected, linking.link("r1", None).facts)
    assert corrected.known_to == ()


def test_a_worker_who_is_allocated_later_is_told_of_the_childs_referrals(linking: Linking) -> None:
    linking.referral("r1")
    (fact,) = of(RegistersChanged, linking.open_case("o1").facts)
    assert fact.allocated_to is not None
    assert fact.referral_id == "r1"


def test_an_entry_and_an_open_case_of_one_reference_do_not_undo_each_other(
    linking: Linking,
) -> None:
    linking.open_case("o1")
    person = linked(linking.entry("e1", reference="ICS-7")).person_id
    other = linking.referral("r1", another()).person_id
    linking.persons(person, other, same=True)
    assert linking.person(person).worker is not None


@pytest.mark.parametrize(
    ("agency", "system"), [("early_help", "ics"), ("police", "ecaf"), ("police", "ics")]
)
def test_an_entry_of_a_register_that_is_not_the_agencys_is_refused(
    linking: Linking, agency: str, system: str
) -> None:
    outcome = linking.entry("e1", agency=agency, system=system)
    assert refused(outcome) == ("refused.role", "system")


def test_without_checks_nothing_more_is_told_than_before(linking: Linking) -> None:
    linking.policy = checked().model_copy(update={"checks": ()})
    linking.referral("r1")
    assert of(RegistersChanged, linking.open_case("o1").facts) == []
    outcome = linking.link("r1", None)
    (corrected,) = of(LinkCorrected, outcome.facts)
    assert corrected.known_to == ()


def test_a_person_of_registers_keeps_its_record(linking: Linking) -> None:
    person = linked(linking.entry("e1")).person_id
    record = linking.person(person)
    assert type(record).decode(record.encode()) == record
    assert record.known_to
