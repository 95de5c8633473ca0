"""Alarms about what was refused, handed over, or waits at the door (issue 9, point 2)."""

from __future__ import annotations

from typing import Any

import pytest

from router.step import Outcome
from router.steps.alarm import decide as alarm
from schemas.alarms import (
    AlarmEnded,
    AlarmRaised,
)
from schemas.handover import HandoverConfirmed, HandoverRefused, HandoverTakenBack
from schemas.identity import IdentityBlock
from schemas.letter import letter_id
from schemas.notices import Handover
from schemas.notification import MessageRefused
from schemas.operations import (
    DeadLetterDiscarded,
    DeadLetterRedriven,
    WayInBroken,
)
from schemas.owed import ClockChased
from schemas.product import (
    Product,
)
from schemas.rating import Colour
from schemas.safety import Danger, Hit, LetterHeld, SafetyChoice, SafetySettled
from tests.support import given
from tests.support import products as product
from tests.support.alarms import LEAD, delivered, not_taken, notice, raised_by, rings, step


def refused_message(**changes: Any) -> MessageRefused:
    told = {
        "dead_letter_id": "dead-1",
        "agency": "school",
        "reason": "unreadable.json",
        "step": "intake",
        "may_be_red": True,
    }
    return MessageRefused.model_validate(told | changes)


def settled(kind: type[Any], **more: Any) -> Any:
    told = {"dead_letter_id": "dead-1", "agency": "school", "decided_by": "O. P.", "why": "Rung."}
    return kind.model_validate(told | more)


def test_what_was_refused_and_may_be_a_red_alarms_people_who_are_told_whom_to_ring() -> None:
    letter = notice(step().when(refused_message()))
    assert (letter.cause, letter.why, letter.subject_id) == (
        "refused_message",
        "unreadable.json",
        "dead-1",
    )
    assert letter.about == IdentityBlock(ring="school duty desk")
    assert (letter.referral_id, letter.case_id) == (None, None)


def test_what_was_refused_and_is_plainly_none_alarms_nobody() -> None:
    assert step().when(refused_message(may_be_red=False)) == Outcome()


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        (settled(DeadLetterDiscarded), "discarded"),
        (settled(DeadLetterRedriven, message_ids=("m-1",), refused=0), "sent_again"),
        (settled(DeadLetterRedriven, message_ids=("m-1",), refused=1), None),
    ],
)
def test_it_ends_once_somebody_has_dealt_with_what_was_refused(
    done: Any, reason: str | None
) -> None:
    step_ = step().given(refused_message())
    ended = given.of(AlarmEnded, step_.when(done).facts)
    assert [fact.reason for fact in ended] == ([reason] if reason else [])


@pytest.mark.parametrize(("agency", "who"), [("school", "School"), (None, "several agencies")])
def test_a_way_in_by_which_nothing_comes_alarms_people(agency: str | None, who: str) -> None:
    broken = WayInBroken(
        incident_id="incident-1", agency=agency, connector="folder", since=given.NOON
    )
    outcome = step().when(broken)
    assert raised_by(outcome).subject_id == "incident-1"
    assert f"Messages of {who} do not come in" in notice(outcome).says
    (letter,) = outcome.letters
    assert letter.agency == LEAD


def test_what_an_agency_sent_and_never_came_alarms_people_in_words_of_its_own() -> None:
    missing = WayInBroken(
        incident_id="incident-1",
        agency="school",
        connector="http",
        since=given.NOON,
        why="manifest",
    )
    said = notice(step().when(missing))
    assert "School sent messages that never came to the hub" in said.says
    assert "have what is missing sent again" in said.to_do


def chased() -> ClockChased:
    return ClockChased(
        referral_id="ref-1",
        case_id="case-1",
        clock="receipt",
        agency="csc_assessment_team",
        owed="A person of it says that they have what was handed over.",
        subject_id="letter-1",
        since=given.NOON,
        due_at=given.NOON,
    )


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(("narrative", "alarms"), [(given.HIT, 1), (given.MOVED, 0)])
def test_a_handover_that_may_be_a_red_and_nobody_confirms_alarms_people(
    narrative: str, alarms: int, *, swapped: bool
) -> None:
    heard: list[Any] = [given.linked(narrative, allocated_to=given.worker()), chased()]
    step_ = step().given(*(reversed(heard) if swapped else heard))
    found = given.of(AlarmRaised, step_.facts)
    assert [fact.agency for fact in found] == ["csc_assessment_team"] * alarms
    ended = given.of(AlarmEnded, step_.when(given.assigned(Colour.RED)).facts)
    assert len(ended) == alarms


def not_theirs(letter_id: str = "letter-1") -> HandoverRefused:
    return HandoverRefused(
        referral_id="ref-1",
        case_id="case-1",
        agency="csc_assessment_team",
        letter_id=letter_id,
        received_by="W. Allocated",
        reason="The family has moved",
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_a_team_that_says_what_may_be_a_red_is_not_theirs_alarms_people_at_once(
    *, swapped: bool
) -> None:
    heard: list[Any] = [given.linked(given.HIT, allocated_to=given.worker()), not_theirs()]
    step_ = step()
    outcomes = [step_.when(one) for one in (reversed(heard) if swapped else heard)]
    letter = notice(outcomes[-1])
    assert "not theirs" in letter.says
    assert "rate it now" in letter.to_do
    assert given.of(AlarmRaised, step_.when(chased()).facts) == [], "it is the same handover"


def test_the_next_team_that_is_silent_alarms_people_though_the_first_one_was_dealt_with() -> None:
    step_ = step().given(given.linked(given.HIT, allocated_to=given.worker()), chased())
    back = HandoverTakenBack(
        referral_id="ref-1",
        case_id="case-1",
        agency="csc_assessment_team",
        letter_id="letter-1",
        decided_by="S. Worker",
        rationale="The wrong team",
    )
    assert given.of(AlarmEnded, step_.when(back).facts)
    later = chased().model_copy(update={"subject_id": "letter-2", "agency": "csc_duty_team"})
    (fact,) = given.of(AlarmRaised, step_.when(later).facts)
    assert (fact.cause, fact.agency) == ("handover", "csc_duty_team")


def test_a_receipt_that_is_late_for_a_product_is_no_handover() -> None:
    step_ = step().given(given.linked(given.HIT), given.assigned(Colour.RED))
    assert given.of(AlarmRaised, step_.when(chased()).facts) == []


def test_a_person_of_the_team_who_has_what_was_handed_over_ends_its_alarm() -> None:
    step_ = step().given(given.linked(given.HIT, allocated_to=given.worker()), chased())
    (fact,) = given.of(AlarmEnded, step_.when(confirmed()).facts)
    assert (fact.cause, fact.reason) == ("handover", "confirmed")


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize(("narrative", "alarms"), [(given.HIT, 1), (given.MOVED, 0)])
def test_a_possible_red_that_a_human_moves_to_a_team_and_nobody_confirms_alarms_people(
    narrative: str, alarms: int, order: tuple[int, ...]
) -> None:
    moved = given.corrected(revision=1)
    moved = moved.model_copy(update={"allocated_to": given.worker(), "letter_id": "letter-1"})
    heard: list[Any] = [given.linked(narrative), moved, chased()]
    step_ = step().given(*(heard[number] for number in order))
    found = given.of(AlarmRaised, step_.facts)
    assert [fact.agency for fact in found] == ["csc_assessment_team"] * alarms


def by_step(dead: str, **changes: Any) -> MessageRefused:
    told = {"dead_letter_id": dead, "message_id": "message-1", "step": "rate"}
    return refused_message(**told | {"reason": "undecidable"} | changes)


def test_what_several_steps_cannot_act_on_is_one_alarm_until_all_of_it_is_dealt_with() -> None:
    step_ = step()
    letter = notice(step_.when(by_step("dead-1")))
    assert (letter.subject_id, letter.kept_as) == ("message-1", "dead-1")
    assert "kept as dead-1" in letter.to_do
    assert given.of(AlarmRaised, step_.when(by_step("dead-2", step="compose")).facts) == []
    first = settled(DeadLetterDiscarded, message_id="message-1")
    assert step_.when(first).facts == ()
    last = settled(DeadLetterDiscarded, dead_letter_id="dead-2", message_id="message-1")
    (fact,) = step_.when(last).facts
    assert isinstance(fact, AlarmEnded)
    again = step_.when(by_step("dead-3", step="check"))
    assert raised_by(again).kept_as == "dead-3", "a step that was late had it since"


@pytest.mark.parametrize("kind", [MessageRefused, DeadLetterDiscarded, DeadLetterRedriven])
def test_all_that_is_told_of_the_dead_letters_of_a_message_is_heard_under_that(kind: Any) -> None:
    facts = {
        MessageRefused: by_step("dead-1"),
        DeadLetterDiscarded: settled(DeadLetterDiscarded, message_id="message-1"),
        DeadLetterRedriven: settled(
            DeadLetterRedriven, message_id="message-1", message_ids=("m",), refused=0
        ),
    }
    assert alarm.STEP.key(given.message(facts[kind])) == "message-1"


def at_the_door(**changes: Any) -> LetterHeld:
    """A Red that was about to be handed out, and may not be safe there."""
    hit = Hit(
        danger=Danger.WORKS_WITH_RISK, whose="the child's father", where="recipient", says="x"
    )
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "hold_id": "hold-1",
        "letter_id": "letter-1",
        "letter": Product.type,
        "product_id": "product-1",
        "recipient": product.RECIPIENT,
        "urgent": True,
        "hits": (hit,),
    }
    return LetterHeld.model_validate(told | changes)


def looked_at(choice: SafetyChoice, **changes: Any) -> SafetySettled:
    told = at_the_door(**changes).shared(SafetySettled)
    said = {"choice": choice, "decided_by": "D. Sample", "rationale": "Rung the refuge."}
    return SafetySettled(**told | said)


def test_a_red_that_waits_at_the_door_is_an_alarm_that_says_who_decides_and_rings_nobody() -> None:
    step_ = step()
    outcome = step_.when(at_the_door())
    assert (raised_by(outcome).cause, raised_by(outcome).why) == ("kept_back", "unsafe")
    told = notice(outcome)
    assert "waits for a human of Childrens_Social_Care to decide" in told.says
    assert f"Do not ring {product.RECIPIENT.title()}" in told.to_do
    assert "childrens_social_care duty desk" in told.to_do
    assert f"{product.RECIPIENT} duty desk" not in told.to_do
    later = step_.when(not_taken())
    assert "Do not ring" in notice(later).to_do
    over = given.of(AlarmEnded, step_.when(looked_at(SafetyChoice.SEND)).facts)
    assert [(one.cause, one.reason) for one in over] == [("kept_back", "decided")]
    assert step_.when(at_the_door(rest_goes=True, hold_id="hold-2")) == Outcome()


def test_once_it_is_found_safe_its_recipient_is_rung_again_and_where_it_is_not_never() -> None:
    for choice, rung in ((SafetyChoice.SEND, True), (SafetyChoice.DO_NOT_SEND, False)):
        step_ = step().given(at_the_door(), looked_at(choice))
        assert notice(step_.when(not_taken())).to_do.startswith("Ring ") is rung


def test_an_alarm_that_runs_says_so_too_once_its_letter_waits_at_the_door() -> None:
    step_ = step()
    first = step_.when(not_taken())
    assert "Ring " in notice(first).to_do
    step_.given(at_the_door())
    assert "Do not ring" in notice(rings(step_, first)).to_do


def test_nobody_rings_a_team_whose_handover_waits_at_the_door() -> None:
    of_the_team = {"letter": Handover.type, "product_id": None, "recipient": "csc_assessment_team"}
    held = at_the_door(**of_the_team, urgent=False)
    step_ = step().given(given.linked(given.HIT, allocated_to=given.worker()), held)
    assert "Do not ring" in notice(step_.when(chased())).to_do


OF_THE_TEAM: dict[str, Any] = {
    "letter": Handover.type,
    "product_id": None,
    "recipient": "csc_assessment_team",
    "hold_id": "hold-of-the-team",
    "letter_id": "letter-of-the-team",
    "urgent": False,
}


def test_that_a_handover_is_safe_ends_no_alarm_about_a_red_that_waits_at_another_door() -> None:
    step_ = step().given(at_the_door(), at_the_door(**OF_THE_TEAM))
    outcome = step_.when(looked_at(SafetyChoice.SEND, **OF_THE_TEAM))
    assert given.of(AlarmEnded, outcome.facts) == []
    assert [one.cause for one in step_.state.running] == ["kept_back"]


def test_a_red_that_is_held_again_once_a_human_has_found_it_safe_is_an_alarm_again() -> None:
    step_ = step().given(at_the_door(), looked_at(SafetyChoice.SEND))
    assert raised_by(step_.when(at_the_door(hold_id="hold-2"))).cause == "kept_back"


def test_while_a_red_waits_for_another_reason_still_nobody_rings_and_its_alarm_goes_on() -> None:
    step_ = step().given(at_the_door(), at_the_door(hold_id="hold-2"))
    assert len(step_.state.running) == 1
    first = step_.when(looked_at(SafetyChoice.SEND))
    assert given.of(AlarmEnded, first.facts) == []
    assert [one.why for one in step_.state.running] == ["unsafe"]
    last = step_.when(looked_at(SafetyChoice.SEND, hold_id="hold-2"))
    assert len(given.of(AlarmEnded, last.facts)) == 1


def confirmed() -> HandoverConfirmed:
    return HandoverConfirmed(
        referral_id="ref-1",
        case_id="case-1",
        agency="csc_assessment_team",
        letter_id="letter-1",
        received_by="W. Allocated",
    )


@pytest.mark.parametrize("was_late", [False, True])
def test_a_team_that_had_what_may_be_a_red_and_then_says_it_is_not_theirs_alarms_people(
    *, was_late: bool
) -> None:
    step_ = step().given(given.linked(given.HIT, allocated_to=given.worker()))
    step_.given(*([chased()] if was_late else []), confirmed())
    outcome = step_.when(not_theirs())
    assert (raised_by(outcome).cause, raised_by(outcome).why) == ("handover", "not_theirs")
    assert step_.when(not_theirs()) == Outcome()


def test_a_letter_that_says_whom_to_ring_gives_way_at_once_when_nobody_is_to_any_more() -> None:
    step_ = step()
    first = given.message(not_taken(), id_="message-1")
    key = step_.when(first).letters[0].key
    outcome = step_.when(at_the_door())
    assert given.of(AlarmRaised, outcome.facts) == [], "it runs already"
    assert outcome.takes_back == (letter_id("message-1", "alarm", key=key),)
    assert "Do not ring" in notice(outcome).to_do
    assert notice(outcome).times == 1
    safe = step_.when(looked_at(SafetyChoice.SEND))
    assert notice(safe).to_do.startswith("Ring ")
    assert len(safe.takes_back) == 1
    letter = step_.state.running[0].letter
    assert step_.when(delivered()).takes_back == (letter,)


def test_of_a_handover_that_waits_at_the_door_too_nobody_is_told_to_ring_any_more() -> None:
    step_ = step().given(given.linked(given.HIT, allocated_to=given.worker()), chased())
    assert "Do not ring" in notice(step_.when(at_the_door(**OF_THE_TEAM))).to_do
    assert notice(step_.when(looked_at(SafetyChoice.SEND, **OF_THE_TEAM))).to_do.startswith("Ring ")


def test_the_alarm_of_a_team_that_was_silent_says_so_once_it_says_that_it_is_not_theirs() -> None:
    step_ = step().given(given.linked(given.HIT, allocated_to=given.worker()), chased())
    outcome = step_.when(not_theirs())
    assert given.of(AlarmRaised, outcome.facts) == []
    assert "not theirs" in notice(outcome).says


def test_what_a_human_finds_of_what_was_left_out_of_a_red_keeps_nobody_from_ringing() -> None:
    step_ = step()
    step_.when(not_taken())
    left_out = looked_at(SafetyChoice.DO_NOT_SEND, rest_goes=True)
    assert step_.when(left_out) == Outcome()
    stopped = step().when(not_taken(why="not_safe"))
    assert "Do not ring" in notice(stopped).to_do
