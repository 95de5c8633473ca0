"""Where things stand in an HL7 v2 message, written as HL7 itself does: ``PID-5.1``.

``PID-3[5='NH'].1`` is component 1 of those repetitions of the field whose component 5 is ``NH``;
``OBX[3.1='SG']-5`` is field 5 of those segments whose field 3 has ``SG`` as its component 1. What
a path names is read whole: ``PID-5`` is ``BELL^IDRIS``. Within ``each = "NK1"`` a path begins with
the number of a field, within ``each = "PID-5"`` with that of a component.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import hl7  # type: ignore[import-untyped]

from connectors.formats.hl7_messages import Segments

_TEST = r"(?:\[(\d+(?:\.\d+)*)='([^']*)'\])?"
_PATH = re.compile(rf"(?:([A-Z][A-Z0-9]{{2}}){_TEST}(?:-(?=\d)|\Z))?(?:(\d+){_TEST}((?:\.\d+)*))?")
NULL = '""'
"""What a sender writes where a value is to be deleted (HL7 v2.8.2, section 2.5.3)."""


@dataclass(frozen=True, slots=True)
class Test:
    """Which of several: those in which this stands there."""

    steps: tuple[int, ...]
    wanted: str

    def holds(self, part: object) -> bool:
        return any(text_of(found) == self.wanted for found in _down(part, self.steps))


@dataclass(frozen=True, slots=True)
class Path:
    """A path, read."""

    segment: str | None
    of_segment: Test | None
    steps: tuple[int, ...]
    of_repetition: Test | None

    def parts(self, record: object) -> list[object]:
        """Everything that it names, in order."""
        starts = self._starts(record)
        if not self.steps:
            return starts
        first, rest = self.steps[:1], self.steps[1:]
        found = (one for start in starts for one in _down(start, first))
        fitting = (one for one in found if not self.of_repetition or self.of_repetition.holds(one))
        return [part for one in fitting for part in _down(one, rest)]

    def _starts(self, record: object) -> list[object]:
        if self.segment is None:
            return [record]
        held = record.named(self.segment) if isinstance(record, Segments) else []
        return [one for one in held if not self.of_segment or self.of_segment.holds(one)]


def path_of(written: str) -> Path | None:
    """The path; None where it is none."""
    found = _PATH.fullmatch(written)
    if not written or found is None:
        return None
    segment, where, wanted, first, repeated, value, rest = found.groups()
    steps = _numbers((first or "") + (rest or ""))
    return Path(segment, _test(where, wanted), steps, _test(repeated, value))


def getter(written: str) -> Callable[[object], object | None]:
    """How to find the texts that a path names; ``.`` is the part itself."""
    path = path_of(written)

    def get(record: object) -> object | None:
        found = [record] if path is None else path.parts(record)
        texts = [text for one in found if (text := text_of(one)) not in ("", NULL)]
        return texts if len(texts) > 1 else texts[0] if texts else None

    return get


def parts_getter(written: str) -> Callable[[object], Sequence[object]]:
    """How to find each segment, or each repetition of a field, that a path names."""
    path = path_of(written)

    def parts(record: object) -> Sequence[object]:
        found = path.parts(record) if path else []
        return [hl7.Repetition("^", [one]) if isinstance(one, str) else one for one in found]

    return parts


def _numbers(dotted: str) -> tuple[int, ...]:
    return tuple(map(int, filter(None, dotted.split("."))))


def _test(where: str | None, wanted: str | None) -> Test | None:
    return Test(_numbers(where), wanted or "") if where else None


def _down(part: object, steps: Sequence[int]) -> list[object]:
    """What stands at the numbers; of a field each repetition.

    What is not divided is its own first part, as newer versions of HL7 divide what older did not.
    """
    if not steps:
        return [part]
    step, rest = steps[0], steps[1:]
    if isinstance(part, hl7.Segment):
        repeated = part[step] if 0 < step < len(part) else ()
        return [found for one in repeated for found in _down(one, rest)]
    if isinstance(part, hl7.Container):
        return _down(part[step - 1], rest) if 0 < step <= len(part) else []
    return _down(part, rest) if step == 1 else []


def text_of(part: object) -> str:
    """A part as it is written, without the space around it."""
    return str(part).strip() if isinstance(part, str | hl7.Container) else ""
