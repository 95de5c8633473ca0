"""Numbers and telephones of adults, as compared and as filed: what an adult is found by who goes by
another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from router.linkage.identifiers import nhs_number
from router.linkage.readings import Reading
from schemas.person import NHS_NUMBER, Contact, Identifier, RelatedPerson

_TELEPHONE: Final = "tel"


def marks(related: Iterable[RelatedPerson], read: Reading) -> list[str]:
    """``system|value`` of every number, and of every telephone with ``tel`` for its system."""
    found: list[str] = []
    for one in related:
        if one.identifier:
            found += numbers(one.identifier)
        if one.contact:
            found += [f"{_TELEPHONE}|{number}" for number in telephones(one.contact, read)]
    return found


def numbers(told: Iterable[Identifier]) -> Iterator[str]:
    """``system|value`` of each; an NHS number must be well-formed."""
    for one in told:
        value = "".join(one.value.split()).upper()
        value = nhs_number(value) if one.system == NHS_NUMBER else value
        if value:
            yield f"{one.system}|{value}"


def telephones(told: Iterable[Contact], read: Reading) -> Iterator[str]:
    """As compared."""
    return filter(None, (read.telephone(number) for one in told for number in one.telephone))


def marks_of(numbers_: Iterable[str], telephones_: Iterable[str]) -> list[str]:
    """The same of numbers and telephones as compared."""
    return [*numbers_, *(f"{_TELEPHONE}|{number}" for number in telephones_)]
