"""How a notification was linked, and what humans decided since, without personal data (R46).

Told is what was recorded when it was decided. Nothing is compared again: a newer model may see it
otherwise, and has no say in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.look.reading import Readable
from router.linkage.reasons import STRENGTHS
from router.steps.link.settling import HUMAN
from schemas.base import Fact
from schemas.case import (
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


@dataclass(frozen=True, slots=True)
class Reason:
    """What was found in one field, whether it spoke for the child, and how strongly if recorded."""

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
    """What happened to the link, the person or the case since; ``id``: the decision's, if any."""

    at: str
    what: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One decision: what, by which model, why, how clear; and where the referral is now."""

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
    """None where nothing was compared: an amendment, a human's decision, nobody alike."""
    ahead_of_the_next: float | None
    """Bits between the best candidate and the second; None without one, or if not recorded."""
    reasons: tuple[Reason, ...]
    candidates: tuple[Considered, ...]
    since: tuple[Later, ...]
    now_person_id: str
    now_case_id: str


def explain(hub: Readable, wanted: str) -> list[Explained]:
    """Every linking decision that an id leads to, in order. Raises ``Unavailable``."""
    with hub.database.reading() as connection:
        vault = hub.database.vault
        referrals = linking.referrals_of(connection, wanted)
        linked = linking.about(connection, vault, referrals, [ChildLinked, LinkCorrected])
        cases = {id_ for entry in linked for id_ in _cases(entry.message.data)}
        later = linking.about(connection, vault, {*referrals, *cases}, list(_SAID))
    return [
        _explained(entry.message.data, entry, later=later)
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


def _explained(linked: ChildLinked, entry: Entry, *, later: Sequence[Entry]) -> Explained:
    mine = [e for e in later if e.position > entry.position and _concerns(e.message.data, linked)]
    moves = [e.message.data for e in mine if isinstance(e.message.data, LinkCorrected)]
    now = next(reversed(moves), linked)
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
        reasons=tuple(map(_reason, linked.reasons)),
        candidates=tuple(
            Considered(one.person_id, one.score, odds(one.score), tuple(map(_reason, one.reasons)))
            for one in linked.candidates
        ),
        since=tuple(map(_later, mine)),
        now_person_id=now.person_id,
        now_case_id=now.case_id,
    )


def _concerns(fact: Fact, linked: ChildLinked) -> bool:
    """Its own corrections, and what was asked or decided about its person, not its others."""
    return not isinstance(fact, LinkCorrected) or fact.referral_id == linked.referral_id


def _reason(text: str) -> Reason:
    says, bracket, strength = text.removesuffix(")").rpartition(" (")
    known = bool(bracket) and strength in STRENGTHS
    told = says if known else text
    against = told.startswith(_AGAINST)
    return Reason(not against, told.removeprefix(_AGAINST), strength if known else None)


def odds(bits: float) -> str:
    """Bits of evidence as people say odds: ``about 1,000 to 1``."""
    times = 2.0 ** min(abs(bits), 40.0)
    if times < 1.5:
        return "even"
    rounded = f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.1f}"
    return f"about {rounded} to 1" + (" against" if bits < 0 else "")


def _moment(micros: int) -> str:
    return codec.from_micros(micros).isoformat()


_SAID: Mapping[type[Fact], str] = {
    LinkCorrected: "a human's decision moved it to person {0.person_id}, case {0.case_id}",
    MergeSuggested: "a human was asked whether {0.person_id} and {0.other_person_id} are one child",
    SplitSuggested: "a human was asked whether person {0.person_id} is two children ({reasons})",
    PersonsMerged: "a human merged {0.absorbed_person_id} into {0.person_id}",
    PersonsKeptApart: "a human verified that {0.person_id} is not {0.other_person_id}",
    PersonSplit: "a human split {0.from_person_id}: {count} to person {0.person_id}",
    DecisionUndone: "a human undid the decision {0.undone_decision_id}",
}


def _later(entry: Entry) -> Later:
    fact = entry.message.data
    said = _SAID[type(fact)]
    if isinstance(fact, LinkCorrected) and fact.from_person_id == fact.person_id:
        said = "a human confirmed person {0.person_id}"
    reasons = ", ".join(getattr(fact, "reasons", ()))
    count = len(getattr(fact, "referral_ids", ()))
    told = said.format(fact, reasons=reasons, count=count)
    return Later(_moment(entry.recorded_at), told, getattr(fact, "decision_id", None))


def in_words(one: Explained) -> Iterator[str]:
    """The explanation as lines for people."""
    yield f"{one.referral_id}  from {one.agency}, version {one.version}"
    outcome = f"{_OUTCOMES[one.outcome]}  person {one.person_id}, case {one.case_id}"
    yield f"  {one.decided_at[:19]}Z  {outcome}"
    yield f"    decided by {'a human' if one.decided_by == HUMAN else f'model {one.decided_by}'}"
    margin = one.ahead_of_the_next
    if one.odds is not None:
        ahead = "" if margin is None else f"; {margin} bits before the next candidate"
        yield f"    score {one.score} bits: {one.odds}{ahead}"
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


def _lines(reasons: Sequence[Reason], indent: str) -> Iterator[str]:
    for reason in reasons:
        strength = f"  ({reason.strength})" if reason.strength else ""
        yield f"{indent}{'for' if reason.speaks_for else 'against':<8} {reason.says}{strength}"
