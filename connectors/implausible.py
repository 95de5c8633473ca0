"""What is well formed in a concern and yet cannot be right: each with why, and what a right one is.

A birthday still to come or of 1917, an NHS number that fails its check, a postcode that is none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from connectors.degradable import CHILD, Degradable
from connectors.faults import Fault
from connectors.parts import Path
from schemas.notification import Notification
from schemas.person import NHS_NUMBER, Address, Contact, Identifier, PartialDate, Person
from schemas.person import nhs_number as well_formed

CLOCK_SKEW: Final = dt.timedelta(minutes=5)
"""How far a sender's clock may run ahead."""
OLDEST_SUBJECT: Final = 98
"""Years: an adult's birthday has to be known, or the adult is asked about like a child; but where
a hundred years or more are between, a century was mistyped.
"""
OLDEST_PERSON: Final = 120
OLDEST_CONCERN: Final = 30
"""Years: no concern that is sent today was seen before its child was born."""

_POSTCODE: Final = re.compile(
    "GIR 0AA|BFPO [0-9]{1,4}|ZZ99 [0-9][A-Z]{2}|"
    "(?:[A-Z][0-9]{1,2}|[A-Z][A-HK-Y][0-9]{1,2}|[A-Z][0-9][A-HJKPSTUW]|"
    "[A-Z][A-HK-Y][0-9][ABEHMNPRVWXY]|[A-Z]{2}[A-Z]{2}) [0-9][ABD-HJLNP-UW-Z]{2}"
)
"""Of the United Kingdom, the Crown dependencies and the overseas territories (BS 7666); ZZ99 is the
NHS's for no fixed abode and homes abroad.
"""
_NEVER: Final = re.compile("^[A-Z]{1,2}[0-9][0-9A-Z]? [0-9](?:[CIKMOV][A-Z]|[A-Z][CIKMOV])$")
"""What only its last two letters make none."""


def implausible(made: Degradable, now: dt.datetime) -> Iterator[Fault]:
    """Each part of it that cannot be right; mostly there is none."""
    if child := CHILD.get(type(made)):
        yield from _person(getattr(made, child), (child,), now=now)
    if isinstance(made, Notification):
        yield from _told(made, now=now)


def _told(made: Notification, *, now: dt.datetime) -> Iterator[Fault]:
    for name in ("reference", "narrative"):
        if not getattr(made, name).strip():
            yield Fault((name,), "missing.field")
    if made.observed_at > now + CLOCK_SKEW:
        yield Fault(("observed_at",), "invalid.future")
    elif made.observed_at < now - dt.timedelta(days=365 * OLDEST_CONCERN):
        yield Fault(
            ("observed_at",), "invalid.past", expected=f"within the last {OLDEST_CONCERN} years"
        )


def _person(person: Person, at: Path, *, now: dt.datetime) -> Iterator[Fault]:
    yield from _born(person.date_of_birth, at, oldest=OLDEST_SUBJECT, now=now)
    yield from _identifiers(person.identifier, at)
    for number, address in enumerate(person.address):
        yield from _address(address, (*at, "address", number))
    yield from _telephones(person.contact, at)
    for number, other in enumerate(person.related_person):
        beside = (*at, "related_person", number)
        yield from _born(other.date_of_birth, beside, oldest=OLDEST_PERSON, now=now)
        yield from _identifiers(other.identifier, beside)
        yield from _telephones(other.contact, beside)


def _born(born: PartialDate | None, at: Path, *, oldest: int, now: dt.datetime) -> Iterator[Fault]:
    if born is None:
        return
    place = (*at, "date_of_birth", "date")
    if not born.expected and born.date > (now + dt.timedelta(days=1)).date():
        yield Fault(place, "invalid.future-birthday")
    elif born.date < _years_before(now.date(), oldest):
        yield Fault(place, "invalid.past", expected=f"within the last {oldest} years")


def _years_before(day: dt.date, years: int) -> dt.date:
    """29 February is told as the 28th."""
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)


def _identifiers(held: tuple[Identifier, ...], at: Path) -> Iterator[Fault]:
    for number, identifier in enumerate(held):
        if identifier.system == NHS_NUMBER and not well_formed(identifier.value):
            amiss = "placeholder.number" if _is_nobodys(identifier.value) else "invalid.check-digit"
            yield Fault((*at, "identifier", number, "value"), amiss, expected="ten digits")


def _telephones(held: tuple[Contact, ...], at: Path) -> Iterator[Fault]:
    for number, contact in enumerate(held):
        for which, telephone in enumerate(contact.telephone):
            if _is_nobodys(telephone):
                place = (*at, "contact", number, "telephone", which)
                yield Fault(place, "placeholder.telephone")


def _is_nobodys(number: str) -> bool:
    """``unknown``, ``N/A``, ``0``, or one digit again and again."""
    return len(set(filter(str.isdigit, number))) < 2


def _address(address: Address, at: Path) -> Iterator[Fault]:
    if address.postcode is not None and not _POSTCODE.fullmatch(address.postcode):
        never = "never C, I, K, M, O or V" if _NEVER.search(address.postcode) else None
        yield Fault((*at, "postcode"), "invalid.postcode", expected=never)
    for name, value in (("uprn", address.uprn), ("usrn", address.usrn)):
        if value is not None and not value.isascii():
            yield Fault((*at, name), "invalid.value", expected="digits")
