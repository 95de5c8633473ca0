"""What stands in a record under names that its mapping does not read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from connectors.formats import hl7_paths
from connectors.formats.hl7_messages import Segments


@dataclass(frozen=True, slots=True)
class Known:
    """A mapping's words: all that it reads or leaves alone, and within which of these it looks."""

    words: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()


def unread(record: object, known: Known) -> Iterator[tuple[str, object]]:
    """Path and value of each part that nothing reads; empty parts are none."""
    if isinstance(record, Element):
        return _elements(record, known, path="")
    if isinstance(record, Segments):
        return hl7_paths.unread(record, known.words)
    return _keys(record, known, path="")


def _keys(value: object, known: Known, *, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from _keys(part, known, path=f"{path}[{number}]")
    elif isinstance(value, dict):
        for name, part in value.items():
            here = f"{path}.{name}" if path else name
            if name in known.inside:
                yield from _keys(part, known, path=here)
            elif name in known.words:
                continue
            elif part not in (None, "", [], {}):
                yield here, part


def _elements(element: Element, known: Known, *, path: str) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        if name not in known.words and value.strip():
            yield f"{path}@{name}", value
    for part in element:
        if part.tag in known.inside:
            yield from _elements(part, known, path=f"{path}{part.tag}/")
        elif part.tag not in known.words and ("".join(part.itertext()).strip() or part.attrib):
            plain = (part.text or "").strip() if not len(part) and not part.attrib else ""
            yield f"{path}{part.tag}", plain or tostring(part, encoding="unicode").strip()
