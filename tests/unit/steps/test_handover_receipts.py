"""Whoever was handed a referral says that they have it, or it goes up; a wrong handover is pulled
back (R9).
"""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest

from router.step import Outcome
from router.steps.hand_over import decide as hand_over
from schemas.base import Fact
from schemas.calendar import Contact
from schemas.case import LinkCorrected
from schemas.handover import (
    HandoverConfirmed,
    HandoverDecided,
    HandoverDecision,
    HandoverFetched,
    HandoverGivenUp,
    HandoverNotTaken,
    HandoverRecall,
    HandoverReceipt,
    HandoverReceived,
    HandoverRefused,
    HandoverTakenBack,
)
from schemas.outcome import ReferralClosed
from schemas.owed import ClockChased, ClockClosed, ClockEscalated, ClockWarned, OwedNotice
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, of, on_picture
from tests.unit.steps.test_handed_over import moved_to, with_worker

TEAM, LEAD = "csc_assessment_team", "childrens_social_care"
HOUR = dt.timedelta(hours=1)
DUTY_MANAGER = Contact(role="Duty manager", reach="01632 960102")


def handing(*facts: Any) -> Given:
    return Given(hand_over.STEP).given(*facts)


def receipt(status: str = "received", *, by: str = TEAM, **changes: Any) -> HandoverReceived:
    reason = {"reason": "Not ours"} if status == "refused" else {}
    told = {"referral_id": "ref-1", "case_id": "case-1", "received_by": "T. Manager"}
    told |= {"status": status, **reason}
    return HandoverReceived(agency=by, receipt=HandoverReceipt.model_validate(told | changes))


def decided(by: str = LEAD, **changes: Any) -> HandoverDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "action": "take_back",
        "decided_by": "D. Manager",
        "rationale": "The case was closed in May",
    }
    decision = HandoverDecision.model_validate(told | changes)
    return on_picture(HandoverDecided(agency=by, decision=decision))


def fetched(letter: str = "letter-1", case_id: str = "case-1") -> HandoverFetched:
    return HandoverFetched(referral_id="ref-1", case_id=case_id, agency=TEAM, letter_id=letter)


def run_out(step: Given, first: Outcome[Any]) -> list[tuple[dt.datetime, Fact]]:
    """Let every timer run out that is set; what is told, and when."""
    told: list[tuple[dt.datetime, Fact]] = []
    timers = list(first.timers)
    while timers:
        at = timers.pop(0).due_at
        outcome = step.when(given.elapsed("hand_over", at))
        told += [(at, fact) for fact in outcome.facts]
        timers += outcome.timers
    return told


def letters(outcome: Outcome[Any], kind: Any) -> list[tuple[str, Any]]:
    return [(one.agency, one.notice) for one in outcome.letters if isinstance(one.notice, kind)]


# --- the receipt that is owed


def test_a_handover_that_nobody_confirms_is_warned_of_chased_and_goes_up_the_chain() -> None:
    """Four working hours from a Wednesday at 13:00 (London): until 17:00; each step up is half as
    much later, of the team's own hours.
    """
    step = Given(hand_over.STEP)
    told = run_out(step, step.when(with_worker()))
    utc = dt.datetime(2026, 6, 10, tzinfo=dt.UTC)
    assert [(at, type(fact)) for at, fact in told] == [
        (utc.replace(hour=15), ClockWarned),
        (utc.replace(hour=16), ClockChased),
        (utc.replace(day=11, hour=10), ClockEscalated),
        (utc.replace(day=11, hour=12), ClockEscalated),
    ]
    last = told[-1][1]
    assert isinstance(last, ClockEscalated)
    assert "head of service" in last.told.role


def test_the_team_is_warned_and_chased_and_the_duty_manager_is_told_that_nobody_has_it() -> None:
    step = Given(hand_over.STEP)
    timers = list(step.when(with_worker()).timers)
    got = []
    while timers:
        outcome = step.when(given.elapsed("hand_over", timers.pop(0).due_at))
        got += letters(outcome, OwedNotice)
        timers += outcome.timers
    assert [(agency, notice.moment) for agency, notice in got] == [
        (TEAM, "warned"),
        (TEAM, "chased"),
        (LEAD, "escalated"),
        (LEAD, "escalated"),
    ]
    assert got[2][1].escalated_to == DUTY_MANAGER
    assert {notice.agency for _, notice in got} == {TEAM}


def test_the_receipt_of_a_possible_red_is_awaited_for_as_long_as_a_red_has() -> None:
    outcome = handing().when(with_worker(given.HIT))
    (timer,) = outcome.timers
    assert timer.due_at < NOON + HOUR / 4


def test_what_was_handed_over_before_receipts_were_awaited_is_not_chased_but_taken_back() -> None:
    step = handing()
    assert step.when(given.linked(allocated_to=given.worker())).timers == ()
    assert of(HandoverTakenBack, step.when(decided()).facts)


def test_a_person_who_has_it_ends_that() -> None:
    step = handing()
    first = step.when(with_worker())
    outcome = step.when(receipt())
    (fact,) = outcome.facts
    assert isinstance(fact, HandoverConfirmed)
    assert (fact.agency, fact.received_by) == (TEAM, "T. Manager")
    assert run_out(step, first) == []
    assert step.when(receipt()) == Outcome()


def test_what_is_not_theirs_goes_up_at_once_and_on_until_somebody_decides() -> None:
    step = handing(with_worker())
    outcome = step.when(receipt("refused"))
    assert [type(fact) for fact in outcome.facts] == [HandoverRefused]
    ((agency, notice),) = letters(outcome, HandoverNotTaken)
    assert (agency, notice.told, notice.reason) == (LEAD, DUTY_MANAGER, "Not ours")
    assert [type(fact) for _, fact in run_out(step, outcome)] == [ClockEscalated]


@pytest.mark.parametrize("ends", ["taken back", "rated", "received after all"])
def test_nobody_more_is_told_of_a_refusal_once_somebody_has_it(ends: str) -> None:
    step = handing(with_worker())
    refused = step.when(receipt("refused"))
    facts = {"taken back": decided(), "rated": given.assigned(Colour.GREEN)}
    step.when(facts.get(ends) or receipt())
    assert run_out(step, refused) == []


def test_a_refusal_says_why() -> None:
    outcome = handing(with_worker()).when(receipt("refused", reason=" "))
    assert outcome.refusal == Refusal("missing.field", "reason")


def test_a_team_that_had_it_may_find_that_it_is_not_theirs() -> None:
    outcome = handing(with_worker(), receipt()).when(receipt("refused"))
    assert of(HandoverRefused, outcome.facts)


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (receipt(by="housing"), Refusal("refused.not-yours", "referral_id")),
        (receipt(case_id="case-9"), Refusal("refused.unknown-subject", "case_id")),
        (receipt("given_up"), Refusal("refused.closed", "status")),
    ],
)
def test_receipts_that_are_not_the_senders_to_give_are_refused(
    told: HandoverReceived, refusal: Refusal
) -> None:
    assert handing(with_worker()).when(told).refusal == refusal


def test_a_receipt_of_what_was_never_handed_over_is_refused() -> None:
    refusal = Refusal("refused.unknown-subject", "referral_id")
    assert handing().when(receipt()).refusal == refusal
    assert handing(given.linked()).when(receipt()).refusal == refusal


@pytest.mark.parametrize(
    ("status", "kind"), [("received", HandoverConfirmed), ("refused", HandoverRefused)]
)
def test_what_a_team_says_before_the_link_is_heard_counts_once_it_is(
    status: str, kind: type[Fact]
) -> None:
    step = handing(fetched(), receipt(status))
    outcome = step.when(with_worker())
    assert [type(fact) for fact in outcome.facts] == [kind]
    assert bool(outcome.timers) is (status == "refused"), "a refusal goes on up the chain"
    assert len(letters(outcome, HandoverNotTaken)) == (status == "refused")


def test_who_has_fetched_nothing_is_told_nothing_of_a_referral_that_is_not_heard_yet() -> None:
    step = handing(fetched())
    refusal = Refusal("refused.unknown-subject", "referral_id")
    assert step.when(receipt(by="gp")).refusal == refusal


def test_nobody_need_confirm_what_the_hub_has_closed() -> None:
    step = handing()
    first = step.when(with_worker())
    ended = ReferralClosed(
        referral_id="ref-1",
        case_id="case-1",
        outcome="no_further_action",
        may_be_told="Nothing more is done.",
        decided_by="S. Worker",
        rationale="Seen",
        told="police",
        picture_id="picture",
    )
    (fact,) = step.when(ended).facts
    assert isinstance(fact, ClockClosed)
    assert (fact.agency, fact.reason) == (TEAM, "The referral was closed.")
    assert run_out(step, first) == []


# --- a wrong handover


def test_a_handover_that_nobody_has_fetched_is_taken_back_and_its_team_never_hears() -> None:
    outcome = handing(with_worker()).when(decided())
    fact, ended = outcome.facts
    assert isinstance(fact, HandoverTakenBack)
    assert isinstance(ended, ClockClosed)
    assert ended.reason == "The handover was taken back."
    assert (fact.letter_id, fact.decided_by) == ("letter-1", "D. Manager")
    assert fact.picture_id is not None
    assert outcome.takes_back == ("letter-1",)
    assert outcome.letters == ()


def test_a_team_that_has_it_is_told_what_to_do_with_it_and_owes_its_word() -> None:
    step = handing(with_worker(), fetched(), receipt())
    outcome = step.when(decided())
    ((agency, notice),) = letters(outcome, HandoverRecall)
    assert agency == TEAM
    assert notice.due_at == NOON + 4 * HOUR
    assert [type(fact) for _, fact in run_out(step, outcome)] == [
        ClockWarned,
        ClockChased,
        ClockEscalated,
        ClockEscalated,
    ]


def test_a_team_that_keeps_nothing_says_so_once() -> None:
    step = handing(with_worker(), fetched())
    recalled = step.when(decided())
    (fact,) = step.when(receipt("given_up")).facts
    assert isinstance(fact, HandoverGivenUp)
    assert run_out(step, recalled) == []
    assert step.when(receipt("given_up")) == Outcome()


def other_worker() -> Any:
    return given.worker().model_copy(update={"name": "Another Worker", "case_reference": "ICS-9"})


def test_a_team_that_two_handovers_were_taken_back_from_answers_both() -> None:
    """The referral moved from one child of the team's to another one, and then away from it."""
    step = handing(with_worker(), fetched(), moved_to(other_worker()))
    step.given(fetched("letter-2", "case-2"), given.corrected(from_="case-2", revision=2))
    answers = [step.when(receipt("given_up")) for _ in range(3)]
    facts = [fact for one in answers for fact in of(HandoverGivenUp, one.facts)]
    assert {fact.letter_id for fact in facts} == {"letter-1", "letter-2"}
    assert step.when(given.elapsed("hand_over", NOON + 99 * HOUR)).facts == ()


def test_what_a_team_gives_up_is_what_it_had_and_not_what_never_reached_it() -> None:
    step = handing(with_worker(), fetched(), moved_to(other_worker()))
    step.given(given.corrected(from_="case-2", revision=2))
    (fact,) = of(HandoverGivenUp, step.when(receipt("given_up")).facts)
    assert fact.letter_id == "letter-1"
    assert step.when(given.elapsed("hand_over", NOON + 99 * HOUR)).facts == ()
    assert step.when(receipt()).refusal == Refusal("refused.closed", "status")


def test_what_is_fetched_in_the_moment_in_which_it_is_taken_back_is_recalled() -> None:
    step = handing(with_worker(), decided())
    outcome = step.when(fetched())
    ((agency, _),) = letters(outcome, HandoverRecall)
    assert (agency, len(outcome.timers)) == (TEAM, 1)
    assert step.when(fetched()) == Outcome()


@pytest.mark.parametrize(
    ("decision", "refusal"),
    [
        (decided("police"), Refusal("refused.role")),
        (decided(case_id="case-9"), Refusal("refused.unknown-subject", "case_id")),
        (decided().model_copy(update={"shown": ()}), Refusal("refused.not-shown", "saw")),
    ],
)
def test_only_the_lead_agency_takes_a_handover_back_on_a_picture_that_it_saw(
    decision: HandoverDecided, refusal: Refusal
) -> None:
    assert handing(with_worker()).when(decision).refusal == refusal


def test_only_a_registered_social_worker_takes_a_handover_back() -> None:
    step = Given(hand_over.STEP, given.registering("A. Screening")).given(with_worker())
    assert step.when(decided()).refusal == Refusal("refused.decision-maker", "decided_by")
    assert step.when(decided(decided_by="A. Screening")).refusal is None


def test_a_handover_is_taken_back_once() -> None:
    assert handing(with_worker(), decided()).when(decided()).refusal == Refusal("refused.closed")
    unknown = Refusal("refused.unknown-subject", "referral_id")
    assert handing().when(decided()).refusal == unknown


# --- links that are corrected


def test_the_wrong_team_gives_it_up_and_the_right_one_owes_a_receipt() -> None:
    other = given.worker().model_copy(update={"team": "early_help"})
    step = handing(with_worker(), fetched())
    outcome = step.when(moved_to(other))
    (fact,) = of(HandoverTakenBack, outcome.facts)
    assert (fact.agency, fact.decided_by, fact.picture_id) == (TEAM, "A. Reviewer", None)
    assert [agency for agency, _ in letters(outcome, HandoverRecall)] == [TEAM]
    assert step.state.now.desk == "early_help"
    confirmed = step.when(receipt(by="early_help", case_id="case-2"))
    assert of(HandoverConfirmed, confirmed.facts)


def test_a_correction_to_another_case_of_the_same_worker_leaves_it_where_it_is() -> None:
    step = handing(with_worker(), receipt())
    assert step.when(moved_to(given.worker(), letter="letter-1")).facts == ()
    assert step.state.now.received_by == "T. Manager"


def test_a_link_that_is_heard_after_its_correction_is_taken_back_at_once() -> None:
    step = handing(moved_to())
    outcome = step.when(with_worker())
    assert of(HandoverTakenBack, outcome.facts)
    assert outcome.takes_back == ("letter-1",)
    assert not outcome.timers


ANY_ORDER: tuple[Any, ...] = (
    with_worker(),
    moved_to(given.worker().model_copy(update={"case_reference": "ICS-9"})),
    fetched(),
    fetched("letter-2", "case-2"),
    receipt(case_id="case-1"),
)


@pytest.mark.parametrize("facts", list(permutations(ANY_ORDER)))
def test_whoever_has_it_has_confirmed_or_has_a_clock_in_whatever_order_it_is_heard(
    facts: tuple[Fact, ...],
) -> None:
    """A receipt that comes before it was heard what it is of is refused, and sent again."""
    step = Given(hand_over.STEP)
    again = [fact for fact in facts if step.when(fact).refusal is not None]
    for fact in again:
        step.when(fact)
    stands, gone = step.state.of("letter-2"), step.state.of("letter-1")
    assert stands.clock or stands.received_by
    assert gone.taken_back
    assert gone.recalled
    assert gone.clock


def test_a_correction_that_is_older_than_what_is_known_changes_nothing() -> None:
    later = given.corrected(from_="case-2", to="case-3", revision=2)
    later = later.model_copy(update={"allocated_to": given.worker(), "letter_id": "letter-3"})
    step = handing(with_worker(), later)
    assert isinstance(moved_to(), LinkCorrected)
    step.when(moved_to())
    assert step.state.now.letter == "letter-3"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_possible_red_that_moves_to_a_team_is_awaited_for_as_long_as_a_red_has(
    *, swapped: bool
) -> None:
    heard = [given.linked(given.HIT), moved_to(given.worker())]
    step = handing(*(reversed(heard) if swapped else heard))
    assert step.state.now.clock.due_at == NOON + HOUR / 4


@pytest.mark.parametrize(
    ("colour", "narrative", "time"),
    [(Colour.RED, given.MISSING_EPISODE, HOUR / 4), (Colour.GREEN, given.HIT, 4 * HOUR)],
)
def test_what_a_human_has_rated_and_moves_to_a_team_is_awaited_as_it_is_rated(
    colour: Colour, narrative: str, time: dt.timedelta
) -> None:
    step = handing(given.linked(narrative), given.assigned(colour), moved_to(given.worker()))
    assert step.state.now.clock.due_at == NOON + time


def test_of_what_is_no_possible_red_and_nobody_was_handed_nothing_is_kept() -> None:
    step = handing(given.linked(), given.assigned(Colour.GREEN))
    assert step.state is None


def test_what_is_to_be_given_up_is_chased_though_what_was_to_come_before_it_is_closed() -> None:
    step = handing(with_worker(given.HIT), fetched())
    step.when(moved_to(other_worker()))
    gone = ReferralClosed(
        referral_id="ref-1",
        case_id="case-2",
        outcome="no_further_action",
        may_be_told="Nothing more is done.",
        decided_by="S. Worker",
        rationale="Seen",
        told=None,
        picture_id="picture",
    )
    told = run_out(step, step.when(gone))
    assert [type(fact) for _, fact in told][:2] == [ClockWarned, ClockChased]
