"""Where things stand in JSON: names with ``/`` between them, and of a list perhaps which.

``identifier[system='urn:x']/value`` is the value of those whose system is that, as XPath writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.not_taken import NotTaken

_STEP = re.compile(r"([^/\[]+)(?:\[([^=\]]+)='([^']*)'\])?(?:/|$)")


@dataclass(frozen=True, slots=True)
class Step:
    """A name, and of a list which: those in which ``wanted`` stands at ``test``."""

    name: str
    test: Sequence[str] | None = None
    wanted: str = ""

    def takes(self, one: object) -> bool:
        """Whether it means this one of a list."""
        return self.test is None or _reached(one, self.test) == self.wanted


def steps_of(path: str) -> list[Step]:
    """The path, read."""
    if "/" not in path and "[" not in path:
        return [Step(path)]
    found = (match.groups() for match in _STEP.finditer(path))
    return [
        Step(name, test.split("/") if test else None, wanted or "") for name, test, wanted in found
    ]


def getter(path: str) -> Callable[[object], object | None]:
    """How to find what stands there."""
    steps = steps_of(path)

    def get(record: object) -> object | None:
        found: list[object] = [record]
        for step in steps:
            objects = [value for value in found if isinstance(value, dict)]
            if not objects and any(value is not None for value in found):
                raise NotTaken("invalid.value", path.replace("/", "."))
            found = [
                one for value in objects for one in _members(value, step.name) if step.takes(one)
            ]
        values = [value for value in found if value not in (None, "", [])]
        return values if len(values) > 1 else values[0] if values else None

    return get


def _members(value: dict[str, object], name: str) -> list[object]:
    """What an object has under the name: of a list each of its own."""
    held = value.get(name)
    return held if isinstance(held, list) else [held]


def _reached(value: object, names: Sequence[str]) -> object | None:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
