"""What becomes of requests that are out when the rating is another (R20, R23, L5, L6)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from router.step import Outcome
from router.steps.asking import Concern, parted
from router.steps.now import Now
from router.steps.request_information.further import cancelled
from router.steps.request_information.requests import own_time_of, requests_to
from router.steps.request_information.state import Asked, Asking, Rating, State
from schemas.base import Fact
from schemas.case import LinkCorrected
from schemas.information import InformationRequest, RequestChanged
from schemas.letter import Letter
from schemas.notices import RequestBasis, RequestChange, RequestHead

LESS = "Less is needed now than when it was asked."
"""To who is asked no more: what the rating is, is no business of its."""
_STANDS = (
    "What you were asked is still needed: from now on it stands on the legal basis that this "
    "letter names, and is due when it says."
)
_MOVED = "The referral was found to be about another child."
_ASKED = (
    "The child was taken for another. You are asked about the child whom this letter names, as "
    "before: leave out of account what else you were shown with the request."
)


def rerated(
    outcome: Outcome[State], before: Asking, *, decided_by: str, now: Now
) -> Outcome[State]:
    """With a rating that asks less, who is not named by it is asked no more; who is, whatever the
    rating, is told what it stands on now and by when it is needed.

    Whoever rates keeps a request by naming its agency (:attr:`ToGather.agencies`).
    """
    state = outcome.state
    if not isinstance(state, Asking) or state.concern is None:
        return outcome
    was, rated = before.rated, state.rated
    if was is None or rated is None or was.colour is rated.colour:
        return outcome
    named, _ = parted(state.concern, rated.colour, chosen=rated, now=now)
    lowered = not _raised(was, rated)
    word = "lowered" if lowered else "raised"
    why = f"The rating was {word} from {was.colour} to {rated.colour}."
    said = {"decided_by": decided_by, "rationale": why}
    stays = [one for one in before.asked if one.agency in named]
    changed = _changed(state, [x for x in stays if x.awaited], was=was, said=said, now=now)
    after = replace(
        outcome,
        state=changed.state,
        facts=(*outcome.facts, *changed.facts),
        letters=(*outcome.letters, *changed.letters),
    )
    gone = [one for one in before.asked if one not in stays] if lowered else []
    return _fewer(after, gone, said=said)


def _fewer(outcome: Outcome[State], gone: list[Asked], *, said: dict[str, str]) -> Outcome[State]:
    state = outcome.state
    assert isinstance(state, Asking)
    assert state.concern is not None
    less = cancelled(state, gone, referral_id=state.concern.referral_id, said=said, why=LESS)
    return replace(
        outcome,
        state=less.state or state,
        facts=(*outcome.facts, *less.facts),
        letters=(*outcome.letters, *less.letters),
        takes_back=(*outcome.takes_back, *less.takes_back),
    )


def _changed(
    state: Asking, stays: list[Asked], *, was: Rating, said: dict[str, str], now: Now
) -> Outcome[State]:
    concern, rating = state.concern, state.rated
    assert concern is not None
    assert rating is not None
    after, facts, letters = state, list[Fact](), list[Letter]()
    for one in stays:
        old, new = (_request(one, concern, by=by, now=now) for by in (was, rating))
        asked = _due(one, new.due_at, sooner=_raised(was, rating), now=now)
        if asked == one and old.legal_basis == new.legal_basis:
            continue
        told: dict[str, Any] = {
            "referral_id": concern.referral_id,
            "case_id": state.cases.now,
            "paused": asked.paused is not None,
            **asked.shared(RequestHead),
            "due_at": asked.due_at,
        }
        after = after.with_changed(asked)
        facts.append(RequestChanged(**told, **said))
        notice = RequestChange(**told, **new.shared(RequestBasis), says=_STANDS)
        key = f"request-changed/{one.request_id}"
        letters.append(Letter(key, agency=one.agency, notice=notice))
    return Outcome(after, tuple(facts), tuple(letters))


def moved(outcome: Outcome[State], before: Asking, *, correction: LinkCorrected) -> Outcome[State]:
    """Who is asked about a referral that is of another case is told so; it is asked the same."""
    state = outcome.state
    if not isinstance(state, Asking) or state.cases.now == before.cases.now:
        return outcome
    told = {letter.key for letter in outcome.letters}
    facts, letters = list[Fact](), list[Letter]()
    for one in state.asked:
        key = f"request-changed/{one.request_id}"
        if one not in before.asked or not one.awaited or key in told:
            continue
        head: dict[str, Any] = {
            "referral_id": correction.referral_id,
            "case_id": state.cases.now,
            "paused": one.paused is not None,
            **one.shared(RequestHead),
            "due_at": one.due_at,
        }
        said = {"decided_by": correction.decided_by, "rationale": _MOVED}
        facts.append(RequestChanged(**head, **said))
        letters.append(Letter(key, agency=one.agency, notice=RequestChange(**head, says=_ASKED)))
    return replace(outcome, facts=(*outcome.facts, *facts), letters=(*outcome.letters, *letters))


def _raised(was: Rating, rating: Rating) -> bool:
    return rating.colour.severity > was.colour.severity


def _request(asked: Asked, concern: Concern, *, by: Rating, now: Now) -> InformationRequest:
    """As it would be put to the agency at a rating."""
    (made,) = requests_to([asked.agency], concern, rating=by, case_id="-", now=now)
    return made


def _due(asked: Asked, due_at: dt.datetime, *, sooner: bool, now: Now) -> Asked:
    """Sooner where the rating was raised, later where it was lowered; what is overdue or stands
    still stays so.
    """
    if asked.missing or asked.paused or (due_at < asked.due_at) is not sooner:
        return asked
    anew = own_time_of(asked.agency, due_at, now=now)
    return asked.model_copy(update=anew | {"due_at": due_at, "chain": ()})
