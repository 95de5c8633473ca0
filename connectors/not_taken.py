"""What an agency sent and the hub cannot take: why, and where in the sender's own terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from schemas.refusals import Refusal

Labels = Mapping[str, "Labels"] | Sequence["Labels"] | str | None
"""The same shape as a message of the hub, with the sender's name of each field in the field's
place.
"""

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

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, field)

    def within(self, prefix: str) -> NotTaken:
        """The same, found while reading a part that the sender calls ``prefix``."""
        field = self.refusal.field
        return NotTaken(self.refusal.reason, prefix + field if field else _bare(prefix))


def of_validation(error: ValidationError, labels: Labels = None, prefix: str = "") -> NotTaken:
    """The first of pydantic's errors, without its message and value (design, section 7).

    With ``labels`` the place is the sender's name of the field; without, the path in the hub's own
    shape.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    reason = _REASONS.get(first["type"]) or _KINDS.get(
        first["type"].partition("_")[0], "invalid.value"
    )
    # A forbidden field's name is the sender's own text and may be anybody's name: only its parent
    # is told.
    path = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    where = dotted(path) if labels is None else label(labels, path)
    return NotTaken(reason, where or None).within(prefix)


def _bare(prefix: str) -> str | None:
    return prefix.rstrip("., /") or None


def dotted(path: Sequence[str | int]) -> str:
    """``("subject", "name", 0)`` as ``subject.name[0]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )


def label(labels: Labels, path: Sequence[str | int]) -> str:
    """The sender's name of the field at ``path`` of the hub's shape; the path itself where there is
    none.
    """
    for part in path:
        if isinstance(labels, Mapping):
            labels = labels.get(str(part))
        elif isinstance(labels, Sequence) and not isinstance(labels, str):
            labels = labels[part] if isinstance(part, int) and part < len(labels) else None
        else:
            break
    return labels if isinstance(labels, str) else dotted(path)
