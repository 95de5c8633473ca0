"""A Red that nobody has is an alarm, which repeats until a person takes it (issue 9, point 2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.alarm import decide as alarm
from schemas.alarms import (
    AlarmEnded,
    AlarmNotice,
    AlarmRaised,
    AlarmReceipt,
    AlarmReceived,
    AlarmRepeated,
    AlarmTaken,
)
from schemas.calendar import Contact
from schemas.handover import HandoverConfirmed, HandoverRefused, HandoverTakenBack
from schemas.identity import IdentityBlock
from schemas.letter import letter_id
from schemas.message import Message
from schemas.notices import Handover
from schemas.notification import MessageRefused
from schemas.operations import (
    DeadLetterDiscarded,
    DeadLetterRedriven,
    WayInBroken,
)
from schemas.owed import ClockChased
from schemas.policy import Policy
from schemas.product import (
    Disposal,
    OwnerSilent,
    Product,
    ProductDelivered,
    ProductEnded,
    ProductNotTaken,
    ProductRefused,
    ProductReleased,
)
from schemas.rating import Colour, DueTimeBreached
from schemas.refusals import Refusal
from schemas.safety import Danger, Hit, LetterHeld, ProductHeld, SafetyChoice, SafetySettled
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

LEAD = "childrens_social_care"
TEN_MINUTES = dt.timedelta(minutes=10)
AT_NIGHT = dt.datetime(2026, 6, 14, 2, 10, tzinfo=dt.UTC)


def step(policy: Policy | None = None) -> Given:
    return Given(alarm.STEP, policy)


def unopened() -> DueTimeBreached:
    return DueTimeBreached(
        referral_id="ref-1",
        case_id="case-1",
        clock="possible_red",
        colour=Colour.RED,
        due_at=given.NOON,
    )


def not_taken(product_id: str = "product-1", **changes: Any) -> ProductNotTaken:
    told = {
        "product_id": product_id,
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": product.RECIPIENT,
        "purpose": product.PURPOSE,
        "colour": Colour.RED,
        "why": "unfetched",
    }
    return ProductNotTaken.model_validate(told | changes)


def released(product_id: str, **changes: Any) -> ProductReleased:
    told = {
        "product_id": product_id,
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": product.RECIPIENT,
        "colour": Colour.RED,
        "disposal": Disposal.FRONT_LINE_TEAM,
        "urgent": True,
        "digest": "0" * 64,
        "item_digests": (),
        "signposts": 1,
    }
    return ProductReleased.model_validate(told | changes)


def delivered(product_id: str = "product-1") -> ProductDelivered:
    return ProductDelivered(
        product_id=product_id,
        case_id="case-1",
        referral_id="ref-1",
        recipient=product.RECIPIENT,
        received_by="T. Manager",
    )


def kept_back(**changes: Any) -> ProductRefused:
    told = {
        "product_id": "product-1",
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": product.RECIPIENT,
        "colour": Colour.RED,
        "urgent": True,
        "voided": False,
        "reason": "No owner lets anything leave.",
    }
    return ProductRefused.model_validate(told | changes)


def taken(raised: AlarmRaised, **changes: Any) -> AlarmReceived:
    told = {
        "alarm_id": raised.alarm_id,
        "subject_id": raised.subject_id,
        "case_id": raised.case_id,
        "taken_by": "D. Manager",
    }
    agency = changes.pop("agency", LEAD)
    return AlarmReceived(agency=agency, receipt=AlarmReceipt.model_validate(told | changes))


def raised_by(outcome: Outcome[Any]) -> AlarmRaised:
    (fact,) = given.of(AlarmRaised, outcome.facts)
    return fact


def rings(step_: Given, outcome: Outcome[Any]) -> Outcome[Any]:
    (timer,) = outcome.timers
    return step_.when(given.elapsed("alarm", timer.due_at, timer.key))


def test_a_red_that_a_person_had_and_gave_back_alarms_people_as_one_that_nobody_has() -> None:
    step_ = step().given(released("product-1"), delivered())
    fact = raised_by(step_.when(not_taken(why="refused")))
    assert (fact.cause, fact.why, fact.product_id) == ("not_taken", "refused", "product-1")


def test_it_does_so_though_there_was_an_alarm_before_they_had_it_and_not_once_another_has_it() -> (
    None
):
    step_ = step().given(released("product-1"), not_taken(), delivered())
    raised_by(step_.when(not_taken(why="refused")))
    other = step().given(released("product-1"), delivered())
    other.given(released("product-2", instead_of="product-1"), delivered("product-2"))
    assert given.of(AlarmRaised, other.when(not_taken(why="refused")).facts) == []


def notice(outcome: Outcome[Any]) -> AlarmNotice:
    (letter,) = outcome.letters
    assert isinstance(letter.notice, AlarmNotice)
    return letter.notice


def test_what_may_be_a_red_and_nobody_opened_alarms_the_duty_manager() -> None:
    outcome = step().when(unopened())
    fact, letter = raised_by(outcome), notice(outcome)
    assert outcome.letters[0].agency == LEAD
    assert (fact.cause, fact.told.role, fact.subject_id) == (
        "possible_red",
        "Duty manager",
        "ref-1",
    )
    assert "nobody has opened it" in letter.says
    assert letter.to_do
    assert (letter.times, letter.since) == (1, given.NOON)
    assert (letter.next_told.role, letter.next_at) == (
        "Ada Sample, head of service",
        given.NOON + TEN_MINUTES,
    )


def test_nobody_taking_it_goes_up_to_the_end_of_the_chain_and_then_on_and_on_to_that() -> None:
    step_ = step()
    outcome, at = step_.when(message(unopened(), AT_NIGHT)), AT_NIGHT
    told = []
    for _ in range(5):
        outcome, at = rings(step_, outcome), at + TEN_MINUTES
        (fact,) = given.of(AlarmRepeated, outcome.facts)
        told.append((fact.told.role.partition(",")[0], fact.times))
        assert fact.next_at == at + TEN_MINUTES
        assert notice(outcome).times == fact.times
    assert told == [("Ada Sample", n) for n in range(2, 7)]


def message(fact: Any, at: dt.datetime) -> Message:
    return given.message(fact, at=at)


def test_the_same_alarm_is_raised_once() -> None:
    step_ = step().given(unopened())
    assert step_.when(unopened()) == Outcome()


def test_an_unread_letter_of_it_gives_way_to_the_next_one() -> None:
    step_, first = step(), given.message(unopened(), id_="message-1")
    outcome = rings(step_, step_.when(first))
    (key,) = [letter.key for letter in outcome.letters]
    assert outcome.takes_back == (letter_id("message-1", "alarm", key=key),)


def test_what_went_to_another_agencys_desk_stays_there() -> None:
    chain = (
        Contact(role="Night desk", reach="01632 960300", agency="csc_duty_team"),
        Contact(role="Head of service", reach="01632 960120"),
    )
    profile = given.profile()
    chains = {**profile.chains, "alarm": chain}
    step_ = step(given.policy(profile_=profile.model_copy(update={"chains": chains})))
    first = step_.when(unopened())
    assert first.letters[0].agency == "csc_duty_team"
    assert rings(step_, first).takes_back == ()


def test_a_person_who_takes_it_ends_the_repeating() -> None:
    step_ = step()
    outcome = step_.when(unopened())
    had = step_.when(taken(raised_by(outcome)))
    (fact,) = given.of(AlarmTaken, had.facts)
    assert (fact.taken_by, fact.taken_for) == ("D. Manager", LEAD)
    assert rings(step_, outcome) == Outcome()
    assert step_.when(taken(raised_by(outcome))) == Outcome()
    assert step_.when(unopened()) == Outcome()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"agency": "school"}, Refusal("refused.not-told", "alarm_id")),
        ({"alarm_id": "another"}, Refusal("refused.unknown-subject", "alarm_id")),
    ],
)
def test_an_alarm_is_taken_by_who_was_told_and_under_its_id(
    changes: dict[str, str], refusal: Refusal
) -> None:
    step_ = step()
    raised = raised_by(step_.when(unopened()))
    assert step_.when(taken(raised, **changes)).refusal == refusal


@pytest.mark.parametrize(
    ("who", "may"),
    [("d.  manager", True), ("Ada Sample", True), ("A Passer-By", False), ("a", False)],
)
def test_where_people_are_registered_one_of_them_takes_it(who: str, may: bool) -> None:
    policy = given.registering("D. Manager")
    step_ = step(policy)
    outcome = step_.when(unopened())
    raised = raised_by(outcome)
    rings(step_, outcome)
    refusal = None if may else Refusal("refused.decision-maker", "taken_by")
    assert step_.when(taken(raised, taken_by=who)).refusal == refusal


def test_rating_it_ends_the_alarm_that_nobody_opened_it() -> None:
    step_ = step()
    outcome = step_.when(unopened())
    rated = step_.when(given.assigned(Colour.AMBER))
    (fact,) = given.of(AlarmEnded, rated.facts)
    assert (fact.reason, fact.cause) == ("rated", "possible_red")
    assert rings(step_, outcome) == Outcome()


def test_what_was_rated_before_that_was_heard_alarms_nobody() -> None:
    assert step().given(given.assigned(Colour.RED)).when(unopened()) == Outcome()


def test_a_red_that_its_recipient_does_not_take_alarms_people() -> None:
    outcome = step().when(not_taken(why="refused"))
    raised, letter = raised_by(outcome), notice(outcome)
    assert (raised.cause, raised.why, raised.agency) == ("not_taken", "refused", product.RECIPIENT)
    assert "did not take it" in letter.says
    assert "csc_duty_team duty desk" in letter.to_do


@pytest.mark.parametrize("first", ["product-1", "product-2", "product-3"])
def test_it_ends_once_a_person_has_it_there_or_in_its_place(first: str) -> None:
    step_ = step().given(
        released("product-1"),
        not_taken("product-1"),
        released("product-2", instead_of="product-1"),
        released("product-3", supersedes="product-2"),
    )
    outcome = step_.when(delivered(first))
    (fact,) = given.of(AlarmEnded, outcome.facts)
    assert (fact.reason, fact.product_id) == ("delivered", "product-1")


def test_that_another_of_those_told_at_once_has_it_does_not_end_it() -> None:
    step_ = step().given(released("product-1"), released("product-2"), not_taken("product-1"))
    assert given.of(AlarmEnded, step_.when(delivered("product-2")).facts) == []


def test_two_recipients_who_do_not_take_it_are_two_alarms() -> None:
    step_ = step().given(not_taken("product-1"))
    outcome = step_.when(not_taken("product-2", recipient="police_cait"))
    assert raised_by(outcome).agency == "police_cait"
    assert len(step_.state.running) == 2


def test_a_red_of_which_nothing_leaves_alarms_people_until_something_does() -> None:
    step_ = step()
    assert raised_by(step_.when(kept_back())).cause == "kept_back"
    (fact,) = given.of(AlarmEnded, step_.when(released("product-1")).facts)
    assert fact.reason == "released"


@pytest.mark.parametrize("changes", [{"urgent": False}, {"voided": True}])
def test_what_was_voided_or_waits_for_owners_alarms_nobody(changes: dict[str, bool]) -> None:
    assert step().when(kept_back(**changes)) == Outcome()


def test_what_is_about_another_child_ends_the_alarms_about_its_product() -> None:
    step_ = step().given(not_taken())
    (fact,) = given.of(AlarmEnded, step_.when(product.voided()).facts)
    assert fact.reason == "voided"


def test_a_red_that_is_lowered_ends_the_alarms_about_its_product() -> None:
    ended = ProductEnded(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        colour=Colour.AMBER,
        reason="The rating was lowered from red to amber.",
    )
    (fact,) = given.of(AlarmEnded, step().given(not_taken()).when(ended).facts)
    assert fact.reason == "ended"


def test_what_a_profile_of_old_has_no_time_for_does_not_alarm() -> None:
    profile = given.profile().model_copy(update={"allowed": {}})
    assert step(given.policy(profile_=profile)).when(unopened()) == Outcome()


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


@pytest.mark.parametrize(("rest_goes", "alarms"), [(False, 1), (True, 0)])
def test_a_red_of_which_the_safety_check_keeps_all_back_alarms_people(
    rest_goes: bool, alarms: int
) -> None:
    held = ProductHeld(
        referral_id="ref-1",
        case_id="case-1",
        hold_id="hold-1",
        recipient=product.RECIPIENT,
        letter="mash.product.v1",
        product_id="product-1",
        urgent=True,
        rest_goes=rest_goes,
        hits=(),
    )
    outcome = step().when(held)
    assert len(given.of(AlarmRaised, outcome.facts)) == alarms
    if alarms:
        letter = notice(outcome)
        assert "Do not ring" in letter.to_do, "who reads it there may be the danger"
        assert given.partner(product.RECIPIENT).signpost_contact not in letter.to_do


def test_what_owners_keep_back_is_not_to_be_told_by_telephone() -> None:
    letter = notice(step().when(kept_back()))
    assert "owners keep it back" in letter.says
    assert "what its owners do not keep back" in letter.to_do


def silent(owner: str = "school") -> OwnerSilent:
    return OwnerSilent(
        referral_id="ref-1",
        case_id="case-1",
        product_id="product-1",
        recipient=product.RECIPIENT,
        colour=Colour.AMBER,
        urgent=False,
        items=(),
        owner=owner,
    )


def test_an_owner_for_whom_a_product_waits_in_vain_alarms_people() -> None:
    step_ = step()
    letter = notice(step_.when(silent()))
    assert letter.says.startswith("School has not decided in the time agreed")
    step_.given(silent("gp"))
    ended = given.of(AlarmEnded, step_.when(released("product-1", urgent=False)).facts)
    assert [fact.agency for fact in ended] == ["school", "gp"]
    assert {fact.reason for fact in ended} == {"released"}


def test_what_was_to_follow_a_red_and_does_not_alarms_nobody() -> None:
    """The Red itself has gone."""
    assert given.of(AlarmRaised, step().when(kept_back(follows="product-0")).facts) == []


def test_an_alarm_does_not_stop_because_a_later_profile_has_no_time_for_alarms() -> None:
    step_ = step()
    outcome = step_.when(unopened())
    profile = given.profile().model_copy(update={"allowed": {}})
    later = step(given.policy(profile_=profile))
    later.state = step_.state
    outcome = rings(later, outcome)
    assert given.of(AlarmRepeated, outcome.facts)
    assert outcome.timers


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
