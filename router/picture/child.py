"""The child, the family and the adults of a picture, by who told it and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from router.linkage.text import fold
from router.picture.adults import CHILDREN, called
from router.steps.link.register import Evidence, PersonRecord
from schemas.base import Shape
from schemas.case import LinkOutcome
from schemas.person import GPS, Name, PartialDate, RelatedPerson, School, Sex
from schemas.picture import (
    PicturedChild,
    PicturedRelative,
    ToldAddress,
    ToldBirth,
    ToldContact,
    ToldGp,
    ToldIdentifier,
    ToldName,
    ToldSchool,
)
from stores.codec import encode

_T = TypeVar("_T", bound=Shape)


def pictured(
    person: PersonRecord,
    told: Sequence[Evidence],
    *,
    outcome: LinkOutcome,
    reasons: tuple[str, ...],
) -> PicturedChild:
    """A person with everything that was ever told of who they are and where they live."""
    profile = person.profile
    return PicturedChild(
        person_id=profile.person_id,
        family_id=profile.family_id,
        names=_latest(told, lambda one: one.child.name, shape=ToldName, part="name"),
        births=_latest(told, _births, shape=ToldBirth, part="date_of_birth"),
        sex_codes=_sexes(told),
        identifiers=_latest(
            told, lambda one: one.child.identifier, shape=ToldIdentifier, part="identifier"
        ),
        addresses=_addresses(told),
        contacts=_latest(told, lambda one: one.child.contact, shape=ToldContact, part="contact"),
        schools=_latest(told, _schools, shape=ToldSchool, part="school"),
        gps=_latest(told, _gps, shape=ToldGp, part="gp"),
        outcome=outcome,
        reasons=reasons,
        worker=person.worker,
    )


def relative(person: PersonRecord, told: Sequence[Evidence]) -> PicturedRelative:
    """Another child of the family, by what was told of them last."""
    latest = list(reversed(told))
    births = [birth for one in latest for birth in _births(one)]
    names = [name for one in latest for name in one.child.name]
    sexes = _sexes(told)
    return PicturedRelative(
        person_id=person.person_id,
        name=names[0] if names else None,
        date_of_birth=births[0] if births else None,
        sex_code=sexes[-1] if sexes else Sex.UNKNOWN,
        referrals=person.referrals,
        worker=person.worker,
    )


def named_children(
    told: Sequence[Evidence], *, besides: Collection[str]
) -> Iterator[PicturedRelative]:
    """Children whom notifications only name, each once."""
    for one in _named(told):
        if not given_names(one.name) & set(besides):
            yield PicturedRelative(
                name=one.name, date_of_birth=one.date_of_birth, relationship=one.relationship
            )


def given_names(name: Name | None) -> set[str]:
    """The first names as compared."""
    return {fold(given) for given in name.given_name} if name else set()


def _named(told: Sequence[Evidence]) -> Iterator[RelatedPerson]:
    seen: set[tuple[str, ...]] = set()
    for piece in reversed(told):
        for one in piece.child.related_person:
            who = called(one.name)
            if one.relationship in CHILDREN and who and who not in seen:
                seen.add(who)
                yield one


def _births(piece: Evidence) -> tuple[PartialDate, ...]:
    born = piece.child.date_of_birth
    return (born,) if born else ()


def _schools(piece: Evidence) -> tuple[School, ...]:
    return (piece.child.school,) if piece.child.school else ()


def _gps(piece: Evidence) -> tuple[RelatedPerson, ...]:
    return tuple(one for one in piece.child.related_person if one.relationship in GPS)


def _sexes(told: Sequence[Evidence]) -> tuple[Sex, ...]:
    known = (one.child.sex_code for one in told if one.child.sex_code is not Sex.UNKNOWN)
    return tuple(dict.fromkeys(known))


def _latest(
    told: Iterable[Evidence],
    values: Callable[[Evidence], Iterable[Shape]],
    *,
    shape: Callable[..., _T],
    part: str,
) -> tuple[_T, ...]:
    """Each value once, with who told it last and when; the newest first."""
    found: dict[bytes, _T] = {}
    for piece in told:
        for value in values(piece):
            key = encode(value)
            found.pop(key, None)
            found[key] = shape(told_by=piece.agency, on=piece.observed_at.date(), **{part: value})
    return tuple(reversed(found.values()))


def _addresses(told: Iterable[Evidence]) -> tuple[ToldAddress, ...]:
    found: dict[bytes, ToldAddress] = {}
    for piece in told:
        for address in piece.child.address:
            key, day = encode(address), piece.observed_at.date()
            before = found.pop(key, None)
            found[key] = ToldAddress(
                told_by=piece.agency,
                on=day,
                since=before.since if before else day,
                address=address,
            )
    return tuple(reversed(found.values()))
