"""From bytes to records: XML, JSON, JSON lines, CSV. A bad record never stops those after it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from connectors.formats import strict_json
from connectors.formats.strict_json import Json
from connectors.not_taken import NotTaken
from schemas.refusals import Refusal

Kind = Literal["xml", "json", "json-lines", "csv"]
LONGEST_ROW = 200
"""Lines that one CSV row may span; more means that a quote was never closed."""


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One record as it came."""

    content: object
    """A ``Refusal`` where it cannot be read."""
    original: bytes
    where: str = ""
    """What stands before a field's name, such as ``row 3, ``; empty for a lone record."""
    odd: bool = False
    """Whether a text in it may hold what no text may, or an object a key twice."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mapping wants its records found."""

    path: str = "."
    """Of a record in XML."""
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    """Columns that the header must have."""
    known: frozenset[str] = frozenset()
    """The sender's names that errors may tell: those in the mapping itself."""
    largest: int = 2_000_000
    """Bytes of one record, and of a whole XML or JSON text."""


def records(kind: Kind, stream: BinaryIO, *, reading: Reading) -> Iterator[Record]:
    """Each record of ``stream`` in its order; one that cannot be read has a ``Refusal``."""
    try:
        yield from _READERS[kind](stream, reading)
    except NotTaken as refused:
        stream.seek(0)
        yield Record(refused.refusal, stream.read(reading.largest))


def _read_all(stream: BinaryIO, largest: int) -> bytes:
    body = stream.read(largest + 1)
    if len(body) > largest:
        raise NotTaken("unreadable.too-large")
    if not body.strip():
        raise NotTaken("unreadable.empty")
    return body


def _lines(stream: BinaryIO, largest: int) -> Iterator[bytes]:
    """Lines with their ends; of one longer than ``largest`` a little more than that."""
    while line := stream.readline(largest + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > largest:
            rest = stream.readline(largest + 1)
        yield line


# --- JSON


def _json(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    whole = strict_json.parse(_read_all(stream, reading.largest))
    if not isinstance(whole.value, list):
        yield _record(whole, "")
        return
    if not whole.value:
        raise NotTaken("unreadable.empty")
    for index, part in enumerate(whole.parts()):
        yield _record(part, f"[{index}].")


def _record(json: Json, where: str) -> Record:
    try:
        json.check_depth()
        if not isinstance(json.value, dict):
            raise NotTaken("invalid.value")
    except NotTaken as refused:
        return Record(refused.refusal, json.text, where)
    return Record(json.value, json.text, where, odd=json.odd)


def _json_lines(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    seen = False
    for number, line in enumerate(_lines(stream, reading.largest), start=1):
        if line.strip():
            seen = True
            yield _json_line(line, f"line {number}, ", reading=reading)
    if not seen:
        raise NotTaken("unreadable.empty")


def _json_line(line: bytes, where: str, *, reading: Reading) -> Record:
    if len(line) > reading.largest:
        return Record(Refusal("unreadable.too-large"), line[: reading.largest], where)
    original = line.rstrip(b"\r\n")
    try:
        return _record(strict_json.parse(original), where)
    except NotTaken as refused:
        return Record(refused.refusal, original, where)


# --- CSV. Rows are counted as a spreadsheet shows them: the header is row 1.


def _csv(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    lines = _lines(stream, reading.largest)
    top = next(lines, b"")
    if not top.strip():
        raise NotTaken("unreadable.empty")
    names = [name.strip() for name in _cells(strict_json.decode(top), reading, where="row 1")]
    if len(set(names)) < len(names):
        raise NotTaken("unreadable.csv", "row 1")
    missing = [column for column in reading.columns if column not in names]
    lacks = Refusal("missing.column", missing[0]) if missing else None
    for number, (raw, content) in enumerate(_rows(lines, names, reading=reading), start=2):
        if raw.strip():
            yield Record(lacks or content, top + raw, f"row {number}, ", odd=b"\0" in raw)


def _rows(
    lines: Iterator[bytes], names: list[str], *, reading: Reading
) -> Iterator[tuple[bytes, dict[str, str] | Refusal]]:
    """Each row as it came, and by its columns' names.

    A quote left open would swallow good rows: then its first line alone is the bad row.
    """
    back: deque[bytes] = deque()
    while first := back.popleft() if back else next(lines, b""):
        taken, quotes, line = [first], first.count(b'"'), first
        while quotes % 2 and line and len(taken) < LONGEST_ROW:
            line = back.popleft() if back else next(lines, b"")
            taken += [line] if line else []
            quotes += line.count(b'"')
        row = b"".join(taken)
        content = _row(row, names, reading=reading)
        if isinstance(content, Refusal) and len(taken) > 1:
            row, content = first, Refusal("unreadable.csv")
            back.extendleft(reversed(taken[1:]))
        yield row, content


def _row(raw: bytes, names: list[str], *, reading: Reading) -> dict[str, str] | Refusal:
    try:
        text = raw.decode("utf-8")
        cells = _cells(text, reading)
        if len(cells) != len(names):
            raise NotTaken("unreadable.csv")
    except UnicodeDecodeError:
        return Refusal("unreadable.encoding")
    except NotTaken as refused:
        return refused.refusal
    return dict(zip(names, cells, strict=True))


def _cells(text: str, reading: Reading, *, where: str | None = None) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=reading.delimiter, strict=True), [])
    except csv.Error:
        raise NotTaken("unreadable.csv", where) from None


# --- XML


def _xml(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    body = _read_all(stream, reading.largest)
    root = _tree(body)
    if reading.path == ".":
        yield Record(root, body)
        return
    found = root.findall(reading.path)
    if not found:
        raise NotTaken("missing.field", reading.path)
    for number, element in enumerate(found, start=1):
        element.tail = None
        if len(found) == 1:
            yield Record(element, body)
        else:
            original = _rewrapped(element, [root.tag, *reading.path.split("/")[:-1]])
            yield Record(element, original, f"{reading.path}[{number}]/")


def _tree(body: bytes) -> Element:
    strict_json.decode(body)  # whatever the XML declares of itself: the hub takes UTF-8 only
    try:
        # With C's builder: defusedxml's own, in Python, makes other elements, and slowly.
        parser = DefusedXMLParser(target=TreeBuilder(), encoding="utf-8", forbid_dtd=True)
        parser.feed(body)
        root: Element = parser.close()
    except DefusedXmlException:
        raise NotTaken("unreadable.xml-entities") from None
    except (ParseError, ValueError, LookupError):
        raise NotTaken("unreadable.xml") from None
    level, depth = [root], 1
    while level:
        if depth > strict_json.DEEPEST:
            raise NotTaken("unreadable.too-deep")
        for element in level:  # a sender's prefix is of no meaning to the hub
            element.tag = element.tag.rpartition("}")[2]
        level = [child for element in level for child in element]
        depth += 1
    return root


def _rewrapped(element: Element, tags: list[str]) -> bytes:
    """One record of several as a text of its own that the same mapping reads."""
    for tag in reversed(tags):
        outer = Element(tag)
        outer.append(element)
        element = outer
    return bytes(tostring(element, encoding="utf-8"))


_READERS: Mapping[Kind, Callable[[BinaryIO, Reading], Iterator[Record]]] = {
    "xml": _xml,
    "json": _json,
    "json-lines": _json_lines,
    "csv": _csv,
}
