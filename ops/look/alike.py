"""What a whole file says that no record of it says by itself: what is amiss on every one alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Told = Mapping[str, Any]
"""What a record would become, as ``hub connectors try`` tells it."""

_OF_THE_FILE = frozenset({"missing.column", "missing.child"})
"""Said of one record alone, too: it is its columns or elements that differ."""
_NEVER = frozenset(
    {"placeholder.name", "placeholder.number", "placeholder.telephone", "missing.detriment"}
)
"""What no mapping can mend."""


_SAYS = {
    "missing.column": "the file has {}, which nothing reads",
    "invalid.unknown-field": "list it under `ignore` if the hub has no use for it",
}


@dataclass(frozen=True, slots=True)
class Alike:
    """One thing that is amiss on every record of a file."""

    reason: str
    field: str
    """In the sender's words, without the record."""
    records: int
    expected: str | None
    """What the file has instead, or a right value looks like, where that is known."""

    def __str__(self) -> str:
        """As the summary names it."""
        return f"{self.reason} {self.field} ({self.records})"

    def said(self) -> str:
        """What it means to whoever writes the mapping."""
        says = _SAYS.get(self.reason, "expected is {}").format(self.expected)
        more = f"; {says}" if self.expected or self.reason == "invalid.unknown-field" else ""
        return (
            f"{self.reason} at {self.field} on every record: probably the mapping's fault, not the "
            f"sender's{more}"
        )


def alike(told: Sequence[Told]) -> list[Alike]:
    """What is amiss on every record that would be taken, or on all where none would.

    One record shows that of what no other could have otherwise.
    """
    taken = [one for one in told if one["taken"]] or list(told)
    count, expected = Counter[tuple[str, str]](), dict[tuple[str, str], str | None]()
    for one in taken:
        amiss = {(reason, field): why for reason, field, why in _amiss(one)}
        count.update(amiss.keys())
        expected |= amiss
    return [
        Alike(*key, records=number, expected=expected[key])
        for key, number in count.items()
        if number == len(taken) and key[0] not in _NEVER and (number > 1 or key[0] in _OF_THE_FILE)
    ]


def causes(every: Sequence[Alike]) -> list[Alike]:
    """Without what is so because of another."""
    return [one for one in every if not _follows(one, every)]


def _follows(one: Alike, found: Sequence[Alike]) -> bool:
    """Whether it is so because a column is missing, or stands there under another name."""
    columns = [other for other in found if other.reason == "missing.column"]
    missing, misspelt = {c.field for c in columns}, {c.expected for c in columns}
    return (one.reason == "missing.field" and one.field in missing) or (
        one.reason == "invalid.unknown-field" and one.field in misspelt
    )


def apart(one: Told, every: Sequence[Alike]) -> list[Told]:
    """The warnings of a record that not every one has."""
    known = {(each.reason, each.field) for each in every}
    return [w for w in one.get("warnings", ()) if (w["reason"], field_of(one, w)) not in known]


def _amiss(one: Told) -> Iterator[tuple[str, str, str | None]]:
    if one["taken"]:
        for warning in one["warnings"]:
            yield warning["reason"], field_of(one, warning), warning["expected"]
    else:
        yield one["reason"], field_of(one, one), None


_GARBLED = re.compile(
    "[\u00c2-\u00c5][\u0080-\u00bf\u0192\u02c6\u02dc\u2013-\u2022\u0160\u0178]|\u00e2\u20ac"
)
"""A letter of two bytes in UTF-8, read as two letters of Windows-1252: 'é' as 'Ã©'."""


def garbled(told: Sequence[Told]) -> str | None:
    """What to do about text in UTF-8 that was read as Windows-1252, where some seems to be."""
    found = [
        m[0] for one in told for text in _texts(one.get("made")) if (m := _GARBLED.search(text))
    ]
    if not found:
        return None
    return (
        f"text such as {found[0]} seems to be UTF-8 that was read as Windows-1252: write "
        'encoding = "utf-8" or "guess" in the mapping\'s reader; where it says so already, the '
        "sender's own system has done it"
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def field_of(one: Told, amiss: Told) -> str:
    """The name of the field without that of the record, and without numbers of repeated parts."""
    name = (amiss["field"] or "").removeprefix(one["place"] or "").lstrip("., /")
    return re.sub(r"\[\d+\]", "[]", name) or "the whole record"


def summary(told: Sequence[Told], every: Sequence[Alike]) -> str:
    """The whole file in a line."""
    taken = [one for one in told if one["taken"]]
    with_more = sum(bool(apart(one, every)) for one in taken)
    clean = len(taken) - with_more
    parts = [f"{len(taken)} of {len(told)} would be taken"]
    parts[0] += f": {clean} without warnings, {with_more} with" if taken else ""
    if every:
        parts.append(f"the same on every record: {', '.join(map(str, causes(every)))}")
    return "; ".join([*parts, "nothing was sent"])
