"""The runbook's lines about what is wrong: symptom, what it means, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_HEADINGS: Final = ("## Something is wrong", "## Alerts")
_BETWEEN_CELLS: Final = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Line:
    """One of them, in the words of ``ops/RUNBOOK.md``; ``number``: by which links find it."""

    number: int
    symptom: str
    means: str
    do: str


@cache
def lines() -> tuple[Line, ...]:
    """All of them, in the runbook's order."""
    text = (files("ops") / "RUNBOOK.md").read_text(encoding="utf-8")
    tables = [text.partition(one)[2].partition("\n## ")[0] for one in _HEADINGS]
    rows = [row for one in tables for row in one.splitlines() if row.startswith("| ")]
    cells = (_BETWEEN_CELLS.split(row.strip().strip("|")) for row in rows)
    whole = [[cell.strip() for cell in of] for of in cells if len(of) == 3]
    told = [of for of in whole if of[0] not in ("symptom", "alert")]
    return tuple(Line(number, *of) for number, of in enumerate(told, start=1))


def line_of(symptom: str) -> Line:
    """The line whose symptom begins so. Raises ``StopIteration`` where the runbook has none."""
    return next(one for one in lines() if one.symptom.startswith(symptom))
