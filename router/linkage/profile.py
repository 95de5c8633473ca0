"""Everything known of a person, as the store keeps it and as it is compared: a profile, not a
record (R12, R14).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

from router.linkage.subject import Subject

_VERSION: Final = 2
_T = TypeVar("_T")
_MOST: Final = 12
"""How many values of one field are kept: the first, which founded the person, and the latest."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one person. Sequences are bounded, first use first; texts and days are as in
    ``Subject``.
    """

    person_id: str
    family_id: str
    case_id: str
    givens: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    middles: tuple[str, ...] = ()
    births: tuple[int, ...] = ()
    """Accurate days of birth."""
    estimates: tuple[int, ...] = ()
    """Estimated days of birth."""
    expected: tuple[int, ...] = ()
    unborn_at: int = 0
    """The last day on which the child was told of as unborn; 0 when never."""
    born_at: int = 0
    """The first day on which the child was told of with a birthday; 0 when never."""
    twins: tuple[str, ...] = ()
    sexes: str = ""
    """A letter for each time that a sex was given."""
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    adults: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    nhs: tuple[str, ...] = ()
    mothers: tuple[str, ...] = ()
    upn: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    not_same: tuple[str, ...] = ()
    """Ids of persons that a human has said are not this one."""
    seen: int = 0
    """The last day of which anything is known."""
    size: int = 0
    """How many notifications it is made of."""

    def encode(self) -> bytes:
        """As JSON text: a list that begins with the version of this form."""
        return json.dumps(
            [_VERSION, *(getattr(self, f) for f in _FIELDS)], separators=(",", ":")
        ).encode()

    @classmethod
    def decode(cls, data: bytes) -> Profile:
        """The profile that :meth:`encode` wrote."""
        values: list[Any] = _read(data.decode())[0]
        if values[0] != _VERSION:
            raise ValueError("a profile of another version")
        read: list[Any] = [tuple(v) if type(v) is list else v for v in values[1:]]
        return cls(*read)


_FIELDS: Final = tuple(f.name for f in fields(Profile))
_read: Final = json.JSONDecoder().raw_decode


def found(subject: Subject, *, person_id: str, family_id: str, case_id: str) -> Profile:
    """The profile of a person of whom this is the first evidence."""
    return extend(Profile(person_id, family_id, case_id), subject)


def extend(profile: Profile, subject: Subject) -> Profile:
    """The profile with this evidence added; the oldest evidence but the first gives way where there
    is no room.
    """
    day = (subject.day,) if subject.day else ()
    return replace(
        profile,
        givens=_add(profile.givens, subject.givens),
        families=_add(profile.families, subject.families),
        middles=_add(profile.middles, subject.middles),
        births=profile.births if subject.estimated else _add(profile.births, day),
        estimates=_add(profile.estimates, day) if subject.estimated else profile.estimates,
        expected=_add(profile.expected, (subject.expected,) if subject.expected else ()),
        unborn_at=max(profile.unborn_at, subject.seen if subject.unborn else 0),
        born_at=min(filter(None, (profile.born_at, subject.seen if subject.day else 0)), default=0),
        twins=_add(profile.twins, (subject.twin,) if subject.twin else ()),
        sexes=(profile.sexes + subject.sex)[-_MOST:],
        addresses=_add(profile.addresses, subject.addresses),
        phones=_add(profile.phones, subject.phones),
        adults=_add(profile.adults, subject.adults),
        siblings=_add(profile.siblings, subject.siblings),
        nhs=_add(profile.nhs, (subject.nhs,) if subject.nhs else ()),
        mothers=_add(profile.mothers, (subject.mothers,) if subject.mothers else ()),
        upn=_add(profile.upn, (subject.upn,) if subject.upn else ()),
        incidents=_add(profile.incidents, (subject.incident,) if subject.incident else ()),
        seen=max(profile.seen, subject.seen),
        size=profile.size + 1,
    )


def merge(kept: Profile, other: Profile) -> Profile:
    """The profile of two persons whom a human has found to be one child; it keeps the ids of
    ``kept``.
    """
    joined: dict[str, Any] = {
        f: _add(getattr(kept, f), getattr(other, f))
        for f in _FIELDS
        if type(getattr(kept, f)) is tuple
    }
    return replace(
        kept,
        **joined,
        unborn_at=max(kept.unborn_at, other.unborn_at),
        born_at=min(filter(None, (kept.born_at, other.born_at)), default=0),
        sexes=(kept.sexes + other.sexes)[-_MOST:],
        seen=max(kept.seen, other.seen),
        size=kept.size + other.size,
    )


def as_subject(profile: Profile) -> Subject:
    """What is known of a person as if one notification had said it all, to compare persons with
    each other.
    """
    day = (*profile.births, *profile.estimates, 0)[0]
    return Subject(
        givens=profile.givens,
        families=profile.families,
        middles=profile.middles,
        day=day,
        estimated=bool(day) and not profile.births,
        expected=profile.expected[0] if profile.expected else 0,
        unborn=not day and bool(profile.unborn_at),
        twin=profile.twins[0] if profile.twins else "",
        sex=max("mf", key=profile.sexes.count) if profile.sexes else "",
        addresses=profile.addresses,
        phones=profile.phones,
        adults=profile.adults,
        siblings=profile.siblings,
        nhs=profile.nhs[0] if profile.nhs else "",
        mothers=profile.mothers[0] if profile.mothers else "",
        upn=profile.upn[0] if profile.upn else "",
        incident="",
        seen=profile.unborn_at or profile.seen,
    )


def _add(known: tuple[_T, ...], new: Iterable[_T]) -> tuple[_T, ...]:
    fresh: list[_T] = [v for v in new if v not in known]
    if not fresh:
        return known
    values: tuple[_T, ...] = (*known, *fresh)
    return values if len(values) <= _MOST else (values[0], *values[len(values) - _MOST + 1 :])
