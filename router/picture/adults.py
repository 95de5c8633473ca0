"""The adults named beside children: persons of their own, each known again in other families (R13).

What whoever notified does not reveal, and who is protected, is told of nobody elsewhere: it links
no adults and stands in no other family's picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

from router.linkage.adult_model import AdultModel
from router.linkage.same_adult import (
    KnownAdult,
    Verdict,
    Weighed,
    contradict,
    joined,
    keys_of,
    known_adult,
    weigh_adults,
)
from router.linkage.text import fold
from router.steps.link.register import AdultMarks, Evidence
from schemas.message import derived_id
from schemas.person import GPS, Name, RelatedPerson

CHILDREN: Final = frozenset({"sibling", "brother", "sister", "half_sibling", "twin", "child"})
"""Relations of those who are children themselves."""


@dataclass(frozen=True, slots=True, repr=False)
class Mention:
    """An adult as one piece of evidence names them; ``number`` is the place in it."""

    piece: Evidence
    number: int
    one: RelatedPerson

    @property
    def id(self) -> str:
        """The same for the same mention, whoever looks."""
        return derived_id("adult", self.piece.id, str(self.number))


@dataclass(frozen=True, slots=True, repr=False)
class Adult:
    """An adult of one family, or of several, with everything that was told of them."""

    known: KnownAdult
    mentions: tuple[Mention, ...]
    """Oldest first."""
    keys: frozenset[int]
    """What children are filed under who have this adult beside them."""

    def with_another(self, other: Adult) -> Adult:
        """Both as one."""
        together = sorted((*self.mentions, *other.mentions), key=_order)
        known, keys = joined(self.known, other.known), self.keys | other.keys
        return Adult(known, tuple(together), keys)


@dataclass(frozen=True, slots=True, repr=False)
class Elsewhere:
    """An adult of other families who is the same one, or may be, and why."""

    adult: Adult
    weighed: Weighed
    settled: bool = False
    """Whether a human has said that they are one."""


@dataclass(frozen=True, slots=True, repr=False)
class RelatedAdult:
    """An adult of the family that a picture is about."""

    adult: Adult
    model: str
    """The version by which others were compared."""
    same: tuple[Elsewhere, ...] = ()
    may_be: tuple[Elsewhere, ...] = ()

    @property
    def id(self) -> str:
        """By the first mention anywhere: whoever looks from another family sees the same one."""
        mentions = [m for one in (self.adult, *(e.adult for e in self.same)) for m in one.mentions]
        return min(mentions, key=_order).id


def called(name: Name) -> tuple[str, ...]:
    """A name as compared where nothing else is."""
    return (*map(fold, name.given_name), *map(fold, name.family_name))


def mentions_of(told: Iterable[Evidence]) -> list[Mention]:
    """Every adult that is named in these, oldest first."""
    found = [
        Mention(piece, number, one)
        for piece in told
        for number, one in enumerate(piece.child.related_person)
        if one.relationship not in CHILDREN | GPS
    ]
    return sorted(found, key=_order)


def adults_of(
    told: Iterable[Evidence], *, family_id: str, hidden: Collection[str], model: AdultModel
) -> list[Adult]:
    """The adults of one family whom other families may be searched for.

    ``hidden``: evidence that is not revealed.
    """
    alike: dict[KnownAdult, Adult] = {}
    for mention in mentions_of(told):
        piece, one = mention.piece, mention.one
        if piece.id in hidden or one.protected:
            continue
        known = known_adult(one, piece.child, child_id=piece.person_id, family_id=family_id)
        if known is not None:
            said, new = known._replace(children=frozenset()), _named(known, mention)
            alike[said] = alike[said].with_another(new) if said in alike else new
    found: list[Adult] = []
    for adult in alike.values():
        _add(found, adult, model=model)
    return found


def _named(known: KnownAdult, mention: Mention) -> Adult:
    return Adult(known, (mention,), keys_of(known))


def _add(found: list[Adult], new: Adult, *, model: AdultModel) -> None:
    """To the adult of the family who is surely the same one; else as another."""
    same = _same(new, found, model=model)
    if not same:
        found.append(new)
        return
    place = next(n for n, one in enumerate(found) if one is same[0].adult)
    found[place] = found[place].with_another(new)


@dataclass(frozen=True, slots=True, repr=False)
class SaidOfAdults:
    """What humans have said of adults, by the ids of how they are named: one, or two."""

    by_id: Mapping[str, AdultMarks] = field(default_factory=dict)

    def of(self, one: Adult, other: Adult) -> bool | None:
        """Whether the two are one; None where nobody has said. Who is said to be both one and two,
        as adults are since found to be one, is two.
        """
        if not self.by_id:
            return None
        theirs = {mention.id for mention in other.mentions}
        said = [
            mark.same
            for mention in one.mentions
            for mark in self.by_id.get(mention.id, _NOTHING).marks
            if mark.other_adult_id in theirs
        ]
        return all(said) if said else None


_NOTHING: Final = AdultMarks()
NOBODY_SAID: Final = SaidOfAdults()


def related(
    adult: Adult, others: Sequence[Adult], *, model: AdultModel, said: SaidOfAdults = NOBODY_SAID
) -> RelatedAdult:
    """Who of these others is the same adult, and who may be.

    What a human has said stands. What one of them tells may show another to be the same. Where two
    of them cannot be one, neither is surely this one: a human has to look.
    """
    settled, open_ = list[Adult](), list(others)
    if said.by_id:
        by_humans = {id(one): said.of(adult, one) for one in others}
        settled = [one for one in others if by_humans[id(one)]]
        open_ = [one for one in others if by_humans[id(one)] is None]
    direct = _same(adult, comparable(adult, open_), model=model)
    doubtful = [one for one in direct if _is_contradicted(one, direct)]
    same = [replace(one, settled=True) for one in _weighed(adult, settled, model=model)]
    whole = reduce(Adult.with_another, settled, adult)
    left = [one for one in open_ if all(one is not doubt.adult for doubt in doubtful)]
    while found := _same(whole, _comparable(whole, left, said=said), model=model):
        same.append(found[0])
        left.remove(found[0].adult)
        whole = whole.with_another(found[0].adult)
    weighed = _weighed(whole, _comparable(whole, left, said=said), model=model)
    may_be = (one for one in weighed if one.weighed.verdict is Verdict.MAY_BE)
    return RelatedAdult(adult, model.version, tuple(same), (*doubtful, *may_be))


def _comparable(whole: Adult, others: Iterable[Adult], *, said: SaidOfAdults) -> list[Adult]:
    """Who may be this adult, but for whom humans have said to be another."""
    return [one for one in comparable(whole, others) if said.of(whole, one) is not False]


def comparable(adult: Adult, others: Iterable[Adult]) -> list[Adult]:
    """Those who may be this adult by a key that they share."""
    return [one for one in others if not adult.keys.isdisjoint(one.keys)]


def _weighed(whole: Adult, others: Sequence[Adult], *, model: AdultModel) -> list[Elsewhere]:
    """These others, the likeliest first."""
    found = [Elsewhere(one, weigh_adults(whole.known, one.known, model=model)) for one in others]
    return sorted(found, key=lambda one: (-one.weighed.score, _order(one.adult.mentions[0])))


def _same(whole: Adult, others: Sequence[Adult], *, model: AdultModel) -> list[Elsewhere]:
    found = _weighed(whole, others, model=model)
    return [one for one in found if one.weighed.verdict is Verdict.SAME]


def _is_contradicted(one: Elsewhere, same: Sequence[Elsewhere]) -> bool:
    others = (other for other in same if other is not one)
    return any(contradict(one.adult.known, other.adult.known) for other in others)


def _order(mention: Mention) -> tuple[object, str, int]:
    piece = mention.piece
    return (piece.received_at or piece.observed_at, piece.id, mention.number)
