"""Which known child a notification is about: linked, for review, or new (R12); two children as one
is the worst error.

For each candidate three stories are weighed against 'somebody else': the same child, another child
of the same family, and a namesake. The score is the odds, in bits, of the first against all others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass, replace
from math import log2
from typing import Final

from router.linkage.compare import HOUSEHOLD, Levels, Match, compare_household, compare_self
from router.linkage.dates import Agreement
from router.linkage.keys import crowd_keys, keys
from router.linkage.model import Model, Table
from router.linkage.names import Likeness
from router.linkage.profile import Profile, as_subject, extend, found
from router.linkage.reasons import reasons
from router.linkage.subject import Subject
from schemas.case import Candidate, LinkOutcome

_MOST_CANDIDATES: Final = 5
_MOST_KIN: Final = 5
_BIRTHDAYS: Final = (Agreement.EXACT, Agreement.SWAPPED, Agreement.SLIP)
_NO_ONE: Final = ("nobody known resembles this child",)
_WIDER: Final = 6.0
"""By how much less likely candidates are shown where too little is told for any to be likely."""
_TOO_LITTLE: Final = "too little is told to know the child by it"


@dataclass(frozen=True, slots=True)
class Linkage:
    """What linking came to. ``family`` is a member of the family that a new child most likely
    belongs to.
    """

    outcome: LinkOutcome
    person: Profile | None
    family: Profile | None
    score: float
    reasons: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    margin: float | None = None
    """How far the best candidate is ahead of the next, in bits; None where nobody else comes into
    question.
    """


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with its score and its levels of agreement, of ``FIELDS``; of ``SELF`` only where
    it is hopeless.
    """

    profile: Profile
    score: float
    levels: Levels
    kin: bool = False
    """Whether the doubt is mostly that it may be a brother or sister."""


def link(
    subject: Subject,
    candidates: Sequence[Profile],
    model: Model,
    *,
    oversized: Set[int] = frozenset(),
) -> Linkage:
    """Decide among ``candidates``, which may be in any order and need not hold the right child.

    ``oversized`` are the keys of the subject under which the store has too many persons to have
    looked at them all: a phone or home of that many is a professional's or a hostel's and says
    nothing. A child who could be looked for under no others is for a human to find.
    """
    crowded = crowds(subject, candidates, oversized)
    selves = [compare_self(subject, c) for c in candidates]
    common = _common(subject, candidates, selves, model)
    pairs = zip(candidates, selves, strict=True)
    ranked = sorted(
        [_weigh(subject, c, model, levels, crowded, common) for c, levels in pairs], key=_rank
    )
    best = ranked[0] if ranked else None
    margin = round(ranked[0].score - ranked[1].score, 2) if len(ranked) > 1 else None
    score, said = (best.score, explain(subject, best, model)) if best else (0.0, _NO_ONE)
    if best and best.score >= _needed(best, model) and _alone(subject, ranked, model, crowded):
        return Linkage(LinkOutcome.LINKED, best.profile, best.profile, score, said, (), margin)
    family = _family(subject, ranked, model, crowded)
    if best and (_worth_a_look(best, model) or any(map(_namesake, ranked[:_MOST_CANDIDATES]))):
        shown = _shown(subject, ranked, model, model.candidate_at)
        return Linkage(LinkOutcome.REVIEW, None, family, score, said, shown, margin)
    if not identifiable(subject, model):
        shown = _shown(subject, ranked, model, model.candidate_at - _WIDER)
        return Linkage(LinkOutcome.REVIEW, None, family, score, (_TOO_LITTLE, *said), shown, margin)
    hidden = not ranked and bool(oversized) and oversized >= set(keys(subject))
    return Linkage(LinkOutcome.REVIEW if hidden else LinkOutcome.NEW, None, family, score, said, ())


def identifiable(subject: Subject, model: Model) -> bool:
    """Whether the same, told once more, would be known to be the same child, were there no
    namesake.

    If not, as without a first name or with nothing but a name, it takes a human to know the child.
    """
    alone = replace(subject, incident="")
    itself = found(alone, person_id="", family_id="", case_id="")
    own = compare_self(alone, itself)
    levels = own + compare_household(alone, itself, own[0], ())
    same, family, _ = odds(alone, levels, model)
    return same - _sum_of(0.0, family) >= _needed(Weighed(itself, 0.0, levels), model)


def _needed(weighed: Weighed, model: Model) -> float:
    """What a link takes: more without birthdays, as nothing else surely tells brothers, cousins and
    namesakes apart.
    """
    undated = weighed.levels[2] not in _BIRTHDAYS and Match.SAME not in weighed.levels[4:6]
    return model.link_at + (model.undated if undated else 0.0)


def _worth_a_look(best: Weighed, model: Model) -> bool:
    """Whether the best candidate is likely enough for a human to be asked."""
    return best.score >= (model.review_kin_at if best.kin else model.review_at)


def _namesake(weighed: Weighed) -> bool:
    """Same name, same accurate birthday, no number against it: never passed over without a human's
    look.
    """
    given, family, birth, _, nhs, upn, *_ = weighed.levels
    alike = given <= Likeness.VARIANT and family <= Likeness.VARIANT and birth == Agreement.EXACT
    return alike and nhs != Match.OTHER and upn != Match.OTHER


def weigh(
    subject: Subject, profile: Profile, model: Model, crowded: Collection[str] = ()
) -> Weighed:
    """The odds that ``profile`` is the notification's child; the household is left out where it
    cannot matter.
    """
    return _weigh(subject, profile, model, compare_self(subject, profile), crowded, 0.0)


def _weigh(
    subject: Subject,
    profile: Profile,
    model: Model,
    levels: Levels,
    crowded: Collection[str],
    common: float,
) -> Weighed:
    sums = _add((model.prior_same, model.prior_family, model.prior_namesake), model.own, levels)
    sums = _add_rarity(sums, subject, model, levels)
    hope = (
        sums[0]
        - sums[1]
        + model.most
        + (model.most_middle if subject.middles and profile.middles else 0.0)
    )
    if hope < model.candidate_at:
        return Weighed(profile, round(hope, 2), levels)
    household = compare_household(subject, profile, levels[0], crowded)
    same, family, namesake = _add(sums, model.household, household)
    kin = family > max(common, namesake)
    return Weighed(
        profile, round(same - _sum_of(common, family, namesake), 2), levels + household, kin
    )


def resemblance(a: Profile, b: Profile, model: Model, crowded: Collection[str] = ()) -> float:
    """The odds in bits that two persons are one child; high ones are for a human to look at
    (merge).
    """
    if b.person_id in a.not_same or a.person_id in b.not_same:
        return -100.0
    return weigh(as_subject(a), b, model, crowded).score


Sums = tuple[float, float, float]
"""Bits for the same child, another child of the family, a namesake, each against anybody else."""


def odds(subject: Subject, levels: Levels, model: Model) -> Sums:
    """What all levels, in the order of ``FIELDS``, and how rare the names are speak for."""
    priors = (model.prior_same, model.prior_family, model.prior_namesake)
    return _add_rarity(_add(priors, model.own + model.household, levels), subject, model, levels)


def _add(sums: Sums, tables: tuple[Table, ...], levels: Levels) -> Sums:
    same, family, namesake = sums
    for table, level in zip(tables, levels, strict=True):
        s, f, n, _ = table[level]
        same += s
        family += f
        namesake += n
    return same, family, namesake


def _add_rarity(sums: Sums, subject: Subject, model: Model, levels: Levels) -> Sums:
    """A rare name that agrees says more: its bits speak for the same child, the family and the
    namesake alike.
    """
    more = 0.0
    if weight := model.own[0][levels[0]][3]:
        more += weight * _rarest(subject.givens, model.given_bits)
    if weight := model.own[1][levels[1]][3]:
        more += weight * _rarest(subject.families, model.family_bits)
    return sums[0] + more, sums[1] + more, sums[2] + more


def _common(
    subject: Subject, candidates: Sequence[Profile], selves: list[Levels], model: Model
) -> float:
    """Bits by which the subject's name is commoner here than the model thinks: others known of the
    very same name.
    """
    days = {
        c.births[0]
        for c, levels in zip(candidates, selves, strict=True)
        if c.births and levels[:2] == (0, 0)
    }
    if len(days) < 2:
        return 0.0
    rarity = _rarest(subject.givens, model.given_bits) + _rarest(
        subject.families, model.family_bits
    )
    return max(0.0, rarity + model.prior_same + log2(len(days) - 1))


def _rarest(values: tuple[str, ...], bits: Callable[[str], float]) -> float:
    return bits(values[0]) if len(values) == 1 else max(map(bits, values), default=0.0)


def _sum_of(*logs: float) -> float:
    top = max(logs)
    return top + log2(sum([2.0 ** (x - top) for x in logs]))


def _rank(weighed: Weighed) -> tuple[float, str]:
    return -weighed.score, weighed.profile.person_id


def crowds(subject: Subject, candidates: Sequence[Profile], oversized: Set[int]) -> frozenset[str]:
    """Phones and homes that three or more families of the candidates have: a professional's, a
    hostel's.
    """
    crowded = set()
    for value in (*subject.phones, *subject.addresses):
        families = {c.family_id for c in candidates if value in c.phones or value in c.addresses}
        if len(families) > 2 or (oversized and frozenset() < crowd_keys(value) <= oversized):
            crowded.add(value)
    return frozenset(crowded)


def _alone(subject: Subject, ranked: list[Weighed], model: Model, crowded: Collection[str]) -> bool:
    """Whether no other candidate comes near the best one, but for the same child known twice since
    an open review.

    The link is wrong only if the notification is about the other one, and that one is not the best
    one's child: so the other is compared with the best one as it would be with this notification.
    Two that a human has told apart are alike enough to be confused: between them it takes as much
    as a link does.
    """
    best = ranked[0]
    apart = best.profile.not_same
    near = (
        w.profile
        for w in ranked[1:_MOST_CANDIDATES]
        if best.score - w.score < (model.link_at if w.profile.person_id in apart else model.margin)
    )
    return all(
        resemblance(extend(p, subject), best.profile, model, crowded) >= model.same_at for p in near
    )


def _shown(
    subject: Subject, ranked: list[Weighed], model: Model, least: float
) -> tuple[Candidate, ...]:
    likely = [w for w in ranked[:_MOST_CANDIDATES] if w.score >= least]
    return tuple(
        Candidate(person_id=w.profile.person_id, score=w.score, reasons=explain(subject, w, model))
        for w in likely
    )


def explain(subject: Subject, weighed: Weighed, model: Model) -> tuple[str, ...]:
    """In words, what speaks for and against the candidate being the notification's child, and how
    strongly.
    """
    tables = model.own + model.household
    found = [table[level] for table, level in zip(tables, weighed.levels, strict=False)]
    rarity = [
        _rarest(subject.givens, model.given_bits),
        _rarest(subject.families, model.family_bits),
    ]
    rarity += [0.0] * (len(found) - len(rarity))
    bits = [same + weight * rare for (same, _, _, weight), rare in zip(found, rarity, strict=True)]
    return reasons(weighed.levels, bits)


def _family(
    subject: Subject, ranked: list[Weighed], model: Model, crowded: Collection[str]
) -> Profile | None:
    """The candidate most likely of the child's family, whether or not it is the child."""
    best, most = None, model.family_at
    for weighed in ranked[:_MOST_KIN]:
        bits = max(weighed.score, _kinship(subject, weighed, model, crowded))
        if bits > most:
            best, most = weighed.profile, bits
    return best


def _kinship(subject: Subject, weighed: Weighed, model: Model, crowded: Collection[str]) -> float:
    """Bits for the same family: the surname and the household, whatever speaks for or against the
    child itself.
    """
    levels = weighed.levels[-len(HOUSEHOLD) :]
    if len(weighed.levels) == len(model.own):
        levels = compare_household(subject, weighed.profile, weighed.levels[0], crowded)
    _, family, _ = _add((0.0, model.prior_family, 0.0), model.household, levels)
    _, surname, _, weight = model.own[1][weighed.levels[1]]
    return (
        family
        + surname
        + (weight * _rarest(subject.families, model.family_bits) if weight else 0.0)
    )
