"""What one notification says of its child, normalised once, so that comparing it is only looking up (R3, R12)."""

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
from schemas.person import NHS_NUMBER, UPN, Name, Person, Sex

Adult = tuple[str, str, int, str]
"""Given name, family name, day of birth (0: not given) and role of somebody of the family."""
Incident = tuple[str, str, str]
"""Agency, reference without its suffix, suffix: siblings of one incident differ in the suffix alone."""

_UNBORN: Final = re.compile(r"\b(?:un ?born|bump|foetus|fetus|baby|twin|triplet)\b")
_TWIN: Final = re.compile(r"\b(?:twin|triplet)\s+([1-4])\b")
_SUFFIX: Final = re.compile(r"^(.*?)/(\d{1,2})$")
_SIBLING: Final = re.compile(
    r"(?:[Bb]rother or sister called|[Ss]iblings?(?: called| named)?|[Bb]rothers?(?: called| named)?|"
    r"[Ss]isters?(?: called| named)?)\s+"
    r"([A-Z][\w'\u2019-]+(?:\s[A-Z][\w'\u2019-]+)?(?:(?:,| and)\s[A-Z][\w'\u2019-]+)*)"
)
_SIBLING_ROLES: Final = frozenset({"sibling", "brother", "sister", "half_sibling", "twin"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A notification's child as compared. Names and addresses are folded, days ordinals; '' and 0: not given."""

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
    adults: tuple[Adult, ...]
    siblings: tuple[str, ...]
    nhs: str
    upn: str
    incident: Incident | None
    seen: int


def describe(
    child: Person, *, observed_at: dt.datetime, narrative: str = "", agency: str = "", reference: str = ""
) -> Subject:
    """The child as compared. ``narrative`` is read for the names of siblings, ``reference`` for siblings' suffixes."""
    seen = observed_at.toordinal()
    day, estimated, expected = day_of(child.date_of_birth, seen)
    called = " ".join(fold(g) for n in child.name[:1] for g in n.given_name)
    twin = _TWIN.search(called)
    people = [p for p in child.related_person if p.relationship not in _SIBLING_ROLES]
    return Subject(
        givens=_distinct(g for n in child.name for g in _givens(n)),
        families=_distinct(names.family(" ".join(n.family_name)) for n in child.name),
        middles=_distinct(names.given(m) for n in child.name for m in n.given_name[1:]),
        day=day,
        estimated=estimated,
        expected=expected,
        unborn=not day and bool(expected or _UNBORN.search(called)),
        twin=twin.group(1) if twin else "",
        sex=child.sex_code.value[0] if child.sex_code in (Sex.MALE, Sex.FEMALE) else "",
        addresses=_distinct(
            places.address((a.line1 or "", a.line2 or "", a.city or ""), a.postcode or "") for a in child.address
        ),
        phones=_distinct(places.telephone(t) for c in child.contact for t in c.telephone),
        adults=tuple(_adult(p.name, p.date_of_birth.date if p.date_of_birth else None, p.relationship) for p in people),
        siblings=_siblings(child, narrative),
        nhs=_identifier(child, NHS_NUMBER),
        upn=_identifier(child, UPN),
        incident=incident(agency, reference) if reference else None,
        seen=seen,
    )


def incident(agency: str, reference: str) -> Incident:
    """The reference without marks of a new version, and its suffix that tells siblings of one incident apart."""
    plain = plain_reference(reference)
    parts = _SUFFIX.match(plain)
    return (agency, parts.group(1), parts.group(2)) if parts else (agency, plain, "")


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))


def _givens(name: Name) -> tuple[str, ...]:
    first = names.given(name.given_name[0]) if name.given_name else ""
    return first, names.given(name.preferred_name or "")


def _adult(name: Name, born: dt.date | None, role: str) -> Adult:
    first, last = fold(" ".join(name.given_name)), fold(" ".join(name.family_name))
    if not last and " " in first:
        first, last = first.split(" ", 1)
    return first, last, born.toordinal() if born else 0, role


def _siblings(child: Person, narrative: str) -> tuple[str, ...]:
    told = (w for m in _SIBLING.findall(narrative) for w in re.split(r",\s*|\sand\s", m))
    recorded = (" ".join(p.name.given_name) for p in child.related_person if p.relationship in _SIBLING_ROLES)
    return _distinct(names.given(s) for s in (*told, *recorded))


def _identifier(child: Person, system: str) -> str:
    check = identifiers.nhs_number if system == NHS_NUMBER else identifiers.upn
    return next((number for i in child.identifier if i.system == system and (number := check(i.value))), "")
