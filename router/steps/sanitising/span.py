"""A stretch of the original that goes out, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True, repr=False, order=True)
class Span:
    """Characters of the original, what stands in their place, and the reason (R36)."""

    start: int
    end: int
    replacement: str
    reason: str


class Kind(NamedTuple):
    """What stands in place of something, and why."""

    replacement: str
    reason: str


NAME: Final = Kind("[name]", "Somebody other than the child.")
HOME: Final = Kind("[address]", "Where somebody lives or lived.")
STREET: Final = Kind("[address]", "A street address.")
SCHOOL: Final = Kind("[school]", "Which school somebody goes to.")
PREMISES: Final = Kind("[place]", "A place by which somebody can be found.")
POSTCODE: Final = Kind("[postcode]", "A postcode.")
BIRTH: Final = Kind("[date of birth]", "When somebody was born.")
EMAIL: Final = Kind("[e-mail]", "An e-mail address.")
ACCOUNT: Final = Kind("[account]", "An account by which somebody can be reached.")
TELEPHONE: Final = Kind("[telephone]", "A telephone number.")
NUMBER: Final = Kind("[number]", "A number by which somebody is known.")
VEHICLE: Final = Kind("[vehicle]", "A vehicle's registration.")
REFERENCE: Final = Kind("[reference]", "A reference of the police.")
