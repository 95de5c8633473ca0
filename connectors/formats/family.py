"""One record about several children: a notification for each, told of the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from connectors.formats import template
from connectors.formats.hl7_messages import Segments
from connectors.formats.records import NUMBER, Kind
from connectors.formats.template import Part
from schemas.notification import Notification
from schemas.person import Name, RelatedPerson


@dataclass(frozen=True, slots=True)
class Children:
    """Where the children of a record stand: the mapping's ``each``."""

    kind: Kind
    paths: tuple[str, ...]
    """How columns of each begin, such as ``Child1 ``, or of any number ``Child{n} ``; else the one
    path: in HL7 the segment with which those of each child begin."""

    def of(self, record: object) -> list[tuple[Part, str]]:
        """Each child of the record, and what stands before its fields' names; never empty."""
        found = self._columns(record) if self.kind == "csv" else self._repeated(record)
        return found or [(Part(record, None), self._before(None))]

    def _repeated(self, record: object) -> list[tuple[Part, str]]:
        parts = self._parts(record)
        if len(parts) > 1 and (blank := self.blank(record)):
            first = 1 if self.kind == "xml" else 0
            return [
                (Part(record, part), before)
                for n, part in enumerate(parts, start=first)
                if (before := self._before(n)) not in blank
            ]
        if self.kind in ("xml", "hl7") and len(parts) == 1:
            return [(Part(record, parts[0]), self._before(None))]
        first = 1 if self.kind in ("xml", "hl7") else 0
        return [(Part(record, part), self._before(n)) for n, part in enumerate(parts, start=first)]

    def blank(self, record: object) -> list[str]:
        """What stands before the names in each part of several that says nothing."""
        if self.kind in ("csv", "hl7"):
            return []
        parts, first = self._parts(record), 1 if self.kind == "xml" else 0
        blank = [self._before(n) for n, part in enumerate(parts, start=first) if _is_blank(part)]
        return blank if len(parts) > 1 and len(blank) < len(parts) else []

    def _parts(self, record: object) -> Sequence[object]:
        if isinstance(record, Segments):
            return record.groups(self.paths[0])
        return template.parts_getter(self.kind, self.paths[0])(record)

    def _before(self, number: int | None) -> str:
        if self.kind == "csv":
            return self.paths[0].replace(NUMBER, "1")
        if self.kind == "hl7":
            return "" if number is None else f"{self.paths[0]} {number}, "
        place = "" if number is None else f"[{number}]"
        return self.paths[0] + place + ("/" if self.kind == "xml" else ".")

    def _columns(self, record: object) -> list[tuple[Part, str]]:
        cells = record if isinstance(record, dict) else {}
        found = []
        for start in self._starts(cells):
            own = {
                name[len(start) :]: cell for name, cell in cells.items() if name.startswith(start)
            }
            if any(str(cell).strip() for cell in own.values()):
                found.append((Part(record, own), start))
        return found

    def _starts(self, cells: Mapping[str, object]) -> Iterator[str]:
        for path in self.paths:
            if NUMBER not in path:
                yield path
                continue
            before, _, after = path.partition(NUMBER)
            begins = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")
            numbers = {found[1] for name in cells if (found := begins.match(name))}
            yield from (path.replace(NUMBER, number) for number in sorted(numbers, key=int))


def _is_blank(part: object) -> bool:
    if isinstance(part, Element):
        return not any(one.attrib or (one.text or "").strip() for one in part.iter())
    return part in (None, "", {}, [])


def siblings(made: Sequence[Notification]) -> list[Notification]:
    """Children of one record: each is told of the others, and has a reference of its own.

    The first keeps the record's; the others add ``#2``, ``#3`` and so on.
    """
    if len(made) == 1:
        return list(made)
    return [
        one.model_copy(
            update={
                "reference": one.reference if number == 1 else f"{one.reference[:190]}#{number}",
                "subject": one.subject.model_copy(
                    update={
                        "related_person": (
                            *one.subject.related_person,
                            *(_sibling(other) for other in made if other is not one),
                        )
                    }
                ),
            }
        )
        for number, one in enumerate(made, start=1)
    ]


def _sibling(other: Notification) -> RelatedPerson:
    child = other.subject
    return RelatedPerson(
        name=child.name[0] if child.name else Name(),
        relationship="sibling",
        date_of_birth=child.date_of_birth,
        identifier=child.identifier,
    )
