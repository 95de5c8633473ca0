"""A human hands a referral to a team, or gives it to another social worker (R9)."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest

from router.step import Outcome
from router.steps.cases import Allocated
from router.steps.disagreement import decide as disagreement
from router.steps.hand_over import decide as hand_over
from router.steps.rate import decide as rate
from router.steps.request_information import decide as request_information
from schemas.case import LinkCorrected
from schemas.handover import (
    HandoverConfirmed,
    HandoverDecided,
    HandoverDecision,
    HandoverGiven,
    HandoverNews,
    HandoverRecall,
    HandoverTakenBack,
    ReferralGiven,
)
from schemas.letter import letter_id
from schemas.notices import Handover
from schemas.owed import ClockChased, ClockEscalated, ClockWarned
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, of, on_picture
from tests.unit.steps.test_conclude import decided as concluded
from tests.unit.steps.test_handed_over import moved_to, with_worker
from tests.unit.steps.test_handover_receipts import fetched, letters, receipt, run_out
from tests.unit.steps.test_rate import decided as rated

LEAD, DUTY, TEAM = "childrens_social_care", "csc_duty_team", "csc_assessment_team"


def decided(action: str = "hand_over", *, by: str = LEAD, **changes: Any) -> HandoverDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "action": action,
        "decided_by": "S. Worker",
        "rationale": "They know the family",
    }
    told |= {"to": DUTY} if action == "hand_over" else {"person": "T. Worker"}
    decision = HandoverDecision.model_validate(told | changes)
    return on_picture(HandoverDecided(agency=by, decision=decision))


def rating(*facts: Any) -> Given:
    return Given(rate.STEP).given(*(facts or (given.linked(),)))


def handed(step: Given | None = None, **changes: Any) -> HandoverGiven:
    (fact,) = of(HandoverGiven, (step or rating()).when(decided(**changes)).facts)
    return fact


# --- to a team


def test_a_team_is_handed_it_and_the_hub_has_it_still() -> None:
    step = rating()
    before = step.state
    message = given.message(decided(worker="W. Allocated"))
    outcome = step.when(message)
    (fact,) = of(HandoverGiven, outcome.facts)
    assert (fact.agency, fact.worker.name, fact.worker.team) == (DUTY, "W. Allocated", DUTY)
    assert (fact.decided_by, fact.rationale) == ("S. Worker", "They know the family")
    (letter,) = outcome.letters
    assert (letter.agency, type(letter.notice)) == (DUTY, Handover)
    assert isinstance(letter.notice, Handover)
    assert letter.notice.outlined
    assert fact.letter_id == letter_id(message.id, "rate", key=letter.key)
    assert (step.state.kind, step.state.clocks) == ("suggested", before.clocks)
    assert step.state.allocated.has_it == fact.worker


def test_whoever_has_no_worker_there_is_the_team_by_its_name() -> None:
    fact = handed()
    assert (fact.worker.name, fact.worker.case_reference) == (DUTY.title(), "ref-1")


def test_the_team_owes_a_receipt_along_the_same_clock_and_chain() -> None:
    fact, step = handed(), Given(hand_over.STEP)
    told = run_out(step, step.when(fact))
    kinds = [type(one) for _, one in told]
    assert kinds[:2] == [ClockWarned, ClockChased]
    assert set(kinds[2:]) == {ClockEscalated}
    assert {one.of_agency for _, one in told} == {DUTY}
    again = Given(hand_over.STEP).given(fact)
    assert again.when(fact) == Outcome()
    confirmed = again.when(receipt(by=DUTY))
    (has,) = of(HandoverConfirmed, confirmed.facts)
    assert (has.agency, has.letter_id) == (DUTY, fact.letter_id)
    assert again.state.now.clock is None


def test_it_is_taken_back_like_any_other() -> None:
    fact = handed()
    step = Given(hand_over.STEP).given(fact)
    back = on_picture(
        HandoverDecided(
            agency=LEAD,
            decision=HandoverDecision(
                referral_id="ref-1",
                case_id="case-1",
                action="take_back",
                decided_by="D. Manager",
                rationale="Not theirs",
            ),
        )
    )
    outcome = step.when(back)
    (gone,) = of(HandoverTakenBack, outcome.facts)
    assert (gone.letter_id, outcome.takes_back) == (fact.letter_id, (fact.letter_id,))
    known = rating()
    known.state = known.state.model_copy(update={"allocated": known.state.allocated.given(fact)})
    known.when(gone)
    assert known.state.allocated.has_it is None
    assert known.when(back) == Outcome()


def test_from_one_team_to_another_the_first_is_told_and_nobody_is_without_it() -> None:
    step = rating(with_worker())
    fact = handed(step)
    assert (step.state.kind, step.state.allocated.has_it.team) == ("handed_over", DUTY)
    handings = Given(hand_over.STEP).given(with_worker(), fetched())
    outcome = handings.when(fact)
    (gone,) = of(HandoverTakenBack, outcome.facts)
    assert (gone.agency, gone.letter_id, gone.decided_by) == (TEAM, "letter-1", "S. Worker")
    assert "another team" in gone.rationale
    ((to, recall),) = letters(outcome, HandoverRecall)
    assert (to, "another team" in recall.reason) == (TEAM, True)
    assert handings.state.now.desk == DUTY
    assert step.when(gone).facts == ()
    assert step.state.allocated.has_it.team == DUTY


def test_requests_wait_for_no_rating_of_what_another_team_has() -> None:
    fact, back = handed(rating(with_worker())), None
    handings = Given(hand_over.STEP).given(with_worker())
    (back,) = of(HandoverTakenBack, handings.when(fact).facts)
    for order in permutations((with_worker(), fact)):
        asking = Given(request_information.STEP).given(*order, back)
        assert (asking.state.kind, asking.state.allocated.has_it.team) == ("handed_over", DUTY)


def test_the_team_hears_how_it_is_rated_and_with_what_it_was_closed() -> None:
    step = rating()
    step.when(decided())
    ((to, news),) = letters(step.when(rated(Colour.AMBER)), HandoverNews)
    assert (to, news.colour) == (DUTY, Colour.AMBER)
    late = rating(given.linked(), rated(Colour.AMBER)).when(decided())
    assert [type(one.notice) for one in late.letters] == [Handover, HandoverNews]


@pytest.mark.parametrize("early", [True, False])
def test_a_correction_of_the_link_counts_by_when_it_was_made(*, early: bool) -> None:
    """Who is handed it after a correction has it, in whatever order the two are heard."""
    fact = handed().model_copy(update={"revision": 1 if early else 0})
    moved = moved_to(given.worker())
    team = DUTY if early else TEAM
    for order in permutations((moved, fact)):
        known = Allocated()
        for one in order:
            if isinstance(one, HandoverGiven):
                known = known.given(one)
            elif isinstance(one, LinkCorrected):
                known = known.corrected(one)
        assert known.has_it is not None
        assert known.has_it.team == team
    assert Allocated().given(fact).linked(with_worker()).letter == fact.letter_id


def test_what_was_handed_over_by_hand_and_is_found_to_be_another_childs_is_taken_back() -> None:
    step = Given(hand_over.STEP).given(given.linked(), handed())
    outcome = step.when(moved_to())
    (gone,) = of(HandoverTakenBack, outcome.facts)
    assert (gone.agency, "another child" in gone.rationale) == (DUTY, True)


def test_the_team_may_disagree() -> None:
    step = Given(disagreement.STEP).given(given.linked(), handed())
    assert DUTY in step.state.told


@pytest.mark.parametrize("action", ["hand_over", "give"])
def test_neither_takes_anything_back_from_the_team_that_has_it(action: str) -> None:
    step = Given(hand_over.STEP).given(with_worker())
    assert step.when(decided(action)) == Outcome()
    assert step.state.now.desk == TEAM


REFUSED = [
    (decided(by="police"), Refusal("refused.role")),
    (decided(case_id="case-9"), Refusal("refused.unknown-subject", "case_id")),
    (decided(to=None), Refusal("missing.field", "to")),
    (decided(to="police"), Refusal("refused.no-team", "to")),
    (decided(to="nobody_knows"), Refusal("refused.no-team", "to")),
    (decided("give", person=None), Refusal("missing.field", "person")),
    (decided("give", person="  "), Refusal("missing.field", "person")),
    (decided("give", by="police"), Refusal("refused.role")),
    (decided().model_copy(update={"shown": ()}), Refusal("refused.not-shown", "saw")),
]


@pytest.mark.parametrize(("command", "refusal"), REFUSED)
def test_what_is_nobodys_to_say_or_names_no_team_is_refused(
    command: HandoverDecided, refusal: Refusal
) -> None:
    step = rating()
    assert step.when(command).refusal == refusal


def test_a_team_that_has_it_is_not_handed_it_again_nor_what_is_closed_or_unknown() -> None:
    unknown = Refusal("refused.unknown-subject", "referral_id")
    assert Given(rate.STEP).when(decided()).refusal == unknown
    step = rating()
    step.when(decided())
    assert step.when(decided()).refusal == Refusal("refused.no-team", "to")
    done = rating(given.linked(), rated(Colour.GREEN), concluded())
    assert done.when(decided()).refusal == Refusal("refused.closed")


def test_only_a_registered_social_worker_hands_over_or_is_given_it() -> None:
    step = Given(rate.STEP, given.registering("S. Worker")).given(given.linked())
    nobody = Refusal("refused.decision-maker", "person")
    assert step.when(decided("give")).refusal == nobody
    other = decided(decided_by="X. Stranger")
    assert step.when(other).refusal == Refusal("refused.decision-maker", "decided_by")


# --- to another social worker


def test_who_is_given_it_is_recorded_with_who_had_it_and_kept_whatever_it_is_rated() -> None:
    step = rating()
    (fact,) = step.when(decided("give", saw=())).facts
    assert isinstance(fact, ReferralGiven)
    assert (fact.person, fact.before, fact.decided_by) == ("T. Worker", None, "S. Worker")
    assert step.when(decided("give")) == Outcome()
    step.when(rated(Colour.AMBER))
    (again,) = step.when(decided("give", person="S. Worker", decided_by="T. Worker")).facts
    assert isinstance(again, ReferralGiven)
    assert (again.person, again.before) == ("S. Worker", "T. Worker")
    assert (step.state.kind, step.state.holder.person) == ("assigned", "S. Worker")
    assert step.state.holder.at == NOON


def test_it_stays_with_whom_it_was_given_to_when_it_moves_to_a_team_and_back() -> None:
    step = rating()
    step.when(decided("give"))
    step.when(moved_to(given.worker()), at=NOON + dt.timedelta(hours=1))
    assert (step.state.kind, step.state.holder.person) == ("handed_over", "T. Worker")
    back = {"case_id": "case-2", "letter_id": "letter-2", "agency": TEAM}
    step.when(HandoverTakenBack(referral_id="ref-1", decided_by="D.", rationale="Wrong", **back))
    assert (step.state.kind, step.state.holder.person) == ("suggested", "T. Worker")
