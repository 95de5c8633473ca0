"""Invented families: twins, cousins, changed names, foster homes, and strangers of the same name
and birthday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.demo.simulation.children.chance import Chance, data, words
from ops.demo.simulation.children.homes import Area, Home
from ops.demo.simulation.children.slips import short_form

START = dt.date(2024, 1, 1)
DAYS = 730
"""How long a stream lasts."""
_SIZES = {1: 0.45, 2: 0.35, 3: 0.13, 4: 0.05, 5: 0.02}
_BORN_WITHIN = 0.095
_APART_DAYS = 300


@dataclass(frozen=True, slots=True)
class Adult:
    """A parent, guardian or partner."""

    given: str
    family: str
    born: dt.date


@dataclass(slots=True, eq=False)
class Child:
    """A child as it is. ``records`` is what each agency has on file, right or wrong; ``tags`` are
    for the truth.
    """

    id: int
    family: Family
    sex: str
    born: dt.date
    given: str
    middle: str
    known_as: str
    short: str
    surname: str
    nhs: str
    upn: str
    mother: Adult
    father: Adult | None
    twin: int = 0
    later_surname: str = ""
    renamed: dt.date = dt.date.max
    foster_home: Home | None = None
    fostered: dt.date = dt.date.max
    tags: set[str] = field(default_factory=set)
    records: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Family:
    """A household. On the day ``moved`` it goes from the first to the last of ``homes``."""

    id: int
    origin: str
    surname: str
    mother: Adult
    father: Adult | None
    other: tuple[Adult, str] | None
    homes: Sequence[Home]
    moved: dt.date
    other_home: Home
    """Where a parent lives who has left."""
    phones: Sequence[str]
    mothers_nhs: str
    mohammeds: bool = False
    children: list[Child] = field(default_factory=list)


class Population:
    """All families of a stream."""

    def __init__(self, chance: Chance, children: int) -> None:
        self.area = Area(chance, children)
        self.families: list[Family] = []
        self._chance = chance
        self._numbers: set[str] = set()
        self._children = 0
        while self._children < children:
            self._grow(self._family())
        for family in list(self.families):
            self._namesakes(family)

    def _family(self, like: Child | None = None) -> Family:
        chance = self._chance
        origin = like.family.origin if like else self._origin()
        surname = like.surname if like else self._surname(origin)
        mothers = surname if chance.happens(0.5) else self._surname(origin)
        mothers_origin = origin if chance.happens(0.85) else self._origin()
        moves = not like and chance.happens(0.3)
        family = Family(
            id=len(self.families) + 1,
            origin=origin,
            surname=surname,
            mother=self._adult(mothers_origin, "f", surname=mothers),
            father=self._adult(origin, "m", surname=surname) if chance.happens(0.78) else None,
            other=(self._anybody(), chance.one(("grandparent", "partner_of_parent", "step_parent")))
            if chance.happens(0.2)
            else None,
            homes=[self.area.home() for _ in range(2 if moves else 1)],
            moved=START + dt.timedelta(chance.number(0, DAYS)),
            other_home=self.area.home(),
            phones=[self.area.telephone(), self.area.telephone()],
            mothers_nhs=self.nhs_number(),
            mohammeds=origin == "pakistani" and chance.happens(0.3),
        )
        self.families.append(family)
        return family

    def _grow(self, family: Family) -> None:
        chance = self._chance
        surname = family.surname if chance.happens(0.8) else family.mother.family
        if family.mother.family != family.surname and chance.happens(0.14):
            surname = f"{family.mother.family}-{family.surname}"
        for _ in range(chance.weighted(_SIZES)):
            born = self._birthday()
            if all(abs((born - child.born).days) >= _APART_DAYS for child in family.children):
                self._birth(family, surname, born=born)
        for child in family.children:
            self._fate(child)
        if chance.happens(0.025):
            self._cousin(family)

    def _birth(self, family: Family, surname: str, *, born: dt.date) -> None:
        first = self._child(family, surname, born=born)
        for twin in range(2, 2 + self._chance.happens(0.032)):
            first.twin = 1
            other = self._child(family, surname, born=born)
            other.twin = twin
            for child in (first, other):
                child.tags.add("twin")
        if "-" in surname:
            for child in family.children:
                child.tags.add("double_barrelled")

    def _child(
        self, family: Family, surname: str, *, born: dt.date, sex: str = "", given: str = ""
    ) -> Child:
        chance = self._chance
        sex = sex or chance.one("mf")
        pool, free = _names(family, sex)
        given = given or self._given(family, sex, free=free)
        others = [name for name in free if name not in given] or list(pool)
        word = given.replace("-", " ").split()[-1]
        child = Child(
            id=self._next(),
            family=family,
            sex=sex,
            born=born,
            given=given,
            middle=chance.one(others) if chance.happens(0.5) else "",
            known_as=chance.one(others) if chance.happens(0.2) else short_form(chance, word),
            short=short_form(chance, word),
            surname=_ending(surname, sex),
            nhs=self.nhs_number(),
            upn=self._upn(),
            mother=family.mother,
            father=family.father,
        )
        child.tags |= _tags(child)
        family.children.append(child)
        return child

    def twin_of(self, child: Child, *, given: str) -> Child:
        """A twin of a child, of this name and of the sex that bears it."""
        same = given in _names(child.family, child.sex)[0]
        sex = child.sex if same else "mf"[child.sex == "m"]
        twin = self._child(child.family, child.surname, born=child.born, sex=sex, given=given)
        child.twin, twin.twin = 1, 2
        for one in (child, twin):
            one.tags |= {"twin", "near_twin"}
        return twin

    def _given(self, family: Family, sex: str, *, free: Sequence[str]) -> str:
        chance = self._chance
        given = chance.one(free)
        if family.mohammeds and sex == "m":
            return f"Mohammed {given}"
        if chance.happens(0.025):
            return given + chance.one("- ") + chance.one(free)
        return given

    def _fate(self, child: Child) -> None:
        chance = self._chance
        if chance.happens(0.025):
            child.foster_home, child.fostered = (
                self.area.home(),
                START + dt.timedelta(chance.number(0, DAYS)),
            )
            child.tags.add("looked_after")
        if chance.happens(0.022):
            child.later_surname = _ending(self._surname(child.family.origin), child.sex)
            child.renamed = START + dt.timedelta(chance.number(100, 700))
            child.tags.add("name_change")

    def _cousin(self, family: Family) -> None:
        surname = self._surname(family.origin)
        born = START - dt.timedelta(self._chance.number(0, 17 * 365))
        cousin = self._child(family, surname, born=born)
        cousin.mother, cousin.father = self._adult(family.origin, "f", surname=surname), None
        for child in family.children:
            child.tags.add("cousin_household")

    def _namesakes(self, family: Family) -> None:
        """For some children a stranger of the same name, born on the same day or near it."""
        chance = self._chance
        for child in list(family.children):
            if not chance.happens(0.025):
                continue
            born = child.born + dt.timedelta(chance.one((-365, -30, -10, -1, 1, 10, 30, 365)))
            near = chance.happens(0.5)
            other = self._family(like=child)
            twin = self._child(
                other,
                child.surname,
                born=born if near else child.born,
                sex=child.sex,
                given=child.given,
            )
            if chance.happens(0.5):
                twin.short, twin.known_as = child.short, child.known_as
            for one in (child, twin):
                one.tags.add("decoy_same_name_near_dob" if near else "decoy_same_name_same_dob")
            if chance.happens(0.4):
                earlier = twin.born - dt.timedelta(chance.number(400, 2000))
                self._child(other, other.surname, born=earlier)

    def nhs_number(self) -> str:
        """An unused NHS number of the range for tests."""
        while True:
            digits = f"999{self._chance.number(0, 999_999):06d}"
            total = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=True))
            check = (11 - total % 11) % 11
            if check < 10 and digits not in self._numbers:
                self._numbers.add(digits)
                return f"{digits}{check}"

    def _upn(self) -> str:
        digits = "".join(str(self._chance.number(0, 9)) for _ in range(12))
        total = sum(int(d) * weight for d, weight in zip(digits, range(2, 14), strict=True))
        return "ABCDEFGHJKLMNPQRTUVWXYZ"[total % 23] + digits

    def _next(self) -> int:
        self._children += 1
        return self._children

    def _origin(self) -> str:
        shares: dict[str, float] = {
            name: origin["share"] for name, origin in data()["origins"].items()
        }
        return self._chance.weighted(shares)

    def _surname(self, origin: str) -> str:
        if origin != "british":
            return self._chance.one(words("origins", origin, "surnames"))
        if self._chance.happens(0.55):
            return self._chance.one(words("british_surnames"))
        return self._chance.one(words("surname_beginnings")) + self._chance.one(
            words("surname_endings")
        )

    def _birthday(self) -> dt.date:
        if self._chance.happens(_BORN_WITHIN):
            return START + dt.timedelta(self._chance.number(1, DAYS + 150))
        return START - dt.timedelta(self._chance.number(0, int(16.6 * 365)))

    def _anybody(self) -> Adult:
        origin = self._origin()
        return self._adult(origin, self._chance.one("mf"), surname=self._surname(origin))

    def _adult(self, origin: str, sex: str, *, surname: str) -> Adult:
        pool = words("origins", origin, "girls" if sex == "f" else "boys")
        if origin == "british":
            pool += words("mothers" if sex == "f" else "fathers")
        born = START - dt.timedelta(self._chance.number(20 * 365, 47 * 365))
        return Adult(self._chance.one(pool), _ending(surname, sex), born)


def _names(family: Family, sex: str) -> tuple[Sequence[str], Sequence[str]]:
    """All given names of the family's origin, and those of them that no other child has."""
    pool = words("origins", family.origin, "boys" if sex == "m" else "girls")
    taken = {
        name
        for child in family.children
        for name in (*child.given.replace("-", " ").split(), child.known_as, child.middle)
    }
    return pool, [name for name in pool if name not in taken] or list(pool)


def _tags(child: Child) -> set[str]:
    """What makes a child difficult to link, from its birth on."""
    family = child.family
    tags = {
        "born_in_window": child.born > START,
        "unborn_throughout": child.born > START + dt.timedelta(DAYS),
        "same_first_name_brothers": family.mohammeds and child.sex == "m",
        "non_anglo": family.origin != "british",
        f"origin:{family.origin}": True,
    }
    return {tag for tag, holds in tags.items() if holds}


def _ending(surname: str, sex: str) -> str:
    """The family name as a woman bears it, where that differs."""
    return surname[:-1] + "a" if sex == "f" and surname.endswith(("ski", "cki")) else surname
