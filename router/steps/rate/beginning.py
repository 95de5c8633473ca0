"""A referral begins to be rated when it is linked, or when the worker's team that had it has it no
longer: its clocks run from then on, and whoever rates is asked (R17, L3).
"""

from __future__ import annotations

from router.step import Outcome
from router.steps.areas import hub_of
from router.steps.asking import Prepared
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.rate.referring import referrer_of
from router.steps.rate.state import HandedOver, Kept, Since, State, Suggested
from router.steps.sharing import revealed, shown_reasons
from router.steps.thresholds import Suggestion
from schemas.case import ChildLinked
from schemas.information import RequestPlan
from schemas.letter import Letter
from schemas.notices import RatingRequest
from schemas.policy import Area, Policy
from schemas.rating import RatingSuggested


def kept_of(linked: ChildLinked, ready: Prepared, *, now: Now) -> Kept:
    """What is needed of a referral to suggest its rating, be it later."""
    said = linked.notification
    reasons = shown_reasons(said, all_reasons(ready.suggestion), colour=ready.suggestion.colour)
    return Kept(
        colour=ready.suggestion.colour,
        reasons=reasons,
        set_aside=revealed(said).set_aside,
        may_be_red=ready.may_be_red,
        referrer=referrer_of(linked),
        versions=linked.versions,
        elsewhere=hub_of(said.subject, now),
    )


def all_reasons(suggestion: Suggestion) -> tuple[str, ...]:
    """Whoever decides is told of repeats and of what the words deny too; agencies that are asked
    are not.
    """
    return (*suggestion.reasons, *suggestion.repeats, *suggestion.denied)


def taken_up(state: HandedOver, kept: Kept, *, now: Now) -> Suggested:
    """Suggested from now on, with all of its clocks; where a later version of the notification is
    rated in its place, with that alone in which a human looks at what may be a Red.
    """
    decision = now.clock(now.profile.decision_allowed)
    product = now.clock(now.rule(kept.colour).time_allowed)
    runs = kept.amended_by is None
    looked_at = now.profile.possible_red_allowed if kept.may_be_red else None
    return Suggested(
        cases=state.cases,
        allocated=state.allocated,
        revision=state.revision,
        **state.shared(Since),
        received_at=now.at,
        decision_due_at=decision.due_at,
        product_due_at=product.due_at,
        decision=decision if runs else None,
        product=product if runs else None,
        possible_red=now.clock(looked_at) if looked_at else None,
        **kept.shared(Suggested),
    )


def begin(
    suggested: Suggested,
    referral_id: str,
    *,
    reasons: tuple[str, ...] | None = None,
    plan: RequestPlan | None = None,
    asks: bool = False,
    elsewhere: Area | None = None,
    now: Now,
) -> Outcome[State]:
    """Tell what is suggested, and ask who rates; ``reasons``: all, where some are not shown."""
    fact = RatingSuggested(
        referral_id=referral_id,
        case_id=suggested.cases.now,
        profile=now.profile.title,
        **suggested.shared(RatingSuggested) | {"reasons": reasons or suggested.reasons},
    )
    request = request_of(
        referral_id, suggested, plan=plan, asks=asks, elsewhere=elsewhere, policy=now.policy
    )
    return Outcome(suggested, (fact,), (request,), timers(suggested.next_at, referral_id))


def request_of(
    referral_id: str,
    suggested: Suggested,
    *,
    plan: RequestPlan | None = None,
    asks: bool = False,
    elsewhere: Area | None = None,
    policy: Policy,
) -> Letter:
    """The letter that asks a social worker to rate; ``asks``: parents may be asked for their
    consent.
    """
    watched = suggested.possible_red
    notice = RatingRequest(
        referral_id=referral_id,
        case_id=suggested.cases.now,
        suggested=suggested.colour,
        reasons=suggested.reasons,
        profile=policy.profile.title,
        due_at=suggested.decision_due_at,
        set_aside=suggested.set_aside,
        elsewhere=elsewhere.name if elsewhere else None,
        possible_red=suggested.may_be_red,
        possible_red_due_at=watched.due_at if watched else None,
        plan=plan,
        for_parents=policy.profile.for_parents if asks else None,
    )
    return Letter("rating-request", agency=policy.lead_agency, notice=notice)
