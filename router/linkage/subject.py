"""What one notification says of its child, normalised once, so that comparing it is only looking up
(R3, R12).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from router.linkage.dates import is_grown
from router.linkage.marks import marks
from router.linkage.readings import Reading, reading
from router.linkage.resends import plain_reference
from router.linkage.rules import NEWEST
from router.linkage.text import fold
from schemas.person import (
    NHS_NUMBER,
    UPN,
    Address,
    Contact,
    Identifier,
    Name,
    Person,
    RelatedPerson,
    Sex,
)

_UNBORN: Final = re.compile(r"\b(?:un ?born|bump|foetus|fetus|baby|twin|triplet)\b")
_TWIN: Final = re.compile(r"\b(?:twin|triplet)\s+([1-4])\b")
WHICHEVER: Final = "?"
"""One of several who are expected or were born together, and nobody says which (rules since 4)."""
_TOLD_APART: Final = re.compile(
    r"\b(?:twin|triplet)\s+(?:no\s+|number\s+)?([1-4]|[a-d]|one|two|three|four)\b|"
    r"\b(first|second|third|1st|2nd|3rd)\s+(?:twin|triplet)\b"
)
_SEVERAL: Final = re.compile(r"\b(?:twins?|triplets?|quads?|quadruplets?)\b")
_EXPECTS_SEVERAL: Final = re.compile(
    r"\b(?:expect\w*|pregnant with|carr\w+|unborn|having|birth of)\s+"
    r"(?:twins|triplets|quads|quadruplets)\b|"
    r"\b(?:twin|triplet|multiple)\s+pregnancy\b",
    re.IGNORECASE,
)
_NUMBERS: Final = {
    **dict.fromkeys(("a", "one", "first", "1st"), "1"),
    **dict.fromkeys(("b", "two", "second", "2nd"), "2"),
    **dict.fromkeys(("c", "three", "third", "3rd"), "3"),
    **dict.fromkeys(("d", "four"), "4"),
}
_SIBLING: Final = re.compile(
    r"(?:[Bb]rother or sister called|[Ss]iblings?(?: called| named)?|"
    r"[Bb]rothers?(?: called| named)?|[Ss]isters?(?: called| named)?)\s+"
    r"([A-Z][\w'\u2019-]+(?:\s[A-Z][\w'\u2019-]+)?(?:(?:,| and)\s[A-Z][\w'\u2019-]+)*)"
)
_LIST: Final = re.compile(r",\s*|\sand\s")
_MOST: Final = 12
"""Values of a field: what comes after them is no evidence, and all pairs of them are filed."""
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
    """Which of several who are expected together; ``?``: one of them (rules since 4)."""
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
    rules: int = NEWEST
    """By which rules it was read and is compared (:mod:`router.linkage.rules`)."""
    adult_marks: tuple[str, ...] = ()
    """Numbers and telephones of the adults: for finding these, no evidence of the child."""
    grown: bool = False
    """Whether it was told of with the date of birth of an adult (rules since 3)."""


def _called(names: Sequence[Name], read: Reading) -> dict[str, Any]:
    return {
        "givens": _distinct([given for name in names for given in _givens(name, read)]),
        "families": _distinct([read.family(" ".join(one.family_name)) for one in names]),
        "middles": _distinct([read.given(m) for one in names for m in one.given_name[1:]]),
    }


def _marks(related: Sequence[RelatedPerson], read: Reading) -> tuple[str, ...]:
    adults = (one for one in related if one.relationship not in _SIBLING_ROLES)
    return _distinct(marks(adults, read))


def describe(
    child: Person,
    *,
    observed_at: dt.datetime,
    narrative: str = "",
    agency: str = "",
    reference: str = "",
    received_at: dt.datetime | None = None,
    rules: int = NEWEST,
) -> Subject:
    """The child as compared. ``narrative`` is read for the names of siblings, ``reference`` for
    siblings' suffixes; ``received_at`` is when the hub heard, as the time observed may be wrong.
    """
    read = reading(rules)
    seen, heard = observed_at.toordinal(), received_at.toordinal() if received_at else 0
    called = _called(read.names(child.name), read)
    born = _born(child, read, seen=seen, heard=heard, rules=rules, narrative=narrative)
    reference = read.reference(reference)
    return Subject(
        **called,
        **born,
        **_reached(child, read, rules=rules),
        **_around(child, read, narrative=narrative),
        **_numbers(child, read, own=bool(born["day"] or called["givens"])),
        sex=_SEXES.get(child.sex_code, ""),
        incident=incident(agency, reference) if reference else "",
        seen=seen,
        rules=rules,
        grown=rules >= 3 and is_grown(child.date_of_birth, seen, received=heard),
    )


def _reached(child: Person, read: Reading, *, rules: int) -> dict[str, Any]:
    """Where the child lives, and the telephones there."""
    homes, contacts = _own_homes(child, rules)
    return {
        "addresses": _distinct(read.homes(homes)),
        "phones": _distinct([read.telephone(t) for c in contacts for t in c.telephone]),
    }


def _around(child: Person, read: Reading, *, narrative: str) -> dict[str, Any]:
    """The adults beside the child, and its siblings."""
    adults, siblings = _family(child.related_person, read)
    return {
        "adults": adults,
        "siblings": _distinct([read.given(s) for s in (*_named_siblings(narrative), *siblings)]),
        "adult_marks": _marks(child.related_person, read),
    }


def _numbers(child: Person, read: Reading, *, own: bool) -> dict[str, Any]:
    """What was told of an unnamed, unborn child is numbered as its mother (``own`` is false)."""
    nhs = _identifier(child.identifier, NHS_NUMBER, read=read)
    return {
        "nhs": nhs if own else "",
        "mothers": "" if own else nhs,
        "upn": _identifier(child.identifier, UPN, read=read),
    }


def _born(
    child: Person, read: Reading, *, seen: int, heard: int, rules: int, narrative: str
) -> dict[str, Any]:
    """When the child was born, or is expected, and as which of twins."""
    day, estimated, expected = read.birthday(child.date_of_birth, seen, heard)
    unborn, twin = _before_birth(child.name[0].given_name if child.name else ())
    unborn = not day and (bool(expected) or unborn)
    if rules >= 4:
        twin = _twin(child, twin, unborn=unborn, narrative=narrative)
    return {
        "day": day,
        "estimated": estimated,
        "expected": expected,
        "unborn": unborn,
        "twin": twin,
    }


def _own_homes(child: Person, rules: int) -> tuple[Sequence[Address], Sequence[Contact]]:
    """Where the child lives and is rung. By rules since 3 nothing that is protected, as a refuge or
    a placement is where many families are.
    """
    if rules < 3:
        return child.address, child.contact
    homes = [home for home in child.address if not home.protected]
    return homes, [one for one in child.contact if not one.protected]


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
    """Those that are given, each once, as many as a profile keeps; mostly there is one."""
    if len(values) > 1:
        return tuple(dict.fromkeys(filter(None, values)))[:_MOST]
    return tuple(values) if values and values[0] else ()


def _givens(name: Name, read: Reading) -> tuple[str, str]:
    first = read.given(name.given_name[0]) if name.given_name else ""
    return first, read.given(name.preferred_name) if name.preferred_name else ""


def is_called(subject: Subject) -> bool:
    """Whether it has a first name, and is not only called one of several."""
    return any(not _SEVERAL.search(given) for given in subject.givens)


def called_unborn(child: Person) -> bool:
    """Whether a child is called one that is not yet born, as in 'Unborn Baby Sample'."""
    return _before_birth(child.name[0].given_name)[0] if child.name else False


@lru_cache(maxsize=16_384)
def _before_birth(called: tuple[str, ...]) -> tuple[bool, str]:
    """Whether who is called so is not yet born, and which twin."""
    text = " ".join(map(fold, called))
    twin = _TWIN.search(text)
    return bool(_UNBORN.search(text)), twin.group(1) if twin else ""


def _twin(child: Person, twin: str, *, unborn: bool, narrative: str) -> str:
    """Which of several who were expected together it is; ``WHICHEVER`` where that is not told, but
    that there are several: by its name, a twin of its own, or of the unborn the words of it.
    """
    called = " ".join(map(fold, child.name[0].given_name)) if child.name else ""
    said = _TOLD_APART.search(called)
    if said is not None:
        which = said[1] or said[2]
        return _NUMBERS.get(which, which)
    several = _SEVERAL.search(called) or (unborn and _EXPECTS_SEVERAL.search(narrative))
    beside = unborn and any(one.relationship == "twin" for one in child.related_person)
    return twin or (WHICHEVER if several or beside else "")


def _family(related: Sequence[RelatedPerson], read: Reading) -> tuple[tuple[str, ...], list[str]]:
    """The adults as compared, and what siblings are called."""
    adults = [read.adult(one) for one in related if one.relationship not in _SIBLING_ROLES]
    siblings = [
        " ".join(one.name.given_name) for one in related if one.relationship in _SIBLING_ROLES
    ]
    return _distinct(adults), siblings


def _named_siblings(narrative: str) -> list[str]:
    # One of these is in every text that names a sibling: most need no closer look.
    if "rother" not in narrative and "ister" not in narrative and "ibling" not in narrative:
        return []
    return [name for several in _SIBLING.findall(narrative) for name in _LIST.split(several)]


def _identifier(identifiers: Iterable[Identifier], system: str, *, read: Reading) -> str:
    for one in identifiers:
        if one.system == system and (number := read.number(one.value, system)):
            return number
    return ""
