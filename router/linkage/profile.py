"""Everything known of a person, as the store keeps it and as it is compared: a profile, not a
record (R12, R14).
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple, TypeVar

from router.linkage.rules import NEWEST
from router.linkage.subject import WHICHEVER, Subject

_VERSION: Final = 2
_T = TypeVar("_T")
_MOST: Final = 12
"""How many values of one field are kept: the first, which founded the person, and the latest."""


class Profile(NamedTuple):
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
    adult_marks: tuple[str, ...] = ()
    """As of ``Subject``."""

    def encode(self) -> bytes:
        """As JSON text: a list that begins with the version of this form."""
        return to_json([_VERSION, *self]).encode()

    @classmethod
    def decode(cls, data: bytes) -> Profile:
        """The profile that :meth:`encode` wrote."""
        version, *values = from_json(data)
        if version != _VERSION:
            raise ValueError("a profile of another version")
        fields: list[Any] = [tuple(v) if type(v) is list else v for v in values]
        return cls(*fields)


to_json: Final = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: :func:`json.dumps` would make its encoder anew each time."""


def from_json(data: bytes) -> Any:
    """What was written by :data:`to_json`."""
    return _read(data.decode())[0]


_read: Final = json.JSONDecoder().raw_decode


def found(subject: Subject, *, person_id: str, family_id: str, case_id: str) -> Profile:
    """The profile of a person of whom this is the first evidence."""
    day = (subject.day,) if subject.day else ()
    return Profile(
        person_id=person_id,
        family_id=family_id,
        case_id=case_id,
        givens=_bounded(subject.givens),
        families=_bounded(subject.families),
        middles=_bounded(subject.middles),
        births=() if subject.estimated else day,
        estimates=day if subject.estimated else (),
        expected=(subject.expected,) if subject.expected else (),
        unborn_at=subject.seen if subject.unborn else 0,
        born_at=subject.seen if day else 0,
        twins=(subject.twin,) if subject.twin else (),
        sexes=subject.sex,
        addresses=_bounded(subject.addresses),
        phones=_bounded(subject.phones),
        adults=_bounded(subject.adults),
        siblings=_bounded(subject.siblings),
        nhs=(subject.nhs,) if subject.nhs else (),
        mothers=(subject.mothers,) if subject.mothers else (),
        upn=(subject.upn,) if subject.upn else (),
        incidents=(subject.incident,) if subject.incident else (),
        seen=subject.seen,
        size=1,
        adult_marks=_bounded(subject.adult_marks),
    )


_LISTS = (
    "givens",
    "families",
    "middles",
    "addresses",
    "phones",
    "adults",
    "siblings",
    "adult_marks",
)
"""The fields of which a profile keeps several values, by the names that a subject has."""


def extend(profile: Profile, subject: Subject) -> Profile:
    """The profile with this evidence added; the oldest evidence but the first gives way where there
    is no room.
    """
    day, estimated = subject.day, subject.estimated
    more: dict[str, Any] = {
        name: _add(getattr(profile, name), getattr(subject, name)) for name in _LISTS
    }
    return Profile(
        person_id=profile.person_id,
        family_id=profile.family_id,
        case_id=profile.case_id,
        **more,
        births=_add_one(profile.births, 0 if estimated else day),
        estimates=_add_one(profile.estimates, day if estimated else 0),
        expected=_add_one(profile.expected, subject.expected),
        unborn_at=max(profile.unborn_at, subject.seen if subject.unborn else 0),
        born_at=_first_day(profile.born_at, subject.seen if day else 0),
        twins=_add_one(profile.twins, subject.twin),
        sexes=(profile.sexes + subject.sex)[-_MOST:],
        nhs=_add_one(profile.nhs, subject.nhs),
        mothers=_add_one(profile.mothers, subject.mothers),
        upn=_add_one(profile.upn, subject.upn),
        incidents=_add_one(profile.incidents, subject.incident),
        not_same=profile.not_same,
        seen=max(profile.seen, subject.seen),
        size=profile.size + 1,
    )


def merge(kept: Profile, other: Profile) -> Profile:
    """The profile of two persons whom a human has found to be one child; it keeps the ids of
    ``kept``.
    """
    joined: dict[str, Any] = {
        field: _add(mine, theirs)
        for field, mine, theirs in zip(Profile._fields, kept, other, strict=True)
        if isinstance(mine, tuple) and isinstance(theirs, tuple)
    }
    return kept._replace(
        **joined,
        unborn_at=max(kept.unborn_at, other.unborn_at),
        born_at=_first_day(kept.born_at, other.born_at),
        sexes=(kept.sexes + other.sexes)[-_MOST:],
        seen=max(kept.seen, other.seen),
        size=kept.size + other.size,
    )


def as_subject(profile: Profile, rules: int = NEWEST) -> Subject:
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
        twin=next((one for one in profile.twins if one != WHICHEVER), "".join(profile.twins[:1])),
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
        rules=rules,
        adult_marks=profile.adult_marks,
    )


def _add(known: tuple[_T, ...], new: tuple[_T, ...]) -> tuple[_T, ...]:
    if not new or new == known:
        return known
    fresh = [value for value in new if value not in known]
    return _bounded((*known, *fresh)) if fresh else known


def _add_one(known: tuple[_T, ...], new: _T) -> tuple[_T, ...]:
    """With one value more; 0 and '' are none."""
    return _bounded((*known, new)) if new and new not in known else known


def _bounded(values: tuple[_T, ...]) -> tuple[_T, ...]:
    return values if len(values) <= _MOST else (values[0], *values[len(values) - _MOST + 1 :])


def _first_day(one: int, other: int) -> int:
    """The earlier of two days; 0 is none."""
    return min(one, other) if one and other else one or other
