"""Whether two adults whom notifications name beside children are one (R13, R14): never by the name
alone, and surely only where nothing speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from router.linkage.adult_model import (
    FIELDS,
    AdultModel,
    Beside,
    Number,
    Role,
    Shared,
)
from router.linkage.adults import Adult, split_adult
from router.linkage.dates import Agreement, compare_round
from router.linkage.keys import adult_keys
from router.linkage.marks import marks_of, numbers, telephones
from router.linkage.names import Likeness, family_likeness, given_likeness
from router.linkage.near import near
from router.linkage.places import Nearness, nearest
from router.linkage.readings import reading
from router.linkage.reasons import strength
from router.linkage.rules import NEWEST
from schemas.person import Person, RelatedPerson

_HOUSEHOLD: Final = frozenset(
    {"mother", "father", "parent", "guardian", "carer", "step_parent", "partner_of_parent"}
)
"""Who mostly lives where the child does."""
_WOMEN: Final = frozenset({"mother", "stepmother", "grandmother", "aunt"})
_MEN: Final = frozenset({"father", "stepfather", "grandfather", "uncle"})
_LOOSE: Final = frozenset({"guardian", "carer", "parent", "other"})
"""What anybody may be called."""
_BIRTHDAYS: Final = (Agreement.EXACT, Agreement.FIRST)
_OTHER_DAY: Final = (Agreement.FAR_YEAR, Agreement.CLOSE, Agreement.OTHER)
_AT: Final = {field: number for number, field in enumerate(FIELDS)}
Birth = tuple[int, bool]
"""A day of birth as an ordinal, and whether it is an estimate."""


class KnownAdult(NamedTuple):
    """What is told of one adult, by one notification or by several, as compared."""

    adults: tuple[Adult, ...]
    births: tuple[Birth, ...] = ()
    numbers: frozenset[str] = frozenset()
    """``system|value`` of each."""
    telephones: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    home_telephones: frozenset[str] = frozenset()
    """Of the children's households, for those who mostly live there."""
    homes: tuple[str, ...] = ()
    children: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()


class Verdict(Enum):
    """What comparing two adults came to."""

    SAME = "same"
    MAY_BE = "may be"
    OTHER = "other"


class Weighed(NamedTuple):
    """Whether two adults are one, and by how many bits."""

    verdict: Verdict
    score: float
    levels: tuple[int, ...]
    """Of ``FIELDS``, and ..."""
    bits: tuple[float, ...]
    """... how far each speaks for it."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in plain words."""
        return _reasons(self.levels, self.bits)


def known_adult(
    one: RelatedPerson, child: Person, *, child_id: str, family_id: str
) -> KnownAdult | None:
    """An adult as one notification tells of them beside a child; None for who has no name, as
    'Mum' has none.
    """
    read = reading(NEWEST)
    told = read.adult(one)
    if not told:
        return None
    adult = split_adult(told)
    lives_there = adult.role in _HOUSEHOLD
    estimated = one.date_of_birth is not None and one.date_of_birth.accuracy_indicator != "AAA"
    return KnownAdult(
        adults=(adult,),
        births=((int(adult.born), estimated),) if adult.born else (),
        numbers=frozenset(numbers(one.identifier)),
        telephones=frozenset(telephones(one.contact, read)),
        addresses=read.homes(one.address),
        home_telephones=frozenset(telephones(child.contact, read) if lives_there else ()),
        homes=read.homes(child.address) if lives_there else (),
        children=frozenset({child_id}),
        families=frozenset({family_id}),
    )


def joined(one: KnownAdult, other: KnownAdult) -> KnownAdult:
    """What is told of an adult by both."""
    return KnownAdult(
        adults=tuple(dict.fromkeys(one.adults + other.adults)),
        births=tuple(dict.fromkeys(one.births + other.births)),
        numbers=one.numbers | other.numbers,
        telephones=one.telephones | other.telephones,
        addresses=tuple(dict.fromkeys(one.addresses + other.addresses)),
        home_telephones=one.home_telephones | other.home_telephones,
        homes=tuple(dict.fromkeys(one.homes + other.homes)),
        children=one.children | other.children,
        families=one.families | other.families,
    )


def weigh_adults(one: KnownAdult, other: KnownAdult, *, model: AdultModel) -> Weighed:
    """Whether they are one: surely, perhaps (for a human), or not."""
    (given, rare), (family, rare_family) = _given(one, other), _family(one, other)
    levels = (given, family, *_facts(one, other))
    rarity = (model.given_bits(rare), model.family_bits(rare_family))
    bits = [table[level][0] for table, level in zip(model.tables, levels, strict=True)]
    bits[0] += model.tables[0][given][1] * rarity[0]
    bits[1] += model.tables[1][family][1] * rarity[1]
    score = round(model.prior + sum(bits), 2)
    sure = score >= model.link_at and _surely(one, other, levels=levels)
    verdict = Verdict.SAME if sure else Verdict.MAY_BE
    if score < model.may_be_at or _clash(levels):
        verdict = Verdict.OTHER
    return Weighed(verdict, score, levels, tuple(bits))


def adult_marks(known: KnownAdult) -> list[str]:
    """Numbers and telephones of an adult as children are filed by them."""
    return marks_of(known.numbers, known.telephones)


def keys_of(known: KnownAdult) -> frozenset[int]:
    """The keys under which children are filed who have this adult beside them: adults of several
    families are compared where they share one.
    """
    return adult_keys(known.adults, adult_marks(known))


def may_be_called(known: KnownAdult, told: Adult) -> bool:
    """Whether an adult may be this one by the name or the birthday, looked at quickly."""
    return any(
        given_likeness(one.given, told.given) != Likeness.OTHER
        and (
            one.born == told.born != "" or family_likeness(one.family, told.family) < Likeness.OTHER
        )
        for one in known.adults
    )


def contradict(one: KnownAdult, other: KnownAdult) -> bool:
    """Whether what is told of both cannot be told of one adult."""
    return _clash((_given(one, other)[0], _family(one, other)[0], *_facts(one, other)))


def _facts(one: KnownAdult, other: KnownAdult) -> tuple[int, ...]:
    """The levels of all fields but the names."""
    return (
        _birth(one.births, other.births),
        _number(one.numbers, other.numbers),
        _telephone(one, other),
        _address(one, other),
        _beside(one, other),
        _role(one, other),
    )


def _surely(one: KnownAdult, other: KnownAdult, *, levels: Sequence[int]) -> bool:
    """Whether a second thing agrees besides the name, which is no other one that is near it."""
    given, birth = levels[_AT["given"]], levels[_AT["birth"]]
    dated = birth in _BIRTHDAYS
    numbered = levels[_AT["number"]] == Number.SAME
    together = levels[_AT["beside"]] != Beside.OTHER
    shared = min(levels[_AT["telephone"]], levels[_AT["address"]]) <= Shared.HOUSEHOLD
    if not (dated or numbered or together or shared):
        return False
    most = Likeness.SHORT
    if dated or numbered:
        most = Likeness.TYPO
    elif together:
        most = Likeness.INITIAL
    called = given <= most or (given == Likeness.GENERIC and (dated or numbered or together))
    return called and (numbered or not _near(one, other))


def _near(one: KnownAdult, other: KnownAdult) -> bool:
    """Whether all that they are called alike by are names near each other, as brothers have."""
    pairs = [
        (a.given, b.given)
        for a in one.adults
        for b in other.adults
        if given_likeness(a.given, b.given) <= Likeness.PART
    ]
    return bool(pairs) and all(near(a, b) for a, b in pairs)


def _clash(levels: Sequence[int]) -> bool:
    """Whether one adult cannot be both: another birthday, another number, or a man and a woman.

    A number that is the same outweighs a birthday that differs.
    """
    if levels[_AT["role"]] == Role.SEX or levels[_AT["number"]] == Number.OTHER:
        return True
    return levels[_AT["birth"]] in _OTHER_DAY and levels[_AT["number"]] != Number.SAME


def _given(one: KnownAdult, other: KnownAdult) -> tuple[int, str]:
    """The closest likeness of given names, and the name that agrees."""
    pairs = ((given_likeness(a.given, b.given), a.given) for a in one.adults for b in other.adults)
    return min(pairs)


def _family(one: KnownAdult, other: KnownAdult) -> tuple[int, str]:
    pairs = (
        (family_likeness(a.family, b.family), a.family) for a in one.adults for b in other.adults
    )
    return min(pairs)


def _birth(mine: Sequence[Birth], theirs: Sequence[Birth]) -> int:
    found = [compare_round(*a, *b) for a in mine for b in theirs]
    return min(found, default=Agreement.NONE)


def _number(mine: frozenset[str], theirs: frozenset[str]) -> int:
    if not mine.isdisjoint(theirs):
        return Number.SAME
    systems, others = ({number.rpartition("|")[0] for number in one} for one in (mine, theirs))
    return Number.NONE if systems.isdisjoint(others) else Number.OTHER


def _telephone(one: KnownAdult, other: KnownAdult) -> int:
    if not one.telephones.isdisjoint(other.telephones):
        return Shared.OWN
    mine, theirs = one.telephones | one.home_telephones, other.telephones | other.home_telephones
    if not mine.isdisjoint(theirs):
        return Shared.HOUSEHOLD
    return Shared.OTHER if mine and theirs else Shared.NONE


def _address(one: KnownAdult, other: KnownAdult) -> int:
    if nearest(one.addresses, other.addresses) <= Nearness.LINE:
        return Shared.OWN
    best = nearest(one.addresses + one.homes, other.addresses + other.homes)
    if best <= Nearness.LINE:
        return Shared.HOUSEHOLD
    return Shared.OTHER if best == Nearness.OTHER else Shared.NONE


def _beside(one: KnownAdult, other: KnownAdult) -> int:
    if not one.children.isdisjoint(other.children):
        return Beside.CHILD
    return Beside.OTHER if one.families.isdisjoint(other.families) else Beside.FAMILY


def _role(one: KnownAdult, other: KnownAdult) -> int:
    mine, theirs = ({adult.role for adult in known.adults} for known in (one, other))
    sexes = [bool(roles & _WOMEN) - bool(roles & _MEN) for roles in (mine, theirs)]
    if sum(sexes) == 0 and any(sexes):
        return Role.SEX
    apart = mine.isdisjoint(theirs) and not (mine | theirs) & _LOOSE
    return Role.OTHER if apart and not one.children.isdisjoint(other.children) else Role.ALIKE


_AGAINST: Final = "against"
_WORDS: Final[dict[str, dict[int, str]]] = {
    "given": {
        Likeness.SAME: "same first name",
        Likeness.VARIANT: "first name is another spelling of the same name",
        Likeness.SHORT: "first name is a known short form",
        Likeness.TYPO: "first name differs by a slip of the pen",
        Likeness.PART: "part of the first name is the same",
        Likeness.INITIAL: "same initial",
        Likeness.GENERIC: "both are called Mohammed, which says little",
        Likeness.OTHER: "against: another first name",
    },
    "family": {
        Likeness.SAME: "same family name",
        Likeness.VARIANT: "family name is another spelling of the same name",
        Likeness.TYPO: "family name differs by a slip of the pen",
        Likeness.PART: "half of the double-barrelled family name is the same",
        Likeness.INITIAL: "same initial of the family name",
        Likeness.OTHER: "against: another family name",
    },
    "birth": {
        Agreement.EXACT: "same date of birth",
        Agreement.FIRST: "same date of birth, the first of a month",
        Agreement.SWAPPED: "date of birth has day and month swapped",
        Agreement.SLIP: "date of birth differs in one place",
        Agreement.ROUND: "the same estimate of the date of birth",
        Agreement.YEAR: "same year of birth, one date is estimated",
        Agreement.NEAR_YEAR: "year of birth is one apart, one date is estimated",
        Agreement.FAR_YEAR: "against: the estimated year of birth is some years off",
        Agreement.CLOSE: "against: dates of birth are some months apart",
        Agreement.OTHER: "against: another date of birth",
    },
    "number": {
        Number.SAME: "same number of the person",
        Number.OTHER: "against: another number of the same system",
    },
    "telephone": {
        Shared.OWN: "same telephone number",
        Shared.HOUSEHOLD: "a telephone number of the child's household",
    },
    "address": {
        Shared.OWN: "same address",
        Shared.HOUSEHOLD: "the child's home is the same",
    },
    "beside": {
        Beside.CHILD: "named beside the same child",
        Beside.FAMILY: "named beside another child of the family",
    },
    "role": {
        Role.OTHER: "against: another relation to the child",
        Role.SEX: "against: a man and a woman",
    },
}


def _reasons(levels: Sequence[int], bits: Sequence[float]) -> tuple[str, ...]:
    """What was found and how strongly it speaks: first for it, strongest first."""
    said = [
        (text.startswith(_AGAINST), -abs(weight), f"{text} ({strength(weight)})")
        for field, level, weight in zip(FIELDS, levels, bits, strict=True)
        if (text := _WORDS[field].get(level))
    ]
    return tuple(text for *_, text in sorted(said))
