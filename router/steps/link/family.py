"""Who else is known of a child's family than its notification says: for sanitising (L7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator

from router.linkage import Profile, Subject
from router.linkage.adults import split_adult
from router.steps.link.register import PersonRecord
from router.steps.safety import is_risk
from schemas.base import LONGEST_LINE
from schemas.person import (
    NHS_NUMBER,
    UPN,
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
)


def family_of(
    record: PersonRecord, people: Iterable[PersonRecord], *, told: Subject
) -> tuple[Person, ...]:
    """What other notifications told of the child, without its names, and of each other child of its
    family who is at hand: relatives, birth, numbers, and of homes the postcode, as compared.

    Nothing that is ``told`` now; and nobody who is recorded as a risk elsewhere: that they are
    would be told with their names.
    """
    mine = record.profile
    profiles = (one.profile for one in people if one.profile.family_id == mine.family_id)
    children = (
        one
        for one in profiles
        if one.person_id != mine.person_id and set(told.givens).isdisjoint(one.givens)
    )
    found = [
        _person(mine, told),
        *(_person(one, told, names=_names(one), births=one.births) for one in children),
    ]
    return tuple(one for one in found if one != Person())


def _person(
    profile: Profile, told: Subject, *, names: tuple[Name, ...] = (), births: tuple[int, ...] = ()
) -> Person:
    codes = (home.rpartition("|")[2] for home in _new(profile.addresses, told.addresses))
    phones = tuple(_new(profile.phones, told.phones))
    numbers = [(NHS_NUMBER, one) for one in _new(profile.nhs, (told.nhs,))]
    numbers += [(NHS_NUMBER, one) for one in _new(profile.mothers, (told.mothers,))]
    numbers += [(UPN, one) for one in _new(profile.upn, (told.upn,))]
    return Person(
        identifier=tuple(Identifier(system=system, value=value) for system, value in numbers),
        name=names,
        date_of_birth=PartialDate(date=dt.date.fromordinal(births[0])) if births else None,
        address=tuple(Address(postcode=code) for code in dict.fromkeys(codes) if code),
        contact=(Contact(telephone=phones),) if phones else (),
        related_person=tuple(_related(profile, told)),
    )


def _related(profile: Profile, told: Subject) -> Iterator[RelatedPerson]:
    for one in _new(profile.adults, told.adults):
        adult = split_adult(one)
        related = RelatedPerson(name=_name(adult.given, adult.family), relationship=adult.role)
        if not is_risk(related):
            yield related
    for sibling in _new(profile.siblings, told.siblings):
        yield RelatedPerson(name=_name(sibling, ""), relationship="sibling")


def _names(profile: Profile) -> tuple[Name, ...]:
    """The first of each together, and all others by themselves, as they are looked for."""
    first = _name(*(next(iter(names), "") for names in (profile.givens, profile.families)))
    givens = (_name(one, "") for one in (*profile.givens[1:], *profile.middles))
    return (first, *givens, *(_name("", one) for one in profile.families[1:]))


def _name(given: str, family: str) -> Name:
    """As told on: a name may be read as a longer one than was told, by signs of many letters."""
    givens, families = ((one[:LONGEST_LINE],) if one else () for one in (given, family))
    return Name(given_name=givens, family_name=families)


def _new(known: Iterable[str], told: Collection[str]) -> Iterator[str]:
    return (one for one in known if one and one not in told)
