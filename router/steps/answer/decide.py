"""Partners' enquiries are answered by policy: permit, deny, or a human's review.

One that is denied leaves no trace of whether the child is known: it is not looked up.
"""

from __future__ import annotations

from router.step import Outcome, Step, refuse
from router.steps.answer.permitting import Denied, by_policy
from router.steps.answer.state import Answering
from router.steps.answer.telling import reply, told_of
from router.steps.now import Now
from schemas.case import LinkOutcome
from schemas.enquiries import (
    EnquiryAdmitted,
    EnquiryAnswered,
    EnquiryDecided,
    EnquiryDenied,
    EnquiryMatched,
    EnquiryReceived,
    EnquiryReferred,
    EnquiryReply,
    EnquiryReview,
    Match,
)
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.policy import Policy

IN_DOUBT = "Which child of the hub's it is about is in doubt."
BY_AGREEMENT = "The agreement leaves this purpose to a human."
BY_A_HUMAN = "A human of the lead authority decided so."


def key(message: Message) -> str:
    """The enquiry that the message is about."""
    match message.data:
        case EnquiryDecided(decision=decision):
            return decision.enquiry_id
        case EnquiryMatched(enquiry_id=enquiry_id):
            return enquiry_id
    return message.id


def decide(state: Answering | None, message: Message, policy: Policy) -> Outcome[Answering]:
    """Deny or admit an enquiry, answer it, or follow what a human says of it."""
    match message.data:
        case EnquiryReceived() as received:
            return _admit(received, message, now=Now(message.time, policy))
        case EnquiryMatched() as matched:
            return _matched(state, matched, message=message, policy=policy)
        case EnquiryDecided() as decided:
            return _decided(state, decided, message=message, policy=policy)
    return Outcome()


def _admit(received: EnquiryReceived, message: Message, *, now: Now) -> Outcome[Answering]:
    found = by_policy(received.enquiry, received.agency, now=now)
    whose = {"enquiry_id": message.id, "agency": received.agency, "area": received.area}
    if isinstance(found, Denied):
        told = _denied(received, message, reason=found.reason)
        fact = EnquiryDenied(**whose, reasons=(found.reason,))
        return Outcome(None, (fact,), (Letter("reply", agency=received.agency, notice=told),))
    admitted = EnquiryAdmitted(
        **whose,
        by_policy=found.decision,
        reasons=(found.reason,),
        sharing_policy=found.agreement.reference,
        query=received.enquiry.query,
    )
    state = Answering(
        agency=received.agency,
        area=received.area,
        by_policy=found.decision,
        sharing_policy=found.agreement.reference,
        terms=found.terms,
        enquiry=received.enquiry,
    )
    if found.decision == "permit":
        return Outcome(state, (admitted,))
    said = {"decision": "review", "reasons": (found.reason,)}
    told = reply(state, message, enquiry_id=message.id, **said)
    return Outcome(state, (admitted,), (Letter("reply", agency=received.agency, notice=told),))


def _denied(received: EnquiryReceived, message: Message, *, reason: str) -> EnquiryReply:
    return EnquiryReply(
        identifier=derived_id("enquiry-reply", message.id),
        in_reply_to=received.enquiry.identifier,
        date_stamp=message.time,
        decision="deny",
        reasons=(reason,),
    )


def _matched(
    state: Answering | None, matched: EnquiryMatched, *, message: Message, policy: Policy
) -> Outcome[Answering]:
    if state is None or state.enquiry is None:
        return Outcome()
    if matched.outcome is LinkOutcome.REVIEW or state.by_policy == "review":
        return _referred(state, matched, policy=policy)
    found = matched.matches[0] if matched.outcome is LinkOutcome.LINKED else None
    told = told_of(found, state, policy=policy)
    answer = reply(state, message, enquiry_id=matched.enquiry_id, decision="permit", **told)
    return _answered(state, answer, enquiry_id=matched.enquiry_id, found=found)


def _referred(state: Answering, matched: EnquiryMatched, *, policy: Policy) -> Outcome[Answering]:
    """To a human, with whom it may be about; the enquirer is not told that there is doubt, which
    would tell that somebody like this is known.
    """
    assert state.enquiry is not None
    reasons = (
        *((BY_AGREEMENT,) if state.by_policy == "review" else ()),
        *((IN_DOUBT,) if matched.outcome is LinkOutcome.REVIEW else ()),
    )
    whose = {"enquiry_id": matched.enquiry_id, "agency": state.agency, "reasons": reasons}
    letter = EnquiryReview(**whose, enquiry=state.enquiry, matches=matched.matches)
    after = state.model_copy(update={"referred": True, "matches": matched.matches})
    return Outcome(
        after,
        (EnquiryReferred(**whose, area=state.area),),
        (Letter("review", agency=policy.lead_agency, notice=letter),),
    )


def _decided(
    state: Answering | None, decided: EnquiryDecided, *, message: Message, policy: Policy
) -> Outcome[Answering]:
    decision = decided.decision
    if why := Now(message.time, policy).why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if state is None or not state.referred:
        return refuse("refused.unknown-subject", "enquiry_id")
    if state.enquiry is None:
        return refuse("refused.closed", "enquiry_id")
    found = next((one for one in state.matches if one.person_id == decision.person_id), None)
    if decision.person_id is not None and (found is None or decision.decision == "deny"):
        return refuse("refused.unknown-subject", "person_id")
    said = (
        told_of(found, state, policy=policy)
        if decision.decision == "permit"
        else {"reasons": (BY_A_HUMAN,)}
    )
    answer = reply(
        state, message, enquiry_id=decision.enquiry_id, decision=decision.decision, **said
    )
    who = {"decided_by": decision.decided_by, "rationale": decision.rationale}
    return _answered(state, answer, enquiry_id=decision.enquiry_id, found=found, **who)


def _answered(
    state: Answering, answer: EnquiryReply, *, enquiry_id: str, found: Match | None, **who: str
) -> Outcome[Answering]:
    fact = EnquiryAnswered(
        enquiry_id=enquiry_id,
        agency=state.agency,
        area=state.area,
        reply=answer,
        person_id=found.person_id if found and answer.known else None,
        **who,
    )
    after = state.model_copy(update={"enquiry": None, "matches": ()})
    return Outcome(after, (fact,), (Letter("reply", agency=state.agency, notice=answer),))


STEP: Step[Answering] = Step(
    name="answer",
    hears=(EnquiryReceived, EnquiryMatched, EnquiryDecided),
    state=Answering,
    key=key,
    decide=decide,
)
