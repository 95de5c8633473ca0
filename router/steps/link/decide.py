"""Hop 3: whose child, family and case. In doubt a provisional new child and a human; never two
children as one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from router.linkage import Linkage, Model, found, link, load_model
from router.linkage.another import agrees, says_the_same, told_apart
from router.linkage.concerns import is_amended, is_another
from router.linkage.ranking import passed_over
from router.linkage.stated import compared
from router.step import Outcome, Step, refuse
from router.steps.link.again import resent_from, said_before, told_first
from router.steps.link.counting import count_of
from router.steps.link.doubts import Doubt, asked, maybe_one, maybe_two, reviews
from router.steps.link.entries import changed, in_question, said_of
from router.steps.link.family import family_of
from router.steps.link.handing_over import handover
from router.steps.link.register import STEP_NAME, Evidence, PersonRecord, Register, first_record
from router.steps.link.settling import own_person, settle
from router.steps.now import Now
from router.steps.sharing import may_be_told, revealed
from schemas.base import Fact
from schemas.case import (
    Candidate,
    ChildLinked,
    ConcernFollowed,
    Counted,
    FamilyConcern,
    LinkOutcome,
    NotificationAmended,
    OpenCase,
    OpenCaseLinked,
    OpenCaseReceived,
    RegisterEntryLinked,
    Worker,
)
from schemas.decisions import AdultsDecided, LinkDecided, PersonsDecided, SplitDecided, UndoDecided
from schemas.enquiries import EnquiryAdmitted, EnquiryMatched, Match
from schemas.letter import Letter, letter_id
from schemas.message import Message, derived_id
from schemas.notices import LinkReview
from schemas.notification import NotificationAccepted, NotificationReceived
from schemas.policy import Policy, SystemCheck
from schemas.registers import KnownTo, RegisterEntryReceived

ONE_REFERENCE = "against: one reference, and what is told of the child differs"
_TELLS = 3
"""Of a child's latest referrals, so many hear of a further one."""
_MOST_KIN = 20
"""Children of a family whose referrals hear of it; more are taken for one family by mistake."""
AMENDMENT = "this is a new version of a notification that is linked to the child already"
AGAIN = "the same entry of the register came before, about the same child"


def key(message: Message) -> str:
    """The referral that the message is about, or the message of an open case or an entry."""
    return message.correlation_id


def decide(state: Register | None, message: Message, policy: Policy) -> Outcome[Register]:
    """Link what tells of a child, look one up, or follow a human's decision about a link."""
    known = state or Register()
    match message.data:
        case NotificationAccepted() as accepted:
            return _notification(known, message, accepted=accepted, policy=policy)
        case OpenCaseReceived() as received:
            return _open_case(known, message, received=received, policy=policy)
        case RegisterEntryReceived() as received:
            return _entry(known, received, policy=policy)
        case EnquiryAdmitted() as admitted:
            return _enquiry(known, admitted, policy=policy)
        case (
            LinkDecided() | PersonsDecided() | SplitDecided() | UndoDecided() | AdultsDecided()
        ) as decided:
            return settle(
                known,
                decided,
                id_=message.id,
                now=Now(message.time, policy),
                model=_model(policy.linkage_model),
            )
        case other:
            raise TypeError(other.type)


def _of_open_case(fact: OpenCaseReceived, id_: str, *, received_at: dt.datetime | None) -> Evidence:
    case = fact.open_case
    return Evidence(
        id=id_,
        agency=fact.agency,
        reference=case.reference,
        observed_at=dt.datetime.combine(case.since, dt.time(), dt.UTC),
        child=case.child,
        open_case=True,
        worker=case.worker,
        received_at=received_at,
    )


def evidence_of(fact: Fact, id_: str, *, received_at: dt.datetime | None = None) -> Evidence | None:
    """What a notification, an open case, an entry of a register or an enquiry says of a child;
    whose it is held to be is not decided yet.
    """
    match fact:
        case NotificationReceived() | NotificationAccepted() | ChildLinked():
            said = fact.notification
            return Evidence(
                id=fact.of_referral or id_,
                agency=fact.agency,
                reference=said.reference,
                observed_at=said.observed_at,
                child=said.subject,
                narrative=said.narrative,
                received_at=received_at,
                untimed=said.observed_on_arrival,
                kept_close=not may_be_told(said, by=fact.agency, to=""),
            )
        case OpenCaseReceived():
            return _of_open_case(fact, id_, received_at=received_at)
        case RegisterEntryReceived() | EnquiryAdmitted():
            return _of_no_concern(fact, received_at)
        case _:
            return None


def _of_no_concern(
    fact: RegisterEntryReceived | EnquiryAdmitted, received_at: dt.datetime | None
) -> Evidence:
    """What a list or a question says of a child is said of the day on which it came."""
    at = received_at or dt.datetime.max.replace(tzinfo=dt.UTC)
    told = {"agency": fact.agency, "observed_at": at, "received_at": received_at}
    if isinstance(fact, EnquiryAdmitted):
        id_ = fact.enquiry_id
        return Evidence(id=id_, reference=id_, child=fact.query, **told)
    entry = fact.entry
    known = {"reference": entry.reference, "child": entry.child, "entry": entry.known_to()}
    return Evidence(id=fact.entry_id, **known, **told)


@cache
def _model(name: str) -> Model:
    return load_model(name)


def _notification(
    known: Register, message: Message, *, accepted: NotificationAccepted, policy: Policy
) -> Outcome[Register]:
    model = _model(policy.linkage_model)
    amends = _amends(known, accepted, model=model)
    decision = amends or _of_another(known, accepted, decision=_compared(known, model))
    first = _told_before(known, accepted, amends=amends, decision=decision)
    counts = first is None or decision.outcome is not LinkOutcome.LINKED
    assert known.incoming is not None
    evidence = known.incoming.model_copy(update={"again": first})
    record = _record_after(known, decision, piece=evidence, referral=counts)
    evidence = _held(evidence, record, decision=decision)
    counted = _counted(known, decision, record=record, piece=evidence, policy=policy)
    fact = _child_linked(accepted, decision, record=record, model=model, counted=counted)
    fact = _of_concern(known, accepted, fact=fact, evidence=evidence, amends=amends is not None)
    fact = fact.model_copy(update=said_before(known, decision, piece=evidence))
    record, doubts = _doubts(known, decision, record=record, model=model)
    entries = said_of(record, known.people)
    fact = _with_family(fact, known, decision=decision, record=record, entries=entries)
    handed = handover(fact, policy)
    record = record.telling(evidence) if known.rules >= 2 else record
    if handed is not None:
        fact, evidence = _handed(message, handed, fact=fact, evidence=evidence, of=accepted)
    told = [handed] if handed else _review(fact, policy)
    further = (*_followed(fact, record), *_told_of_family(known, fact, decision=decision))
    return Outcome(
        state=Register(people=(record,), evidence={evidence.id: evidence}),
        facts=(fact, *further, *_amended(known, fact), *doubts),
        letters=(*told, *reviews(doubts, policy)),
    )


def _handed(
    message: Message,
    handed: Letter,
    *,
    fact: ChildLinked,
    evidence: Evidence,
    of: NotificationAccepted,
) -> tuple[ChildLinked, Evidence]:
    """Both with the letter by which the concern was handed over."""
    letter = letter_id(message.id, STEP.name, key=handed.key)
    told = fact.model_copy(update={"letter_id": letter})
    return told, _with_letter(evidence, letter, accepted=of)


def _of_concern(
    known: Register,
    accepted: NotificationAccepted,
    *,
    fact: ChildLinked,
    evidence: Evidence,
    amends: bool,
) -> ChildLinked:
    """With what it amends or tells again. Another agency's copy under a reference of its own amends
    nothing, and tells again (rules since 4).
    """
    told: dict[str, object] = {"version": 1} if known.rules >= 2 and not amends else {}
    if amends and _of_its_own(known, accepted):
        versions = tuple(piece.id for piece in _versions(known, accepted))
        told |= {"amends": accepted.first_referral_id, "versions": versions}
    elif known.rules >= (4 if amends else 2):
        told |= {"same_concern_as": evidence.again}
    return fact.model_copy(update=told | resent_from(known, evidence))


def _counted(
    known: Register, decision: Linkage, *, record: PersonRecord, piece: Evidence, policy: Policy
) -> Counted | None:
    """How many concerns there were of late; None for the first of a family."""
    if (decision.person or decision.family) is None or known.rules < 2:
        return None
    return count_of(known, record, piece=piece, policy=policy).counted


def _with_family(
    fact: ChildLinked,
    known: Register,
    *,
    decision: Linkage,
    record: PersonRecord,
    entries: tuple[KnownTo, ...],
) -> ChildLinked:
    """With what registers said of the child, what of it was compared where it is linked, and with
    its family.
    """
    fact = _with_entries(fact, entries)
    if known.subject is None:
        return fact
    found = dict[str, object]()
    if decision.outcome is LinkOutcome.LINKED and decision.person:
        found["checked"] = compared(known.subject, decision.person)
    if family := family_of(record, known.people, told=known.subject):
        found["family"] = family
    return fact.model_copy(update=found) if found else fact


def _with_letter(evidence: Evidence, letter: str, *, accepted: NotificationAccepted) -> Evidence:
    """With what went to the team, so that it can be sent again or taken back."""
    kept = {"notification": accepted.notification, "area": accepted.area, "letter": letter}
    return evidence.model_copy(update=kept)


def _with_entries(fact: ChildLinked, entries: tuple[KnownTo, ...]) -> ChildLinked:
    return fact.model_copy(update={"known_to": entries}) if entries else fact


def _followed(fact: ChildLinked, record: PersonRecord) -> Iterator[ConcernFollowed]:
    """Whoever decides on the child's latest referrals hears that there is a further one."""
    if fact.outcome is LinkOutcome.LINKED:
        others = [id_ for id_, _, _ in record.told if id_ != fact.referral_id]
        for earlier in others[-_TELLS:]:
            yield ConcernFollowed(
                referral_id=earlier,
                latest=earlier == others[-1],
                case_id=fact.case_id,
                further_referral_id=fact.referral_id,
                same_concern=fact.same_concern_as is not None or fact.version > 1,
            )


def _told_of_family(
    known: Register, fact: ChildLinked, *, decision: Linkage
) -> Iterator[FamilyConcern]:
    """Whoever decides on the latest referrals of the family's other children hears that there is a
    concern about this one (rules since 4).
    """
    if known.rules < 4 or known.kin is None or (decision.person or decision.family) is None:
        return
    for other in known.kin.members(fact.family_id)[:_MOST_KIN]:
        told = other.told[-_TELLS:] if other.person_id != fact.person_id else ()
        for earlier, _, _ in told:
            yield FamilyConcern(
                referral_id=earlier,
                case_id=other.profile.case_id,
                further_referral_id=fact.referral_id,
                same_concern=fact.same_concern_as is not None or fact.version > 1,
            )


def _versions(known: Register, accepted: NotificationAccepted) -> Iterator[Evidence]:
    """The earlier versions by its agency that are at hand."""
    for piece in known.evidence.values():
        own = piece.agency == accepted.agency and piece.id != accepted.referral_id
        if own and accepted.first_referral_id in (piece.id, piece.again):
            yield piece


def _amended(known: Register, fact: ChildLinked) -> Iterator[NotificationAmended]:
    """Each earlier version hears what its agency's words are now."""
    for id_ in fact.versions:
        yield NotificationAmended(
            referral_id=id_,
            case_id=known.evidence[id_].case_id,
            amended_by=fact.referral_id,
            version=fact.version,
            notification=fact.notification,
            allocated_to=fact.allocated_to,
        )


def _of_its_own(known: Register, accepted: NotificationAccepted) -> bool:
    """Whether the first version is the same agency's: another's copy amends nothing of its."""
    first = known.evidence.get(accepted.first_referral_id or "")
    return first is not None and first.agency == accepted.agency


def _amends(known: Register, accepted: NotificationAccepted, *, model: Model) -> Linkage | None:
    """An amendment is about its first version's child, unless it is plainly about another under the
    same reference.
    """
    record = _first_person(known, accepted)
    if record is None or known.subject is None:
        return None
    if known.rules >= 2 and (
        _is_new(known, accepted) or not _of_one(known, accepted, record=record)
    ):
        return None
    if link(known.subject, [record.profile], model=model).outcome is LinkOutcome.NEW:
        return None
    return Linkage(LinkOutcome.LINKED, record.profile, None, 0.0, (AMENDMENT,), ())


def _told_before(
    known: Register, accepted: NotificationAccepted, *, amends: Linkage | None, decision: Linkage
) -> str | None:
    """The referral that told of the concern first: version 1, or what this sends again under a new
    reference. By the first rules, each counts.
    """
    if known.rules < 2:
        return None
    return told_first(known, decision) if amends is None else accepted.first_referral_id


def _first_person(known: Register, accepted: NotificationAccepted) -> PersonRecord | None:
    """Whom the first notification under the reference is about."""
    first = known.evidence.get(accepted.first_referral_id or "")
    return known.person(first.person_id) if first else None


def _is_new(known: Register, accepted: NotificationAccepted) -> bool:
    """Whether it is a new concern, and the reference a number that the agency uses again."""
    first = known.evidence[accepted.first_referral_id or ""]
    return known.incoming is not None and is_another(known.incoming.account(), first.account())


def _of_one(known: Register, accepted: NotificationAccepted, *, record: PersonRecord) -> bool:
    """Whether what is told is of the first one's child, by more than the reference. Where nothing
    tells who it is, as of a child without a name, the words have to be the first one's.
    """
    assert known.subject is not None
    assert known.incoming is not None
    piece = known.evidence[accepted.first_referral_id or ""]
    first = piece.subject(known.rules)
    alone = found(first, person_id="", family_id="", case_id="")
    if any(told_apart(known.subject, profile) for profile in (record.profile, alone)):
        return False
    named = bool(known.subject.givens)
    if agrees(known.subject, record.profile, named=named):
        return True
    amended = is_amended(known.incoming.account(), piece.account())
    return amended and says_the_same(known.subject, first)


def _of_another(known: Register, accepted: NotificationAccepted, *, decision: Linkage) -> Linkage:
    """Compared like any other; whom the reference alone would have taken for the child is at most
    put to a human (rules since 2).
    """
    record = _first_person(known, accepted)
    if known.rules < 2 or record is None or decision.person is not record.profile:
        return decision
    if _of_one(known, accepted, record=record):
        return decision
    shown = Candidate(person_id=record.person_id, score=decision.score, reasons=decision.reasons)
    return decision._replace(
        outcome=LinkOutcome.REVIEW,
        person=None,
        candidates=(shown,),
        reasons=(ONE_REFERENCE, *decision.reasons),
    )


def _compared(known: Register, model: Model) -> Linkage:
    assert known.subject is not None
    decision = link(
        known.subject,
        [record.profile for record in known.people],
        model=model,
        oversized=known.oversized,
    )
    said = passed_over(known.oversized)
    return decision._replace(reasons=(*decision.reasons, *said)) if said else decision


def _record_after(
    known: Register, decision: Linkage, *, piece: Evidence | None, referral: bool
) -> PersonRecord:
    assert known.subject is not None
    assert piece is not None
    if decision.outcome is LinkOutcome.LINKED and decision.person is not None:
        record = known.person(decision.person.person_id)
        assert record is not None
        return record.with_evidence(piece, known.subject, referral=referral)
    family = decision.family.family_id if decision.family else derived_id("family", piece.id)
    return first_record(
        piece,
        known.subject,
        person_id=own_person(piece.id),
        family_id=family,
        case_id=derived_id("case", piece.id),
        referral=referral,
    )


def _doubts(
    known: Register, decision: Linkage, *, record: PersonRecord, model: Model
) -> tuple[PersonRecord, list[Doubt]]:
    """Second thoughts about a person linked to; about a provisional one the link review asks."""
    if decision.outcome is not LinkOutcome.LINKED:
        raised = tuple((c.person_id, c.score) for c in decision.candidates)
        return replace(record, raised=raised) if raised else record, []
    found: list[Doubt] = [
        *maybe_one(record, known.people, model=model, rules=known.rules),
        *maybe_two(record, model),
    ]
    return asked(record, found), found


def _held(evidence: Evidence, record: PersonRecord, *, decision: Linkage) -> Evidence:
    doubts = tuple(c.person_id for c in decision.candidates)
    return evidence.held_as(record.profile, doubts=doubts)


def _changed(evidence: Evidence | None, record: PersonRecord, *, decision: Linkage) -> Register:
    assert evidence is not None
    held = _held(evidence, record, decision=decision)
    return Register(people=(record,), evidence={held.id: held})


def _child_linked(
    accepted: NotificationAccepted,
    decision: Linkage,
    *,
    record: PersonRecord,
    model: Model,
    counted: Counted | None,
) -> ChildLinked:
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
        margin=decision.margin,
        reasons=decision.reasons,
        candidates=decision.candidates,
        model=model.version,
        earlier_referrals=record.referrals - 1,
        counted=counted,
        allocated_to=record.worker if certain else None,
        version=accepted.version,
        notification=accepted.notification,
    )


def _review(fact: ChildLinked, policy: Policy) -> list[Letter]:
    if fact.outcome is not LinkOutcome.REVIEW:
        return []
    notice = LinkReview(
        referral_id=fact.referral_id,
        case_id=fact.case_id,
        person_id=fact.person_id,
        candidates=fact.candidates,
        reasons=fact.reasons,
        notification=revealed(fact.notification),
    )
    return [Letter("link-review", agency=policy.lead_agency, notice=notice)]


def _allocated(record: PersonRecord, case: OpenCase) -> Worker | None:
    """The worker of the case; where it has none any more, the worker of another open case of the
    child stays.
    """
    before = record.worker
    return case.worker or (before if before and before.case_reference != case.reference else None)


def _open_case(
    known: Register, message: Message, *, received: OpenCaseReceived, policy: Policy
) -> Outcome[Register]:
    """The worker is allocated to the child that the case is certainly about (R9); in doubt, to a
    child of its own.
    """
    model = _model(policy.linkage_model)
    decision = _compared(known, model)
    record = _record_after(known, decision, piece=known.incoming, referral=False)
    record = replace(record, worker=_allocated(record, received.open_case))
    record, doubts = _doubts(known, decision, record=record, model=model)
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
    return Outcome(
        state=_changed(known.incoming, record, decision=decision),
        facts=(fact, *doubts, *changed(known, [record], policy=policy)),
        letters=tuple(reviews(doubts, policy)),
    )


def _entry(
    known: Register, received: RegisterEntryReceived, *, policy: Policy
) -> Outcome[Register]:
    """What a register says of a child goes to the child that the entry is certainly about; in
    doubt, to a child of its own, and a human is asked where that bears on a referral.
    """
    if not any(_feeds(received, check) for check in policy.checks):
        return refuse("refused.role", "system")
    model, said = _model(policy.linkage_model), received.entry.known_to()
    held = known.evidence.get(received.entry_id)
    if held is not None:
        return _entry_again(known, held, said=said, policy=policy)
    decision = _compared(known, model)
    record = _record_after(known, decision, piece=known.incoming, referral=False).entered(said)
    if decision.outcome is LinkOutcome.LINKED:
        record, doubts = _doubts(known, decision, record=record, model=model)
    else:
        referred = [one for one in known.people if one.referrals]
        doubts = list(maybe_one(record, referred, model=model, rules=known.rules))
        record = asked(record, doubts)
    fact = _entry_linked(received.entry_id, said, record=record, decision=decision, model=model)
    return Outcome(
        state=_changed(known.incoming, record, decision=decision),
        facts=(
            fact,
            *doubts,
            *changed(known, [record], policy=policy),
            *in_question(known, doubts, said=said),
        ),
        letters=tuple(reviews(doubts, policy)),
    )


def _feeds(received: RegisterEntryReceived, check: SystemCheck) -> bool:
    """Whether the entry is of a register that the agency gives the hub to answer from."""
    its = (check.system, check.agency, check.answered_by)
    return its == (received.entry.system, received.agency, "register")


def _entry_again(
    known: Register, held: Evidence, *, said: KnownTo, policy: Policy
) -> Outcome[Register]:
    """The same entry about the same child: no further evidence, but perhaps it has ended since."""
    if held.entry == said:
        return Outcome()
    record = known.known(held.person_id).entered(said)
    again = Linkage(LinkOutcome.LINKED, record.profile, None, 0.0, (AGAIN,), ())
    evidence = held.model_copy(update={"entry": said})
    model = _model(policy.linkage_model)
    return Outcome(
        state=Register(people=(record,), evidence={held.id: evidence}),
        facts=(
            _entry_linked(held.id, said, record=record, decision=again, model=model),
            *changed(known, [record], policy=policy),
        ),
    )


def _entry_linked(
    entry_id: str, said: KnownTo, *, record: PersonRecord, decision: Linkage, model: Model
) -> RegisterEntryLinked:
    return RegisterEntryLinked(
        entry_id=entry_id,
        known_to=said,
        person_id=record.profile.person_id,
        family_id=record.profile.family_id,
        case_id=record.profile.case_id,
        outcome=decision.outcome,
        score=decision.score,
        reasons=decision.reasons,
        candidates=decision.candidates,
        model=model.version,
    )


def _enquiry(known: Register, admitted: EnquiryAdmitted, *, policy: Policy) -> Outcome[Register]:
    """Who it is that a partner asks about. That somebody asks is no evidence: nothing is kept."""
    model = _model(policy.linkage_model)
    decision = _compared(known, model)
    found = [decision.person] if decision.person else []
    ids = [person.person_id for person in found] or [c.person_id for c in decision.candidates]
    shown = {one.person_id: one for one in decision.candidates}
    fact = EnquiryMatched(
        enquiry_id=admitted.enquiry_id,
        agency=admitted.agency,
        area=admitted.area,
        outcome=decision.outcome,
        reasons=decision.reasons,
        matches=tuple(
            _match(known, id_, decision=decision, candidate=shown.get(id_)) for id_ in ids
        ),
        model=model.version,
    )
    return Outcome(facts=(fact,))


def _may_be_known(record: PersonRecord, known: Register) -> Iterator[Evidence]:
    """The child's referrals that partners may hear of."""
    pieces = (known.evidence[id_] for id_ in record.evidence if id_ in known.evidence)
    return (piece for piece in pieces if piece.is_referral and not piece.kept_close)


def _match(
    known: Register, person_id: str, *, decision: Linkage, candidate: Candidate | None
) -> Match:
    record = known.known(person_id)
    return Match(
        person_id=person_id,
        case_id=record.profile.case_id,
        score=candidate.score if candidate else decision.score,
        reasons=candidate.reasons if candidate else decision.reasons,
        referrals=len({one.again or one.id for one in _may_be_known(record, known)}),
        allocated_to=record.worker,
        known_to=said_of(record, known.people),
    )


STEP = Step(
    name=STEP_NAME,
    hears=(
        NotificationAccepted,
        OpenCaseReceived,
        RegisterEntryReceived,
        EnquiryAdmitted,
        LinkDecided,
        PersonsDecided,
        SplitDecided,
        UndoDecided,
        AdultsDecided,
    ),
    state=Register,
    key=key,
    decide=decide,
)
