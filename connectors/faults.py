"""What is wrong with a part of a concern: where, why, and what a right one looks like."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Final

from connectors.formats.template import Bad
from connectors.not_taken import reason_of
from connectors.parts import Path

_SHAPES: Final = {
    "string_type": "a text",
    "tuple_type": "a list",
    "model_type": "an object",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
_PATTERNS: Final = {
    r"^[a-z0-9][a-z0-9_.:-]*$": "small letters, digits and hyphens",
    r"^[AEUX]{3}$": "three of A, E, U and X, such as AAA",
    r"^\d{1,12}$": "up to 12 digits",
    r"^\d{1,8}$": "up to 8 digits",
}
"""Of the hub's shapes, in words."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that cannot be used."""

    path: Path
    reason: str
    _: KW_ONLY
    expected: str | None = None
    longest: int | None = None
    """Characters, of a text that is too long."""
    absent: bool = False
    """Nothing stands where something must."""

    def moved(self, path: Path) -> Fault:
        """The same elsewhere."""
        return replace(self, path=path)

    def because_of(self, value: object) -> Fault:
        """The same with what its reader found wrong, where that could not read it."""
        if not isinstance(value, Bad):
            return self
        return replace(self, reason=value.reason, expected=value.expected)

    @property
    def public_path(self) -> Path:
        """Without a name that is the sender's own and may be anybody's."""
        return self.path[:-1] if self.reason == "invalid.unknown-field" else self.path


def fault_of(error: Any) -> Fault:
    """What one of pydantic's errors says."""
    if error["loc"][-1:] == ("postcode",):
        return Fault(error["loc"], "invalid.postcode")
    kind, context = error["type"], error.get("ctx", {})
    longest = context.get("max_length") if kind == "string_too_long" else None
    expected = (
        f"at most {longest:,} characters"
        if longest
        else context.get("expected") or _PATTERNS.get(context.get("pattern")) or _SHAPES.get(kind)
    )
    reason, absent = reason_of(kind), kind == "missing"
    return Fault(error["loc"], reason, expected=expected, longest=longest, absent=absent)
