"""Hop 3: whose child, family and case. In doubt a provisional new child and a human; never two children as one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache

from router.linkage import Linkage, Model, link, load_model
from router.outcome import Dispatch, Outcome, Refusal, Step
from router.register import Evidence, PersonRecord, Register, first_record, refold
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected, LinkOutcome, OpenCaseLinked, OpenCaseReceived
from schemas.decisions import LinkDecided, LinkDecision
from schemas.message import Message, derived_id
from schemas.notices import Handover, LinkReview
from schemas.notification import NotificationAccepted
from schemas.policy import Policy

HUMAN = "human"
AMENDMENT = "this is a new version of a notification that is linked to the child already"


def key(message: Message) -> str:
    """The referral that the message is about, or the open case's message."""
    return message.correlation_id


def decide(state: Register | None, message: Message, policy: Policy) -> Outcome[Register]:
    """Link a notification or an open case, or follow a human's decision about an earlier link."""
    known = state or Register()
    match message.data:
        case NotificationAccepted() as accepted:
            return _notification(known, message, accepted, policy)
        case OpenCaseReceived() as received:
            return _open_case(known, message, received, policy)
        case LinkDecided() as decided:
            return _settled(known, decided, policy)
        case other:
            raise TypeError(other.type)


def evidence_of(fact: Fact, id_: str) -> Evidence | None:
    """What a notification or an open case says of a child; whose it is held to be is not decided yet."""
    match fact:
        case NotificationAccepted(agency=agency, notification=said):
            return Evidence(
                id=fact.referral_id,
                agency=agency,
                reference=said.reference,
                observed_at=said.observed_at,
                child=said.subject,
                narrative=said.narrative,
            )
        case OpenCaseReceived(agency=agency, open_case=case):
            since = dt.datetime.combine(case.since, dt.time(), dt.UTC)
            return Evidence(id=id_, agency=agency, reference=case.reference, observed_at=since, child=case.child)
        case _:
            return None


@cache
def _model(name: str) -> Model:
    return load_model(name)


def _notification(
    known: Register, message: Message, accepted: NotificationAccepted, policy: Policy
) -> Outcome[Register]:
    model = _model(policy.linkage_model)
    decision = _amends(known, accepted, model) or _compared(known, model)
    record = _record_after(known, decision, accepted.referral_id, referral=True)
    fact = _child_linked(accepted, decision, record, model)
    evidence = evidence_of(accepted, message.id)
    if fact.allocated_to is not None and evidence is not None:
        evidence = evidence.model_copy(update={"notification": accepted.notification, "area": accepted.area})
    return Outcome(
        state=_changed(evidence, record, decision),
        facts=(fact,),
        dispatches=_dispatches(fact, policy),
    )


def _amends(known: Register, accepted: NotificationAccepted, model: Model) -> Linkage | None:
    """An amendment is about its first version's child, unless it is plainly about another under the same reference."""
    first = known.evidence.get(accepted.first_referral_id or "")
    record = known.person(first.person_id) if first else None
    if record is None or known.subject is None:
        return None
    if link(known.subject, [record.profile], model).outcome is LinkOutcome.NEW:
        return None
    return Linkage(LinkOutcome.LINKED, record.profile, None, 0.0, (AMENDMENT,), ())


def _compared(known: Register, model: Model) -> Linkage:
    assert known.subject is not None
    return link(known.subject, [record.profile for record in known.people], model)


def _record_after(known: Register, decision: Linkage, id_: str, *, referral: bool) -> PersonRecord:
    assert known.subject is not None
    if decision.outcome is LinkOutcome.LINKED and decision.person is not None:
        record = known.person(decision.person.person_id)
        assert record is not None
        return record.with_evidence(id_, known.subject, referral=referral)
    family = decision.family.family_id if decision.family else derived_id("family", id_)
    return first_record(
        id_,
        known.subject,
        person_id=derived_id("person", id_),
        family_id=family,
        case_id=derived_id("case", id_),
        referral=referral,
    )


def _changed(evidence: Evidence | None, record: PersonRecord, decision: Linkage) -> Register:
    assert evidence is not None
    held = evidence.held_as(record.profile, doubts=[c.person_id for c in decision.candidates])
    return Register(people=(record,), evidence={held.id: held})


def _child_linked(accepted: NotificationAccepted, decision: Linkage, record: PersonRecord, model: Model) -> ChildLinked:
    certain = decision.outcome is LinkOutcome.LINKED
    return ChildLinked(
        referral_id=accepted.referral_id,
        agency=accepted.agency,
        area=accepted.area,
        person_id=record.profile.person_id,
        family_id=record.profile.family_id,
        case_id=record.profile.case_id,
        outcome=decision.outcome,
        score=decision.score,
        reasons=decision.reasons,
        candidates=decision.candidates,
        model=model.version,
        earlier_referrals=record.referrals - 1,
        allocated_to=record.worker if certain else None,
        version=accepted.version,
        notification=accepted.notification,
    )


def _dispatches(fact: ChildLinked, policy: Policy) -> tuple[Dispatch, ...]:
    if fact.allocated_to is not None:
        team = fact.allocated_to.team
        return (Dispatch(team if team in policy.partners else policy.lead_agency, _handover(fact)),)
    if fact.outcome is LinkOutcome.REVIEW:
        return (Dispatch(policy.lead_agency, _review(fact)),)
    return ()


def _handover(fact: ChildLinked) -> Handover:
    assert fact.allocated_to is not None
    return Handover(
        referral_id=fact.referral_id,
        case_id=fact.case_id,
        agency=fact.agency,
        worker=fact.allocated_to,
        notification=fact.notification,
    )


def _review(fact: ChildLinked) -> LinkReview:
    return LinkReview(
        referral_id=fact.referral_id,
        case_id=fact.case_id,
        person_id=fact.person_id,
        candidates=fact.candidates,
        reasons=fact.reasons,
        notification=fact.notification,
    )


def _open_case(known: Register, message: Message, received: OpenCaseReceived, policy: Policy) -> Outcome[Register]:
    """The worker is allocated to the child that the case is certainly about (R9); in doubt, to a child of its own."""
    model = _model(policy.linkage_model)
    decision = _compared(known, model)
    record = _record_after(known, decision, message.id, referral=False)
    record = replace(record, worker=received.open_case.worker)
    fact = OpenCaseLinked(
        person_id=record.profile.person_id,
        family_id=record.profile.family_id,
        case_id=record.profile.case_id,
        outcome=decision.outcome,
        score=decision.score,
        reasons=decision.reasons,
        candidates=decision.candidates,
        model=model.version,
        worker=record.worker,
    )
    return Outcome(state=_changed(evidence_of(received, message.id), record, decision), facts=(fact,))


def _settled(known: Register, decided: LinkDecided, policy: Policy) -> Outcome[Register]:
    decision = decided.decision
    if decided.agency != policy.lead_agency:
        return Outcome(refusal=Refusal("refused.role"))
    held = known.evidence.get(decision.referral_id)
    if held is None:
        return Outcome(refusal=Refusal("refused.unknown-subject", "referral_id"))
    target = _chosen(known, decision, held)
    if target is None:
        return Outcome(refusal=Refusal("refused.unknown-subject", "person_id"))
    return _moved(known, held, target, decision, policy)


def _chosen(known: Register, decision: LinkDecision, held: Evidence) -> PersonRecord | None:
    """The person chosen; for 'none of the candidates' the referral's own, made if the hub had linked it to another."""
    own = derived_id("person", held.id)
    wanted = decision.person_id or own
    there = known.person(wanted)
    if there is None and wanted == own:
        return first_record(
            held.id,
            held.subject(),
            person_id=own,
            family_id=held.family_id,
            case_id=derived_id("case", held.id),
            referral=True,
        )
    return there


def _moved(
    known: Register, held: Evidence, target: PersonRecord, decision: LinkDecision, policy: Policy
) -> Outcome[Register]:
    fact = _link_corrected(held, target, decision)
    if target.person_id == held.person_id:
        stands = _never(target, held.doubts)
        return Outcome(state=Register(people=(stands,), evidence={held.id: held}), facts=(fact,))
    source = known.person(held.person_id)
    assert source is not None
    here = held.held_as(target.profile)
    left = [known.evidence[id_] for id_ in source.evidence if id_ != held.id]
    joined = [known.evidence[id_] for id_ in target.evidence if id_ != held.id]
    before = _never(refold(source, left), [target.person_id])
    after = _never(refold(target, [*joined, here]), [source.person_id])
    again = _taken_up(here, after, decision)
    return Outcome(
        state=Register(people=(before, after), evidence={here.id: here}),
        facts=(fact, *again),
        dispatches=tuple(dispatch for linked in again for dispatch in _dispatches(linked, policy)),
    )


def _taken_up(held: Evidence, record: PersonRecord, decision: LinkDecision) -> tuple[ChildLinked, ...]:
    """A referral that had gone to the worker of a child whom it is not about is linked anew, and so rated after all."""
    if held.notification is None:
        return ()
    return (
        ChildLinked(
            referral_id=held.id,
            agency=held.agency,
            area=held.area,
            person_id=record.profile.person_id,
            family_id=record.profile.family_id,
            case_id=record.profile.case_id,
            outcome=LinkOutcome.LINKED,
            score=0.0,
            reasons=(f"decided by a human: {decision.decided_by}",),
            model=HUMAN,
            earlier_referrals=record.referrals - 1,
            allocated_to=record.worker,
            notification=held.notification,
        ),
    )


def _never(record: PersonRecord, others: tuple[str, ...] | list[str]) -> PersonRecord:
    """Remember, as verified, that these are other children."""
    known = record.profile.not_same
    new = tuple(id_ for id_ in others if id_ not in known and id_ != record.person_id)
    return replace(record, profile=replace(record.profile, not_same=(*known, *new)))


def _link_corrected(held: Evidence, target: PersonRecord, decision: LinkDecision) -> LinkCorrected:
    return LinkCorrected(
        referral_id=held.id,
        from_person_id=held.person_id,
        from_case_id=held.case_id,
        person_id=target.profile.person_id,
        family_id=target.profile.family_id,
        case_id=target.profile.case_id,
        decided_by=decision.decided_by,
        rationale=decision.rationale,
    )


STEP = Step(
    name="link",
    hears=(NotificationAccepted, OpenCaseReceived, LinkDecided),
    state=Register,
    key=key,
    decide=decide,
)
