"""What humans decide about links: confirm, reject, merge, split, undo. Each is a fact, told to
everyone it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from router.linkage import Model, Profile
from router.linkage.stated import compared
from router.step import Outcome
from router.steps.link import rulings
from router.steps.link.adults import settle_adults, take_back_adults
from router.steps.link.again import left_behind, told_again
from router.steps.link.counting import KinAfter, count_of
from router.steps.link.doubts import asked, maybe_one, reviews
from router.steps.link.entries import changed, with_registers
from router.steps.link.handing_over import handover, outlined
from router.steps.link.register import STEP_NAME, Evidence, PersonRecord, Register, Ruling
from router.steps.link.rulings import Pair
from router.steps.now import Now
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    DecisionUndone,
    Found,
    LinkCorrected,
    LinkOutcome,
    OpenCaseLinked,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    RegisterEntryLinked,
    Stated,
    Worker,
)
from schemas.decisions import (
    AdultsDecided,
    AdultsDecision,
    LinkDecided,
    LinkDecision,
    PersonsDecided,
    PersonsDecision,
    Settled,
    SplitDecided,
    SplitDecision,
    UndoDecided,
    UndoDecision,
)
from schemas.letter import Letter, letter_id
from schemas.message import derived_id
from schemas.notices import LinksChanged, MovedReferral
from schemas.policy import Policy
from schemas.refusals import Refusal
from schemas.registers import KnownTo

HUMAN = "human"
"""Stands for the model where a human decided."""
_BY_A_HUMAN = ("decided by a human",)

Decision = LinkDecision | PersonsDecision | SplitDecision | UndoDecision | AdultsDecision


@dataclass(frozen=True, slots=True, repr=False)
class _Plan:
    """What a decision comes to: whose each piece of evidence is to be, who is not who, or what is
    taken back.

    ``known`` is the register with the person that the decision makes, if it makes one; ``one`` and
    ``other`` are the persons that the decision is about, the one whose case it is recorded under
    first.
    """

    known: Register
    one: str
    other: str
    whose: Mapping[str, str]
    apart: Sequence[Pair] = ()
    undoes: Ruling | None = None


def settle(
    known: Register, decided: Settled, *, id_: str, now: Now, model: Model
) -> Outcome[Register]:
    """Follow the decision with this id. Refused unless it is the lead agency's, by one of its
    social workers, about what is known, and possible.
    """
    if decided.agency != now.policy.lead_agency:
        return Outcome(refusal=Refusal("refused.role"))
    if not now.may_rate(decided.decision.decided_by):
        return Outcome(refusal=Refusal("refused.decision-maker", "decided_by"))
    outcome = _about_adults(known, decided, id_=id_)
    if outcome is not None:
        return outcome
    plan = _plan(known, decided, id_=id_)
    if plan is None:
        return Outcome()
    if isinstance(plan, Refusal):
        return Outcome(refusal=plan)
    outcome = _settled(plan, decided.decision, id_=id_, policy=now.policy)
    return (
        _with_doubts(plan, outcome, policy=now.policy, model=model)
        if isinstance(decided, LinkDecided)
        else outcome
    )


def _about_adults(known: Register, decided: Settled, *, id_: str) -> Outcome[Register] | None:
    """What comes of a decision about adults, or of taking one back; None for one about children."""
    if isinstance(decided, AdultsDecided):
        return settle_adults(known, decided, id_=id_)
    if not isinstance(decided, UndoDecided):
        return None
    ruling = known.rulings.get(decided.decision.decision_id)
    if ruling is None or ruling.adults is None or ruling.undone:
        return None
    return take_back_adults(known, ruling, ruled=ruling.adults, undo=decided.decision, id_=id_)


def _plan(known: Register, decided: Settled, *, id_: str) -> _Plan | Refusal | None:
    match decided:
        case LinkDecided():
            return _link(known, decided)
        case PersonsDecided(decision=persons):
            return _persons(known, persons)
        case SplitDecided(decision=split):
            return _split(known, split, id_=id_)
        case UndoDecided(decision=undo):
            return _undo(known, undo)
        case other:
            raise TypeError(other.type)


def own_person(evidence_id: str) -> str:
    """The id of the person whom evidence founds when it is of nobody known."""
    return derived_id("person", evidence_id)


def _link(known: Register, decided: LinkDecided) -> _Plan | Refusal:
    decision = decided.decision
    held = known.evidence.get(decision.referral_id)
    if held is None:
        return Refusal("refused.unknown-subject", "referral_id")
    if decided.picture_of(decision.referral_id) is None:
        return Refusal("refused.not-shown", "saw")
    own = own_person(held.id)
    if decision.person_id in (None, own):
        target = known.person(own) or _nobody(
            own, held.family_id, case_id=derived_id("case", held.id)
        )
        others = [known.standing(id_) for id_ in (held.person_id, *held.doubts)]
        apart = [(own, other.person_id) for other in others if other and other.person_id != own]
    else:
        found = known.standing(str(decision.person_id))
        if found is None:
            return Refusal("refused.unknown-subject", "person_id")
        target, apart = found, _no_longer(known, held, target=found)
    with_target = known if known.person(target.person_id) else _with(known, target)
    return _Plan(
        with_target,
        target.person_id,
        held.person_id,
        {held.id: target.person_id},
        tuple(dict.fromkeys(apart)),
    )


def _no_longer(known: Register, held: Evidence, *, target: PersonRecord) -> list[Pair]:
    """Whom a referral is found not to be about, where it had been linked to them; but not its own
    provisional person: what else was linked to that one meanwhile may well be about the same child.
    """
    source = known.known(held.person_id)
    same = source.person_id in (target.person_id, own_person(held.id))
    return [] if same or source.evidence == (held.id,) else [(source.person_id, target.person_id)]


def _persons(known: Register, decision: PersonsDecision) -> _Plan | Refusal | None:
    """None where the two are one already, as the answer to another question about them may have
    made them.
    """
    if decision.person_id == decision.other_person_id:
        return Refusal("invalid.value", "other_person_id")
    kept, other = known.standing(decision.person_id), known.standing(decision.other_person_id)
    if kept is None or other is None:
        return Refusal(
            "refused.unknown-subject", "person_id" if kept is None else "other_person_id"
        )
    if kept.person_id == other.person_id:
        return None if decision.same else Refusal("refused.closed", "other_person_id")
    ids = kept.person_id, other.person_id
    if decision.same:
        return _Plan(known, *ids, dict.fromkeys(other.evidence, kept.person_id))
    return _Plan(known, *ids, {}, (ids,))


def _split(known: Register, decision: SplitDecision, *, id_: str) -> _Plan | Refusal:
    source = known.standing(decision.person_id)
    if source is None:
        return Refusal("refused.unknown-subject", "person_id")
    for number, referral_id in enumerate(decision.referral_ids):
        if referral_id not in source.evidence:
            return Refusal("refused.unknown-subject", f"referral_ids[{number}]")
    if decision.to_person_id is None:
        target = _nobody(own_person(id_), source.profile.family_id, case_id=derived_id("case", id_))
        known = _with(known, target)
    elif (found := known.standing(decision.to_person_id)) is None:
        return Refusal("refused.unknown-subject", "to_person_id")
    elif found.person_id == source.person_id:
        return Refusal("refused.closed", "to_person_id")
    else:
        target = found
    ids = source.person_id, target.person_id
    left = set(source.evidence) - set(decision.referral_ids)
    return _Plan(
        known, *ids, dict.fromkeys(decision.referral_ids, target.person_id), (ids,) if left else ()
    )


def _undo(known: Register, decision: UndoDecision) -> _Plan | Refusal:
    ruling = known.rulings.get(decision.decision_id)
    if ruling is None:
        return Refusal("refused.unknown-subject", "decision_id")
    if ruling.undone:
        return Refusal("refused.closed", "decision_id")
    if rulings.overtaken(known, ruling):
        return Refusal("refused.overtaken", "decision_id")
    one = ruling.moves[0].from_person_id if ruling.moves else ruling.made[0].person_id
    whose = {
        m.evidence_id: m.from_person_id for m in ruling.moves if m.from_person_id != m.to_person_id
    }
    return _Plan(known, one, one, whose, undoes=ruling)


def _nobody(person_id: str, family_id: str, *, case_id: str) -> PersonRecord:
    return PersonRecord(Profile(person_id, family_id, case_id))


def _with(known: Register, person: PersonRecord) -> Register:
    return replace(known, people=(*known.people, person))


def _settled(plan: _Plan, decision: Decision, *, id_: str, policy: Policy) -> Outcome[Register]:
    known = plan.known
    if plan.undoes:
        after = rulings.take_back(known, plan.undoes)
    else:
        merges = isinstance(decision, PersonsDecision)
        after = rulings.carry_out(known, id_, whose=plan.whose, apart=plan.apart, merges=merges)
    moved = [(known.evidence[piece], after.evidence[piece]) for piece in plan.whose]
    linked = tuple(_links(known, after, moved=moved, decision=decision, id_=id_, policy=policy))
    if policy.checks:
        linked = tuple(with_registers(fact, known, after=after) for fact in linked)
    handed = _handed(known, after, moved=moved, linked=linked, policy=policy)
    letters = {one: letter_id(id_, STEP_NAME, key=letter.key) for one, letter in handed.items()}
    stay = {now.id: now.letter for was, now in moved if _stays(known, after, was=was, now=now)}
    wrong = {now.letter for _, now in moved if now.letter} - set(stay.values())
    by = stay | letters
    return Outcome(
        state=_with_letters(after, moved, letters=by),
        facts=(
            *(_with_worker(fact, known, after=after, letters=by) for fact in linked),
            *changed(known, after.people, policy=policy, but=[now.id for _, now in moved]),
            *left_behind(known, moved),
            *_closing(plan, moved, decision=decision, id_=id_),
        ),
        letters=(
            *handed.values(),
            *_changes(known, after, moved=moved, decision=decision, id_=id_, policy=policy),
        ),
        takes_back=tuple(sorted(wrong)),
    )


def _worker(known: Register, after: Register, *, person_id: str) -> Worker | None:
    """Of a person by now."""
    return (after.person(person_id) or known.known(person_id)).worker


def _stays(known: Register, after: Register, *, was: Evidence, now: Evidence) -> bool:
    """Whether a referral is with the team of the same worker's case as before."""
    worker = _worker(known, after, person_id=now.person_id)
    return bool(now.letter) and worker == known.known(was.person_id).worker is not None


def _handed(
    known: Register, after: Register, *, moved: Moved, linked: Sequence[Fact], policy: Policy
) -> dict[str, Letter]:
    """The letters that hand referrals over to the workers of the children that they are about now.

    Of what is linked anew, linking has the whole notification.
    """
    anew = {fact.referral_id: fact for fact in linked if isinstance(fact, ChildLinked)}
    handed = {id_: letter for id_, fact in anew.items() if (letter := handover(fact, policy))}
    for was, now in moved:
        worker = _worker(known, after, person_id=now.person_id)
        if worker is None or now.id in anew or not now.is_referral:
            continue
        if not _stays(known, after, was=was, now=now):
            handed[now.id] = outlined(now, worker, policy=policy)
    return handed


def _with_worker(
    fact: Fact, known: Register, *, after: Register, letters: Mapping[str, str | None]
) -> Fact:
    """A link, or its correction, with the worker whose team has it now, and by which letter."""
    if not isinstance(fact, ChildLinked | LinkCorrected):
        return fact
    worker = _worker(known, after, person_id=fact.person_id)
    said = {"allocated_to": worker, "letter_id": letters.get(fact.referral_id)}
    return fact.model_copy(update=said)


def _with_letters(after: Register, moved: Moved, *, letters: Mapping[str, str | None]) -> Register:
    """With the letter that hands each referral over by now, if any."""
    changed = {
        now.id: now.model_copy(update={"letter": letters.get(now.id)})
        for _, now in moved
        if now.letter != letters.get(now.id)
    }
    return replace(after, evidence={**after.evidence, **changed})


def _with_doubts(
    plan: _Plan, outcome: Outcome[Register], *, policy: Policy, model: Model
) -> Outcome[Register]:
    """Whether the child that a referral was found to be about is another one at hand too: known
    twice, it may be.
    """
    assert outcome.state is not None
    people = {record.person_id: record for record in (*plan.known.people, *outcome.state.people)}
    doubts = list(
        maybe_one(people[plan.one], list(people.values()), model=model, rules=plan.known.rules)
    )
    if not doubts:
        return outcome
    record = asked(people[plan.one], doubts)
    others = [other for other in outcome.state.people if other.person_id != record.person_id]
    return replace(
        outcome,
        state=replace(outcome.state, people=(*others, record)),
        facts=(*outcome.facts, *doubts),
        letters=(*outcome.letters, *reviews(doubts, policy)),
    )


Moved = Sequence[tuple[Evidence, Evidence]]
"""Evidence as it was held and as it is held now."""


def _links(
    known: Register,
    after: Register,
    *,
    moved: Moved,
    decision: Decision,
    id_: str,
    policy: Policy,
) -> Iterator[Fact]:
    for was, now in moved:
        record = after.person(now.person_id) or known.known(now.person_id)
        if now.open_case:
            yield _open_case_linked(now)
            continue
        if now.entry is not None:
            yield _entry_linked(now, now.entry)
            continue
        moved_to = known.person(now.person_id) if now.person_id != was.person_id else None
        checked = compared(now.subject(known.rules), moved_to.profile) if moved_to else {}
        yield _corrected(was, now, decision=decision, id_=id_, checked=checked)
        if now.notification is not None and record.worker != known.known(was.person_id).worker:
            yield _taken_up(now, record, known=known, after=after, policy=policy)


def _corrected(
    was: Evidence, now: Evidence, *, decision: Decision, id_: str, checked: dict[Stated, Found]
) -> LinkCorrected:
    return LinkCorrected(
        referral_id=now.id,
        from_person_id=was.person_id,
        from_case_id=was.case_id,
        person_id=now.person_id,
        family_id=now.family_id,
        case_id=now.case_id,
        decided_by=decision.decided_by,
        rationale=decision.rationale,
        decision_id=id_,
        revision=now.revision,
        in_doubt=now.settled_by is None,
        checked=checked,
    )


def _entry_linked(now: Evidence, said: KnownTo) -> RegisterEntryLinked:
    return RegisterEntryLinked(
        entry_id=now.id,
        known_to=said,
        person_id=now.person_id,
        family_id=now.family_id,
        case_id=now.case_id,
        outcome=LinkOutcome.LINKED,
        score=0.0,
        reasons=_BY_A_HUMAN,
        model=HUMAN,
    )


def _open_case_linked(now: Evidence) -> OpenCaseLinked:
    return OpenCaseLinked(
        person_id=now.person_id,
        family_id=now.family_id,
        case_id=now.case_id,
        outcome=LinkOutcome.LINKED,
        score=0.0,
        reasons=_BY_A_HUMAN,
        model=HUMAN,
        worker=now.worker,
    )


def _taken_up(
    now: Evidence, record: PersonRecord, *, known: Register, after: Register, policy: Policy
) -> ChildLinked:
    """A referral that had gone to the worker of a child whom it is not about is linked anew, and so
    rated after all.
    """
    assert now.notification is not None
    kin = KinAfter(known.kin, after) if known.kin else None
    count = count_of(replace(after, kin=kin), record, piece=now, policy=policy)
    return ChildLinked(
        referral_id=now.id,
        agency=now.agency,
        area=now.area,
        person_id=now.person_id,
        family_id=now.family_id,
        case_id=now.case_id,
        outcome=LinkOutcome.LINKED,
        score=0.0,
        reasons=_BY_A_HUMAN,
        model=HUMAN,
        earlier_referrals=record.referrals - 1,
        counted=count.counted,
        allocated_to=record.worker,
        notification=now.notification,
        known_to=record.known_to,
        **told_again(known, now),
    )


def _closing(plan: _Plan, moved: Moved, *, decision: Decision, id_: str) -> tuple[Fact, ...]:
    """What the decision came to as a whole, where its corrections do not say it all."""
    one, other = plan.known.known(plan.one).profile, plan.known.known(plan.other).profile
    said: dict[str, object] = {"decision_id": id_, "decided_by": decision.decided_by}
    said["rationale"] = decision.rationale
    referrals = {"referral_ids": tuple(now.id for _, now in moved if now.is_referral)}
    match decision:
        case PersonsDecision(same=True):
            return (_merged(one, other, said=said | referrals),)
        case PersonsDecision():
            return (_kept_apart(one, other, said=said),)
        case SplitDecision():
            return (_parted(one, other, said=said | referrals),)
        case UndoDecision(decision_id=undone):
            told = {"undone_decision_id": undone, "case_id": one.case_id}
            return (DecisionUndone.model_validate(told | said | referrals),)
        case _:
            return ()


def _merged(one: Profile, other: Profile, *, said: Mapping[str, object]) -> Fact:
    told = {
        "person_id": one.person_id,
        "family_id": one.family_id,
        "case_id": one.case_id,
        "absorbed_person_id": other.person_id,
        "absorbed_case_id": other.case_id,
    }
    return PersonsMerged.model_validate({**told, **said})


def _kept_apart(one: Profile, other: Profile, *, said: Mapping[str, object]) -> Fact:
    told = {
        "person_id": one.person_id,
        "case_id": one.case_id,
        "other_person_id": other.person_id,
        "other_case_id": other.case_id,
    }
    return PersonsKeptApart.model_validate({**told, **said})


def _parted(one: Profile, other: Profile, *, said: Mapping[str, object]) -> Fact:
    told = {
        "from_person_id": one.person_id,
        "from_case_id": one.case_id,
        "person_id": other.person_id,
        "family_id": other.family_id,
        "case_id": other.case_id,
    }
    return PersonSplit.model_validate({**told, **said})


def _changes(
    known: Register, after: Register, *, moved: Moved, decision: Decision, id_: str, policy: Policy
) -> Iterator[Letter]:
    """To the lead agency, and to the team of every worker whose child has a referral more or
    less.
    """
    told = [(was, now) for was, now in moved if was.person_id != now.person_id]
    if not told:
        return
    notice = LinksChanged(
        decision_id=id_,
        moved=tuple(_moved_referral(was, now) for was, now in told),
        decided_by=decision.decided_by,
        rationale=decision.rationale,
    )
    for agency in dict.fromkeys(
        [policy.lead_agency, *_teams(known, after, moved=told, policy=policy)]
    ):
        yield Letter(f"links-changed/{agency}", agency=agency, notice=notice)


def _moved_referral(was: Evidence, now: Evidence) -> MovedReferral:
    return MovedReferral(
        referral_id=now.id,
        from_person_id=was.person_id,
        from_case_id=was.case_id,
        person_id=now.person_id,
        case_id=now.case_id,
    )


def _teams(known: Register, after: Register, *, moved: Moved, policy: Policy) -> Iterable[str]:
    ids = dict.fromkeys(id_ for was, now in moved for id_ in (was.person_id, now.person_id))
    for id_ in ids:
        for record in (known.person(id_), after.person(id_)):
            if record is not None and record.worker is not None:
                yield policy.desk_of(record.worker.team)
