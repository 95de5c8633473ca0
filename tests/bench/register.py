"""A made-up register of any size: every family follows from its number alone, so nothing has to be
kept to ask again.

Given and family names are as common as the tables of ``names.json`` say, with a long tail of rare
ones; one family in ten is a Khan with one child called Muhammad, as no key made of such a name may
stand in the way of all the others.
"""

from __future__ import annotations

import datetime as dt
import json
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import accumulate, count
from random import Random
from typing import Any, Final

from schemas.notification import Notification
from schemas.person import (
    NHS_NUMBER,
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
    Sex,
)


def _words(text: str) -> list[str]:
    return text.split()


TODAY: Final = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
_NAMES: Final[Mapping[str, Any]] = json.loads(
    files("router.linkage").joinpath("names.json").read_text("utf-8")
)
_FORMS: Final = ("Muhammad", "Mohammed", "Mohammad", "Muhammed")
_BEGINNINGS: Final = _words(
    "Ash Black Broad Burn Carl Cold Craw Dun East Fair Fern Green Had Hart Haw Hazel Kil Lang Lin "
    "Marl Mid Nor Oak Pen Ravens Red Rush Sand Sel Shel Stan Sut Thorn Tre Wal Wes Whit Wil Win "
    "Wood"
)
_ENDINGS: Final = _words(
    "berry borough bourne bridge brook bury by combe cote dale den don ester field ford gate ham "
    "hurst ing land ley low man mere mont more ridge shaw sett smith stead stone thorpe ton ward "
    "water well wick wood worth yard"
)
_STREETS: Final = _words(
    "High Station Church Mill School Victoria Park Albert Queens Kings Green Manor Grange Chapel "
    "York Windsor Springfield"
)
_KINDS: Final = _words("Road Street Avenue Lane Close Drive Way Crescent Grove Terrace")
_FAMILIES_IN_A_TOWN: Final = 20_000
_POSTCODES_IN_A_TOWN: Final = 1_500
_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
_DAYS: Final = 18 * 365


@dataclass(frozen=True, slots=True)
class Child:
    """A child as it really is."""

    given: str
    middle: str
    born: dt.date
    sex: Sex
    nhs: str


@dataclass(frozen=True, slots=True)
class Family:
    """A household as it really is."""

    number: int
    surname: str
    home: Address
    before: Address
    """Where it lived until lately."""
    phone: str
    parents: tuple[RelatedPerson, ...]
    children: tuple[Child, ...]


class _Drawn:
    """Names, each drawn as often as it is had."""

    def __init__(self, per_mille: Mapping[str, float]) -> None:
        """``per_mille`` of the listed ones; the rest of the thousand are rare ones, the rarer the
        further down.
        """
        rest = [a + b for b in _ENDINGS for a in _BEGINNINGS]
        left = max(50.0, 1000.0 - sum(per_mille.values())) / sum(
            1 / (n + 20) for n in range(len(rest))
        )
        self._names = [*(name.title() for name in per_mille), *rest]
        shares = [*per_mille.values(), *(left / (n + 20) for n in range(len(rest)))]
        self._upto = list(accumulate(shares))

    def one(self, chance: Random) -> str:
        """A name."""
        return self._names[bisect(self._upto, chance.random() * self._upto[-1]) % len(self._names)]


_GIVEN: Final = _Drawn(_NAMES["given_per_mille"])
_SURNAMES: Final = _Drawn(_NAMES["family_per_mille"])


def families(first: int = 0) -> Iterator[Family]:
    """All families from this number on, without end."""
    return map(family, count(first))


def family(number: int) -> Family:
    """The family of this number."""
    chance = Random(number)  # noqa: S311
    crowd = number % 10 == 0
    surname = "Khan" if crowd else _SURNAMES.one(chance)
    size = 1 if crowd else bisect((0.35, 0.75, 0.93), chance.random()) + 1
    return Family(
        number=number,
        surname=surname,
        home=_home(number, chance),
        before=_home(number, chance),
        phone=f"07{chance.randrange(10**9):09d}",
        parents=tuple(_parents(surname, chance)),
        children=tuple(_children(number, size, crowd, chance)),
    )


def notification(
    of: Family, child: Child, *, reference: str, chance: Random, at: dt.datetime = TODAY
) -> Notification:
    """What an agency says of a child: seldom all of it, and with the errors that people make."""
    return Notification(
        reference=reference,
        observed_at=at,
        subject=told(of, child, chance),
        narrative=_narrative(of, child, chance),
    )


def told(of: Family, child: Child, chance: Random) -> Person:
    """The child as an agency describes it: one in eight has a name misspelt, one in twelve another
    surname, and so on.

    A tenth have no birthday or a wrong one, three in ten no address or an earlier one, a third no
    number that is right.
    """
    home = of.before if chance.random() < 0.12 else of.home if chance.random() < 0.8 else None
    return Person(
        identifier=(Identifier(value=child.nhs, system=NHS_NUMBER),)
        if chance.random() < 0.4
        else (),
        name=(Name(family_name=(_surname(of, chance),), given_name=_given(child, chance)),),
        date_of_birth=_birthday(child, chance),
        sex_code=child.sex,
        address=(home,) if home else (),
        contact=(Contact(telephone=(_phone(of, chance),)),) if chance.random() < 0.6 else (),
        related_person=of.parents if chance.random() < 0.5 else (),
    )


def _narrative(of: Family, child: Child, chance: Random) -> str:
    others = [one.given for one in of.children if one is not child]
    return (
        f"Lives with sibling {chance.choice(others)}."
        if others and chance.random() < 0.3
        else "Seen at home."
    )


def _surname(of: Family, chance: Random) -> str:
    odds = chance.random()
    if odds < 0.04:
        return of.parents[-1].name.family_name[0]
    if odds < 0.08:
        return f"{of.surname}-{_SURNAMES.one(chance)}"
    return _misspelt(of.surname, chance) if odds < 0.13 else of.surname


def _given(child: Child, chance: Random) -> tuple[str, ...]:
    odds = chance.random()
    short = _NAMES["short"].get(child.given.lower())
    given = child.given
    if given in _FORMS:
        given = chance.choice(_FORMS)
    elif short and odds < 0.15:
        given = chance.choice(short).title()
    elif odds < 0.22:
        given = _misspelt(given, chance)
    return (given, child.middle) if chance.random() < 0.2 else (given,)


def _birthday(child: Child, chance: Random) -> PartialDate | None:
    odds, born = chance.random(), child.born
    if odds < 0.05:
        return None
    if odds < 0.08:
        return PartialDate(date=dt.date(born.year, 1, 1), accuracy_indicator="EEA")
    if odds < 0.10 and born.day <= 12:
        return PartialDate(date=dt.date(born.year, born.day, born.month))
    if odds < 0.12:
        return PartialDate(date=born.replace(day=born.day % 28 + 1))
    return PartialDate(date=born)


def _phone(of: Family, chance: Random) -> str:
    """Now and then the phone of a professional, who has many families."""
    return f"01632 {960000 + of.number % 97:06d}" if chance.random() < 0.05 else of.phone


def _misspelt(name: str, chance: Random) -> str:
    if len(name) < 4:
        return name
    place = chance.randrange(1, len(name) - 1)
    kind = chance.randrange(3)
    middle = (name[place + 1] + name[place], name[place] * 2 + name[place + 1], name[place + 1])[
        kind
    ]
    return name[:place] + middle + name[place + 2 :]


def _children(number: int, size: int, crowd: bool, chance: Random) -> Iterator[Child]:
    born = dt.date(2025, 12, 1) - dt.timedelta(days=chance.randrange(_DAYS))
    for place in range(size):
        if place and chance.random() > 0.03:
            born -= dt.timedelta(days=chance.randrange(330, 1500))
        given = chance.choice(_FORMS) if crowd else _GIVEN.one(chance)
        sex = Sex.MALE if crowd or len(given) % 2 else Sex.FEMALE
        yield Child(given, _GIVEN.one(chance), born, sex, _nhs_number(number * 4 + place))


def _parents(surname: str, chance: Random) -> Iterator[RelatedPerson]:
    for role in ("father", "mother"):
        if role == "mother" or chance.random() < 0.6:
            family = surname if chance.random() < 0.7 else _SURNAMES.one(chance)
            born = dt.date(1975, 1, 1) + dt.timedelta(days=chance.randrange(9000))
            yield RelatedPerson(
                name=Name(given_name=(_GIVEN.one(chance),), family_name=(family,)),
                relationship=role,
                date_of_birth=PartialDate(date=born) if chance.random() < 0.5 else None,
            )


def _home(number: int, chance: Random) -> Address:
    town = number // _FAMILIES_IN_A_TOWN
    place = chance.randrange(_POSTCODES_IN_A_TOWN)
    street = Random(town * _POSTCODES_IN_A_TOWN + place)  # noqa: S311
    words = _STREETS if street.random() < 0.3 else _BEGINNINGS
    name = street.choice(words) + ("" if words is _STREETS else street.choice(_ENDINGS))
    area = _LETTERS[town % 20] + _LETTERS[town // 20 % 20]
    inward = f"{place % 10}{_LETTERS[place // 10 % 20]}{_LETTERS[place // 200]}"
    return Address(
        line1=f"{chance.randrange(1, 60)} {name} {street.choice(_KINDS)}",
        postcode=f"{area}{1 + town // 400} {inward}",
    )


def _nhs_number(number: int) -> str:
    """A well-formed number; where there is none for these nine digits, one with another first
    digit.
    """
    for first in (9, 8, 7):
        digits = f"{first}{number:08d}"
        check = (
            11
            - sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        )
        if check != 10:
            return f"{digits}{check % 11}"
    return f"6{number:08d}0"
