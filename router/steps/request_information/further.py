"""What a social worker asks further, changes or cancels, and what ends with the referral (R23)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from router.step import Outcome, refuse
from router.steps.asking import Concern, ruled_out
from router.steps.clocks.ticking import Paused, timers
from router.steps.now import Now
from router.steps.request_information.requests import asked_of, letter_of, own_time_of, requests_to
from router.steps.request_information.state import (
    Asked,
    Asking,
    Early,
    HandedOver,
    Rating,
    State,
)
from schemas.decisions import RequestDecided, RequestDecision
from schemas.information import InformationRequested, RequestCancelled, RequestChanged
from schemas.letter import Letter
from schemas.notices import RequestCancellation, RequestChange
from schemas.outcome import ReferralClosed
from schemas.refusals import Refusal
from schemas.safety import SafetyChoice, SafetySettled


def decide_further(
    state: State | None, decided: RequestDecided, *, cause: str, now: Now
) -> Outcome[State]:
    """Ask one agency more, change what it is asked, or await its answer no longer.

    Refuses what is not the lead agency's to decide, or is about nothing that was asked.
    """
    decision = decided.decision
    if why := now.why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if not isinstance(state, Asking | HandedOver):
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(decision.case_id):
        return refuse("refused.unknown-subject", "case_id")
    if decided.picture_of(decision.referral_id) is None:
        return refuse("refused.not-shown", "saw")
    if isinstance(state, HandedOver):
        return refuse("refused.not-rated")
    if decision.due_at is not None and decision.due_at <= now.at:
        return refuse("invalid.value", "due_at")
    if state.closed_at is not None:
        return refuse("refused.closed")
    if decision.action == "ask":
        return _ask(state, decision, cause=cause, now=now)
    return _about_one(state, decision, now=now)


def _about_one(state: Asking, decision: RequestDecision, *, now: Now) -> Outcome[State]:
    asked = _of(state, decision)
    if isinstance(asked, Refusal):
        return Outcome(refusal=asked)
    if decision.action == "cancel":
        return _cancel(state, asked, decision=decision)
    return _change(state, asked, decision=decision, now=now)


def _ask(state: Asking, decision: RequestDecision, *, cause: str, now: Now) -> Outcome[State]:
    rated, concern, agency = state.rated, state.concern, decision.agency
    if agency is None:
        return refuse("missing.field", "agency")
    if rated is None or concern is None:
        return refuse("refused.not-rated")
    rating = Rating(
        colour=rated.colour,
        level=rated.level,
        product_due_at=rated.product_due_at,
        further=(cause,),
        agencies=(agency,),
        concern=rated.concern,
        question=decision.question,
        overrules=(*decision.overrules, *rated.overrules),
        due_at=decision.due_at,
    )
    if ruled_out(agency, concern, colour=rating.colour, chosen=rating, now=now):
        return refuse("refused.not-to-be-asked", "agency")
    return _asked(state, concern, rating=rating, cause=cause, now=now)


def _asked(
    state: Asking, concern: Concern, *, rating: Rating, cause: str, now: Now
) -> Outcome[State]:
    case_id, agencies = state.cases.now, rating.agencies or ()
    requests = tuple(requests_to(agencies, concern, rating=rating, case_id=case_id, now=now))
    fact = InformationRequested(
        referral_id=concern.referral_id,
        case_id=case_id,
        level=requests[0].level,
        reasons=("A social worker asks further.",),
        profile=now.profile.title,
        requests=requests,
    )
    after = state.with_more(asked_of(requests, cause=cause, now=now), level=fact.level)
    sent = map(letter_of, requests)
    due = timers(after.next_at, concern.referral_id, before=state.next_at)
    return Outcome(after, (fact,), tuple(sent), due)


def _change(state: Asking, asked: Asked, *, decision: RequestDecision, now: Now) -> Outcome[State]:
    changes = decision.question is not None or decision.due_at is not None
    if decision.action == "change" and not changes:
        return refuse("missing.field", "question")
    if not asked.awaited:
        return refuse("refused.closed", "request_id")
    changed = _changed(asked, decision, now=now)
    if changed == asked and not changes:
        return Outcome()
    after = state.with_changed(changed)
    said = {
        "case_id": state.cases.now,
        "agency": asked.agency,
        "due_at": changed.due_at,
        "paused": changed.paused is not None,
    }
    fact = RequestChanged(**decision.shared(RequestChanged) | said)
    notice = RequestChange(**decision.shared(RequestChange) | said)
    letter = Letter(f"request-changed/{asked.request_id}", agency=asked.agency, notice=notice)
    due = timers(after.next_at, decision.referral_id, before=state.next_at)
    return Outcome(after, (fact,), (letter,), due)


def _changed(asked: Asked, decision: RequestDecision, *, now: Now) -> Asked:
    """Paused, running again, or due at another time, which begins its chain anew."""
    if decision.action == "pause" and asked.paused is None:
        paused = Paused(
            since=now.at,
            reason=decision.rationale,
            by=decision.decided_by,
            remind_at=now.remind_at(),
        )
        asked = asked.model_copy(update={"paused": paused})
    if decision.action == "resume":
        asked = asked.resumed(now.at, now.openings_of(asked.agency))
    if decision.due_at is None:
        return asked
    still = asked.paused and asked.paused.model_copy(update={"since": now.at})
    anew = own_time_of(asked.agency, decision.due_at, now=now)
    anew |= {"due_at": decision.due_at, "paused": still, "missing": False, "chain": ()}
    return asked.model_copy(update=anew)


def _cancel(state: Asking, asked: Asked, *, decision: RequestDecision) -> Outcome[State]:
    if asked.answer is not None:
        return refuse("refused.closed", "request_id")
    said = {"decided_by": decision.decided_by, "rationale": decision.rationale}
    return cancelled(state, [asked], referral_id=decision.referral_id, said=said)


def _of(state: Asking, decision: RequestDecision) -> Asked | Refusal:
    if decision.request_id is None:
        return Refusal("missing.field", "request_id")
    asked = state.request(decision.request_id)
    return asked or Refusal("refused.unknown-subject", "request_id")


def close(state: State | None, closed: ReferralClosed, *, now: Now) -> Outcome[State]:
    """No answer is awaited any more, and nothing leaves by what was rated before."""
    before = (state or Early()).model_copy(update={"closed_at": now.at, "ratings": ()})
    if not isinstance(before, Asking):
        return Outcome(state=before)
    said = {"decided_by": closed.decided_by, "rationale": "The referral was closed."}
    outcome = cancelled(
        before,
        before.asked,
        referral_id=closed.referral_id,
        said=said | {"closing": True},
        why=said["rationale"],
    )
    return outcome if outcome.state is not None else Outcome(state=before)


def stopped(state: State | None, settled: SafetySettled) -> Outcome[State]:
    """A human had a request not be sent (L7): no answer to it is awaited, and who never got it is
    told nothing.
    """
    if settled.choice is not SafetyChoice.DO_NOT_SEND or not isinstance(state, Asking):
        return Outcome()
    outcome = cancelled(
        state,
        [one for one in state.asked if one.letter and one.letter == settled.letter_id],
        referral_id=settled.referral_id,
        said={"decided_by": settled.decided_by, "rationale": settled.rationale},
    )
    return replace(outcome, letters=(), takes_back=())


def cancelled(
    state: Asking,
    requests: Iterable[Asked],
    *,
    referral_id: str,
    said: Mapping[str, Any],
    why: str | None = None,
) -> Outcome[State]:
    """Answers to these requests are awaited no longer, and who was asked is told.

    ``said``: by whom and why; ``why``: what who was asked is told of that, where the request lapsed
    by itself and may be put again. A request that nobody has fetched is taken back, and nobody is
    told.
    """
    gone = [one for one in requests if one.awaited]
    if not gone:
        return Outcome()
    ends = {"cancelled": True, "lapsed": why is not None}
    after = state.with_changed(*(one.model_copy(update=ends) for one in gone))
    head = {"referral_id": referral_id, "case_id": state.cases.now}
    told = [head | {"request_id": one.request_id, "agency": one.agency} for one in gone]
    facts = (RequestCancelled(**one, **said) for one in told)
    letters = (
        _cancellation(RequestCancellation(**one, reason=why), asked)
        for one, asked in zip(told, gone, strict=True)
    )
    due = timers(after.next_at, referral_id, before=state.next_at)
    taken_back = tuple(one.letter for one in gone if one.letter)
    return Outcome(after, tuple(facts), tuple(letters), due, taken_back)


def _cancellation(notice: RequestCancellation, asked: Asked) -> Letter:
    key = f"request-cancelled/{notice.request_id}"
    return Letter(key, agency=asked.agency, notice=notice, after=asked.letter)
