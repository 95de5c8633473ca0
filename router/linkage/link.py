"""Which known child a notification is about: linked, for review, or new (R12); two children as one
is the worst error.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from typing import Final, NamedTuple

from router.linkage import pregnancy
from router.linkage.adults import Adult, split_adult
from router.linkage.compare import SELF, Levels, Match, Twin, compare_household, compare_self
from router.linkage.dates import Agreement, was_grown
from router.linkage.keys import crowd_keys, keys
from router.linkage.model import Model
from router.linkage.names import Likeness, family_likeness
from router.linkage.near import are_near
from router.linkage.profile import Profile, as_subject, extend, found
from router.linkage.rules import NEWEST
from router.linkage.subject import Subject, is_called
from router.linkage.weigh import (
    Query,
    Weighed,
    explain,
    kinship,
    odds,
    query,
    sum_of,
    weigh,
    weigh_all,
)
from schemas.case import Candidate, LinkOutcome

_TWIN: Final = SELF.index("twin")
_MOST_CANDIDATES: Final = 5
_MOST_KIN: Final = 5
_BIRTHDAYS: Final = (Agreement.EXACT, Agreement.FIRST, Agreement.SWAPPED, Agreement.SLIP)
_SAME_DAY: Final = (Agreement.EXACT, Agreement.FIRST, Agreement.ROUND)
_NO_ONE: Final = ("nobody known resembles this child",)
_WIDER: Final = 6.0
"""By how much less likely candidates are shown where too little is told for any to be likely."""
_TOO_LITTLE: Final = "too little is told to know the child by it"
_NEAR_NAME: Final = "against: another first name that is near, as twins may have"
_WHICH_TWIN: Final = "against: which of the twins it is, is not told"
_GROWN: Final = "against: an adult's date of birth is told, as a parent of the same name may have"
_CROWD: Final = 3
"""Families of whom a phone or home says nothing any more."""


class Linkage(NamedTuple):
    """What linking came to. ``family`` is a member of the family that a new child most likely
    belongs to.
    """

    outcome: LinkOutcome
    person: Profile | None
    family: Profile | None
    score: float
    reasons: tuple[str, ...]
    candidates: tuple[Candidate, ...] = ()
    margin: float | None = None
    """How far the best candidate is ahead of the next, in bits; None where nobody else comes into
    question.
    """


def link(
    subject: Subject,
    candidates: Sequence[Profile],
    *,
    model: Model,
    oversized: Set[int] = frozenset(),
) -> Linkage:
    """Decide among ``candidates``, which may be in any order and need not hold the right child.

    ``oversized``: keys of the subject under which the store has too many persons to have looked at
    them all, and which say nothing. A child who has no others is for a human to find.
    """
    asked = query(subject, model, crowded=crowds(subject, candidates, oversized=oversized))
    ranked = weigh_all(asked, candidates)
    best = ranked[0] if ranked else None
    margin = round(ranked[0].score - ranked[1].score, 2) if len(ranked) > 1 else None
    score, said = (best.score, explain(asked, best)) if best else (0.0, _NO_ONE)
    sure, why = _surely(asked, ranked)
    said = (*why, *said)
    if best and sure:
        return Linkage(LinkOutcome.LINKED, best.profile, best.profile, score, said, (), margin)
    family = _family(asked, ranked)
    if best and (_worth_a_look(best, model) or any(map(_namesake, ranked[:_MOST_CANDIDATES]))):
        shown = _shown(asked, ranked, least=model.candidate_at)
        return Linkage(LinkOutcome.REVIEW, None, family, score, said, shown, margin)
    if not identifiable(subject, model):
        shown = _shown(asked, ranked, least=model.candidate_at - _WIDER)
        return Linkage(LinkOutcome.REVIEW, None, family, score, (_TOO_LITTLE, *said), shown, margin)
    hidden = not ranked and bool(oversized) and oversized >= keys(subject)
    return Linkage(LinkOutcome.REVIEW if hidden else LinkOutcome.NEW, None, family, score, said)


def _surely(asked: Query, ranked: Sequence[Weighed]) -> tuple[bool, tuple[str, ...]]:
    """Whether it is surely the best of the candidates, and what a human has to know besides."""
    if not ranked:
        return False, ()
    subject, best = asked.subject, ranked[0]
    expected = pregnancy.is_one(subject, best.profile, levels=best.levels)
    if best.score < _needed(best.levels, asked.model) and not expected:
        return False, ()
    if not _alone(asked, ranked):
        return False, ()
    if _maybe_twin(subject, best):
        return False, (_NEAR_NAME,)
    if _maybe_parent(subject, best.profile):
        return False, (_GROWN,)
    if _either_twin(subject, best):
        return False, (_WHICH_TWIN,)
    if pregnancy.are_others(subject, best.profile, levels=best.levels):
        return False, (pregnancy.OTHER_MOTHER,)
    return True, (pregnancy.ONE_PREGNANCY,) if expected else ()


def identifiable(subject: Subject, model: Model) -> bool:
    """Whether the same, told once more, would be known to be the same child, were there no
    namesake.

    If not, as without a first name or with nothing but a name, it takes a human to know the child.
    """
    alone = subject._replace(incident="")
    itself = found(alone, person_id="", family_id="", case_id="")
    own = compare_self(alone, itself)
    levels = own + compare_household(alone, itself, given=own[0], crowded=())
    same, family, _ = odds(query(alone, model), levels)
    return same - sum_of(0.0, family) >= _needed(levels, model)


def _needed(levels: Levels, model: Model) -> float:
    """What a link takes: more without birthdays, as nothing else surely tells brothers, cousins and
    namesakes apart.
    """
    undated = levels[2] not in _BIRTHDAYS and Match.SAME not in levels[4:6]
    return model.link_at + (model.undated if undated else 0.0)


def _worth_a_look(best: Weighed, model: Model) -> bool:
    """Whether the best candidate is likely enough for a human to be asked."""
    return best.score >= (model.review_kin_at if best.kin else model.review_at)


def _maybe_twin(subject: Subject, best: Weighed) -> bool:
    """Whether a name near the child's may be a twin's (rules since 2): only a number tells then."""
    if subject.rules < 2 or Match.SAME in best.levels[4:6]:
        return False
    return are_near(subject.givens, best.profile.givens)


def _either_twin(subject: Subject, best: Weighed) -> bool:
    """Whether several are told of and not, of both, which of them it is (rules since 4): a name or
    a number of its own tells then.
    """
    if subject.rules < 4 or best.levels[_TWIN] != Twin.ONE:
        return False
    named = best.levels[0] <= Likeness.VARIANT and is_called(subject)
    return not named and Match.SAME not in best.levels[4:6]


def _maybe_parent(subject: Subject, profile: Profile) -> bool:
    """Whether an adult's date of birth is told, and the candidate was a child on that day: father
    and son may share a name, a home and a telephone (rules since 3).
    """
    births = (*profile.births, *profile.estimates)
    return subject.grown and not all(was_grown(day, subject.seen) for day in births)


def _namesake(weighed: Weighed) -> bool:
    """Same name, same accurate birthday, no number against it: never passed over without a human's
    look.
    """
    given, family, birth, _, nhs, upn, *_ = weighed.levels
    alike = given <= Likeness.VARIANT and family <= Likeness.VARIANT and birth in _SAME_DAY
    return alike and nhs != Match.OTHER and upn != Match.OTHER


def resemblance(
    a: Profile, b: Profile, *, model: Model, crowded: Collection[str] = (), rules: int = NEWEST
) -> float:
    """The odds in bits that two persons are one child; high ones are for a human to look at
    (merge).
    """
    if b.person_id in a.not_same or a.person_id in b.not_same:
        return -100.0
    return weigh(query(as_subject(a, rules), model, crowded=crowded), b).score


def crowds(
    subject: Subject, candidates: Sequence[Profile], *, oversized: Set[int]
) -> frozenset[str]:
    """Phones and homes that three or more families of the candidates have: a professional's, a
    hostel's. By rules since 3 three surnames are as many families, whatever the hub took for one.
    """
    if len(candidates) < _CROWD and not oversized:
        return frozenset()
    crowded = set()
    for value in (*subject.phones, *subject.addresses):
        there = [c for c in candidates if value in c.phones or value in c.addresses]
        families = len({c.family_id for c in there})
        if families < _CROWD <= len(there) and subject.rules >= 3:
            families = _surnames(there)
        if families >= _CROWD or (oversized and frozenset() < crowd_keys(value) <= oversized):
            crowded.add(value)
    return frozenset(crowded | _busy(subject, candidates))


def _surnames(people: Sequence[Profile]) -> int:
    """How many surnames they have that are not alike; who is known by two has one."""
    groups: list[set[str]] = []
    for person in people:
        if person.families:
            same = [group for group in groups if _are_alike(group, person.families)]
            groups = [group for group in groups if group not in same]
            groups.append(set(person.families).union(*same))
    return len(groups)


def _are_alike(some: Collection[str], others: Collection[str]) -> bool:
    return any(family_likeness(a, b) <= Likeness.PART for a in some for b in others)


def _busy(subject: Subject, candidates: Sequence[Profile]) -> set[str]:
    """Adults whom children of several families have: professionals, or a name that many bear (rules
    since 2).
    """
    if subject.rules < 2:
        return set()
    families: dict[Adult, set[str]] = {}
    for candidate in candidates:
        for adult in candidate.adults:
            who = split_adult(adult)._replace(role="")
            families.setdefault(who, set()).add(candidate.family_id)
    return {
        adult
        for adult in subject.adults
        if len(families.get(split_adult(adult)._replace(role=""), ())) >= _CROWD
    }


def _alone(asked: Query, ranked: Sequence[Weighed]) -> bool:
    """Whether no other candidate comes near the best one, but for the same child known twice since
    an open review.

    The link is wrong only if the notification is about the other one, and that one is not the best
    one's child: so the other is compared with the best one as it would be with this notification.
    Two that a human has told apart are alike enough to be confused: between them it takes as much
    as a link does.
    """
    best, model, rules = ranked[0], asked.model, asked.subject.rules
    apart = best.profile.not_same
    near = (
        w.profile
        for w in ranked[1:_MOST_CANDIDATES]
        if best.score - w.score < (model.link_at if w.profile.person_id in apart else model.margin)
    )
    return all(
        resemblance(
            extend(p, asked.subject), best.profile, model=model, crowded=asked.crowded, rules=rules
        )
        >= model.same_at
        for p in near
    )


def _shown(asked: Query, ranked: Sequence[Weighed], *, least: float) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(person_id=w.profile.person_id, score=w.score, reasons=explain(asked, w))
        for w in ranked[:_MOST_CANDIDATES]
        if w.score >= least
    )


def _family(asked: Query, ranked: Sequence[Weighed]) -> Profile | None:
    """The candidate most likely of the child's family, whether or not it is the child."""
    best, most = None, asked.model.family_at
    for weighed in ranked[:_MOST_KIN]:
        bits = max(weighed.score, kinship(asked, weighed))
        if bits > most:
            best, most = weighed.profile, bits
    return best
