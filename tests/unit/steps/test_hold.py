"""A named human is asked about what would put somebody at risk, and what they decide is a fact."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps import hold
from schemas.disagreements import DisagreementOpened
from schemas.identity import IdentityField
from schemas.notices import WordsKeptBack
from schemas.outcome import ReferralOutcome
from schemas.owed import ClockClosed, OwedNotice
from schemas.policy import ColourRule
from schemas.product import Product, ProductRefused
from schemas.rating import Colour
from schemas.refusals import Refusal
from schemas.safety import (
    Danger,
    Hit,
    LetterHeld,
    ProductHeld,
    SafetyChoice,
    SafetyDecided,
    SafetyDecision,
    SafetyReview,
    SafetySettled,
)
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

LEAD = "childrens_social_care"


def hit(where: str = "identity.address") -> Hit:
    return Hit(
        danger=Danger.PROTECTED_ADDRESS, whose="the child", where=where, says="A home is told."
    )


def held(**changes: Any) -> dict[str, Any]:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "hold_id": "hold-1",
        "recipient": "school",
        "letter": Product.type,
        "product_id": "product-1",
        "hits": (hit(),),
    }
    return told | changes


def at_the_door(**changes: Any) -> LetterHeld:
    return LetterHeld(letter_id="letter-1", **held(**changes))


def decided(choice: SafetyChoice, agency: str = LEAD, **changes: Any) -> SafetyDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "hold_id": "hold-1",
        "choice": choice,
        "decided_by": f"Decision maker of {LEAD}",
        "rationale": "Rung the refuge.",
    }
    decision = SafetyDecision.model_validate(told | changes)
    return SafetyDecided(agency=agency, decision=decision)


SEND, STOP, LEAVE = SafetyChoice.SEND, SafetyChoice.DO_NOT_SEND, SafetyChoice.LEAVE_OUT
ADDRESS = (IdentityField.ADDRESS,)


@pytest.mark.parametrize("fact", [ProductHeld(**held()), at_the_door()])
def test_a_human_of_the_lead_agency_is_asked_once(fact: ProductHeld | LetterHeld) -> None:
    step = Given(hold.STEP)
    (letter,) = step.when(fact).letters
    assert letter.agency == LEAD
    assert isinstance(letter.notice, SafetyReview)
    assert letter.notice.hits == (hit(),)
    assert step.when(fact) == Outcome()


def test_what_they_decide_is_told_with_who_and_why() -> None:
    (fact,) = Given(hold.STEP).given(ProductHeld(**held())).when(decided(SEND)).facts
    assert isinstance(fact, SafetySettled)
    assert (fact.choice, fact.decided_by, fact.rationale) == (
        SEND,
        f"Decision maker of {LEAD}",
        "Rung the refuge.",
    )
    assert (fact.product_id, fact.recipient) == ("product-1", "school")


@pytest.mark.parametrize(
    ("choice", "changes", "goes", "taken_back"),
    [
        (SEND, {}, ("letter-1",), ()),
        (LEAVE, {"leaves_out": ADDRESS}, ("letter-1",), ()),
        (STOP, {}, (), ("letter-1",)),
    ],
)
def test_a_letter_that_waits_at_the_door_goes_or_is_taken_back(
    choice: SafetyChoice, changes: dict[str, Any], goes: Any, taken_back: Any
) -> None:
    outcome = Given(hold.STEP).given(at_the_door()).when(decided(choice, **changes))
    assert (outcome.lets_go, outcome.takes_back) == (goes, taken_back)
    (fact,) = outcome.facts
    assert isinstance(fact, SafetySettled)
    assert fact.letter_id == "letter-1"


@pytest.mark.parametrize("choice", [SEND, STOP])
def test_a_letter_that_has_gone_without_it_is_neither_taken_back_nor_let_go(
    choice: SafetyChoice,
) -> None:
    gone = at_the_door(urgent=True, rest_goes=True)
    outcome = Given(hold.STEP).given(gone).when(decided(choice))
    assert (outcome.lets_go, outcome.takes_back) == ((), ())
    assert len(outcome.facts) == 1


def test_leaving_out_must_do_away_with_all_of_the_danger() -> None:
    step = Given(hold.STEP).given(at_the_door(hits=(hit(), hit("items.1"))))
    refusal = step.when(decided(LEAVE, leaves_out=ADDRESS)).refusal
    assert refusal == Refusal("refused.unsafe", "leaves_out")


def test_only_the_lead_agency_decides_and_says_why() -> None:
    step = Given(hold.STEP).given(at_the_door())
    assert step.when(decided(SEND, agency="school")).refusal == Refusal("refused.role")
    assert step.when(decided(SEND, rationale=" ")).refusal == Refusal(
        "refused.reason-missing", "rationale"
    )


def test_nothing_unknown_and_nothing_decided_is_decided() -> None:
    step = Given(hold.STEP)
    unknown = Refusal("refused.unknown-subject", "hold_id")
    assert step.when(decided(SEND)).refusal == unknown
    step.given(at_the_door(), decided(STOP))
    assert step.when(decided(STOP)) == Outcome()
    assert step.when(decided(SEND)).refusal == Refusal("refused.closed", "hold_id")


def test_the_door_finds_what_was_decided_of_a_letter_and_of_its_product() -> None:
    step = Given(hold.STEP).given(
        ProductHeld(**held(hold_id="hold-2")), at_the_door(), decided(SEND, hold_id="hold-2")
    )
    known = step.state
    found = list(known.decided(product_id="product-1", letter_id="letter-1"))
    assert [one.hold_id for one in found] == ["hold-2"]
    assert list(known.decided(product_id=None, letter_id="letter-2")) == []


WITHHELD = Hit(
    danger=Danger.WITHHELD_WORDS, whose="another agency", where="view", says="It is withheld."
)


def kept_back(outcome: Outcome[Any]) -> tuple[str, WordsKeptBack]:
    (letter,) = [one for one in outcome.letters if isinstance(one.notice, WordsKeptBack)]
    assert isinstance(letter.notice, WordsKeptBack)
    return letter.agency, letter.notice


def test_a_partner_whose_view_is_kept_back_is_told_so_and_how_to_go_on() -> None:
    letter = {"letter": DisagreementOpened.type, "product_id": None, "hits": (WITHHELD,)}
    outcome = Given(hold.STEP).when(at_the_door(**letter, written_by="gp"))
    assert [one.agency for one in outcome.letters] == [LEAD, "gp"]
    agency, told = kept_back(outcome)
    assert (agency, told.recipient) == ("gp", "school")
    assert "another agency" not in told.says, "a guess is not confirmed"
    assert "in other words" in told.to_do
    assert told.contact == f"{LEAD} duty desk"


def test_an_owner_whose_words_for_its_item_are_kept_back_is_told_nothing_of_it() -> None:
    """It might have guessed at what another keeps back."""
    said = held(hits=(WITHHELD,), written_by="gp", rest_goes=True)
    step = Given(hold.STEP)
    assert [one.agency for one in step.when(ProductHeld(**said)).letters] == [LEAD]
    assert step.when(decided(SEND)).refusal == Refusal("refused.withheld", "choice")
    assert step.when(decided(STOP)).letters == ()


def test_once_an_outcome_is_not_to_be_sent_its_writer_is_told_that_its_reader_knows_nothing() -> (
    None
):
    letter = {"letter": ReferralOutcome.type, "product_id": None, "hits": (WITHHELD,)}
    step = Given(hold.STEP).given(at_the_door(**letter))
    agency, told = kept_back(step.when(decided(STOP)))
    assert (agency, told.recipient, told.contact) == (LEAD, "school", "school duty desk")
    assert "told nothing" in told.to_do
    other = Given(hold.STEP).given(at_the_door()).when(decided(STOP))
    assert other.letters == ()


# --- until they have decided


def elapses(step: Given, outcome: Outcome[Any]) -> Outcome[Any]:
    (timer,) = outcome.timers
    return step.when(given.elapsed("hold", timer.due_at, timer.key))


def owed(outcome: Outcome[Any]) -> list[tuple[str, OwedNotice]]:
    return [
        (one.agency, one.notice) for one in outcome.letters if isinstance(one.notice, OwedNotice)
    ]


@pytest.mark.parametrize("fact", [ProductHeld(**held()), at_the_door()])
def test_who_is_asked_is_warned_and_chased_and_then_a_chain_is_told_that_ends_at_a_person(
    fact: ProductHeld | LetterHeld,
) -> None:
    step = Given(hold.STEP)
    outcome = step.when(fact)
    told = []
    while outcome.timers:
        outcome = elapses(step, outcome)
        told += owed(outcome)
    assert [(one.moment, to) for to, one in told] == [
        ("warned", LEAD),
        ("chased", LEAD),
        ("escalated", LEAD),
        ("escalated", LEAD),
    ]
    assert {(one.clock, one.subject_id) for _, one in told} == {("safety", "hold-1")}
    assert told[-1][1].escalated_to == given.profile().chains["safety"][-1]
    assert not outcome.timers
    assert step.when(decided(SEND)).refusal is None, "it may be decided all the same"


def test_a_red_is_decided_within_minutes_and_the_review_says_by_when() -> None:
    for urgent, due_at in (
        (True, given.NOON + dt.timedelta(minutes=15)),
        (False, given.NOON + dt.timedelta(hours=4)),
    ):
        (letter,) = Given(hold.STEP).when(ProductHeld(**held(urgent=urgent))).letters
        assert isinstance(letter.notice, SafetyReview)
        assert letter.notice.due_at == due_at


def test_nobody_is_reminded_of_what_is_decided_and_others_are_waited_for() -> None:
    step = Given(hold.STEP)
    first = step.when(ProductHeld(**held()))
    second = step.when(at_the_door(hold_id="hold-2"), at=given.NOON + dt.timedelta(minutes=30))
    assert second.timers == ()
    (timer,) = step.when(decided(SEND)).timers
    assert elapses(step, first) == Outcome()
    outcome = step.when(given.elapsed("hold", timer.due_at, timer.key))
    assert [one.subject_id for _, one in owed(outcome)] == ["hold-2"]
    assert step.when(decided(STOP, hold_id="hold-2")).timers == ()


def test_of_a_product_that_would_not_go_any_more_nobody_is_reminded() -> None:
    step = Given(hold.STEP)
    first = step.when(ProductHeld(**held()))
    gone = product.approved().shared(ProductRefused) | {"reason": "Rated otherwise."}
    outcome = step.when(ProductRefused(**gone, voided=True))
    (fact,) = given.of(ClockClosed, outcome.facts)
    assert (fact.clock, fact.subject_id, fact.reason) == ("safety", "hold-1", "Rated otherwise.")
    assert elapses(step, first) == Outcome()


def test_under_a_profile_without_such_a_clock_none_runs() -> None:
    nothing = given.profile().model_copy(update={"allowed": {}, "colours": slow()})
    outcome = Given(hold.STEP, given.policy(profile_=nothing)).when(ProductHeld(**held()))
    (letter,) = outcome.letters
    assert "due_at" not in letter.notice.model_dump()
    assert outcome.timers == ()


def slow() -> dict[Colour, ColourRule]:
    return {
        colour: rule.model_copy(update={"allowed": {}})
        for colour, rule in given.profile().colours.items()
    }
