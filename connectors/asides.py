"""How a part that could not be used is named and kept."""

from __future__ import annotations

from connectors.formats.strict_json import as_sent, cleaned
from schemas.notification import Instead, SetAside

LONGEST_NAME = 500
"""Characters that are told of a name; a longer one is kept with the value."""


def aside(
    name: str,
    reason: str,
    *,
    value: object = "",
    place: str = ".",
    expected: str | None = None,
    instead: Instead = Instead.LEFT_OUT,
) -> SetAside:
    """``value`` under the sender's ``name``; no text of the hub's holds NUL or half a character."""
    kept, told = as_text(value), cleaned(name)
    return SetAside(
        field=_line(told),
        place=_line(cleaned(place)),
        reason=reason,
        expected=expected and _line(expected),
        instead=instead,
        value=f"{told}: {kept}" if len(told) > LONGEST_NAME else kept,
    )


def as_text(value: object) -> str:
    """A text as it came, and what is none as JSON; empty for nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) and cleaned(value) == value else as_sent(value)


def _line(text: str) -> str:
    return text[:LONGEST_NAME].rstrip("., /") or "."
