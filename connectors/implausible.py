"""What is well formed in a concern and yet cannot be right: each with why, and what a right one is.

A birthday still to come or of 1875, an NHS number that fails its check, a postcode that is none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from schemas.case import OpenCase
from schemas.notification import Notification
from schemas.person import NHS_NUMBER, Address, Identifier, PartialDate, Person
from schemas.person import nhs_number as well_formed

CLOCK_SKEW: Final = dt.timedelta(minutes=5)
"""How far a sender's clock may run ahead."""
OLDEST_CHILD: Final = 26
"""Years: duties towards care leavers end at 25 (Children and Social Work Act 2017, section 3)."""
OLDEST_PERSON: Final = 120
OLDEST_CONCERN: Final = 30
"""Years: no concern that is sent today was seen before its child was born."""

_POSTCODE: Final = re.compile(
    "GIR 0AA|BFPO [0-9]{1,4}|"
    "(?:[A-Z][0-9]{1,2}|[A-Z][A-HK-Y][0-9]{1,2}|[A-Z][0-9][A-HJKPSTUW]|[A-Z][A-HK-Y][0-9][ABEHMNPRVWXY]"
    "|[A-Z]{2}[A-Z]{2}) [0-9][ABD-HJLNP-UW-Z]{2}"
)
"""Of the United Kingdom, the Crown dependencies and the overseas territories (BS 7666)."""

Found = tuple[tuple[str | int, ...], str, str | None]
"""Where, why, and what is expected."""


def implausible(made: Notification | OpenCase, now: dt.datetime) -> list[Found]:
    """Each part of it that cannot be right; mostly there is none."""
    if isinstance(made, OpenCase):
        return [*_person(made.child, ("child",), now=now)]
    found: list[Found] = []
    if made.set_aside:
        found.append((("set_aside",), "invalid.unknown-field", None))
    if made.observed_at > now + CLOCK_SKEW:
        found.append((("observed_at",), "invalid.future", None))
    elif made.observed_at < now - dt.timedelta(days=365 * OLDEST_CONCERN):
        found.append((("observed_at",), "invalid.past", f"within the last {OLDEST_CONCERN} years"))
    found += _person(made.subject, ("subject",), now=now)
    return found


def _person(person: Person, at: tuple[str | int, ...], *, now: dt.datetime) -> Iterator[Found]:
    yield from _born(person.date_of_birth, at, oldest=OLDEST_CHILD, now=now)
    yield from _identifiers(person.identifier, at)
    for number, address in enumerate(person.address):
        yield from _address(address, (*at, "address", number))
    for number, other in enumerate(person.related_person):
        beside = (*at, "related_person", number)
        yield from _born(other.date_of_birth, beside, oldest=OLDEST_PERSON, now=now)
        yield from _identifiers(other.identifier, beside)


def _born(
    born: PartialDate | None, at: tuple[str | int, ...], *, oldest: int, now: dt.datetime
) -> Iterator[Found]:
    if born is None:
        return
    if not born.expected and born.date > (now + dt.timedelta(days=1)).date():
        yield (*at, "date_of_birth", "date"), "invalid.future", None
    elif born.date.year < now.year - oldest - 1:
        yield (*at, "date_of_birth", "date"), "invalid.past", f"within the last {oldest} years"


def _identifiers(held: tuple[Identifier, ...], at: tuple[str | int, ...]) -> Iterator[Found]:
    for number, identifier in enumerate(held):
        if identifier.system == NHS_NUMBER and not well_formed(identifier.value):
            yield (*at, "identifier", number, "value"), "invalid.check-digit", "ten digits"


def _address(address: Address, at: tuple[str | int, ...]) -> Iterator[Found]:
    if address.postcode is not None and not _POSTCODE.fullmatch(address.postcode):
        yield (*at, "postcode"), "invalid.postcode", "AB1 2CD"
    for name in ("uprn", "usrn"):
        value = getattr(address, name)
        if value is not None and not value.isascii():
            yield (*at, name), "invalid.value", "digits"
