"""Prepared requests leave by a rating, and whoever decides is told who is not asked (R23, L6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from router.steps import thresholds
from router.steps.asking import Concern, level_of, parted, plan_of, told_to
from router.steps.now import Now
from router.steps.request_information.requests import asked_of, letter_of, requests_to
from router.steps.request_information.state import Asking, ConsentTold, HandedOver, Rating
from schemas.base import Fact
from schemas.consent import ConsentAnswer
from schemas.gathering import Overrule, RuledOut
from schemas.information import InformationRequested, RequestPlan, RequestsPrepared
from schemas.letter import Letter
from schemas.notices import AdultMatter, RequestsPlanned

_ADULT = (
    "The person was 18 or older when it was observed, so this is an adult matter, and the hub asks "
    "nobody about it."
)
_FOR_ADULT_SERVICES = (
    "There is a concern about a person who was 18 or older when it was observed: ring to hear what "
    "it is."
)


@dataclass(frozen=True, slots=True)
class Left:
    """What has left, or was made ready: the state after it, its facts and letters."""

    state: Asking
    facts: tuple[Fact, ...] = ()
    letters: tuple[Letter, ...] = ()


def prepare(state: Asking, *, plan: RequestPlan | None = None, now: Now) -> Left:
    """What would leave by the suggestion; nothing for documents that do not hold it.

    ``plan``: where it was made already.
    """
    concern, colour = state.concern, state.suggested
    if concern is None or colour is None:
        return Left(state)
    plan = plan or plan_of(concern, colour, now=now)
    fact = RequestsPrepared(
        referral_id=concern.referral_id,
        case_id=state.cases.now,
        profile=now.profile.title,
        plan=plan,
    )
    return Left(state.with_told(plan), (fact,))


def asked_under_others(concern: Concern, agencies: tuple[str, ...]) -> Concern:
    """With the agencies that were asked under another version of the notification."""
    if concern.asked_before == agencies:
        return concern
    return concern.model_copy(update={"asked_before": agencies})


def in_order(consents: Iterable[ConsentTold]) -> tuple[ConsentTold, ...]:
    """By when they were asked, as far as that was said: the last word holds, whenever told."""
    return tuple(sorted(consents, key=lambda one: one.asked_at or one.at))


def by_last_word(concern: Concern, consents: Iterable[ConsentTold]) -> Concern:
    """What is known of consent by the last word; overriding, and asking, leave what they said."""
    said = (one for one in consents if one.answer is not ConsentAnswer.ASKED_FOR)
    last = next(reversed(in_order(said)), None)
    if last is None:
        return concern
    if last.answer is not ConsentAnswer.OVERRIDDEN:
        return concern.model_copy(update={"consent": last.answer.value, "instead": None})
    assert last.reason is not None
    instead = Overrule(
        reason=RuledOut.CONSENT_REFUSED, rationale=last.reason, legal_basis=last.legal_basis
    )
    return concern.model_copy(update={"instead": instead})


def asking_of(handed: HandedOver, concern: Concern) -> Asking:
    """A referral of which requests are prepared, and leave by what was rated; nothing has yet."""
    known = by_last_word(concern, handed.consents_before)
    return Asking(
        cases=handed.cases,
        asked=(),
        concern=asked_under_others(known, handed.asked_before),
        asked_before=handed.asked_before,
        consents_before=handed.consents_before,
        suggested=handed.suggested,
        ratings=handed.ratings if handed.closed_at is None else (),
        closed_at=handed.closed_at,
    ).ruled(handed.ruling)


def begin(
    handed: HandedOver,
    concern: Concern,
    *,
    plan: RequestPlan | None = None,
    cause: str,
    now: Now,
) -> Left:
    """Prepare, and have leave what a rating that was heard already, or for the profile the
    suggestion, lets leave.

    ``plan``: where it was made already, and goes with the rating request.
    """
    asking = asking_of(handed, concern)
    colour = asking.suggested
    if colour and now.rule(colour).gather_on == "suggestion" and asking.closed_at is None:
        enough = Rating(colour=colour, suggested=True)
        asking = asking.model_copy(update={"ratings": (enough, *asking.ratings)})
    # A ruling that was heard first may say otherwise whose child it is.
    known = plan if asking.concern is concern else None
    made = prepare(asking, plan=known, now=now)
    left = leave(made.state, cause=cause, now=now)
    tells = plan is None and not left.letters
    plans = [fact.plan for fact in made.facts if tells and isinstance(fact, RequestsPrepared)]
    told = (tell(left.state, one, now=now) for one in plans)
    letters = (*adult_matter(made.state, now=now), *told, *left.letters)
    return Left(left.state, (*made.facts, *left.facts), letters)


def leave(state: Asking, *, cause: str, now: Now) -> Left:
    """By each rating that waits, once it is settled whose child it is; ``cause``: by what it is.

    It is told of each rating of another colour, though nobody be asked: what is gathered for it is
    what is awaited from then on. What that makes of requests that are out: :mod:`.rerated`.
    """
    concern = state.concern
    if concern is None or not state.ratings:
        return Left(state)
    last, was, facts = state.ratings[-1], state.rated, list[InformationRequested]()
    if concern.in_doubt:
        return _waits(state, concern, rating=last, now=now)
    after = state.model_copy(update={"ratings": (), "rated": last, "told_waits": False})
    for rating in state.ratings:
        fact = _requested(after, concern, rating=rating, cause=cause, now=now)
        another = was is not None and was.colour is not rating.colour
        deeper = after.level is None or thresholds.deeper(fact.level, after.level)
        was = rating
        if fact.requests or another or deeper:
            facts.append(fact)
            asked = asked_of(fact.requests, cause=cause, now=now)
            after = after.with_more(asked, level=fact.level)
    requests = (one for fact in facts for one in fact.requests)
    sent = map(letter_of, requests)
    plan = plan_of(concern, last.colour, chosen=last, now=now)
    letters = (*sent, *_news(after, plan, rating=last, now=now))
    if state.level is None and now.profile.adult_services:
        letters += adult_matter(state, to=now.profile.adult_services, now=now)
    return Left(after.with_told(plan), tuple(facts), letters)


def _waits(state: Asking, concern: Concern, *, rating: Rating, now: Now) -> Left:
    """Who rated it is told once that nobody is asked yet; a suggestion comes with its plan."""
    if state.told_waits or rating.suggested:
        return Left(state)
    plan = plan_of(concern, rating.colour, chosen=rating, now=now)
    after = state.with_told(plan).model_copy(update={"told_waits": True})
    return Left(after, letters=(tell(after, plan, now=now),))


def _requested(
    state: Asking, concern: Concern, *, rating: Rating, cause: str, now: Now
) -> InformationRequested:
    allowed, not_asked = parted(concern, rating.colour, chosen=rating, now=now)
    asked = {one.agency for one in state.asked if not one.lapsed}
    lapsed = {one.agency for one in state.asked} - asked
    new = [agency for agency in allowed if agency not in asked]
    again = rating.model_copy(update={"further": (cause,)})
    requests = (
        one
        for agency in new
        for one in requests_to(
            [agency],
            concern,
            rating=again if agency in lapsed else rating,
            case_id=state.cases.now,
            now=now,
        )
    )
    return InformationRequested(
        referral_id=concern.referral_id,
        case_id=state.cases.now,
        level=level_of(rating.colour, rating, now=now),
        reasons=_reasons(rating, now),
        profile=now.profile.title,
        requests=tuple(requests),
        not_asked=tuple(one for one in not_asked if one.agency not in asked),
    )


def _reasons(rating: Rating, now: Now) -> tuple[str, ...]:
    gathers = f"A rating of {rating.colour} gathers at level {now.rule(rating.colour).level}."
    if rating.suggested:
        return (gathers, "The profile has its requests leave on the suggestion.")
    if rating.level or rating.agencies is not None:
        return (gathers, "Whoever rated it chose otherwise.")
    return (gathers,)


def tell(state: Asking, plan: RequestPlan, *, now: Now) -> Letter:
    """Whoever decides is told who is asked by now, or would be, and who is not."""
    assert state.concern is not None
    notice = RequestsPlanned(
        referral_id=state.concern.referral_id,
        case_id=state.cases.now,
        left=state.level is not None,
        plan=plan,
    )
    return Letter("request-plan", agency=now.policy.lead_agency, notice=notice)


def _news(state: Asking, plan: RequestPlan, *, rating: Rating, now: Now) -> tuple[Letter, ...]:
    """Where somebody is not asked of whom whoever decides was not told so, or had chosen it."""
    chosen = rating.agencies is not None or rating.overrules
    untold = [one for one in plan.not_asked if chosen or one not in state.not_asked]
    if all(one.code is RuledOut.NOTIFIED_ITSELF for one in untold):
        return ()
    return (tell(state, plan, now=now),)


def adult_matter(state: Asking, *, to: str | None = None, now: Now) -> tuple[Letter, ...]:
    """Whoever notified the hub of an adult is told that nobody is asked, and whom to ring.

    ``to``: adult services, which are told that there is a concern about whom, and not what it is.
    """
    concern, services = state.concern, now.profile.adult_services
    if concern is None or not concern.is_adult:
        return ()
    notice = AdultMatter(
        referral_id=concern.referral_id,
        case_id=state.cases.now,
        about=told_to(to or concern.notifier, concern, family=False, now=now),
        explanation=_FOR_ADULT_SERVICES if to else _ADULT,
        reference=None if to else concern.reference,
        handed_to=services,
        contact=now.contact_of(services if services and not to else now.policy.lead_agency),
    )
    return (Letter("adult-matter", agency=to or concern.notifier, notice=notice),)
