"""Everyone in the picture, as far as sanitising must know them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from operator import not_

from pydantic import Field

from schemas.base import Line, Shape
from schemas.person import Address, Name, Person, RelatedPerson

_no: Callable[[object], bool] = not_
_LONGEST = 500
"""Characters of a line."""
_RISKY = frozenset(
    {"alleged_perpetrator", "perpetrator", "suspect", "offender", "abuser", "person_of_concern"}
)


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


def known_of(child: Person, *family: Person) -> Known:
    """What a notification says of its child and of everyone around; ``family``: other children of
    the picture, of whom nothing stays.
    """
    everyone = (child, *family)
    related = [one for person in everyone for one in person.related_person]
    risks = [one for one in related if _is_risk(one)]
    others = [one for one in related if not _is_risk(one)]
    people: tuple[Person | RelatedPerson, ...] = (*everyone, *related)
    contacts = [contact for person in everyone for contact in person.contact]
    reached = [contact for person in people for contact in person.contact]
    return Known(
        own=_unique(_lines(child.name)),
        others=_unique(
            (
                *(line for one in others for line in _lines((one.name,))),
                *(line for person in family for line in _lines(person.name)),
                *(contact.name for contact in contacts),
            )
        ),
        places=_unique(place for person in people for place in _places(person.address)),
        risks=_unique(line for one in risks for line in _lines((one.name,))),
        births=_births(people),
        numbers=_unique(
            (
                *(one.value for person in people for one in person.identifier),
                *(number for contact in reached for number in contact.telephone),
            )
        ),
        accounts=_unique(address for contact in reached for address in contact.email),
        schools=_unique(school for person in everyone for school in _schools(person)),
    )


def _is_risk(person: RelatedPerson) -> bool:
    """By the sender's own word, or by what it calls the relation."""
    return person.risk is not None or person.relationship.replace("-", "_") in _RISKY


def _lines(names: Iterable[Name]) -> Iterator[str | None]:
    """Each name as one line, and as they are called: ``Tilly Thornbury``, ``Till Thornbury``."""
    for name in names:
        yield " ".join((*name.given_name, *name.family_name))
        if name.preferred_name:
            yield " ".join((name.preferred_name, *name.family_name))


def _places(addresses: Iterable[Address]) -> Iterator[str | None]:
    for at in addresses:
        yield from (at.line1 if at.use != "school" else None, at.line2, at.postcode)


def _schools(child: Person) -> Iterator[str | None]:
    yield child.school.name if child.school else None
    yield from (at.line1 for at in child.address if at.use == "school")


def _births(people: Iterable[Person | RelatedPerson]) -> tuple[dt.date, ...]:
    dates = (person.date_of_birth.date for person in people if person.date_of_birth)
    return tuple(dict.fromkeys(dates))


def _unique(texts: Iterable[str | None]) -> tuple[str, ...]:
    lines = (text[:_LONGEST] for text in texts if text and len(text) > 1)
    return tuple(dict.fromkeys(lines))
