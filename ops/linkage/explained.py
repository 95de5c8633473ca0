"""How a notification was linked, and what humans decided since, in words and without personal data
(R46).

Told is what was recorded when it was decided. Nothing is compared again: a newer model may see it
otherwise, and has no say in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.look.reading import Readable
from router.linkage.reasons import STRENGTHS
from router.steps.link.settling import HUMAN
from schemas.base import Fact
from schemas.case import (
    Candidate,
    ChildLinked,
    DecisionUndone,
    LinkCorrected,
    MergeSuggested,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    SplitSuggested,
)
from stores import codec, linking
from stores.trail import Entry

_AGAINST = "against: "
_SINCE = (
    LinkCorrected,
    MergeSuggested,
    SplitSuggested,
    PersonsMerged,
    PersonsKeptApart,
    PersonSplit,
    DecisionUndone,
)


@dataclass(frozen=True, slots=True)
class Reason:
    """What was found in one field, whether it spoke for the child, and how strongly, where that was
    recorded.
    """

    speaks_for: bool
    says: str
    strength: str | None


@dataclass(frozen=True, slots=True)
class Considered:
    """A child that it may have been about. ``odds``: how many to one that it is, in words."""

    person_id: str
    score: float
    odds: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """Something that happened to the link, the person or the case since; ``id`` of the decision, if
    it was one.
    """

    at: str
    what: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One decision: what came of it, under which model, why, how clear it was; and where the
    referral is now.
    """

    referral_id: str
    agency: str
    version: int
    decided_at: str
    decided_by: str
    """The version of the model, or ``human``."""
    outcome: str
    person_id: str
    family_id: str
    case_id: str
    score: float
    odds: str | None
    """None where nothing was compared: of an amendment, a human's decision, a child whom nobody
    resembles.
    """
    ahead_of_the_next: float | None
    """Bits between the best candidate and the second; None where there was no second one, or it was
    not recorded.
    """
    reasons: tuple[Reason, ...]
    candidates: tuple[Considered, ...]
    since: tuple[Later, ...]
    now_person_id: str
    now_case_id: str


def explain(hub: Readable, wanted: str) -> list[Explained]:
    """Every linking decision that an id leads to, in order; empty where it leads to none. Raises
    ``Unavailable``.
    """
    with hub.database.reading() as connection:
        vault = hub.database.vault
        referrals = linking.referrals_of(connection, wanted)
        linked = linking.about(connection, vault, ids=referrals, types=[ChildLinked, LinkCorrected])
        cases = {id_ for entry in linked for id_ in _cases(entry.message.data)}
        later = linking.about(connection, vault, ids={*referrals, *cases}, types=_SINCE)
    return [
        _explained(entry.message.data, entry, later)
        for entry in linked
        if isinstance(entry.message.data, ChildLinked)
        and entry.message.data.referral_id in referrals
    ]


def _cases(fact: Fact) -> Iterator[str]:
    match fact:
        case ChildLinked(case_id=case_id):
            yield case_id
        case LinkCorrected(case_id=case_id, from_case_id=from_case_id):
            yield from (case_id, from_case_id)


def _explained(linked: ChildLinked, entry: Entry, later: Sequence[Entry]) -> Explained:
    mine = [e for e in later if e.position > entry.position and _concerns(e.message.data, linked)]
    moves = [e.message.data for e in mine if isinstance(e.message.data, LinkCorrected)]
    ours = [move for move in moves if move.referral_id == linked.referral_id]
    return Explained(
        referral_id=linked.referral_id,
        agency=linked.agency,
        version=linked.version,
        decided_at=_moment(entry.recorded_at),
        decided_by=linked.model,
        outcome=linked.outcome.value,
        person_id=linked.person_id,
        family_id=linked.family_id,
        case_id=linked.case_id,
        score=linked.score,
        odds=odds(linked.score) if linked.score else None,
        ahead_of_the_next=linked.margin,
        reasons=_reasons(linked.reasons),
        candidates=tuple(map(_considered, linked.candidates)),
        since=tuple(Later(_moment(e.recorded_at), *_told(e.message.data)) for e in mine),
        now_person_id=ours[-1].person_id if ours else linked.person_id,
        now_case_id=ours[-1].case_id if ours else linked.case_id,
    )


def _concerns(fact: Fact, linked: ChildLinked) -> bool:
    """Its own corrections, and what was asked or decided about its person; not what moved the
    person's other ones.
    """
    return not isinstance(fact, LinkCorrected) or fact.referral_id == linked.referral_id


def _considered(candidate: Candidate) -> Considered:
    return Considered(
        candidate.person_id, candidate.score, odds(candidate.score), _reasons(candidate.reasons)
    )


def _reasons(said: Sequence[str]) -> tuple[Reason, ...]:
    return tuple(map(_reason, said))


def _reason(text: str) -> Reason:
    says, bracket, strength = text.removesuffix(")").rpartition(" (")
    known = bool(bracket) and strength in STRENGTHS
    told = says if known else text
    return Reason(
        not told.startswith(_AGAINST), told.removeprefix(_AGAINST), strength if known else None
    )


def odds(bits: float) -> str:
    """Bits of evidence as people say odds: ``about 1,000 to 1``."""
    times = 2.0 ** min(abs(bits), 40.0)
    if times < 1.5:
        return "even"
    rounded = f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.1f}"
    return f"about {rounded} to 1" + (" against" if bits < 0 else "")


def _moment(micros: int) -> str:
    return codec.from_micros(micros).isoformat()


def _told(fact: Fact) -> tuple[str, str | None]:
    """What it was, in words, and the decision's id."""
    match fact:
        case LinkCorrected() as moved if moved.from_person_id == moved.person_id:
            return f"a human confirmed person {moved.person_id}", moved.decision_id
        case LinkCorrected() as moved:
            return (
                f"a human's decision moved it to person {moved.person_id}, case {moved.case_id}",
                moved.decision_id,
            )
        case MergeSuggested() as asked:
            return (
                f"a human was asked whether {asked.person_id} and {asked.other_person_id} "
                "are one child",
                None,
            )
        case SplitSuggested() as asked:
            said = ", ".join(asked.reasons)
            return (
                f"a human was asked whether person {asked.person_id} is two children ({said})",
                None,
            )
        case PersonsMerged() as merged:
            return (
                f"a human merged {merged.absorbed_person_id} into {merged.person_id}",
                merged.decision_id,
            )
        case PersonsKeptApart() as apart:
            return (
                f"a human verified that {apart.person_id} is not {apart.other_person_id}",
                apart.decision_id,
            )
        case PersonSplit() as split:
            count = len(split.referral_ids)
            return (
                f"a human split {split.from_person_id}: {count} to person {split.person_id}",
                split.decision_id,
            )
        case DecisionUndone() as undone:
            return f"a human undid the decision {undone.undone_decision_id}", undone.decision_id
        case _:
            return fact.type, None


def in_words(one: Explained) -> Iterator[str]:
    """The explanation as lines for people."""
    yield f"{one.referral_id}  from {one.agency}, version {one.version}"
    outcome = f"{_OUTCOMES[one.outcome]}  person {one.person_id}, case {one.case_id}"
    yield f"  {one.decided_at[:19]}Z  {outcome}"
    yield f"    decided by {'a human' if one.decided_by == HUMAN else f'model {one.decided_by}'}"
    if one.odds is not None:
        yield f"    score {one.score} bits: {one.odds}{_ahead(one)}"
    yield from _lines(one.reasons, "    ")
    for number, candidate in enumerate(one.candidates, start=1):
        score = f"{candidate.score} bits: {candidate.odds}"
        yield f"    candidate {number}: person {candidate.person_id}, {score}"
        yield from _lines(candidate.reasons, "      ")
    for later in one.since:
        yield f"  {later.at[:19]}Z  {later.what}" + (f"  (decision {later.id})" if later.id else "")
    if one.outcome == "review" and one.now_person_id == one.person_id and not one.since:
        yield "  nobody has decided about it yet"
    yield f"  now: person {one.now_person_id}, case {one.now_case_id}"


_OUTCOMES = {
    "linked": "linked to",
    "review": "put to a human; meanwhile a provisional",
    "new": "taken for a new",
}


def _ahead(one: Explained) -> str:
    return (
        ""
        if one.ahead_of_the_next is None
        else f"; {one.ahead_of_the_next} bits before the next candidate"
    )


def _lines(reasons: Sequence[Reason], indent: str) -> Iterator[str]:
    for reason in reasons:
        strength = f"  ({reason.strength})" if reason.strength else ""
        yield f"{indent}{'for' if reason.speaks_for else 'against':<8} {reason.says}{strength}"
