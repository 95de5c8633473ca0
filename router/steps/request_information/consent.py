"""Consent is given, refused or overridden: requests follow what was said last (R10, L5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from router.step import Outcome, refuse
from router.steps.asking import Concern, parted, ruled_out
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.request_information.further import cancelled
from router.steps.request_information.leaving import by_last_word, in_order, prepare, tell
from router.steps.request_information.requests import asked_of, letter_of, requests_to
from router.steps.request_information.state import (
    Asked,
    Asking,
    ConsentTold,
    HandedOver,
    Rating,
    State,
)
from schemas.consent import Consent, ConsentAnswer, ConsentReceived, ConsentRecorded
from schemas.gathering import RuledOut
from schemas.information import InformationRequested, RequestsPrepared
from schemas.refusals import Refusal

_REFUSED = "Consent was refused, and this rating has no other legal basis."
_AGAIN = {
    ConsentAnswer.GIVEN: "Consent was given.",
    ConsentAnswer.OVERRIDDEN: "It stands on another legal basis than consent.",
    ConsentAnswer.NOT_SOUGHT: "Consent is not sought.",
}


def consented(
    state: State | None, received: ConsentReceived, *, cause: str, now: Now
) -> Outcome[State]:
    """Note what was said, withdraw what has no basis any more, and ask what has one now.

    Refuses what is neither the lead agency's nor the referrer's to say, or lacks its reason.
    """
    if isinstance(state, HandedOver):
        return refuse("refused.closed")
    if not isinstance(state, Asking) or state.concern is None:
        return refuse("refused.unknown-subject", "referral_id")
    concern, told = state.concern, received.consent
    if received.agency not in (now.policy.lead_agency, concern.notifier):
        return refuse("refused.role")
    if refusal := _lacks(told, now):
        return Outcome(refusal=refusal)
    said = ConsentTold(agency=received.agency, at=now.at, **told.shared(ConsentTold))
    if state.consents and _same(state.consents[-1], said):
        return Outcome()
    consents = in_order((*state.consents, said))
    changed = by_last_word(concern, (*state.consents_before, *consents))
    after = state.model_copy(update={"consents": consents, "concern": changed})
    fact = ConsentRecorded(
        case_id=state.cases.now,
        agency=received.agency,
        **told.shared(ConsentRecorded),
    )
    outcome = _followed(after, said, concern=changed, cause=cause, now=now)
    due = timers(_next(outcome, after), concern.referral_id, before=state.next_at)
    return replace(outcome, facts=(fact, *outcome.facts), timers=due)


def _next(outcome: Outcome[State], after: Asking) -> dt.datetime | None:
    return (outcome.state if isinstance(outcome.state, Asking) else after).next_at


def _lacks(told: Consent, now: Now) -> Refusal | None:
    """What it has to say besides."""
    if told.asked_at is not None and told.asked_at > now.at:
        return Refusal("invalid.future", "asked_at")
    needs = told.answer in (ConsentAnswer.NOT_SOUGHT, ConsentAnswer.OVERRIDDEN)
    if needs and not (told.reason or "").strip():
        return Refusal("missing.field", "reason")
    if told.answer is ConsentAnswer.OVERRIDDEN and not (told.legal_basis or "").strip():
        return Refusal("missing.field", "legal_basis")
    return None


def _same(one: ConsentTold, other: ConsentTold) -> bool:
    return one == other.model_copy(update={"at": one.at})


def _followed(
    state: Asking, said: ConsentTold, *, concern: Concern, cause: str, now: Now
) -> Outcome[State]:
    """Requests as they have a basis now; where none has left, who decides is told the new plan."""
    rated = state.rated
    if said.answer is ConsentAnswer.ASKED_FOR:
        return Outcome(state)
    if rated is None or state.closed_at is not None:
        return _planned(state, now=now) if state.closed_at is None else Outcome(state)
    gone = [
        one for one in state.asked if one.awaited and _ruled_out(one, concern, rated=rated, now=now)
    ]
    if not gone:
        return _asked_again(state, said, concern=concern, rated=rated, cause=cause, now=now)
    told = {"decided_by": said.told_by, "rationale": _REFUSED}
    outcome = cancelled(state, gone, referral_id=concern.referral_id, said=told)
    assert isinstance(outcome.state, Asking)
    ids = {one.request_id for one in gone}
    marked = [
        one.model_copy(update={"refused": True})
        for one in outcome.state.asked
        if one.request_id in ids
    ]
    return replace(outcome, state=outcome.state.with_changed(*marked))


def _ruled_out(one: Asked, concern: Concern, *, rated: Rating, now: Now) -> bool:
    """Whether consent alone speaks against a request that is out."""
    chosen = rated.model_copy(update={"agencies": (one.agency,)})
    why = ruled_out(one.agency, concern, colour=rated.colour, chosen=chosen, now=now)
    return why is RuledOut.CONSENT_REFUSED


def _asked_again(
    state: Asking, said: ConsentTold, *, concern: Concern, rated: Rating, cause: str, now: Now
) -> Outcome[State]:
    """Who was not asked for want of consent, or was asked no more, is asked now."""
    allowed, _ = parted(concern, rated.colour, chosen=rated, now=now)
    refused = {one.agency for one in state.asked if one.refused}
    stands = {one.agency for one in state.asked if not one.refused}
    untold = {one.agency for one in state.not_asked if one.code is RuledOut.CONSENT_REFUSED}
    new = [one for one in allowed if one not in stands and one in refused | untold]
    if not new or said.answer is ConsentAnswer.REFUSED:
        return Outcome(state)
    further = rated.model_copy(update={"further": (cause,), "agencies": tuple(new), "due_at": None})
    requests = tuple(requests_to(new, concern, rating=further, case_id=state.cases.now, now=now))
    fact = InformationRequested(
        referral_id=concern.referral_id,
        case_id=state.cases.now,
        level=requests[0].level,
        reasons=(_AGAIN[said.answer],),
        profile=now.profile.title,
        requests=requests,
    )
    left = tuple(one for one in state.not_asked if one.agency not in new)
    after = state.with_more(asked_of(requests, cause=cause, now=now), level=fact.level)
    after = after.model_copy(update={"not_asked": left})
    return Outcome(after, (fact,), tuple(map(letter_of, requests)))


def _planned(state: Asking, *, now: Now) -> Outcome[State]:
    """Who decides is told whom the new word lets be asked, or does not, before anybody rated."""
    made = prepare(state, now=now)
    if made.state.not_asked == state.not_asked:
        return Outcome(state)
    plans = (fact.plan for fact in made.facts if isinstance(fact, RequestsPrepared))
    letters = tuple(tell(made.state, plan, now=now) for plan in plans)
    return Outcome(made.state, made.facts, letters)
