"""What one notification says of its child, normalised once, so that comparing it is only looking up
(R3, R12).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from router.linkage import identifiers, names, places
from router.linkage.dates import day_of
from router.linkage.resends import plain_reference
from router.linkage.text import fold
from schemas.person import NHS_NUMBER, UPN, Name, Person, RelatedPerson, Sex

_UNBORN: Final = re.compile(r"\b(?:un ?born|bump|foetus|fetus|baby|twin|triplet)\b")
_TWIN: Final = re.compile(r"\b(?:twin|triplet)\s+([1-4])\b")
_SIBLING: Final = re.compile(
    r"(?:[Bb]rother or sister called|[Ss]iblings?(?: called| named)?|"
    r"[Bb]rothers?(?: called| named)?|[Ss]isters?(?: called| named)?)\s+"
    r"([A-Z][\w'\u2019-]+(?:\s[A-Z][\w'\u2019-]+)?(?:(?:,| and)\s[A-Z][\w'\u2019-]+)*)"
)
_KIN: Final = re.compile(r"(?i:sibling|brother|sister)")
_LIST: Final = re.compile(r",\s*|\sand\s")
_SIBLING_ROLES: Final = frozenset({"sibling", "brother", "sister", "half_sibling", "twin"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A notification's child as compared. Names and addresses are folded, days ordinals; '' and 0:
    not given.
    """

    givens: tuple[str, ...]
    families: tuple[str, ...]
    middles: tuple[str, ...]
    day: int
    estimated: bool
    expected: int
    unborn: bool
    twin: str
    sex: str
    addresses: tuple[str, ...]
    phones: tuple[str, ...]
    adults: tuple[str, ...]
    """``given|family|day|role`` of each; day of birth '' where not given."""
    siblings: tuple[str, ...]
    nhs: str
    mothers: str
    """An NHS number given for a child not yet born or without name and birthday: it can only be the
    mother's.
    """
    upn: str
    incident: str
    """``agency|reference|suffix``: siblings of one incident differ in the suffix alone."""
    seen: int


def describe(
    child: Person,
    *,
    observed_at: dt.datetime,
    narrative: str = "",
    agency: str = "",
    reference: str = "",
) -> Subject:
    """The child as compared. ``narrative`` is read for the names of siblings, ``reference`` for
    siblings' suffixes.
    """
    seen = observed_at.toordinal()
    day, estimated, expected = day_of(child.date_of_birth, seen)
    called = " ".join(fold(g) for n in child.name[:1] for g in n.given_name)
    twin = _TWIN.search(called)
    givens = _distinct(g for n in child.name for g in _givens(n))
    number = _identifier(child, NHS_NUMBER)
    own = bool(day or givens)
    return Subject(
        givens=givens,
        families=_distinct(names.family(" ".join(n.family_name)) for n in child.name),
        middles=_distinct(names.given(m) for n in child.name for m in n.given_name[1:]),
        day=day,
        estimated=estimated,
        expected=expected,
        unborn=not day and bool(expected or _UNBORN.search(called)),
        twin=twin.group(1) if twin else "",
        sex=child.sex_code.value[0] if child.sex_code in (Sex.MALE, Sex.FEMALE) else "",
        addresses=_distinct(
            places.address((a.line1 or "", a.line2 or "", a.city or ""), a.postcode or "")
            for a in child.address
        ),
        phones=_distinct(places.telephone(t) for c in child.contact for t in c.telephone),
        adults=_distinct(
            _adult(p) for p in child.related_person if p.relationship not in _SIBLING_ROLES
        ),
        siblings=_siblings(child, narrative),
        nhs=number if own else "",
        mothers="" if own else number,
        upn=_identifier(child, UPN),
        incident=incident(agency, reference) if reference else "",
        seen=seen,
    )


def incident(agency: str, reference: str) -> str:
    """The reference without marks of a new version, and its suffix that tells siblings of one
    incident apart.
    """
    plain = plain_reference(reference).replace("|", " ")
    base, slash, suffix = plain.rpartition("/")
    return (
        f"{agency}|{base}|{suffix}"
        if slash and suffix.isdigit() and len(suffix) < 3
        else f"{agency}|{plain}|"
    )


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))


def _givens(name: Name) -> tuple[str, ...]:
    first = names.given(name.given_name[0]) if name.given_name else ""
    return first, names.given(name.preferred_name or "")


def _adult(person: RelatedPerson) -> str:
    first, last = fold(" ".join(person.name.given_name)), fold(" ".join(person.name.family_name))
    if not last and " " in first:
        first, last = first.split(" ", 1)
    born = str(person.date_of_birth.date.toordinal()) if person.date_of_birth else ""
    return f"{first}|{last}|{born}|{person.relationship}" if first or last else ""


def _siblings(child: Person, narrative: str) -> tuple[str, ...]:
    told = (
        [w for m in _SIBLING.findall(narrative) for w in _LIST.split(m)]
        if _KIN.search(narrative)
        else []
    )
    recorded = (
        " ".join(p.name.given_name)
        for p in child.related_person
        if p.relationship in _SIBLING_ROLES
    )
    return _distinct(names.given(s) for s in (*told, *recorded))


def _identifier(child: Person, system: str) -> str:
    check = identifiers.nhs_number if system == NHS_NUMBER else identifiers.upn
    return next(
        (number for i in child.identifier if i.system == system and (number := check(i.value))), ""
    )
