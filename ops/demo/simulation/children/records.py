"""What an agency has on file of a child: a name and a birthday, right or wrong, that it uses again
and again.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass

from ops.demo.simulation.children import slips
from ops.demo.simulation.children.chance import Chance
from ops.demo.simulation.children.families import Child

_USED_AGAIN = 0.75


@dataclass(frozen=True, slots=True)
class AgencyRecord:
    """Name and birthday on file; ``tags`` say what is wrong with it."""

    given: str
    surname: str
    born: str | None
    estimated: bool
    tags: frozenset[str]


def record(
    chance: Chance, child: Child, *, agency: str, told_of_birth: float, day: dt.date
) -> AgencyRecord:
    """The agency's record of the child: mostly the one it had before."""
    known = child.records.get(agency)
    if isinstance(known, AgencyRecord) and chance.happens(_USED_AGAIN):
        return known
    tags: set[str] = set()
    given = _given(chance, child, tags=tags)
    surname = _surname(chance, child, day=day, tags=tags)
    born, estimated = _born(chance, child.born, told=told_of_birth, day=day, tags=tags)
    made = AgencyRecord(given, surname, born, estimated, frozenset(tags))
    if day >= child.born:
        child.records[agency] = made
    return made


def _given(chance: Chance, child: Child, *, tags: set[str]) -> str:
    given = _other_given(chance, child, tags=tags)
    if chance.slips(0.029):
        tags.add("typo_given")
        return slips.typo(chance, given)
    return given


def _other_given(chance: Chance, child: Child, *, tags: set[str]) -> str:
    given = child.given
    if chance.slips(0.06):
        tags.add("known_as")
        return child.middle if child.middle and chance.happens(0.3) else child.known_as
    if chance.slips(0.055):
        tags.add("nickname")
        return child.short
    if chance.slips(0.05):
        tags.add("given_variant")
        return slips.respelt(chance, given)
    if given.startswith("Mohammed ") and chance.slips(0.5):
        tags.add("mohammed_form")
        own = given.split()[1]
        return chance.one(
            (own, f"Md {own}", f"M {own}", "Mohammed", f"Muhammad {own}", f"Mohamed {own}")
        )
    if len(given.replace("-", " ").split()) > 1 and chance.slips(0.35):
        tags.add("compound_given_changed")
        return chance.one((given.replace("-", " ").split()[0], given.replace("-", " ")))
    return given


def _surname(chance: Chance, child: Child, *, day: dt.date, tags: set[str]) -> str:
    surname = _other_surname(chance, child, day=day, tags=tags)
    if chance.slips(0.026):
        tags.add("family_variant")
        surname = slips.respelt_surname(chance, surname)
    if chance.slips(0.032):
        tags.add("typo_family")
        surname = slips.typo(chance, surname)
    return surname


def _other_surname(chance: Chance, child: Child, *, day: dt.date, tags: set[str]) -> str:
    if child.later_surname and day > child.renamed:
        if chance.happens(0.9):
            tags.add("new_surname")
            return child.later_surname
        tags.add("old_surname")
    parents = [a.family for a in (child.mother, child.father) if a and a.family != child.surname]
    if parents and chance.slips(0.045):
        tags.add("other_surname")
        return chance.one(parents)
    if "-" not in child.surname:
        return child.surname
    if chance.slips(0.24):
        tags.add("half_double_barrel")
        return chance.one(child.surname.split("-"))
    if chance.slips(0.15):
        tags.add("hyphen_to_space")
        return child.surname.replace("-", " ")
    if chance.slips(0.01):
        tags.add("double_barrel_swapped")
        return "-".join(reversed(child.surname.split("-")))
    return child.surname


def _born(
    chance: Chance, born: dt.date, *, told: float, day: dt.date, tags: set[str]
) -> tuple[str | None, bool]:
    """The birthday on file and whether it is an estimate; never one after the day on which it was
    put there.
    """
    if chance.slips(0.013):
        tags.add("dob_error")
        return min(_mistaken(chance, born), day).isoformat(), False
    if chance.slips(0.03 if told > 0.6 else 0.12):
        tags.add("dob_estimated")
        year = born.year + chance.weighted({0: 0.58, -1: 0.15, 1: 0.15, -2: 0.06, 2: 0.06})
        estimate = dt.date.fromisoformat(
            f"{year}-{chance.one(('01-01', '01-01', '07-01', '06-15'))}"
        )
        return (estimate if estimate <= day else day.replace(month=1, day=1)).isoformat(), True
    if chance.slips(0.003):
        tags.add("dob_placeholder")
        return chance.one(("1900-01-01", "2000-01-01")), False
    if chance.happens((1 - told) * min(1.5, chance.errors) ** 0.7):
        tags.add("dob_missing")
        return None, False
    return born.isoformat(), False


def _mistaken(chance: Chance, born: dt.date) -> dt.date:
    """The day with day and month swapped, or one of its parts wrong; unchanged where that is no
    day.
    """
    kind = chance.random.random()
    with suppress(ValueError):
        if kind < 0.35 and born.day != born.month:
            return born.replace(day=born.month, month=born.day)
        if kind < 0.6:
            return born.replace(year=born.year + chance.one((-1, 1)))
        if kind < 0.8:
            return born.replace(month=born.month + chance.one((-1, 1)))
    return born + dt.timedelta(chance.one((-10, 10, 1, -1)))
