"""What the hub's own registers say of a child, as links change and as referrals end."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest

from router.step import Outcome
from router.steps.asking import WHY
from router.steps.check import decide as check
from schemas.base import Fact
from schemas.case import ConcernFollowed, LinkOutcome, RegistersChanged
from schemas.checks import (
    ChecksRequested,
    ChecksRevised,
    EarlierConcluded,
)
from schemas.gathering import RuledOut
from schemas.outcome import Because, ReferralClosed, ReferralReopened
from schemas.product import Disposal
from schemas.registers import KnownTo
from tests.support import given
from tests.support.checks import (
    ECAF,
    HOUR,
    ICS,
    asked,
    checking,
    reply,
)
from tests.support.given import NOON

PLAN = KnownTo(
    system="ecaf",
    involvement="early help plan",
    since=dt.date(2025, 9, 1),
    worker="E. Helper",
    contact="Early help front door, 01632 960115",
    reference="E-12",
)


# --- registers that the hub keeps


def test_a_register_of_the_hub_answers_at_once_and_nobody_is_asked() -> None:
    outcome = checking(ECAF).when(given.linked(known_to=(PLAN,)))
    (result,) = asked(outcome).results
    assert (outcome.letters, outcome.timers) == ((), ())
    assert (result.known, result.involvement, result.since) == (
        True,
        "early help plan",
        dt.date(2025, 9, 1),
    )
    assert (result.worker, result.reference) == ("E. Helper", "E-12")
    assert (result.asked_at, result.answered_at, result.due_at) == (NOON, NOON, None)


def test_a_register_without_an_entry_says_that_the_child_is_not_known_to_it() -> None:
    other = PLAN.model_copy(update={"system": "ics"})
    (result,) = asked(checking(ECAF).when(given.linked(known_to=(other,)))).results
    assert (result.known, result.state) == (False, "answered")


def test_every_entry_is_told_what_lasts_first_and_the_newest_of_it() -> None:
    def entry(reference: str, year: int, until: int | None = None) -> KnownTo:
        ended = until and dt.date(until, 1, 1)
        changes = {"reference": reference, "since": dt.date(year, 1, 1), "until": ended}
        return PLAN.model_copy(update=changes)

    entries = (entry("a", 2024, 2025), entry("b", 2020), entry("c", 2023), entry("d", 2021, 2022))
    results = asked(checking(ECAF).when(given.linked(known_to=entries))).results
    assert [one.reference for one in results] == ["c", "b", "a", "d"]


def test_an_entry_in_doubt_is_neither_known_nor_not_known() -> None:
    doubtful = PLAN.model_copy(update={"possible": True})
    (result,) = asked(checking(ECAF).when(given.linked(known_to=(doubtful,)))).results
    assert (result.known, result.possible) == (None, True)


def test_the_case_systems_register_knows_whose_worker_is_known() -> None:
    ics = ICS.model_copy(update={"answered_by": "register"})
    (result,) = asked(checking(ics).when(given.linked(allocated_to=given.worker()))).results
    assert (result.known, result.worker, result.reference) == (True, "W. Allocated", "ICS-7")
    assert result.contact == "csc_assessment_team duty desk"


def changed(case_id: str = "case-1", *entries: KnownTo) -> Fact:
    return RegistersChanged(referral_id="ref-1", case_id=case_id, known_to=entries)


def test_what_a_register_says_later_counts_and_asks_nobody_again() -> None:
    step = checking(ICS, ECAF)
    assert isinstance(asked(step.when(given.linked())), ChecksRequested)
    step.given(reply(known=True))
    outcome = step.when(changed("case-1", PLAN), at=NOON + HOUR)
    assert isinstance(asked(outcome), ChecksRevised)
    assert outcome.letters == ()
    (result,) = asked(outcome).results
    assert (result.known, result.asked_at) == (True, NOON + HOUR)
    assert {one.system: one.known for one in step.state.results} == {"ics": True, "ecaf": True}


def test_what_changes_nothing_of_a_referrals_registers_is_not_told() -> None:
    step = checking(ECAF).given(given.linked(known_to=(PLAN,)))
    assert step.when(changed("case-1", PLAN)) == Outcome()
    assert step.when(changed("case-9")) == Outcome(), "it is about a child of before"
    assert checking(ECAF).when(changed()) == Outcome()


# --- links in doubt, and corrected


IN_REVIEW = WHY[RuledOut.LINK_IN_REVIEW]


def in_doubt(**changes: Any) -> Fact:
    return given.linked(outcome=LinkOutcome.REVIEW, **changes)


def test_while_the_link_is_in_doubt_no_system_is_asked_and_it_says_so() -> None:
    outcome = checking(ICS, ECAF).when(in_doubt())
    assert outcome.letters == ()
    assert [(one.system, one.reason) for one in asked(outcome).not_asked] == [("ics", IN_REVIEW)]
    assert [one.system for one in asked(outcome).results] == ["ecaf"]


def test_once_a_human_has_said_whose_child_it_is_the_systems_are_asked() -> None:
    step = checking(ICS, ECAF).given(in_doubt())
    settled = given.corrected(revision=1).model_copy(update={"known_to": (PLAN,)})
    outcome = step.when(settled, at=NOON + HOUR)
    fact = asked(outcome)
    assert [(one.system, one.due_at) for one in fact.requests] == [("ics", NOON + 2 * HOUR)]
    assert fact.requests[0].child.name == given.child().name
    assert [one.reference for one in fact.results] == ["E-12"]
    assert fact.case_id == "case-2"
    assert step.state.not_asked == ()
    assert step.state.asking is None
    again = given.corrected(from_="case-2", to="case-3", revision=2)
    assert step.when(again).letters == (), "asked once"


def test_a_decision_taken_back_before_anybody_was_asked_leaves_the_systems_waiting() -> None:
    step = checking(ICS)
    undone = given.corrected(from_="case-2", to="case-1", revision=2)
    step.given(undone.model_copy(update={"in_doubt": True}), given.corrected(revision=1))
    assert step.when(in_doubt()).letters == ()
    again = given.corrected(revision=3)
    assert [one.system for one in asked(step.when(again)).requests] == ["ics"]


def test_a_human_who_confirms_the_child_of_its_own_settles_it_as_well() -> None:
    step = checking(ICS).given(in_doubt())
    confirmed = given.corrected(to="case-1", revision=1)
    assert [one.system for one in asked(step.when(confirmed)).requests] == ["ics"]


def test_a_correction_changes_what_the_hubs_registers_say_and_asks_nobody_again() -> None:
    step = checking(ICS, ECAF).given(given.linked(known_to=(PLAN,)), reply(known=True))
    outcome = step.when(given.corrected())
    assert outcome.letters == ()
    assert [(one.system, one.known) for one in asked(outcome).results] == [("ecaf", False)]
    assert {one.system: one.known for one in step.state.results} == {"ics": True, "ecaf": False}


def test_a_correction_that_changes_nothing_of_that_is_not_told() -> None:
    outcome = checking(ICS, ECAF).given(given.linked()).when(given.corrected())
    assert outcome.facts == ()


def test_a_referral_linked_anew_is_asked_about_once() -> None:
    step = checking(ICS, ECAF).given(given.linked(allocated_to=given.worker()), reply(known=True))
    outcome = step.when(given.linked(case_id="case-2", known_to=(PLAN,)))
    assert outcome.letters == ()
    assert [(one.system, one.known) for one in asked(outcome).results] == [("ecaf", True)]


def test_link_and_corrections_come_to_the_same_in_whatever_order_they_are_heard() -> None:
    first = given.corrected(revision=1)
    second = given.corrected(from_="case-2", to="case-1", revision=2)
    heard: list[Fact] = [
        given.linked(),
        first,
        second.model_copy(update={"known_to": (PLAN,), "allocated_to": given.worker()}),
    ]
    told = set()
    for order in permutations(heard):
        step = checking(ECAF).given(*order)
        told.add((step.state.cases.now, *((r.known, r.reference) for r in step.state.results)))
    assert told == {("case-1", (True, "E-12"))}


def test_a_timer_of_another_step_is_not_heard() -> None:
    assert not check.STEP.concerns(given.elapsed("rate", NOON))


# --- the hub's own outcomes


def closed(outcome: Disposal = Disposal.EARLY_HELP, *, case_id: str = "case-1") -> Fact:
    """Referral ``ref-1`` ends."""
    return ReferralClosed(
        referral_id="ref-1",
        case_id=case_id,
        outcome=outcome,
        told="police",
        may_be_told="Early help was offered.",
        decided_by="S. Worker",
        rationale="As agreed with the family",
        picture_id="picture-1",
    )


def reopened() -> Fact:
    return ReferralReopened(referral_id="ref-1", case_id="case-1", because=Because.RATED)


def followed(by: str = "ref-2") -> Fact:
    """A further referral came after ``ref-1``."""
    return ConcernFollowed(
        referral_id="ref-1", case_id="case-1", further_referral_id=by, same_concern=False
    )


def told(outcome: Outcome[Any]) -> list[tuple[str, Disposal | None]]:
    facts = given.of(EarlierConcluded, outcome.facts)
    assert {fact.earlier_referral_id for fact in facts} <= {"ref-1"}
    return [(fact.referral_id, fact.outcome) for fact in facts]


def test_a_further_referral_is_told_how_an_earlier_one_ended() -> None:
    step = checking(ECAF).given(given.linked(), closed())
    assert told(step.when(followed())) == [("ref-2", Disposal.EARLY_HELP)]


def test_one_that_ends_later_tells_those_that_came_after_it() -> None:
    step = checking(ECAF).given(given.linked(), followed(), followed("ref-3"))
    assert told(step.when(closed())) == [
        ("ref-2", Disposal.EARLY_HELP),
        ("ref-3", Disposal.EARLY_HELP),
    ]
    assert told(step.when(reopened())) == [("ref-2", None), ("ref-3", None)]
    assert told(step.when(followed("ref-4"))) == []


def earlier(outcome: Disposal | None, *, case_id: str = "case-1", id_: str = "ref-0") -> Fact:
    """``ref-1`` is told how an earlier one ended."""
    return EarlierConcluded(
        referral_id="ref-1",
        case_id=case_id,
        earlier_referral_id=id_,
        outcome=outcome,
        on=dt.date(2026, 3, 2),
    )


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Disposal.EARLY_HELP, "early help"),
        (Disposal.NO_FURTHER_ACTION, "no further action"),
        (Disposal.SIGNPOSTED, "signposted"),
    ],
)
def test_what_ended_below_threshold_is_in_the_register_of_that(
    outcome: Disposal, words: str
) -> None:
    step = checking(ECAF).given(given.linked())
    (result,) = asked(step.when(earlier(outcome))).results
    assert result.known
    assert (result.involvement or "").startswith(words)
    assert (result.since, result.reference) == (dt.date(2026, 3, 2), "ref-0")


def test_what_went_to_a_front_line_team_is_not_below_threshold() -> None:
    step = checking(ECAF).given(given.linked())
    (result,) = asked(step.when(earlier(Disposal.FRONT_LINE_TEAM))).results
    assert result.known is False


def test_what_is_open_again_is_no_longer_in_it() -> None:
    step = checking(ECAF).given(given.linked(), earlier(Disposal.EARLY_HELP))
    (result,) = asked(step.when(earlier(None))).results
    assert result.known is False


def test_what_is_known_with_the_link_is_no_news_and_what_comes_later_is() -> None:
    step = checking(ECAF).given(given.linked())
    known = asked(step.when(earlier(Disposal.EARLY_HELP)))
    later = asked(step.when(earlier(Disposal.SIGNPOSTED, id_="ref-9"), at=NOON + HOUR))
    assert (type(known), type(later)) == (ChecksRequested, ChecksRevised)


def test_an_outcome_of_a_child_of_before_counts_no_more() -> None:
    step = checking(ECAF).given(given.linked(), earlier(Disposal.EARLY_HELP))
    (result,) = asked(step.when(given.corrected())).results
    assert result.known is False
    (again,) = asked(step.when(earlier(Disposal.EARLY_HELP, case_id="case-2"))).results
    assert again.known, "both were moved to one child"


def test_a_referral_that_moves_tells_of_which_child_its_outcome_is_now() -> None:
    step = checking(ECAF).given(given.linked(), followed(), closed())
    (fact,) = given.of(EarlierConcluded, step.when(given.corrected()).facts)
    assert (fact.referral_id, fact.case_id, fact.outcome) == (
        "ref-2",
        "case-2",
        Disposal.EARLY_HELP,
    )


def test_an_outcome_that_is_heard_before_the_link_is_not_lost() -> None:
    step = checking(ECAF).given(earlier(Disposal.EARLY_HELP))
    (result,) = asked(step.when(given.linked())).results
    assert result.known


def test_where_no_register_of_that_is_kept_nothing_is_told() -> None:
    step = checking(ICS).given(given.linked(), followed())
    assert step.when(closed()) == Outcome()
    assert step.when(earlier(Disposal.EARLY_HELP)) == Outcome()
