"""Beside the rating: a child's school is told of a domestic-abuse incident before its next school
day (L4), on a clock that the lead agency owes until the notice leaves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from router.step import Outcome, Step, referral_of, refuse
from router.steps.ages import age_of
from router.steps.asking import prepared
from router.steps.cases import Cases
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.school.notice import WHY, drafted, kept_from, product_id_of, school_for
from router.steps.school.state import STEP_NAME, Telling
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected
from schemas.letter import Letter
from schemas.message import Message
from schemas.owed import ClockClosed, Owed
from schemas.policy import Policy, SchoolNotices
from schemas.product import ApprovalsCancelled, ProductRefused, ProductReleased
from schemas.rating import TimerElapsed
from schemas.school import SchoolDecided, SchoolDecision, SchoolNotTold, SchoolToTell, Untold

_OWED = "The child's school is to be told that there was an incident, before its next school day."
_ANY_SCHOOL = "school"
"""The kind whose calendar counts where the school is not known."""


def key(message: Message) -> str:
    """The referral that told of the concern first: further versions of it tell no school again."""
    if isinstance(message.data, ChildLinked):
        return message.data.first_told or message.data.referral_id
    return referral_of(message)


def decide(state: Telling | None, message: Message, policy: Policy) -> Outcome[Telling]:
    """Draft the notice, or tell the lead agency why none goes; remind it until one has left."""
    now, id_ = Now(message.time, policy), key(message)
    match message.data:
        case ChildLinked() as linked:
            return _heard(state, linked, id_=id_, now=now)
        case SchoolDecided() as decided:
            return _decided(state, decided, now=now)
        case LinkCorrected() as correction:
            before = state.cases if state else None
            cases = Cases.corrected(before, correction, at=message.time)
            after = state.model_copy(update={"cases": cases}) if state else Telling(cases=cases)
            return Outcome(after)
        case ProductReleased() | ProductRefused() as sent:
            return _sent(state, sent, now=now)
        case TimerElapsed() as elapsed:
            return _remind(state, elapsed, now=now)
    return Outcome()


def _heard(state: Telling | None, linked: ChildLinked, *, id_: str, now: Now) -> Outcome[Telling]:
    """An incident of which the child's school is to be told, the first time that it is heard of, or
    as soon as it is known which school that is.
    """
    notices = now.profile.school_notices
    if notices is None or (state is not None and (state.ended or state.product_id)):
        return Outcome()
    if not _is_told(linked, notices, now=now):
        return Outcome()
    found = school_for(linked.notification.subject.school, now)
    waits = state is not None and state.agency is not None
    if waits and isinstance(found, Untold):
        return Outcome()
    cases = state.cases if state and waits else _linked(state, linked)
    by = _ANY_SCHOOL if isinstance(found, Untold) else found
    telling = Telling(
        cases=cases,
        agency=linked.agency,
        notification=linked.notification,
        colour=prepared(linked, now=now).suggestion.colour,
        clock=state.clock if state and waits else now.owing("school", by=by),
        drafts=state.drafts if state else 0,
    )
    outcome = _drafted(telling, found, id_=id_, notices=notices, now=now)
    before = state.clock.next_at if state and state.clock else None
    due = timers(telling.clock.next_at if telling.clock else None, id_, before=before)
    return replace(outcome, timers=due)


def _linked(state: Telling | None, linked: ChildLinked) -> Cases:
    return Cases.linked(state.cases if state else None, linked.case_id)


def _is_told(linked: ChildLinked, notices: SchoolNotices, *, now: Now) -> bool:
    """Whether it is such an incident, told by who tells of them, of a child of school age."""
    partner = now.policy.partners.get(linked.agency)
    called = {linked.agency, partner.kind if partner else None}
    if called.isdisjoint(notices.told_by):
        return False
    said = linked.notification
    age = age_of(said.subject, on=now.day_of(said.observed_at))
    if age is not None and not age.within(notices.ages):
        return False
    found = prepared(linked, now=now).suggestion.found
    coded = not set(said.concern).isdisjoint(notices.concerns)
    return coded or not set(found).isdisjoint(notices.indicators)


def _drafted(
    telling: Telling, found: str | Untold, *, id_: str, notices: SchoolNotices, now: Now
) -> Outcome[Telling]:
    """The notice for that school, or why there is none."""
    said, owner, colour = telling.notification, telling.agency, telling.colour
    assert said is not None
    assert owner is not None
    assert colour is not None
    if not isinstance(found, Untold):
        found = kept_from(said, owner=owner, to=found, now=now) or found
    if isinstance(found, Untold):
        return _not_told(telling, found, id_=id_, now=now)
    draft = drafted(
        said,
        owner=owner,
        to=found,
        referral_id=id_,
        case_id=telling.cases.now,
        colour=colour,
        notices=notices,
        product_id=product_id_of(id_, found, before=telling.drafts),
        now=now,
    )
    said_so = {"to": found, "product_id": draft.product_id, "drafts": telling.drafts + 1}
    return Outcome(telling.model_copy(update=said_so), (draft,))


def _not_told(
    telling: Telling, because: Untold, *, id_: str, now: Now, why: str | None = None
) -> Outcome[Telling]:
    """The lead agency is told that no letter goes, and why; its clock runs on."""
    said = telling.notification
    head = {"referral_id": id_, "case_id": telling.cases.now}
    explanation = why or WHY[because]
    fact = SchoolNotTold(**head, because=because, explanation=explanation)
    notice = SchoolToTell(
        **head,
        because=because,
        explanation=explanation,
        school=said.subject.school if said else None,
        due_at=telling.clock.due_at if telling.clock else None,
    )
    letter = Letter("school-to-tell", agency=now.policy.lead_agency, notice=notice)
    after = telling.model_copy(update={"to": None, "product_id": None})
    return Outcome(after, (fact,), (letter,))


def _sent(
    state: Telling | None, sent: ProductReleased | ProductRefused, *, now: Now
) -> Outcome[Telling]:
    """Once it is on its way nobody is reminded; what does not leave is told to the lead agency,
    also where its owner took it back on the way, and then it is owed again.
    """
    if state is None or state.product_id != sent.product_id:
        return Outcome()
    if isinstance(sent, ProductReleased):
        return Outcome(state.model_copy(update={"clock": None, "ended": True}))
    why = f"The notice does not go to the school: {sent.reason} Settle it with whoever told of it."
    id_, clock = sent.referral_id, state.clock or now.owing("school", by=sent.recipient)
    again = state.model_copy(update={"clock": clock, "ended": False})
    outcome = _not_told(again, Untold.REFUSED, id_=id_, now=now, why=why)
    before = state.clock.next_at if state.clock else None
    return replace(outcome, timers=timers(clock.next_at, id_, before=before) if clock else ())


def _decided(state: Telling | None, decided: SchoolDecided, *, now: Now) -> Outcome[Telling]:
    """The lead agency found the school, rang it, or had it not be told."""
    decision = decided.decision
    if why := now.why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if state is None or state.agency is None:
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(decision.case_id):
        return refuse("refused.unknown-subject", "case_id")
    if state.ended:
        return refuse("refused.closed")
    if decision.action == "tell":
        return _tell(state, decision, now=now)
    return _ended(state, decision, now=now)


def _tell(state: Telling, decision: SchoolDecision, *, now: Now) -> Outcome[Telling]:
    notices = now.profile.school_notices
    if decision.school is None:
        return refuse("missing.field", "school")
    if state.product_id is not None or notices is None:
        return refuse("refused.closed")
    if now.agreement_with(decision.school) is None:
        return refuse("refused.agreement", "school")
    return _drafted(state, decision.school, id_=decision.referral_id, notices=notices, now=now)


def _ended(state: Telling, decision: SchoolDecision, *, now: Now) -> Outcome[Telling]:
    """Nothing is owed any more, and what still waits for its owner does not go: that it is refused
    then, is no news.
    """
    facts: list[Fact] = []
    head = {"referral_id": decision.referral_id, "case_id": state.cases.now}
    if state.product_id is not None:
        reason = "The school was told otherwise."
        if decision.action == "not_to_be_told":
            reason = "The school is not to be told."
        ids = (state.product_id,)
        facts.append(ApprovalsCancelled(**head, product_ids=ids, reason=reason))
    if state.clock is not None:
        facts.append(
            ClockClosed(**_owed(state, decision.referral_id, now=now), reason=_why(decision))
        )
    over = {"clock": None, "ended": True, "product_id": None}
    return Outcome(state.model_copy(update=over), tuple(facts))


def _why(decision: SchoolDecision) -> str:
    said = "It was told" if decision.action == "told" else "It is not to be told"
    return f"{said}, says {decision.decided_by}: {decision.rationale}"[:500]


def _remind(state: Telling | None, elapsed: TimerElapsed, *, now: Now) -> Outcome[Telling]:
    clock = state.clock if state else None
    if state is None or clock is None or clock.next_at > elapsed.due_at:
        return Outcome()
    owed = Owed(**_owed(state, elapsed.key, now=now))
    said = told(owed, clock, key=elapsed.key, now=now)
    after = state.model_copy(update={"clock": said.clock})
    due = timers(said.clock.next_at if said.clock else None, elapsed.key, before=clock.next_at)
    return Outcome(after, (said.fact,), (said.letter,), due)


def _owed(state: Telling, id_: str, *, now: Now) -> dict[str, Any]:
    assert state.clock is not None
    return {
        "referral_id": id_,
        "case_id": state.cases.now,
        "clock": "school",
        "agency": now.policy.lead_agency,
        "owed": _OWED,
        "subject_id": state.product_id,
        "since": state.clock.started_at,
        "due_at": state.clock.due_at,
    }


STEP: Step[Telling] = Step(
    name=STEP_NAME,
    hears=(
        ChildLinked,
        LinkCorrected,
        SchoolDecided,
        ProductReleased,
        ProductRefused,
        TimerElapsed,
    ),
    state=Telling,
    key=key,
    mostly_by="referral",
    decide=decide,
)
