"""How likely a candidate is the notification's child, in bits of evidence (R12).

For each candidate three stories are weighed against 'somebody else': the same child, another child
of the same family, and a namesake. The score is the odds, in bits, of the first against all others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import inf, log2
from typing import NamedTuple

from router.linkage.called import best_given
from router.linkage.compare import (
    HOUSEHOLD,
    SELF,
    Levels,
    compare_facts,
    compare_household,
    compare_self,
)
from router.linkage.model import Model, Sums, added
from router.linkage.profile import Profile
from router.linkage.reasons import reasons
from router.linkage.subject import Subject


class Query(NamedTuple):
    """Whose child is asked for, and by which model."""

    subject: Subject
    model: Model
    given_rarity: float
    family_rarity: float
    """How rare the names are, in bits: of several names the rarest counts."""
    crowded: Collection[str] = ()
    """Phones and homes of so many families that they say nothing."""
    common: float = 0.0
    """Bits by which the name is commoner here than the model thinks."""


class Weighed(NamedTuple):
    """A candidate with its score and its levels of agreement, of ``FIELDS``; of ``SELF`` only where
    it is hopeless.
    """

    profile: Profile
    score: float
    levels: Levels
    kin: bool = False
    """Whether the doubt is mostly that it may be a brother or sister."""


def query(subject: Subject, model: Model, *, crowded: Collection[str] = ()) -> Query:
    """What is asked of each candidate."""
    given = _rarest(subject.givens, model.given_bits)
    return Query(subject, model, given, _rarest(subject.families, model.family_bits), crowded)


def reaches(asked: Query, profile: Profile, *, least: float) -> bool:
    """Whether ``profile`` may have so high a score: most have not, by what is quickly compared."""
    subject, model = asked.subject, asked.model
    given = best_given(subject.givens, profile.givens)
    most = model.reach(given, compare_facts(subject, profile)) + model.most
    return most + (model.most_middle if subject.middles and profile.middles else 0.0) >= least


def weigh(asked: Query, profile: Profile, *, levels: Levels | None = None) -> Weighed:
    """The odds that ``profile`` is the child asked for; the household is left out where it cannot
    matter. ``levels``: those of ``SELF``, where known.
    """
    subject, model = asked.subject, asked.model
    own = compare_self(subject, profile) if levels is None else levels
    same, family, namesake = _own_sums(asked, own)
    hope = same - family + model.most
    if subject.middles and profile.middles:
        hope += model.most_middle
    if hope < model.candidate_at:
        return Weighed(profile, round(hope, 2), own)
    household = compare_household(subject, profile, given=own[0], crowded=asked.crowded)
    same, family, namesake = added((same, family, namesake), model.household, levels=household)
    kin = family > max(asked.common, namesake)
    score = same - sum_of(asked.common, family, c=namesake)
    return Weighed(profile, round(score, 2), own + household, kin)


def weigh_all(asked: Query, candidates: Sequence[Profile]) -> list[Weighed]:
    """The candidates weighed, the likeliest first."""
    selves = [compare_self(asked.subject, candidate) for candidate in candidates]
    asked = asked._replace(common=_common(asked, candidates, selves=selves))
    pairs = zip(candidates, selves, strict=True)
    found = [weigh(asked, candidate, levels=levels) for candidate, levels in pairs]
    found.sort(key=_rank)
    return found


def explain(asked: Query, weighed: Weighed) -> tuple[str, ...]:
    """In words, what speaks for and against the candidate being the child, and how strongly."""
    found = [table[level] for table, level in zip(asked.model.tables, weighed.levels, strict=False)]
    bits = [same for same, _, _, _ in found]
    bits[0] += found[0][3] * asked.given_rarity
    bits[1] += found[1][3] * asked.family_rarity
    return reasons(weighed.levels, bits)


def kinship(asked: Query, weighed: Weighed) -> float:
    """Bits for the same family: the surname and the household, whatever speaks for or against the
    child itself.
    """
    model, levels = asked.model, weighed.levels[-len(HOUSEHOLD) :]
    if len(weighed.levels) == len(model.own):
        levels = compare_household(
            asked.subject, weighed.profile, given=weighed.levels[0], crowded=asked.crowded
        )
    _, family, _ = added((0.0, model.prior_family, 0.0), model.household, levels=levels)
    _, surname, _, weight = model.own[1][weighed.levels[1]]
    return family + surname + (weight * asked.family_rarity if weight else 0.0)


def odds(asked: Query, levels: Levels) -> Sums:
    """The weight of all levels, in the order of ``FIELDS``, and of how rare the names are."""
    own, household = levels[: len(SELF)], levels[len(SELF) :]
    *sums, given, surname = asked.model.own_sums(own)
    same, family, namesake = added(
        (sums[0], sums[1], sums[2]), asked.model.household, levels=household
    )
    more = given * asked.given_rarity + surname * asked.family_rarity
    return same + more, family + more, namesake + more


def sum_of(a: float, b: float, *, c: float = -inf) -> float:
    """The logarithm of the sum of the numbers that these are logarithms of."""
    top = max(a, b, c)
    return top + log2(2.0 ** (a - top) + 2.0 ** (b - top) + 2.0 ** (c - top))


def _own_sums(asked: Query, levels: Levels) -> Sums:
    """A rare name that agrees says more: its bits speak for the same child, the family and the
    namesake alike.
    """
    same, family, namesake, given, surname = asked.model.own_sums(levels)
    if not given and not surname:
        return same, family, namesake
    more = given * asked.given_rarity + surname * asked.family_rarity
    return same + more, family + more, namesake + more


def _common(asked: Query, candidates: Sequence[Profile], *, selves: Sequence[Levels]) -> float:
    """Bits by which the subject's name is commoner here than the model thinks: others known of the
    very same name.
    """
    days = {
        candidate.births[0]
        for candidate, levels in zip(candidates, selves, strict=True)
        if levels[:2] == (0, 0) and candidate.births
    }
    if len(days) < 2:
        return 0.0
    rarity = asked.given_rarity + asked.family_rarity
    return max(0.0, rarity + asked.model.prior_same + log2(len(days) - 1))


def _rarest(values: tuple[str, ...], bits: Callable[[str], float]) -> float:
    return bits(values[0]) if len(values) == 1 else max(map(bits, values), default=0.0)


def _rank(weighed: Weighed) -> tuple[float, str]:
    return -weighed.score, weighed.profile.person_id
