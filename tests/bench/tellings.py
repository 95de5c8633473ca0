"""The made-up register's persons as the hub would have them, and notifications about them and about
others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from router.linkage import describe, extend, found
from router.steps.link.register import PersonRecord
from schemas.message import Message, derived_id
from schemas.notification import NotificationAccepted
from tests.bench.register import TODAY, Child, Family, families, family, notification, told

_NEW: Final = 0.3
"""Of all notifications, those about a child who is not in the register."""
_BEYOND: Final = 10**7
"""Families from this number on are in no register."""
_CHILDREN: Final = 2
"""More than a family has on average: so many persons to a family are enough for all families below
that number.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A notification, and whom it is really about: None for a child who is not in the register."""

    message: Message
    person_id: str | None


def strangers(persons: int, number: int, *, seed: int) -> Iterator[Told]:
    """Notifications about children who are in no register, and of whom :func:`tellings` does not
    tell either.
    """
    return _told(persons, number, seed, new=1.0, beyond=2 * _BEYOND)


def tellings(persons: int, number: int, *, seed: int) -> Iterator[Told]:
    """Notifications about children of a register of this size, and about others."""
    return _told(persons, number, seed, new=_NEW, beyond=_BEYOND)


def _told(persons: int, number: int, seed: int, *, new: float, beyond: int) -> Iterator[Told]:
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    for index in range(number):
        unknown = chance.random() < new
        of = family(chance.randrange(persons // _CHILDREN) + (beyond if unknown else 0))
        child = chance.choice(of.children)
        said = notification(of, child, reference=f"{seed}-{index}", chance=chance)
        id_ = derived_id("bench", str(seed), str(index))
        fact = NotificationAccepted(
            referral_id=id_, agency="police", area="e99999999", version=1, notification=said
        )
        message = Message(
            id=derived_id(id_, "accepted"),
            source="bench",
            time=TODAY,
            key=fact.area,
            correlation_id=id_,
            causation_id=id_,
            data=fact,
        )
        yield Told(message, None if unknown else _person_id(of, child))


def records() -> Iterator[PersonRecord]:
    """The register's persons, without end: of every second one two agencies have told, of the
    others one.
    """
    for of in families():
        for place, child in enumerate(of.children):
            yield _record(of, child, times=1 + place % 2)


def _record(of: Family, child: Child, *, times: int) -> PersonRecord:
    chance = Random(child.nhs)  # noqa: S311 - to be repeated, not to be secret
    id_ = _person_id(of, child)
    subjects = [
        describe(
            told(of, child, chance),
            observed_at=TODAY,
            agency="school",
            reference=f"{id_[:8]}{turn}",
        )
        for turn in range(times)
    ]
    profile = found(
        subjects[0],
        person_id=id_,
        family_id=derived_id("family", str(of.number)),
        case_id=derived_id("case", id_),
    )
    for subject in subjects[1:]:
        profile = extend(profile, subject)
    return PersonRecord(profile, (id_,), times)


def _person_id(of: Family, child: Child) -> str:
    return derived_id("person", str(of.number), str(of.children.index(child)))
