"""What an agency sent and the hub cannot take: why, and where in the sender's own terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from schemas.refusals import Refusal

_REASONS = {
    "missing": "missing.field",
    "string_too_short": "missing.field",
    "too_short": "missing.field",
    "extra_forbidden": "invalid.unknown-field",
    "string_too_long": "invalid.too-long",
    "too_long": "invalid.too-long",
    "string_unicode": "invalid.characters",
    "enum": "invalid.code",
    "literal_error": "invalid.code",
}
_KINDS = {
    "date": "invalid.date",
    "datetime": "invalid.time",
    "timezone": "invalid.time",
    "time": "invalid.time",
}


class NotTaken(Exception):
    """Something that an agency sent cannot be taken; ``refusal`` says why."""

    def __init__(
        self, reason: str, field: str | None = None, *, expected: str | None = None
    ) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, field, expected)

    def within(self, prefix: str) -> NotTaken:
        """The same, found while reading a part that the sender calls ``prefix``."""
        field = self.refusal.field
        whole = prefix + field if field else prefix.rstrip("., /")
        return NotTaken(self.refusal.reason, whole or None, expected=self.refusal.expected)


def of_validation(error: ValidationError, names: object = None, *, prefix: str = "") -> NotTaken:
    """The first of pydantic's errors, without its message and value (design, section 7).

    ``names``: the sender's name of each field, in the shape of what was validated.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    kind, path = first["type"], first["loc"]
    reason = reason_of(kind)
    if kind == "extra_forbidden":
        path = path[:-1]  # its name is the sender's own text and may be anybody's name
    return NotTaken(reason, name_in(names, path) or dotted(path) or None).within(prefix)


def reason_of(kind: str) -> str:
    """The reason code for a type of pydantic's errors."""
    return _REASONS.get(kind) or _KINDS.get(kind.partition("_")[0], "invalid.value")


def dotted(path: Sequence[str | int]) -> str:
    """``("subject", "name", 0)`` as ``subject.name[0]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).lstrip(".")


def name_in(names: object, path: Sequence[str | int]) -> str | None:
    """The name in ``names`` of the field at ``path``, or of what it is read from."""
    for part in path:
        if isinstance(names, Mapping):
            names = names.get(part)
        elif isinstance(names, list) and isinstance(part, int) and part < len(names):
            names = names[part]
        elif not isinstance(names, str):
            names = None
    return names if isinstance(names, str) else None
