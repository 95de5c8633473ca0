"""Everyone in the picture, as far as sanitising must know them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import not_

from pydantic import Field

from router.linkage.text import fold
from router.steps.safety import is_risk
from schemas.base import Line, Shape
from schemas.person import Address, Contact, Name, Person, RelatedPerson

_no: Callable[[object], bool] = not_
_LONGEST = 500
"""Characters of a line."""
_CHILDREN = frozenset({"sibling", "brother", "sister", "half_sibling", "twin", "child"})


class Known(Shape):
    """What is known of the people and places of the picture.

    The names of the child, ``own``, may stay; those of risk persons stay and are marked; all else
    goes. A name is a line of the words that make it, each alias a line of its own.
    """

    own: tuple[Line, ...] = ()
    others: tuple[Line, ...] = ()
    places: tuple[Line, ...] = ()
    """Lines of addresses, and postcodes."""
    risks: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    births: tuple[dt.date, ...] = Field(default=(), exclude_if=_no)
    numbers: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    """Identifiers and telephone numbers."""
    accounts: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    """E-mail addresses."""
    schools: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    employers: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    """Whom relatives work for."""


def known_of(child: Person, *family: Person) -> Known:
    """What a notification says of its child and of everyone around.

    ``family``: what else is known of them, and of other children of the family; of the names in
    there none stays but those that stay anyway. Who is protected is named to nobody, a risk or not.
    """
    people = (child, *family)
    related = [one for person in people for one in person.related_person]
    everyone: list[Person | RelatedPerson] = [*people, *related]
    contacts = [contact for one in everyone for contact in one.contact]
    homes = [home for one in everyone for home in one.address]
    schools = [person.school for person in people if person.school]
    homes += [school.address for school in schools if school.address]
    numbers = [one.value for person in everyone for one in person.identifier]
    numbers += [number for contact in contacts for number in contact.telephone]
    numbers += [number for home in homes for number in (home.uprn, home.usrn) if number]
    numbers += [school.urn for school in schools if school.urn]
    at_school = [home.line1 for home in homes if home.use == "school"]
    return Known(
        **_names(child, family, contacts=contacts),
        places=_unique(line for home in homes for line in _lines_of(home)),
        births=_births(everyone),
        numbers=_unique(numbers),
        accounts=_unique(address for contact in contacts for address in contact.email),
        schools=_unique([*(school.name for school in schools), *at_school]),
        employers=_unique(employer for one in related for employer in one.works_for),
    )


def _names(
    child: Person, family: Sequence[Person], *, contacts: Iterable[Contact]
) -> dict[str, tuple[str, ...]]:
    """Whose names stay, and whose do not."""
    own = () if child.protected else _unique(_lines(child.name))
    related = [one for person in (child, *family) for one in person.related_person]
    risks = _unique(line for one in related if _stays(one) for line in _lines((one.name,)))
    others = [*(child.name if child.protected else ())]
    others += [one.name for one in child.related_person if not _stays(one)]
    for person in family:
        theirs = (one for one in person.related_person if not _stays(one))
        others += [one.name for one in theirs if not _is_meant(one, own, risks=risks)]
        others += person.name
    reached = [one.name for one in contacts if one.name and not _is_among(one.name, own + risks)]
    return {"own": own, "others": _unique([*_lines(others), *reached]), "risks": risks}


def _stays(person: RelatedPerson) -> bool:
    return is_risk(person) and not person.protected


def _is_meant(person: RelatedPerson, own: tuple[str, ...], *, risks: tuple[str, ...]) -> bool:
    """Whether a relative told of elsewhere is this child, or a risk person of this one's."""
    called = " ".join((*person.name.given_name, *person.name.family_name))
    among = risks + own if person.relationship in _CHILDREN else risks
    return not person.protected and _is_among(called, among)


def _is_among(called: str, lines: Iterable[str]) -> bool:
    """Whether somebody called so is one of these."""
    words = set(fold(called).split())
    return any(words <= set(fold(line).split()) for line in lines)


def _lines(names: Iterable[Name]) -> Iterator[str]:
    """Each name as one line, and as they are called: ``Tilly Thornbury``, ``Till Thornbury``."""
    for name in names:
        yield " ".join((*name.given_name, *name.family_name))
        if name.preferred_name:
            yield " ".join((name.preferred_name, *name.family_name))


def _lines_of(home: Address) -> Iterator[str | None]:
    yield from (home.line1 if home.use != "school" else None, home.line2, home.postcode)


def _births(people: Iterable[Person | RelatedPerson]) -> tuple[dt.date, ...]:
    dates = (person.date_of_birth.date for person in people if person.date_of_birth)
    return tuple(dict.fromkeys(dates))


def _unique(texts: Iterable[str | None]) -> tuple[str, ...]:
    lines = (text[:_LONGEST] for text in texts if text and len(text) > 1)
    return tuple(dict.fromkeys(lines))
