"""People, with the names of the draft person standard of *Data Standards for Social Care*."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from enum import StrEnum
from operator import not_
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from schemas.base import Code, Line, Shape

_no: Callable[[object], bool] = not_

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
UPN = "https://fhir.hl7.org.uk/Id/upn"


_WEIGHTS = range(10, 1, -1)


def nhs_number(text: str) -> str:
    """The ten digits of a well-formed NHS number (modulus 11), else ''.

    One digit ten times is no number, though 0000000000 would pass (NHS Data Dictionary).
    """
    if not re.fullmatch(r"[0-9 -]+", text):
        return ""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != 10 or len(set(digits)) == 1:
        return ""
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    check = 11 - weighed % 11
    return digits if check % 11 == int(digits[9]) else ""


class Identifier(Shape):
    """A number that a system gave a person: ``value`` without spaces, ``system`` as a URI."""

    value: Annotated[str, Field(min_length=1, max_length=64)]
    system: Line


class NameUse(StrEnum):
    """What a name is used for (FHIR name use, as the standard takes it)."""

    USUAL = "usual"
    OFFICIAL = "official"
    FORMER = "former"
    MAIDEN = "maiden"
    NICKNAME = "nickname"
    ALIAS = "alias"


class Name(Shape):
    """One name that a person goes by, a compound name in its parts.

    An unborn child may have none (R3).
    """

    family_name: tuple[Line, ...] = ()
    given_name: tuple[Line, ...] = ()
    preferred_name: Line | None = None
    use: NameUse = NameUse.USUAL


class PartialDate(Shape):
    """A date with how sure day, month and year are, in that order.

    A is accurate, E estimated, U unknown, X expected.
    """

    date: dt.date
    accuracy_indicator: Annotated[str, StringConstraints(pattern=r"^[AEUX]{3}$")] = "AAA"

    @property
    def expected(self) -> bool:
        """Whether this is when an unborn child is due."""
        return "X" in self.accuracy_indicator


class Protectable(Shape):
    """What may be dangerous to tell: a refuge, a foster home, a new school, an informant (L7).

    What is protected is told to nobody by itself, and what leaves is searched for it. Anything but
    ``false`` protects: a word that was not agreed is no reason to tell where somebody hides.
    """

    protected: Annotated[bool, BeforeValidator(lambda said: said not in (False, None))] = Field(
        default=False, exclude_if=_no
    )
    protected_reason: Line | None = Field(default=None, exclude_if=_no)


class Address(Protectable):
    """Where somebody lives or lived. ``postcode`` as ``BD54 5UN``; ``uprn`` has up to 12 digits."""

    line1: Line | None = None
    line2: Line | None = None
    city: Line | None = None
    postcode: Annotated[str, Field(max_length=10)] | None = None
    uprn: Annotated[str, StringConstraints(pattern=r"^\d{1,12}$")] | None = None
    usrn: Annotated[str, StringConstraints(pattern=r"^\d{1,8}$")] | None = None
    use: Literal["home", "temporary", "former", "school", "work"] = "home"


class School(Protectable):
    """Where a child goes to school; ``urn`` is the school's number in the register of schools."""

    name: Line
    urn: Annotated[str, StringConstraints(pattern=r"^\d{5,8}$")] | None = None
    address: Address | None = None


class Contact(Protectable):
    """How to reach somebody."""

    name: Line | None = None
    email: tuple[Line, ...] = ()
    telephone: tuple[Line, ...] = ()


class Risk(StrEnum):
    """Why somebody is a risk to the child, or must not learn where the child is (L7)."""

    ALLEGED_PERPETRATOR = "alleged_perpetrator"
    FLED_FROM = "fled_from"
    OTHER = "other"


class RelatedPerson(Protectable):
    """Somebody of the child's family or household, as the notifying agency knows them.

    Who is protected, such as an informant, is so with every address and telephone of theirs.
    """

    name: Name
    relationship: Code
    date_of_birth: PartialDate | None = None
    identifier: tuple[Identifier, ...] = ()
    risk: Risk | None = Field(default=None, exclude_if=_no)
    address: tuple[Address, ...] = Field(default=(), exclude_if=_no)
    contact: tuple[Contact, ...] = Field(default=(), exclude_if=_no)
    works_for: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    """Employers, and agencies that they serve, by name or by code."""


GPS: Final = frozenset({"gp", "general_practitioner", "family_doctor"})
"""Who is named as a relation and is the child's doctor: nobody of the family."""


class Sex(StrEnum):
    """Sex as observed or recorded."""

    MALE = "male"
    FEMALE = "female"
    INDETERMINATE = "indeterminate"
    UNKNOWN = "unknown"


class Person(Protectable):
    """A child as one agency describes them; every part may be missing.

    An unborn child has only a mother (R3). Of a protected child, such as an adopted one, only whom
    to ring is told.
    """

    identifier: tuple[Identifier, ...] = ()
    name: tuple[Name, ...] = ()
    date_of_birth: PartialDate | None = None
    sex_code: Sex = Sex.UNKNOWN
    address: tuple[Address, ...] = ()
    contact: tuple[Contact, ...] = ()
    related_person: tuple[RelatedPerson, ...] = ()
    identifier_absent_reason: Line | None = None
    """Why there is no NHS number, where there is none (L2)."""
    school: School | None = Field(default=None, exclude_if=_no)
