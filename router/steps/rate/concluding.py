"""A referral is closed with an outcome by a human, and opened again (R38)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from router.step import Outcome, refuse
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.rate.ending import CLOSED, ended
from router.steps.rate.referring import explanation_for
from router.steps.rate.state import Assigned, Closed, Early, Referrer, State
from router.steps.rate.with_team import told_team
from schemas.case import ConcernFollowed
from schemas.decisions import OutcomeDecided, OutcomeDecision
from schemas.letter import Letter
from schemas.outcome import (
    Because,
    OpenAgainForReferrer,
    ReferralClosed,
    ReferralOpenAgain,
    ReferralOutcome,
    ReferralReopened,
)
from schemas.picture import Shown
from schemas.product import Disposal
from schemas.rating import Colour
from schemas.referrer import MadeBy
from schemas.refusals import Refusal


def close(state: State | None, decided: OutcomeDecided, *, now: Now) -> Outcome[State]:
    """Stop every clock and tell whoever brought the concern, in the words that they may be told.

    Refuses outcomes of what nobody has rated, and of a Red before its products are out, unless
    it says why; a further outcome of what is closed changes it.
    """
    decision = decided.decision
    if why := now.why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if state is None or isinstance(state, Early):
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(decision.case_id):
        return refuse("refused.unknown-subject", "case_id")
    if not isinstance(state, Assigned):
        return refuse("refused.not-rated")
    picture = decided.picture_of(decision.referral_id)
    if picture is None:
        return refuse("refused.not-shown", "saw")
    if refusal := _unfit(state, decision, now=now):
        return Outcome(refusal=refusal)
    closed = Closed(at=now.at, **decision.shared(Closed))
    if state.closed is not None and state.closed.says_the_same(closed):
        return Outcome()
    after = state.model_copy(update={"closed": closed, "product": None})
    done = _closed(after, decision, picture=picture, now=now)
    over = ended(state, after, referral_id=decision.referral_id, reason=CLOSED, now=now)
    return replace(done, facts=(*done.facts, *over))


def _unfit(state: Assigned, decision: OutcomeDecision, *, now: Now) -> Refusal | None:
    if decision.outcome is Disposal.TRANSFERRED:  # its product goes with the outcome
        return None if _is_hub(decision.to, now) else Refusal("refused.no-such-hub", "to")
    red = state.colour is Colour.RED and state.awaits(state.colour, now.profile)
    if red and not decision.without_product:
        return Refusal("refused.red-without-product", "without_product")
    return None


def _is_hub(agency: str | None, now: Now) -> bool:
    """Whether it is the hub of another area, and a partner."""
    hubs = {place.hub for place in now.profile.places if place.hub}
    return agency in hubs and agency in now.policy.partners


def _closed(
    state: Assigned, decision: OutcomeDecision, *, picture: Shown, now: Now
) -> Outcome[State]:
    told = _to_be_told(state)
    fact = ReferralClosed(
        **decision.shared(ReferralClosed) | {"case_id": state.cases.now},
        told=told.agency if told else None,
        picture_id=picture.id,
        newer=picture.revision < state.revision,
    )
    to_team = told_team(state, decision.referral_id, now=now)
    if told is None:
        return Outcome(state, (fact,), to_team)
    notice = ReferralOutcome(
        referral_id=decision.referral_id,
        case_id=state.cases.now,
        reference=told.reference,
        made_by=told.made_by,
        explanation=explanation_for(told.made_by, now=now),
        may_be_told=decision.may_be_told,
        decided_at=now.at,
        contact=now.contact_of(now.policy.lead_agency),
    )
    letter = Letter("outcome", agency=told.agency, notice=notice)
    return Outcome(state, (fact,), (letter, *to_team))


def _to_be_told(state: Assigned) -> Referrer | None:
    """Who brought it, where they gave a name."""
    told = state.referrer
    return None if told is None or told.made_by is MadeBy.ANONYMOUS else told


def follow(state: Assigned, came: ConcernFollowed, *, now: Now) -> Outcome[State]:
    """A later notification about the child of a closed referral (R12)."""
    if now.profile.after_closure == "anew" or not came.latest:
        return Outcome()
    opened = reopen(
        state,
        came.referral_id,
        because=Because.FURTHER_CONCERN,
        further=came.further_referral_id,
        now=now,
    )
    assert isinstance(opened.state, Assigned)
    to_team = told_team(opened.state, came.referral_id, again=True, now=now)
    return replace(opened, letters=(*opened.letters, *to_team))


def reopen(
    state: Assigned,
    referral_id: str,
    *,
    because: Because,
    further: str | None = None,
    before: dt.datetime | None = None,
    now: Now,
) -> Outcome[State]:
    """It wants an outcome again, and products that are not out are awaited again; whoever brought
    it was told an outcome, and is told that it stands no more.
    """
    after = watched_anew(state.model_copy(update={"closed": None}), now)
    head = {"referral_id": referral_id, "case_id": state.cases.now}
    told = told_again(state, referral_id, now=now)
    fact = ReferralReopened(
        **head,
        because=because,
        further_referral_id=further,
        told=told[0].agency if told else None,
    )
    notice = ReferralOpenAgain(**head, because=because, further_referral_id=further)
    letter = Letter("reopened", agency=now.policy.lead_agency, notice=notice)
    due = timers(after.next_at, referral_id, before=before)
    return Outcome(after, (fact,), (letter, *told), due)


def told_again(state: Assigned, referral_id: str, *, now: Now) -> tuple[Letter, ...]:
    """The letter to whoever brought what was closed that it is open again."""
    told = _to_be_told(state)
    words = now.profile.referrers.reopened_for(told.made_by) if told else None
    if told is None or words is None:
        return ()
    notice = OpenAgainForReferrer(
        referral_id=referral_id,
        case_id=state.cases.now,
        reference=told.reference,
        made_by=told.made_by,
        explanation=explanation_for(told.made_by, now=now),
        may_be_told=words,
        decided_at=now.at,
        contact=now.contact_of(now.policy.lead_agency),
    )
    return (Letter("open-again", agency=told.agency, notice=notice),)


def watched_anew(state: Assigned, now: Now) -> Assigned:
    """Products that are still awaited get the time that is left, or their time anew."""
    runs = state.product is not None and not state.product.breached
    if runs or not state.awaits(state.colour, now.profile):
        return state
    due_at = state.product_due_at if state.product_due_at > now.at else now.due(state.colour)
    product = now.product_clock(state.colour, due_at)
    return state.model_copy(update={"product_due_at": due_at, "product": product})
