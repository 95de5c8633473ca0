"""What one notification says of its child, normalised once, so that comparing it is only looking up
(R3, R12).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from router.linkage import identifiers as numbers
from router.linkage import names, places
from router.linkage.dates import day_of
from router.linkage.resends import plain_reference
from router.linkage.text import fold
from schemas.person import NHS_NUMBER, UPN, Address, Identifier, Name, Person, RelatedPerson, Sex

_UNBORN: Final = re.compile(r"\b(?:un ?born|bump|foetus|fetus|baby|twin|triplet)\b")
_TWIN: Final = re.compile(r"\b(?:twin|triplet)\s+([1-4])\b")
_SIBLING: Final = re.compile(
    r"(?:[Bb]rother or sister called|[Ss]iblings?(?: called| named)?|"
    r"[Bb]rothers?(?: called| named)?|[Ss]isters?(?: called| named)?)\s+"
    r"([A-Z][\w'\u2019-]+(?:\s[A-Z][\w'\u2019-]+)?(?:(?:,| and)\s[A-Z][\w'\u2019-]+)*)"
)
_LIST: Final = re.compile(r",\s*|\sand\s")
_SIBLING_ROLES: Final = frozenset({"sibling", "brother", "sister", "half_sibling", "twin"})
_SEXES: Final = {Sex.MALE: "m", Sex.FEMALE: "f"}


class Subject(NamedTuple):
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
    unborn, twin = _before_birth(child.name[0].given_name if child.name else ())
    givens = _distinct([given for name in child.name for given in _givens(name)])
    number = _identifier(child.identifier, NHS_NUMBER)
    own = bool(day or givens)
    adults, siblings = _family(child.related_person)
    return Subject(
        givens=givens,
        families=_distinct([names.family(" ".join(n.family_name)) for n in child.name]),
        middles=_distinct([names.given(m) for n in child.name for m in n.given_name[1:]]),
        day=day,
        estimated=estimated,
        expected=expected,
        unborn=not day and (bool(expected) or unborn),
        twin=twin,
        sex=_SEXES.get(child.sex_code, ""),
        addresses=_distinct([_address(home) for home in child.address]),
        phones=_distinct([places.telephone(t) for c in child.contact for t in c.telephone]),
        adults=adults,
        siblings=_distinct([names.given(s) for s in (*_named_siblings(narrative), *siblings)]),
        nhs=number if own else "",
        mothers="" if own else number,
        upn=_identifier(child.identifier, UPN),
        incident=incident(agency, reference) if reference else "",
        seen=seen,
    )


def incident(agency: str, reference: str) -> str:
    """The reference without marks of a new version, and its suffix that tells siblings of one
    incident apart.
    """
    plain = plain_reference(reference).replace("|", " ")
    base, slash, suffix = plain.rpartition("/")
    if slash and suffix.isdigit() and len(suffix) < 3:
        return f"{agency}|{base}|{suffix}"
    return f"{agency}|{plain}|"


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    """Those that are given, each once; mostly there is one."""
    if len(values) > 1:
        return tuple(dict.fromkeys(filter(None, values)))
    return tuple(values) if values and values[0] else ()


def _givens(name: Name) -> tuple[str, str]:
    first = names.given(name.given_name[0]) if name.given_name else ""
    return first, names.given(name.preferred_name) if name.preferred_name else ""


@lru_cache(maxsize=16_384)
def _before_birth(called: tuple[str, ...]) -> tuple[bool, str]:
    """Whether who is called so is not yet born, and which twin."""
    text = " ".join(map(fold, called))
    twin = _TWIN.search(text)
    return bool(_UNBORN.search(text)), twin.group(1) if twin else ""


def _address(home: Address) -> str:
    return places.address(
        (home.line1 or "", home.line2 or "", home.city or ""), home.postcode or ""
    )


def _family(related: Sequence[RelatedPerson]) -> tuple[tuple[str, ...], list[str]]:
    """The adults as compared, and what siblings are called."""
    adults = [_adult(one) for one in related if one.relationship not in _SIBLING_ROLES]
    siblings = [
        " ".join(one.name.given_name) for one in related if one.relationship in _SIBLING_ROLES
    ]
    return _distinct(adults), siblings


def _adult(person: RelatedPerson) -> str:
    first, last = fold(" ".join(person.name.given_name)), fold(" ".join(person.name.family_name))
    if not last and " " in first:
        first, last = first.split(" ", 1)
    born = str(person.date_of_birth.date.toordinal()) if person.date_of_birth else ""
    return f"{first}|{last}|{born}|{person.relationship}" if first or last else ""


def _named_siblings(narrative: str) -> list[str]:
    # One of these is in every text that names a sibling: most need no closer look.
    if "rother" not in narrative and "ister" not in narrative and "ibling" not in narrative:
        return []
    return [name for several in _SIBLING.findall(narrative) for name in _LIST.split(several)]


def _identifier(identifiers: Iterable[Identifier], system: str) -> str:
    check = numbers.nhs_number if system == NHS_NUMBER else numbers.upn
    for one in identifiers:
        if one.system == system and (number := check(one.value)):
            return number
    return ""
