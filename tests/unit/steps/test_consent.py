"""Consent is given, refused and overridden: facts, which requests follow (R10, R11, L5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve.consent import since
from router.steps.rate import decide as rate
from router.steps.request_information import decide as request_information
from schemas.consent import Consent, ConsentReceived, ConsentRecorded
from schemas.gathering import Overrule, RuledOut, WithoutConsent
from schemas.information import (
    InformationRequest,
    InformationRequested,
    RequestCancelled,
    RequestsPrepared,
)
from schemas.notices import RatingRequest, RequestCancellation, RequestsPlanned, WhatIsNew
from schemas.notification import ParentsInformed
from schemas.outcome import ReferralClosed
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given

HOUR = dt.timedelta(hours=1)
LEAD = "childrens_social_care"
INSTEAD = "Children Act 1989 s17 and s10, for the child's welfare"


def word(answer: str, *, by: str = "police", **changes: Any) -> ConsentReceived:
    told = {"referral_id": "ref-1", "answer": answer, "told_by": "PC 4417"}
    return ConsentReceived(agency=by, consent=Consent.model_validate(told | changes))


def asked_at(colour: Colour = Colour.AMBER, consent: str | None = None, **chosen: Any) -> Given:
    """Requests of a rating that does not stand without consent have left."""
    informed = ParentsInformed.model_validate({"informed": True, "consent": consent or "given"})
    concern = given.notification(parents_informed=informed)
    step = Given(request_information.STEP)
    return step.given(given.linked(notification=concern), given.assigned(colour, **chosen))


def requested(outcome: Outcome[Any]) -> list[str]:
    return [
        one.agency
        for fact in given.of(InformationRequested, outcome.facts)
        for one in fact.requests
    ]


def letters(outcome: Outcome[Any], kind: Any) -> list[Any]:
    return [one for one in outcome.letters if isinstance(one.notice, kind)]


def test_who_asked_whom_when_and_what_they_said_is_a_fact() -> None:
    said: dict[str, Any] = {"whom": "the mother", "asked_by": "PC 4417", "asked_at": NOON - HOUR}
    outcome = asked_at().when(word("given", **said))
    assert given.of(ConsentRecorded, outcome.facts) == [
        ConsentRecorded.model_validate(
            {
                "referral_id": "ref-1",
                "case_id": "case-1",
                "agency": "police",
                "answer": "given",
                "told_by": "PC 4417",
                **said,
            }
        )
    ]


def test_refused_after_requests_left_withdraws_them_with_a_letter() -> None:
    step = asked_at()
    open_ = {one.agency for one in step.state.asked}
    assert open_
    outcome = step.when(word("refused"), at=NOON + HOUR)
    cancelled = given.of(RequestCancelled, outcome.facts)
    assert {one.agency for one in cancelled} == open_
    assert {one.rationale for one in cancelled} == {
        "Consent was refused, and this rating has no other legal basis."
    }
    assert {one.agency for one in letters(outcome, RequestCancellation)} == open_
    assert not any(one.awaited for one in step.state.asked)


def test_a_rating_that_stands_without_consent_keeps_its_requests() -> None:
    step = asked_at(Colour.RED)
    outcome = step.when(word("refused"))
    assert given.of(RequestCancelled, outcome.facts) == []
    assert any(one.awaited for one in step.state.asked)


def test_what_was_overruled_when_it_was_rated_stays_asked() -> None:
    basis = Overrule(
        reason=RuledOut.CONSENT_REFUSED, agency="gp", rationale="Harm", legal_basis=INSTEAD
    )
    step = asked_at(overrules=(basis,))
    cancelled = given.of(RequestCancelled, step.when(word("refused")).facts)
    assert cancelled
    assert "gp" not in {one.agency for one in cancelled}


def test_given_after_refused_lets_them_leave() -> None:
    step = asked_at(consent="refused")
    assert step.state.asked == ()
    outcome = step.when(word("given"), at=NOON + HOUR)
    assert set(requested(outcome)) == set(requested_at_once())
    (fact,) = given.of(InformationRequested, outcome.facts)
    assert fact.reasons == ("Consent was given.",)
    assert {one.consent for one in fact.requests} == {"given"}


def requested_at_once() -> list[str]:
    return [one.agency for one in asked_at().state.asked]


def test_given_again_asks_those_anew_who_were_asked_no_more() -> None:
    step = asked_at().given(word("refused"))
    before = {one.request_id for one in step.state.asked}
    outcome = step.when(word("given"), at=NOON + HOUR)
    assert set(requested(outcome)) == set(requested_at_once())
    made = {one.notice.identifier for one in letters(outcome, InformationRequest)}
    assert made.isdisjoint(before)


def test_whom_a_human_had_not_be_asked_any_more_consent_asks_not_again() -> None:
    step = asked_at()
    one = step.state.asked[0]
    after = step.state.with_changed(one.model_copy(update={"cancelled": True}))
    step.state = after
    step.when(word("refused"))
    assert one.agency not in requested(step.when(word("given")))


def test_overridden_needs_a_legal_basis_which_the_requests_name() -> None:
    step = asked_at(consent="refused")
    told = {"by": LEAD, "reason": "It cannot wait", "legal_basis": INSTEAD}
    outcome = step.when(word("overridden", **told))
    requests = [one.notice for one in letters(outcome, InformationRequest)]
    assert requests
    assert {(one.legal_basis, one.basis_reason) for one in requests} == {
        (INSTEAD, "It cannot wait")
    }
    assert {one.consent for one in requests} == {"refused"}


@pytest.mark.parametrize(
    ("answer", "told", "field"),
    [
        ("overridden", {"reason": "It cannot wait"}, "legal_basis"),
        ("overridden", {"legal_basis": INSTEAD}, "reason"),
        ("not_sought", {}, "reason"),
        ("not_sought", {"reason": "  "}, "reason"),
    ],
)
def test_why_it_was_not_sought_or_is_overridden_has_to_be_said(
    answer: str, told: dict[str, Any], field: str
) -> None:
    assert asked_at().when(word(answer, **told)).refusal == Refusal("missing.field", field)


def test_nobody_was_asked_in_the_future() -> None:
    refusal = asked_at().when(word("given", asked_at=NOON + HOUR)).refusal
    assert refusal == Refusal("invalid.future", "asked_at")


def test_it_is_the_referrers_and_the_lead_agencys_to_say() -> None:
    assert asked_at().when(word("given", by="gp")).refusal == Refusal("refused.role")
    assert asked_at().when(word("given", by=LEAD)).refusal is None


def test_of_what_the_hub_does_not_know_nothing_is_taken() -> None:
    refusal = Given(request_information.STEP).when(word("given")).refusal
    assert refusal == Refusal("refused.unknown-subject", "referral_id")


def test_the_last_word_holds_whenever_it_was_told() -> None:
    step = asked_at()
    step.when(word("refused", asked_at=NOON - HOUR))
    late = word("given", asked_at=NOON - 3 * HOUR)
    assert requested(step.when(late, at=NOON + HOUR)) == []
    assert step.state.concern.consent == "refused"
    assert [one.answer for one in step.state.consents] == ["given", "refused"]


def other_version(*facts: Any) -> Mapping[str, Any]:
    """What is remembered of an earlier version, under which these came."""
    step = Given(request_information.STEP).given(given.linked(notification=CONSENTED), *facts)
    return {"ref-0": step.state}


CONSENTED = given.notification(
    parents_informed=ParentsInformed.model_validate({"informed": True, "consent": "given"})
)


def test_a_refusal_holds_for_a_later_version_of_the_notification_too() -> None:
    """Whether it is rated after it was told, or told to be linked after it."""
    others = other_version(word("refused"))
    step = Given(request_information.STEP).given(given.linked(notification=CONSENTED))
    step.state = request_information.with_versions(step.state, others)
    rated = step.when(given.assigned(Colour.AMBER))
    assert requested(rated) == []
    (planned,) = given.of(RequestsPlanned, [one.notice for one in rated.letters])
    assert "consent_refused" in {one.code for one in planned.plan.not_asked}
    early = Given(request_information.STEP)
    early.state = request_information.with_versions(None, others)
    early.given(given.linked(notification=CONSENTED))
    assert requested(early.when(given.assigned(Colour.AMBER))) == []


def test_a_later_word_under_a_later_version_lets_them_leave_again() -> None:
    step = Given(request_information.STEP)
    step.state = request_information.with_versions(None, other_version(word("refused")))
    step.given(given.linked(notification=CONSENTED), given.assigned(Colour.AMBER))
    assert set(requested(step.when(word("given", asked_at=NOON)))) == set(requested_at_once())


def test_the_same_word_again_says_nothing_new() -> None:
    step = asked_at().given(word("given"))
    assert step.when(word("given"), at=NOON + HOUR) == Outcome()


def test_before_anybody_rated_whoever_decides_is_told_whom_it_lets_be_asked() -> None:
    informed = ParentsInformed(informed=True, consent="given")
    step = Given(request_information.STEP)
    step.given(given.linked(notification=given.notification(parents_informed=informed)))
    outcome = step.when(word("refused"))
    (letter,) = letters(outcome, RequestsPlanned)
    assert letter.agency == LEAD
    assert not letter.notice.left
    assert {one.code for one in letter.notice.plan.not_asked} >= {RuledOut.CONSENT_REFUSED}
    assert given.of(RequestsPrepared, outcome.facts)
    assert requested(step.when(given.assigned(Colour.AMBER))) == []


def test_a_closed_referral_asks_nobody_again() -> None:
    step = asked_at(consent="refused")
    closed = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "outcome": "no_further_action",
        "told": "police",
        "may_be_told": "Nothing needed.",
        "decided_by": "S. Worker",
        "rationale": "As seen",
        "picture_id": "p-1",
    }
    step.given(ReferralClosed.model_validate(closed))
    assert requested(step.when(word("given"), at=NOON + HOUR)) == []


@pytest.mark.parametrize("before", ["given", "refused", "overridden"])
def test_while_they_are_being_asked_what_was_said_before_holds(before: str) -> None:
    reasons = {"reason": "Harm at home", "legal_basis": INSTEAD} if before == "overridden" else {}
    step = asked_at(consent="refused").given(word(before, **reasons))
    stood = step.state.concern
    outcome = step.when(word("asked_for", whom="the mother", asked_at=NOON), at=NOON + HOUR)
    assert [one.answer for one in given.of(ConsentRecorded, outcome.facts)] == ["asked_for"]
    assert (step.state.concern, outcome.letters) == (stood, ())
    assert [type(fact) for fact in outcome.facts] == [ConsentRecorded]
    assert step.when(word("asked_for", whom="the mother", asked_at=NOON)) == Outcome()


def test_asking_that_is_heard_after_the_answer_takes_nothing_of_it() -> None:
    step = asked_at(consent="refused")
    assert requested(step.when(word("given"), at=NOON))
    late = word("asked_for", asked_at=NOON + HOUR)
    assert requested(step.when(late, at=NOON + 2 * HOUR)) == []
    assert step.state.concern.consent == "given"
    assert {one.awaited for one in step.state.asked} == {True}


def test_owners_are_not_asked_anew_while_parents_are_being_asked() -> None:
    refused = WithoutConsent()
    assert since(refused, recorded("asked_for")) == refused
    assert since(None, recorded("asked_for")) is None
    assert since(refused, recorded("given")) is None


# Whoever decides hears of it


def recorded(answer: str) -> ConsentRecorded:
    told = {"referral_id": "ref-1", "case_id": "case-1", "agency": "police", "told_by": "PC 4417"}
    return ConsentRecorded.model_validate(told | {"answer": answer})


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("asked_for", "Police told of the parents' consent: it is being asked for."),
        ("given", "Police told of the parents' consent: given."),
        ("refused", "Police told of the parents' consent: refused."),
        ("overridden", "Police told of the parents' consent: overridden by another legal basis."),
    ],
)
def test_whoever_decides_is_told_what_is_new(answer: str, says: str) -> None:
    step = Given(rate.STEP).given(given.linked())
    (letter,) = letters(step.when(recorded(answer)), WhatIsNew)
    assert letter.notice.news == (says,)
    assert step.state.revision == 1


def test_the_text_for_parents_comes_with_the_rating_request_where_nobody_has_asked_them() -> None:
    text = given.profile().for_parents
    assert text
    for informed, offered in (
        (None, text),
        (ParentsInformed(informed=True, consent="given"), None),
    ):
        concern = given.notification(parents_informed=informed)
        outcome = Given(rate.STEP).when(given.linked(notification=concern))
        (letter,) = letters(outcome, RatingRequest)
        assert letter.notice.for_parents == offered
