"""Hop 4a: suggest a rating, let a social worker rate and close, watch the due times (R17 to R22,
R38, L3).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from router.step import Outcome, Step, referral_of, refuse
from router.steps.areas import area_of
from router.steps.asking import prepared
from router.steps.cases import NOBODY, Cases
from router.steps.clocks.owing import Told
from router.steps.clocks.ticking import Ticking, timers
from router.steps.now import Now
from router.steps.rate import by_hand
from router.steps.rate.amending import amend, stands_again, stands_alone, waited_for
from router.steps.rate.beginning import all_reasons, begin, kept_of, request_of, taken_up
from router.steps.rate.concluding import close, follow, reopen, told_again, watched_anew
from router.steps.rate.ending import NOBODY_GETS_ONE, WITH_TEAM, ended
from router.steps.rate.referring import (
    HANDED_OVER,
    left_off,
    letter_of,
    remind,
    watched,
    words_of,
)
from router.steps.rate.state import (
    STEP_NAME,
    Acted,
    Assigned,
    Early,
    HandedOver,
    Kept,
    Rated,
    Since,
    Standing,
    State,
    Suggested,
    Supplied,
)
from router.steps.rate.with_team import handed, left_to_team, moved_on, take_back, told_team
from schemas.base import Code, Fact
from schemas.case import (
    ChildLinked,
    ConcernFollowed,
    FamilyConcern,
    LinkCorrected,
    NotificationAmended,
    VersionMoved,
)
from schemas.checks import CheckAnswered, CheckLate, ChecksRevised
from schemas.consent import ConsentAnswer, ConsentRecorded
from schemas.decisions import OutcomeDecided, RatingDecided, RatingDecision
from schemas.disagreements import (
    OVER,
    DisagreementRaised,
    DisagreementSettled,
    DisagreementWithdrawn,
)
from schemas.handover import HandoverDecided, HandoverTakenBack
from schemas.information import (
    InformationAnswered,
    InformationMissing,
    InformationVolunteered,
)
from schemas.letter import Letter
from schemas.message import Message
from schemas.notices import DueTimeWarning, OutOfArea, WhatIsNew
from schemas.outcome import Because
from schemas.picture import Shown
from schemas.policy import Area, Policy
from schemas.product import ProductActedOn, ProductRefused, ProductReleased
from schemas.rating import (
    Clock,
    Colour,
    DueTime,
    DueTimeApproaching,
    DueTimeBreached,
    DueTimeEscalated,
    PossibleRedAmended,
    RatingAssigned,
    TimerElapsed,
)

Check = CheckAnswered | CheckLate | ChecksRevised
_SAY_IT = (
    "The Red has gone out, and says in nobody's words what the concern is. Send your rating again "
    "and say in it, in your own words, what the concern is: whoever acts on it gets them at once."
)
Difference = DisagreementRaised | DisagreementWithdrawn | DisagreementSettled
OfItself = (
    InformationAnswered
    | InformationMissing
    | InformationVolunteered
    | ConcernFollowed
    | Check
    | Difference
    | ConsentRecorded
    | ProductActedOn
)
"""What is told of a referral itself, or of its child."""
News = OfItself | FamilyConcern
"""What could change a rating."""
Linking = (
    LinkCorrected | HandoverTakenBack | NotificationAmended | VersionMoved | PossibleRedAmended
)
"""What linking, or the handover, says of a referral that was linked; and what is said here of an
earlier version of it.
"""


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Suggest, assign, move, close, open again, warn or stop a clock.

    Refuses ratings that are not the lead agency's to give, or whose referral and case do not
    belong together; a rating given before its request went out can be redriven.
    """
    now = Now(message.time, policy)
    match message.data:
        case ChildLinked() as linked:
            return _suggest(state, linked, now=now)
        case RatingDecided() as decided:
            return _assign(state, decided, now=now)
        case OutcomeDecided() as decided:
            return close(state, decided, now=now)
        case ConcernFollowed() as came if isinstance(state, Assigned) and state.closed:
            return follow(state, came, now=now)
        case HandoverDecided() as decided:
            return by_hand.decide(state, decided, cause=message.id, now=now)
        case came if isinstance(came, Linking):
            return _follow_link(state, came, now=now)
        case came if isinstance(came, News):
            return _tell_news(_noted(state, came, now=now), came, policy=policy)
        case ProductReleased() | ProductRefused() as sent:
            return _supply(state, sent, now=now)
        case TimerElapsed() as elapsed:
            return _warn(state, elapsed, now=now)
    return Outcome()


def _suggest(state: State | None, linked: ChildLinked, *, now: Now) -> Outcome[State]:
    """What is no possible Red is its worker's, where the child has one (R9)."""
    if isinstance(state, Standing):
        return Outcome()
    ready = prepared(linked, now=now)
    kept = kept_of(linked, ready, now=now)
    told = _told_first(state, linked, kept=kept)
    if told.allocated.has_it and not kept.may_be_red:
        return left_to_team(told, linked.referral_id, now=now)
    area = area_of(linked.notification.subject, now)
    asked = begin(
        taken_up(told, kept, now=now),
        linked.referral_id,
        reasons=all_reasons(ready.suggestion),
        plan=ready.plan,
        asks=ready.concern.consent == "not_sought",
        elsewhere=area,
        now=now,
    )
    assert isinstance(asked.state, Suggested)
    after = watched(asked.state, linked, adult=ready.concern.is_adult, now=now)
    assert isinstance(after.state, Suggested)
    return replace(
        after,
        facts=(*asked.facts, *after.facts),
        letters=(*asked.letters, *_out_of_area(linked, area, to=kept.elsewhere)),
        timers=timers(after.state.next_at, linked.referral_id),
    )


def _told_first(state: Early | HandedOver | None, linked: ChildLinked, *, kept: Kept) -> HandedOver:
    """As if it were its worker's, with what was heard before the link."""
    return HandedOver(
        cases=Cases.linked(state.cases if state else None, linked.case_id),
        allocated=(state.allocated if state else NOBODY).linked(linked),
        kept=kept,
        revision=state.revision if isinstance(state, HandedOver) else 0,
        **(state.shared(Since) if state else {}),
    )


def _out_of_area(linked: ChildLinked, place: Area | None, *, to: Code | None) -> Iterator[Letter]:
    """Whoever brought the concern is told whose child it is, and who has it from here."""
    if place is None:
        return
    rated = "This hub looks at the concern all the same"
    goes = f"{rated}, and passes it on to the hub there." if to else f"{rated}; please ring there."
    notice = OutOfArea(
        referral_id=linked.referral_id,
        case_id=linked.case_id,
        reference=linked.notification.reference,
        place=place.name,
        passed_to=to,
        explanation=f"By the address that you gave the child lives in {place.name}. {goes}"[:500],
        contact=place.contact,
    )
    yield Letter("out-of-area", agency=linked.agency, notice=notice)


def _assign(state: State | None, decided: RatingDecided, *, now: Now) -> Outcome[State]:
    decision = decided.decision
    if why := now.why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if state is None or isinstance(state, Early):
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(decision.case_id):
        return refuse("refused.unknown-subject", "case_id")
    if isinstance(state, HandedOver) and state.kept is None:
        return refuse("refused.closed")
    picture = decided.picture_of(decision.referral_id)
    if picture is None:
        return refuse("refused.not-shown", "saw")
    if isinstance(state, HandedOver):
        return _rated_beside(state, decision, picture=picture, now=now)
    rated = decision.shared(Rated)
    if isinstance(state, Assigned) and state.history[-1].shared(RatingDecision) == rated:
        return Outcome()
    if isinstance(state, Assigned) and state.closed:
        return _open_again(state, decision, picture=picture, now=now)
    return _without_product(_assigned(state, decision, picture=picture, now=now), state, now=now)


def _without_product(
    outcome: Outcome[State], before: Suggested | Assigned, *, now: Now
) -> Outcome[State]:
    """With the clock of products closed that nobody gets at the rating that stands now."""
    (fact,), after = outcome.facts, outcome.state
    assert isinstance(fact, RatingAssigned)
    gone = ended(before, after, referral_id=fact.referral_id, reason=NOBODY_GETS_ONE, now=now)
    closed = (one for one in gone if one.clock == "product")
    return replace(outcome, facts=(fact, *closed))


def _assigned(
    state: Suggested | Assigned, decision: RatingDecision, *, picture: Shown, now: Now
) -> Outcome[State]:
    assigned = _with_rating(state, decision, now=now)
    words = words_of(state, decision, now=now)
    said = {"case_id": state.cases.now, "may_be_told": words}
    fact = RatingAssigned(
        **decision.shared(RatingAssigned) | said,
        told=state.referrer.agency if state.referrer and words else None,
        previous=state.colour,
        number=len(assigned.history),
        confirmed=decision.colour is state.colour,
        profile=now.profile.title,
        product_due_at=assigned.product_due_at,
        picture_id=picture.id,
        newer=picture.revision < state.revision,
        versions=state.versions,
    )
    letters = letter_of(state, decision.referral_id, words=words, now=now)
    letters += tuple(_wordless(assigned, decision, policy=now.policy))
    due = timers(assigned.next_at, decision.referral_id, before=state.next_at)
    told = told_team(assigned, decision.referral_id, now=now)
    return Outcome(assigned, (fact,), (*letters, *told), due)


def _wordless(state: Assigned, decision: RatingDecision, *, policy: Policy) -> Iterator[Letter]:
    """A Red without words goes at once like any other, and whoever rates is asked for them."""
    said = decision.concern or decision.for_front_line
    if decision.colour is Colour.RED and said is None:
        yield _news(state, decision.referral_id, said=_SAY_IT, policy=policy)


def _rated_beside(
    state: HandedOver, decision: RatingDecision, *, picture: Shown, now: Now
) -> Outcome[State]:
    """A human of the hub rates what its worker's team has: from now on the hub acts on it too."""
    assert state.kept is not None
    suggested = taken_up(state, state.kept, now=now)
    rated = _assigned(suggested, decision, picture=picture, now=now)
    assert isinstance(rated.state, Assigned)
    return replace(rated, timers=timers(rated.state.next_at, decision.referral_id))


def _with_rating(state: Suggested | Assigned, decision: RatingDecision, *, now: Now) -> Assigned:
    due_at = _product_due(state, decision.colour, now=now)
    if isinstance(state, Assigned) and state.colour is not decision.colour:
        # Products of another rating stand no more; this one has its own.
        state = state.model_copy(update={"supplied": ()})
    earlier = state if isinstance(state, Assigned) else None
    rated = Rated(at=now.at, **decision.shared(Rated))
    return Assigned(
        cases=state.cases,
        allocated=state.allocated,
        colour=decision.colour,
        received_at=state.received_at,
        product_due_at=due_at,
        product=_product_clock(state, decision.colour, due_at=due_at, now=now),
        revision=state.revision,
        **state.shared(Since),
        referrer=state.referrer,
        versions=state.versions,
        elsewhere=state.elsewhere,
        supplied=earlier.supplied if earlier else (),
        history=(*earlier.history, rated) if earlier else (rated,),
    )


def _open_again(
    state: Assigned, decision: RatingDecision, *, picture: Shown, now: Now
) -> Outcome[State]:
    """Who rates what was closed opens it again: nothing that a human says of a risk is refused."""
    opened = reopen(state, decision.referral_id, because=Because.RATED, now=now)
    assert isinstance(opened.state, Assigned)
    rated = _assigned(opened.state, decision, picture=picture, now=now)
    assert isinstance(rated.state, Assigned)
    due = timers(rated.state.next_at, decision.referral_id)
    told = told_again(state, decision.referral_id, now=now)
    return replace(
        rated, facts=(*opened.facts, *rated.facts), letters=(*told, *rated.letters), timers=due
    )


def _product_due(state: Standing, colour: Colour, *, now: Now) -> dt.datetime:
    """A raised rating has its own time from now on, but no more than was left.

    A lower one never shortens the time.
    """
    if colour is state.colour:
        return state.product_due_at
    if colour.severity < state.colour.severity:
        return max(state.product_due_at, now.due(colour, since=state.received_at))
    raised = now.due(colour)
    return min(raised, state.product_due_at) if state.product_due_at > now.at else raised


def _product_clock(
    state: Standing, colour: Colour, *, due_at: dt.datetime, now: Now
) -> Ticking | None:
    """Runs while somebody waits for a product; a due time that has passed is told only once."""
    if not state.awaits(colour, now.profile):
        return None
    ended_early = isinstance(state, Suggested) and state.amended_by is not None
    if due_at <= now.at or (colour is state.colour and not ended_early):
        return state.product
    return now.product_clock(colour, due_at)


def _follow_link(state: State | None, came: Linking, *, now: Now) -> Outcome[State]:
    match came:
        case LinkCorrected():
            return _move(state, came, now=now)
        case HandoverTakenBack():
            return take_back(state, came, now=now)
        case NotificationAmended():
            return amend(state, came, now=now)
        case VersionMoved():
            return stands_again(state, came, now=now)
        case PossibleRedAmended():
            return waited_for(state, came, now=now)


def _move(state: State | None, correction: LinkCorrected, *, now: Now) -> Outcome[State]:
    cases = Cases.corrected(state.cases if state else None, correction, at=now.at)
    allocated = (state.allocated if state else NOBODY).corrected(correction)
    if state is None or isinstance(state, Early):
        return Outcome(state=Early(cases=cases, allocated=allocated))
    if (cases, allocated) == (state.cases, state.allocated):
        return Outcome()
    # Pictures of another child are older than what is known now.
    revision = state.revision + (cases.now != state.cases.now)
    changes = {"cases": cases, "allocated": allocated, "revision": revision}
    after: Any = state.model_copy(update=changes)
    return _moved(after, correction.referral_id, before=state, now=now)


def _moved(
    state: HandedOver | Suggested | Assigned,
    referral_id: str,
    *,
    before: HandedOver | Suggested | Assigned,
    now: Now,
) -> Outcome[State]:
    """What is rated stays so; what nobody has rated is its new child's worker's, or the hub's."""
    had = before.allocated.has_it
    if not isinstance(state, Assigned) and state.cases.now != before.cases.now:
        alone = stands_alone(state, referral_id, had=had, now=now)
        if alone is not None:
            return alone
    if isinstance(state, HandedOver):
        return moved_on(state, referral_id, had=had, now=now)
    if isinstance(state, Assigned):
        assert isinstance(before, Assigned)
        return _stands_elsewhere(state, referral_id, before=before, now=now)
    if state.allocated.has_it and not state.may_be_red:
        left = left_to_team(handed(state), referral_id, now=now)
        closed = ended(state, left.state, referral_id=referral_id, reason=WITH_TEAM, now=now)
        telling = left_off(state, referral_id, reason=HANDED_OVER, now=now)
        return replace(left, facts=(*closed, *telling))
    if state.cases.now == before.cases.now:
        return Outcome(state=state)
    return Outcome(state=state, letters=(request_of(referral_id, state, policy=now.policy),))


def _stands_elsewhere(
    state: Assigned, referral_id: str, *, before: Assigned, now: Now
) -> Outcome[State]:
    """Who has it now hears how it stands now: what was closed for another child is open again."""
    done = _rated_moved(state, referral_id, before=before, now=now)
    assert isinstance(done.state, Assigned)
    opened = before.closed is not None and done.state.closed is None
    changed = done.state.allocated.has_it != before.allocated.has_it
    if not (opened or changed):
        return done
    told = told_team(done.state, referral_id, again=opened and not changed, now=now)
    return replace(done, letters=(*done.letters, *told))


def _rated_moved(
    moved: Assigned, referral_id: str, *, before: Assigned, now: Now
) -> Outcome[State]:
    if before.closed and moved.cases.now != before.cases.now:
        done = reopen(moved, referral_id, because=Because.LINK_CORRECTED, now=now)
    else:
        after = watched_anew(moved, now) if before.closed is None else moved
        due = timers(after.next_at, referral_id, before=before.next_at)
        done = Outcome(state=after, timers=due)
    if moved.revision == before.revision:
        return done
    said = "A human found that it is about another child."
    news = _news(moved, referral_id, said=said, policy=now.policy)
    return replace(done, letters=(*done.letters, news))


def _noted(state: State | None, came: News, *, now: Now) -> State | None:
    """With what a recipient says it did."""
    if state is None or not isinstance(came, ProductActedOn):
        return state
    acted = (*state.acted, Acted(at=now.at, **came.shared(Acted)))
    return state.model_copy(update={"acted": acted})


def _tell_news(state: State | None, came: News, *, policy: Policy) -> Outcome[State]:
    if state is None or isinstance(state, Early) or _is_no_news(came):
        return Outcome()
    after = state.model_copy(update={"revision": state.revision + 1})
    closed = isinstance(state, Assigned) and state.closed is not None
    if isinstance(state, HandedOver) or (closed and isinstance(came, FamilyConcern)):
        return Outcome(state=after)
    news = _news(state, came.referral_id, said=_said(came, policy), policy=policy)
    return Outcome(after, letters=(news,))


def _news(state: Suggested | Assigned, referral_id: str, *, said: str, policy: Policy) -> Letter:
    """Whoever decides is told what is new; the letter brings the picture with it."""
    notice = WhatIsNew(
        referral_id=referral_id,
        case_id=state.cases.now,
        news=(said,),
        colour=state.colour,
        rated=isinstance(state, Assigned),
    )
    return Letter("news", agency=policy.lead_agency, notice=notice)


def _is_no_news(came: News) -> bool:
    """Whether none of it is revealed inside, and it was not asked for: it leaves no trace (R28); or
    a system does not know the child.
    """
    match came:
        case InformationVolunteered(items=items):
            return not any(item.may_be_revealed for item in items)
        case CheckAnswered(result=result):
            return result.known is False
        case DisagreementRaised() | DisagreementWithdrawn() | DisagreementSettled():
            return not came.may_be_revealed
    return False


_CONSENT = {
    ConsentAnswer.ASKED_FOR: "it is being asked for",
    ConsentAnswer.GIVEN: "given",
    ConsentAnswer.REFUSED: "refused",
    ConsentAnswer.NOT_SOUGHT: "not sought",
    ConsentAnswer.OVERRIDDEN: "overridden by another legal basis",
}


def _said(came: News, policy: Policy) -> str:
    if isinstance(came, Difference):
        return f"{policy.name_of(came.agency)} {_difference(came)} {OVER[came.disputes]}."
    if isinstance(came, FamilyConcern):
        again = "The concern about a brother or sister was told again, or amended."
        return again if came.same_concern else "There is a concern about a brother or sister."
    return _said_of(came, policy)


def _said_of(came: OfItself, policy: Policy) -> str:
    match came:
        case ChecksRevised():
            return "There is something new of the systems that are asked about the child."
        case CheckLate(agency=agency, result=result):
            whose = policy.name_of(agency)
            return f"The system {result.system} of {whose} has not answered in time."
        case CheckAnswered(agency=agency, result=result):
            said = "does not say whether it knows" if result.denied else "knows"
            return f"The system {result.system} of {policy.name_of(agency)} {said} the child."
        case ConcernFollowed(same_concern=True):
            return "The concern was told again, or amended."
        case ConcernFollowed():
            return "There is a further concern about the child."
        case ConsentRecorded(agency=agency, answer=answer):
            return f"{policy.name_of(agency)} told of the parents' consent: {_CONSENT[answer]}."
        case ProductActedOn(agency=agency):
            return f"{policy.name_of(agency)} told what was done with what it was sent."
        case InformationVolunteered():
            return f"{policy.name_of(came.agency)} told something that nobody had asked."
        case InformationMissing():
            return f"{policy.name_of(came.agency)} has not answered in time."
        case _:
            return f"{policy.name_of(came.agency)} answered."


def _difference(came: Difference) -> str:
    match came:
        case DisagreementRaised():
            return "disagrees with"
        case DisagreementWithdrawn():
            return "disagrees no longer with"
        case _:
            return "had disagreed, and it was settled:"


def _supply(
    state: State | None, sent: ProductReleased | ProductRefused, *, now: Now
) -> Outcome[State]:
    """The product clock stops once each recipient has an ordinary product of this colour or worse.

    A product that was refused counts: nothing may leave.
    """
    voided = isinstance(sent, ProductRefused) and sent.voided
    if not isinstance(state, Assigned) or sent.urgent or sent.school_notice or voided:
        return Outcome()
    after = state
    for recipient in (sent.recipient, *sent.stands_in_for):
        after = after.with_supplied(
            Supplied(case_id=sent.case_id, recipient=recipient, colour=sent.colour)
        )
    if after is state:
        return Outcome()
    if after.is_out(state.colour, now.profile):
        after = after.model_copy(update={"product": None})
    return Outcome(
        state=after, timers=timers(after.next_at, sent.referral_id, before=state.next_at)
    )


_SAYS: Mapping[Clock, str] = {
    "possible_red": "It may be a Red, and nobody has opened it: have a social worker open and rate "
    "it now.",
    "decision": "No social worker has rated it: have one open and rate it.",
    "product": "Not everybody who is to act on this rating has all that is to be sent to them: "
    "ring whoever has not answered, or has not said whether their words may leave.",
}


def _warn(state: State | None, elapsed: TimerElapsed, *, now: Now) -> Outcome[State]:
    """Tell what is near or past; a timer that no clock waits for any more is stale."""
    if not isinstance(state, Suggested | Assigned):
        return Outcome()
    rung = {clock: at for clock, at in state.clocks.items() if at.next_at <= elapsed.due_at}
    after, owed = _reminded(state, elapsed, now=now)
    if not rung and owed is None:
        return Outcome()
    warnings = [
        DueTimeWarning(
            referral_id=elapsed.key,
            case_id=state.cases.now,
            clock=clock,
            colour=state.colour,
            due_at=ticking.due_at,
            breached=ticking.approaching_at is None,
            says=_SAYS[clock],
            escalated_to=ticking.told_next,
        )
        for clock, ticking in rung.items()
    ]
    told: dict[str, Ticking | None] = {
        clock: _told(clock, ticking, now=now) for clock, ticking in rung.items()
    }
    after = after.model_copy(update=told)
    facts = (*map(_warned, warnings), *((owed.fact,) if owed else ()))
    letters = (*(_warning(one, now=now) for one in warnings), *((owed.letter,) if owed else ()))
    next_timers = timers(after.next_at, elapsed.key, before=state.next_at)
    return Outcome(after, facts, letters, next_timers)


def _reminded(
    state: Suggested | Assigned, elapsed: TimerElapsed, *, now: Now
) -> tuple[Suggested | Assigned, Told | None]:
    """With the clock of whoever brought the concern as it is once that was told."""
    telling = state.telling if isinstance(state, Suggested) else None
    if not isinstance(state, Suggested) or telling is None or telling.next_at > elapsed.due_at:
        return state, None
    owed = remind(state, elapsed.key, now=now)
    return state.model_copy(update={"telling": owed.clock}), owed


def _told(clock: Clock, ticking: Ticking, *, now: Now) -> Ticking | None:
    return ticking.told(now.chain_of(clock, ticking) if ticking.breached_next else ())


def _warned(warning: DueTimeWarning) -> Fact:
    what = warning.shared(DueTime)
    if warning.escalated_to is not None:
        return DueTimeEscalated(**what, told=warning.escalated_to)
    return (DueTimeBreached if warning.breached else DueTimeApproaching)(**what)


def _warning(warning: DueTimeWarning, *, now: Now) -> Letter:
    to = warning.escalated_to
    agency = (to and to.agency) or now.policy.lead_agency
    return Letter(f"warning/{warning.clock}", agency=agency, notice=warning)


STEP: Step[State] = Step(
    name=STEP_NAME,
    hears=(
        ChildLinked,
        RatingDecided,
        OutcomeDecided,
        ProductReleased,
        ProductRefused,
        TimerElapsed,
        LinkCorrected,
        HandoverTakenBack,
        HandoverDecided,
        NotificationAmended,
        VersionMoved,
        PossibleRedAmended,
        InformationAnswered,
        InformationMissing,
        InformationVolunteered,
        ConcernFollowed,
        FamilyConcern,
        ChecksRevised,
        CheckAnswered,
        CheckLate,
        DisagreementRaised,
        DisagreementWithdrawn,
        DisagreementSettled,
        ConsentRecorded,
        ProductActedOn,
    ),
    state=State,
    key=referral_of,
    decide=decide,
)
