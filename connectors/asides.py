"""What could not be used of a message: how it is named and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors.faults import Fault
from connectors.formats.strict_json import as_sent, cleaned, repeated
from connectors.not_taken import dotted, name_in
from connectors.parts import Path, at
from schemas.notification import Instead, SetAside

LONGEST_NAME = 500
"""Characters that are told of a name; a longer one is kept with the value."""
MOST = 100
"""Parts told one by one; of more, all that came is kept as one."""
_ROOM = 100_000
"""Characters in all that are kept value by value, or twice as many as came."""


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


def overwritten(value: object, where: str) -> tuple[SetAside, ...]:
    """What an object of a JSON text gave under a key before it gave another under the same."""
    return tuple(
        aside(where + dotted(path), "unreadable.repeated-key", value=before)
        for path, before in repeated(value)
    )


@dataclass(slots=True, repr=False, kw_only=True)
class AsSent:
    """What a sender wrote, in the shape of the hub's that is to be made of it."""

    values: dict[str, Any]
    """Changed as parts are set aside."""
    text: bytes
    """The record or message as it came."""
    written: Callable[[], object]
    """The values again, each as it came."""
    names: Callable[[], object] = lambda: None
    """The same with the sender's name of each; None where the names are the hub's own."""
    agreed: Callable[[Path], str | None] = lambda _: None
    """The sender's name of what does not stand there."""
    where: str = ""
    """What stands before each name, such as ``row 3, ``."""
    odd: bool = False
    """Whether a text may hold what no text may, or NaN stand somewhere."""
    beside: Sequence[SetAside] = ()
    """What was set aside already when it was read."""


@dataclass(repr=False)
class Asides:
    """What is set aside of one message, each part once."""

    sent: AsSent
    _found: dict[tuple[str, str, str], SetAside] = field(default_factory=dict)

    @cached_property
    def came(self) -> object:
        """The values as they came."""
        return self.sent.written()

    @cached_property
    def _names(self) -> object:
        return self.sent.names()

    @property
    def is_mapped(self) -> bool:
        """Whether the sender wrote in a format of its own."""
        return self._names is not None

    def name(self, path: Path) -> str:
        """The sender's name of the part."""
        return name_in(self._names, path) or self.sent.agreed(path) or dotted(path)

    def written(self, path: Path) -> object:
        """What came there, or in a larger part that was not read any further."""
        came = self.came
        for part in path:
            if not isinstance(came, dict | list):
                break
            came = at(came, (part,))
        return came

    def note(self, fault: Fault, instead: Instead, *, name: str | None = None) -> None:
        """Keep what came there, and say what was wrong and what was done."""
        made = aside(
            self.sent.where + (name or self.name(fault.path)),
            fault.reason,
            value=self.written(fault.path),
            place=dotted(fault.path),
            expected=fault.expected,
            instead=instead,
        )
        self._found.setdefault((made.field, made.reason, made.value), made)

    def told(self, path: Path) -> bool:
        """Whether something there was set aside."""
        return any(one.place.startswith(dotted(path)) for one in self._found.values())

    def done(self, path: Path, instead: Instead) -> None:
        """Say what stands in place of what was set aside there, or is missing."""
        for key, one in self._found.items():
            if one.place == dotted(path):
                self._found[key] = one.model_copy(update={"instead": instead})
                return
        self.note(Fault(path, "missing.field"), instead)

    def keep_close(self, path: Path) -> None:
        """Say of what was set aside there that it is kept back as was said."""
        for key, one in self._found.items():
            if one.place == dotted(path):
                self._found[key] = one.model_copy(update={"instead": Instead.KEPT_CLOSE})

    def all(self) -> tuple[SetAside, ...]:
        """Every part; of very many the first, and all that came once in place of their values."""
        found = [*self.sent.beside, *self._found.values()]
        room = max(_ROOM, 2 * len(self.sent.text))
        if len(found) <= MOST and sum(len(one.value) for one in found) <= room:
            return tuple(found)
        some = [one.model_copy(update={"value": ""}) for one in found[: MOST - 1]]
        text = self.sent.text.decode("utf-8", "replace")
        return (*some, aside(self.sent.where, "invalid.many", value=text))
