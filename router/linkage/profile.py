"""Everything known of a person, as the store keeps it and as it is compared: a profile, not a record (R12, R14)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

from router.linkage.subject import Adult, Incident, Subject

_VERSION: Final = 1
_T = TypeVar("_T")
_MOST: Final = {"names": 12, "places": 10, "adults": 12, "days": 6, "incidents": 12}

Birth = tuple[int, bool, int]
"""A day of birth, whether estimated, and how often it was given."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one person. Sequences are bounded, first use first; texts and days are as in ``Subject``."""

    person_id: str
    family_id: str
    case_id: str
    givens: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    middles: tuple[str, ...] = ()
    births: tuple[Birth, ...] = ()
    expected: tuple[int, ...] = ()
    unborn_at: int = 0
    """The last day on which the child was told of as unborn; 0 when never."""
    twins: tuple[str, ...] = ()
    sexes: str = ""
    """A letter for each time that a sex was given."""
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    adults: tuple[Adult, ...] = ()
    siblings: tuple[str, ...] = ()
    nhs: tuple[tuple[str, int], ...] = ()
    upn: tuple[tuple[str, int], ...] = ()
    incidents: tuple[Incident, ...] = ()
    not_same: tuple[str, ...] = ()
    """Ids of persons that a human has said are not this one."""
    seen: int = 0
    """The last day of which anything is known."""
    size: int = 0
    """How many notifications it is made of."""

    def encode(self) -> bytes:
        """As JSON text in a list that begins with the version of this form."""
        return json.dumps([_VERSION, *(getattr(self, f) for f in _FIELDS)], separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> Profile:
        """The profile that :meth:`encode` wrote."""
        version, *values = json.loads(data)
        if version != _VERSION:
            raise ValueError("a profile of another version")
        read: list[Any] = [_tuples(v) if type(v) is list else v for v in values]
        return cls(*read)


_FIELDS: Final = tuple(f.name for f in fields(Profile))


def _tuples(values: list[object]) -> tuple[object, ...]:
    return tuple([tuple(v) if type(v) is list else v for v in values])


def found(subject: Subject, *, person_id: str, family_id: str, case_id: str) -> Profile:
    """The profile of a person of whom this is the first evidence."""
    return extend(Profile(person_id, family_id, case_id), subject)


def extend(profile: Profile, subject: Subject) -> Profile:
    """The profile with this evidence added; the oldest evidence but the first gives way where there is no room."""
    return replace(
        profile,
        givens=_add(profile.givens, subject.givens, _MOST["names"]),
        families=_add(profile.families, subject.families, _MOST["names"]),
        middles=_add(profile.middles, subject.middles, _MOST["names"]),
        births=_births(profile.births, subject),
        expected=_add(profile.expected, (subject.expected,) if subject.expected else (), 4),
        unborn_at=max(profile.unborn_at, subject.seen if subject.unborn else 0),
        twins=_add(profile.twins, (subject.twin,) if subject.twin else (), 4),
        sexes=(profile.sexes + subject.sex)[-12:],
        addresses=_add(profile.addresses, subject.addresses, _MOST["places"]),
        phones=_add(profile.phones, subject.phones, _MOST["places"]),
        adults=_add(profile.adults, subject.adults, _MOST["adults"]),
        siblings=_add(profile.siblings, subject.siblings, _MOST["names"]),
        nhs=_count(profile.nhs, subject.nhs),
        upn=_count(profile.upn, subject.upn),
        incidents=_add(profile.incidents, (subject.incident,) if subject.incident else (), _MOST["incidents"]),
        seen=max(profile.seen, subject.seen),
        size=profile.size + 1,
    )


def as_subject(profile: Profile) -> Subject:
    """What is known of a person as if one notification had said it all, to compare persons with each other."""
    births = sorted(profile.births, key=lambda b: (b[1], -b[2]))
    day, estimated, _ = births[0] if births else (0, False, 0)
    return Subject(
        givens=profile.givens,
        families=profile.families,
        middles=profile.middles,
        day=day,
        estimated=estimated,
        expected=profile.expected[0] if profile.expected else 0,
        unborn=not births and bool(profile.unborn_at),
        twin=profile.twins[0] if profile.twins else "",
        sex=max("mf", key=profile.sexes.count) if profile.sexes else "",
        addresses=profile.addresses,
        phones=profile.phones,
        adults=profile.adults,
        siblings=profile.siblings,
        nhs=max(profile.nhs, key=lambda n: n[1])[0] if profile.nhs else "",
        upn=max(profile.upn, key=lambda n: n[1])[0] if profile.upn else "",
        incident=None,
        seen=profile.unborn_at or profile.seen,
    )


def _add(known: tuple[_T, ...], new: Iterable[_T], most: int) -> tuple[_T, ...]:
    fresh = tuple(v for v in new if v not in known)
    return known if not fresh else _bounded(known + fresh, most)


def _bounded(values: tuple[_T, ...], most: int) -> tuple[_T, ...]:
    return values if len(values) <= most else (values[0], *values[len(values) - most + 1 :])


def _count(known: tuple[tuple[str, int], ...], value: str) -> tuple[tuple[str, int], ...]:
    if not value:
        return known
    counts = dict(known)
    counts[value] = counts.get(value, 0) + 1
    return _bounded(tuple(counts.items()), 6)


def _births(known: tuple[Birth, ...], subject: Subject) -> tuple[Birth, ...]:
    if not subject.day:
        return known
    counts = {(day, estimated): n for day, estimated, n in known}
    new = (subject.day, subject.estimated)
    counts[new] = counts.get(new, 0) + 1
    return _bounded(tuple((*birth, n) for birth, n in counts.items()), _MOST["days"])
