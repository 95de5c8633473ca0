"""Which known child a notification is about: linked, for review, or new (R12); two children as one is the worst error.

For each candidate three stories are weighed against 'somebody else': the same child, another child of the same family,
and a namesake. The score is the odds, in bits, of the first against all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

from router.linkage.compare import Levels, levels
from router.linkage.model import Model
from router.linkage.names import family_bits, given_bits
from router.linkage.profile import Profile, as_subject
from router.linkage.reasons import reasons
from router.linkage.subject import Subject
from schemas.case import Candidate, LinkOutcome

_MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Linkage:
    """What linking came to. ``family`` is a member of the family that a new child most likely belongs to."""

    outcome: LinkOutcome
    person: Profile | None
    family: Profile | None
    score: float
    reasons: tuple[str, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with its levels of agreement, its score and the bits that speak for the same family."""

    profile: Profile
    levels: Levels
    score: float
    kinship: float


def link(subject: Subject, candidates: Sequence[Profile], model: Model) -> Linkage:
    """Decide among ``candidates``, which may be in any order and need not hold the right child."""
    shared = _crowded(subject, candidates)
    ranked = sorted((weigh(subject, c, model, shared) for c in candidates), key=_rank)
    if not ranked:
        return Linkage(LinkOutcome.NEW, None, None, 0.0, ("nobody known resembles this child",), ())
    best = ranked[0]
    family = _family(ranked, model)
    if best.score >= model.link_at and _alone(ranked, model, shared):
        return Linkage(LinkOutcome.LINKED, best.profile, best.profile, best.score, reasons(best.levels), ())
    if best.score >= model.review_at:
        likely = [w for w in ranked[:_MOST_CANDIDATES] if w.score >= model.candidate_at]
        shown = tuple(
            Candidate(person_id=w.profile.person_id, score=w.score, reasons=reasons(w.levels)) for w in likely
        )
        return Linkage(LinkOutcome.REVIEW, None, family, best.score, reasons(best.levels), shown)
    return Linkage(LinkOutcome.NEW, None, family, best.score, reasons(best.levels), ())


def weigh(subject: Subject, profile: Profile, model: Model, shared: frozenset[str] = frozenset()) -> Weighed:
    """The odds that ``profile`` is the notification's child; ``shared`` are phones and homes of too many to count."""
    agreed = levels(subject, profile, shared)
    same, family, namesake = model.prior_same, model.prior_family, model.prior_namesake
    rarity = (_rarest(subject.givens, given_bits), _rarest(subject.families, family_bits))
    for field, level in enumerate(agreed):
        s, f, n, rare = model.tables[field][level]
        more = rare * rarity[field] if rare else 0.0
        same, family, namesake = same + s + more, family + f + more, namesake + n + more
    return Weighed(profile, agreed, round(same - _sum_of(0.0, family, namesake), 2), round(family, 2))


def _rank(weighed: Weighed) -> tuple[float, str]:
    return -weighed.score, weighed.profile.person_id


def _rarest(values: tuple[str, ...], bits: Callable[[str], float]) -> float:
    return max(map(bits, values), default=0.0)


def _sum_of(*logs: float) -> float:
    top = max(logs)
    return top + log2(sum(2.0 ** (x - top) for x in logs))


def _crowded(subject: Subject, candidates: Sequence[Profile]) -> frozenset[str]:
    """Phones and homes that three or more families of the candidates have: a professional's, a hostel."""
    crowded = set()
    for value in (*subject.phones, *subject.addresses):
        families = {c.family_id for c in candidates if value in c.phones or value in c.addresses}
        if len(families) > 2:
            crowded.add(value)
    return frozenset(crowded)


def _alone(ranked: list[Weighed], model: Model, shared: frozenset[str]) -> bool:
    """Whether each candidate that comes near the best one is the same child, known twice since an open review."""
    best = ranked[0]
    near = (w for w in ranked[1:_MOST_CANDIDATES] if best.score - w.score < model.margin)
    return all(resemblance(w.profile, best.profile, model, shared) >= model.same_at for w in near)


def resemblance(a: Profile, b: Profile, model: Model, shared: frozenset[str] = frozenset()) -> float:
    """The odds in bits that two persons are one child; high ones are for a human to look at (merge)."""
    return weigh(as_subject(a), b, model, shared).score


def _family(ranked: list[Weighed], model: Model) -> Profile | None:
    best = max(ranked, key=lambda w: max(w.kinship, w.score))
    return best.profile if max(best.kinship, best.score) >= model.family_at else None
