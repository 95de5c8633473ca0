"""How the fields of a child are read, by the rules of a policy: as they stand, or without
placeholders (since 2).
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from router.linkage import dates, names, places
from router.linkage.identifiers import nhs_number, upn
from router.linkage.kept import kept
from router.linkage.placeholders import (
    is_default,
    is_no_number,
    is_no_postcode,
    is_no_reference,
    is_nobody,
    is_nowhere,
    is_of_many,
    without,
    without_role,
)
from router.linkage.text import beginning, fold
from schemas.person import NHS_NUMBER, Address, Name, PartialDate, RelatedPerson

Birthday = tuple[int, bool, int]
"""Day of birth, whether it is an estimate, expected day; 0 for none."""


class Reading(NamedTuple):
    """How each field is read; '' is nothing."""

    names: Callable[[Sequence[Name]], Sequence[Name]]
    given: Callable[[str], str]
    family: Callable[[str], str]
    adult: Callable[[RelatedPerson], str]
    birthday: Callable[[PartialDate | None, int, int], Birthday]
    """Of a date, the day on which the child was observed and the day on which the hub heard."""
    address: Callable[[Sequence[str], str], str]
    telephone: Callable[[str], str]
    number: Callable[[str, str], str]
    """A number as it is compared, from its value and its system."""
    reference: Callable[[str], str]

    def homes(self, told: Sequence[Address]) -> tuple[str, ...]:
        """Those of these addresses that are told."""
        return tuple([home for one in told if (home := _home(one, self.address))])


def _home(one: Address, read: Callable[[Sequence[str], str], str]) -> str:
    return read((one.line1 or "", one.line2 or "", one.city or ""), one.postcode or "")


def reading(rules: int) -> Reading:
    """How fields are read by these rules."""
    return _FIRST if rules < 2 else _NEWEST


def _number(value: str, system: str) -> str:
    return nhs_number(value) if system == NHS_NUMBER else upn(value)


def _adult(person: RelatedPerson) -> str:
    first, last = _called(person.name)
    born = str(person.date_of_birth.date.toordinal()) if person.date_of_birth else ""
    return f"{first}|{last}|{born}|{person.relationship}" if first or last else ""


def _called(name: Name) -> tuple[str, str]:
    first, last = (
        beginning(fold(" ".join(parts))) for parts in (name.given_name, name.family_name)
    )
    if not last and " " in first:
        first, last = first.split(" ", 1)
    return first, last


_FIRST: Final = Reading(
    names=lambda told: told,
    given=names.given,
    family=names.family,
    adult=_adult,
    birthday=lambda date, observed, _: dates.day_of(date, observed),
    address=places.address,
    telephone=places.telephone,
    number=_number,
    reference=lambda reference: reference,
)


def _somebodys(told: Sequence[Name]) -> Sequence[Name]:
    if not told:
        return told
    return [n for n in told if not is_nobody(fold(_seen(" ".join(_words(n)))))]


def placeholders(name: Name) -> tuple[str, ...]:
    """The parts of a name that say that nobody knows it: '' for the whole of it."""
    if not _somebodys([name]):
        return ("",)
    parts = {"given_name": name.given_name, "family_name": name.family_name}
    folded = {part: fold(_seen(" ".join(words))) for part, words in parts.items()}
    return tuple([part for part, text in folded.items() if text and not without(text)])


def _words(name: Name) -> tuple[str, ...]:
    return (*name.given_name, *name.family_name)


def _seen(text: str) -> str:
    """The text without characters that nobody sees, such as a space of no width."""
    if text.isascii():
        return text
    return "".join([c for c in text if unicodedata.category(c) != "Cf"])


@kept(65_536)
def _given(text: str) -> str:
    return without(names.given(_seen(text)))


@kept(65_536)
def _family(text: str) -> str:
    return without(names.family(_seen(text)))


def _known_adult(person: RelatedPerson) -> str:
    """An adult by name; none who is told of by no first name, as in 'Mum' or 'Mrs Khan'.

    On 1 January are born whose birthday nobody knows.
    """
    first, last = _called(person.name)
    given, family = without_role(first), without(last)
    if not given or is_nobody(f"{given} {family}"):
        return ""
    born = _birthday_of(person.date_of_birth.date) if person.date_of_birth else ""
    return f"{given}|{family}|{born}|{person.relationship}"


def _birthday_of(date: dt.date) -> str:
    unknown = (date.month, date.day) == (1, 1) or is_default(date)
    return "" if unknown else str(date.toordinal())


def _address(lines: Sequence[str], postcode: str) -> str:
    """An address without lines that name no place; what is left must be a home, not a town."""
    code = "".join([c for c in postcode.upper() if c.isalnum()])
    if not any(map(str.isdigit, code)) or is_no_postcode(code):
        code = ""
    told = [line for line in lines if line]
    if any(map(is_of_many, told)):
        return ""
    kept_ = [line for line in told if not is_nowhere(line)]
    if len(kept_) < len(told) and not code and not any(c.isdigit() for c in "".join(kept_)):
        return ""
    return places.address(kept_, code)


def _telephone(text: str) -> str:
    digits = places.telephone(text)
    return "" if digits and is_no_number(digits) else digits


def _known_number(value: str, system: str) -> str:
    number = _number(value, system)
    return "" if number and is_no_number(number.lstrip("ABCDEFGHJKLMNPQRTUVWXYZ")) else number


_NEWEST: Final = Reading(
    names=_somebodys,
    given=_given,
    family=_family,
    adult=_known_adult,
    birthday=dates.birthday,
    address=_address,
    telephone=_telephone,
    number=_known_number,
    reference=lambda reference: "" if is_no_reference(reference) else reference,
)
