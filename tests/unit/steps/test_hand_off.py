"""The authority's case system is told how a referral ended, and says that it has it (R43, R56)."""

from __future__ import annotations

import datetime as dt

import pytest

from router.steps import hand_off
from schemas.calendar import WorkingHours
from schemas.handoff import (
    CaseReceipt,
    CaseReceiptReceived,
    OpenAgainForCases,
    OutcomeForCases,
    OutcomeHandedOff,
    OutcomeKeptBack,
    OutcomeRecorded,
)
from schemas.notices import WordsKeptBack
from schemas.outcome import Because, ReferralClosed, ReferralReopened
from schemas.owed import ClockChased, ClockClosed, ClockEscalated, ClockWarned, OwedNotice
from schemas.policy import Policy
from schemas.product import Disposal
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, elapsed, message, of

RATIONALE = "The GP told us in confidence that the mother is pregnant again."


def case_system(*partners: object, **changes: object) -> Policy:
    allowed = {"receipt": WorkingHours(hours=4)}
    said = {"case_system": "early_help", "allowed": allowed} | changes
    return given.policy(*partners, profile_=given.profile().model_copy(update=said))  # type: ignore[arg-type]


def ended(outcome: Disposal = Disposal.EARLY_HELP, **changes: object) -> ReferralClosed:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "outcome": outcome,
        "to": "early_help",
        "told": "police",
        "may_be_told": "Somebody will call the family.",
        "decided_by": "S. Worker",
        "rationale": RATIONALE,
        "picture_id": "picture-1",
    }
    return ReferralClosed.model_validate(told | changes)


def receipt(handoff_id: str, *, by: str = "early_help", **changes: object) -> CaseReceiptReceived:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "handoff_id": handoff_id,
        "recorded_by": "ICS import",
        "case_reference": "ICS-12",
    }
    return CaseReceiptReceived(agency=by, receipt=CaseReceipt.model_validate(told | changes))


def handed(step: Given) -> str:
    return of(OutcomeHandedOff, step.facts)[-1].handoff_id


def test_the_case_system_is_told_the_outcome_and_not_what_it_rests_on() -> None:
    step = Given(hand_off.STEP, case_system())
    (letter,) = step.when(ended()).letters
    assert letter.agency == "early_help"
    assert isinstance(letter.notice, OutcomeForCases)
    assert (letter.notice.outcome, letter.notice.to) == (Disposal.EARLY_HELP, "early_help")
    assert RATIONALE not in letter.notice.model_dump_json()


def test_where_the_profile_names_no_case_system_nothing_is_handed_off() -> None:
    outcome = Given(hand_off.STEP, given.policy()).when(ended())
    assert (outcome.facts, outcome.letters, outcome.timers) == ((), (), ())


def test_nothing_goes_to_a_case_system_without_an_agreement_in_force() -> None:
    policy = case_system(given.partner("early_help", agreement=None))
    outcome = Given(hand_off.STEP, policy).when(ended())
    assert [type(fact) for fact in outcome.facts] == [OutcomeKeptBack]
    (letter,) = outcome.letters
    assert letter.agency == "childrens_social_care"
    assert isinstance(letter.notice, WordsKeptBack)
    assert (letter.notice.recipient, letter.notice.contact) == (
        "early_help",
        "early_help duty desk",
    )
    assert "by hand" in letter.notice.to_do


def test_a_receipt_says_under_what_reference_the_case_system_has_it_and_stops_the_clock() -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    (timer,) = step.when(ended(Disposal.SIGNPOSTED)).timers
    (fact,) = step.when(receipt(handed(step))).facts
    assert isinstance(fact, OutcomeRecorded)
    assert fact.case_reference == "ICS-12"
    assert step.when(elapsed("hand_off", timer.due_at)).letters == ()
    assert step.when(receipt(handed(step))).facts == ()


def test_an_outcome_that_nobody_confirms_is_asked_for_in_working_hours_and_goes_up() -> None:
    step = Given(hand_off.STEP, case_system())
    friday = dt.datetime(2026, 6, 12, 15, 55, tzinfo=dt.UTC)  # 16:55 by the borough's clocks
    outcome, told = step.when(message(ended(), at=friday)), []
    while outcome.timers:
        due_at = outcome.timers[0].due_at
        outcome = step.when(elapsed("hand_off", due_at))
        told.append((type(outcome.facts[0]), outcome.letters[0].agency, due_at))
    assert [kind for kind, _, _ in told] == [
        ClockWarned,
        ClockChased,
        ClockEscalated,
        ClockEscalated,
    ]
    assert [agency for _, agency, _ in told] == ["early_help"] * 2 + ["childrens_social_care"] * 2
    assert told[1][2] == dt.datetime(2026, 6, 15, 11, 55, tzinfo=dt.UTC)
    assert all(at.weekday() == 0 for _, _, at in told)
    notice = outcome.letters[0].notice
    assert isinstance(notice, OwedNotice)
    assert notice.escalated_to is not None
    assert notice.escalated_to.role == "Ada Sample, head of service"


def test_a_changed_outcome_takes_the_place_of_the_earlier_one() -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    first = handed(step)
    outcome = step.when(ended(Disposal.NO_FURTHER_ACTION))
    notice = outcome.letters[0].notice
    assert isinstance(notice, OutcomeForCases)
    assert notice.supersedes == first
    assert len(of(ClockClosed, outcome.facts)) == 1
    assert len(outcome.takes_back) == 1, "the earlier letter, where nobody has fetched it"


# Open again


def reopened(
    because: Because = Because.FURTHER_CONCERN, case_id: str = "case-1"
) -> ReferralReopened:
    return ReferralReopened(referral_id="ref-1", case_id=case_id, because=because)


def open_again(step: Given, fact: ReferralReopened, *, hours: int = 1) -> OpenAgainForCases:
    """What the case system is told of it."""
    (letter,) = step.when(fact, at=NOON + dt.timedelta(hours=hours)).letters
    assert letter.agency == "early_help"
    assert isinstance(letter.notice, OpenAgainForCases)
    return letter.notice


def test_the_case_system_is_told_that_a_referral_is_open_again_and_says_that_it_has_it() -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    step.given(receipt(handed(step)))
    first = handed(step)
    notice = open_again(step, reopened())
    assert notice.supersedes == first
    assert notice.case_reference == "ICS-12"
    assert notice.says == "The referral is open again: there is a further concern about the child."
    assert "stands no more" in notice.to_do
    assert notice.contact == "childrens_social_care duty desk"
    assert of(OutcomeHandedOff, step.facts)[-1].open_again
    (fact,) = step.when(receipt(handed(step), case_reference=None)).facts
    assert isinstance(fact, OutcomeRecorded)
    assert fact.handoff_id == notice.handoff_id


def test_it_is_reminded_of_what_is_open_again_and_no_more_of_the_outcome() -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    outcome = step.when(reopened(), at=NOON + dt.timedelta(hours=1))
    (stopped,) = of(ClockClosed, outcome.facts)
    assert stopped.reason == "The referral is open again."
    assert len(outcome.takes_back) == 1, "the outcome, where nobody has fetched it"
    (timer,) = outcome.timers
    (letter,) = step.when(elapsed("hand_off", timer.due_at)).letters
    assert isinstance(letter.notice, OwedNotice)
    assert "open again" in letter.notice.owed


def test_what_was_closed_for_another_child_is_told_of_that_childs_record() -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    notice = open_again(step, reopened(Because.LINK_CORRECTED, "case-2"))
    assert notice.case_id == "case-1"
    assert "taken out of this child's record" in notice.to_do


def test_an_outcome_after_that_takes_its_place() -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    notice = open_again(step, reopened())
    later = step.when(ended(Disposal.SIGNPOSTED), at=NOON + dt.timedelta(hours=2)).letters[0].notice
    assert isinstance(later, OutcomeForCases)
    assert later.supersedes == notice.handoff_id


def test_who_was_told_no_outcome_is_not_told_that_it_is_open_again() -> None:
    step = Given(hand_off.STEP, case_system())
    assert step.when(reopened()).letters == ()
    step.given(ended())
    open_again(step, reopened())
    assert step.when(reopened(), at=NOON + dt.timedelta(hours=2)).letters == ()


def test_an_outcome_that_is_heard_after_the_referral_was_opened_again_is_not_told() -> None:
    step = Given(hand_off.STEP, case_system())
    step.when(reopened(Because.LINK_CORRECTED, "case-2"), at=NOON + dt.timedelta(hours=1))
    assert step.when(ended()).letters == ()


@pytest.mark.parametrize(
    ("because", "to_do"),
    [
        (Because.FURTHER_CONCERN, "stands no more: have its record say so by hand"),
        (Because.LINK_CORRECTED, "have it taken out of this child's record by hand"),
    ],
)
def test_without_an_agreement_whoever_decided_reads_what_the_case_system_is_not_told(
    because: Because, to_do: str
) -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    alone = Given(hand_off.STEP, case_system(given.partner("early_help", agreement=None)))
    alone.state = step.state
    outcome = alone.when(reopened(because), at=NOON + dt.timedelta(hours=1))
    assert [type(fact) for fact in outcome.facts] == [OutcomeKeptBack]
    (letter,) = outcome.letters
    assert isinstance(letter.notice, WordsKeptBack)
    assert letter.agency == "childrens_social_care"
    assert letter.notice.letter == OpenAgainForCases.type
    assert "open again" in letter.notice.says
    assert to_do in letter.notice.to_do
    assert "outcome entered" not in letter.notice.to_do


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"by": "gp"}, Refusal("refused.not-yours", "handoff_id")),
        ({"handoff_id": "another"}, Refusal("refused.unknown-subject", "handoff_id")),
        ({"case_id": "case-9"}, Refusal("refused.unknown-subject", "case_id")),
        ({"recorded_by": "  "}, Refusal("missing.field", "recorded_by")),
    ],
)
def test_a_receipt_of_what_was_not_handed_off_to_it_is_refused(
    sent: dict[str, str], refusal: Refusal
) -> None:
    step = Given(hand_off.STEP, case_system()).given(ended())
    said = receipt(**{"handoff_id": handed(step), **sent})
    assert step.when(said, at=NOON).refusal == refusal
