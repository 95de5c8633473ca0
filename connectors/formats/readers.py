"""From bytes to records: XML, JSON, JSON lines and CSV. One bad record never stops those after
it.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Literal
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from connectors.events import strict_json
from connectors.not_taken import NotTaken
from schemas.refusals import Refusal

Kind = Literal["xml", "json", "json-lines", "csv"]
LONGEST_ROW = 200
"""Lines that one CSV row may span; more means that a quote was never closed."""


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One record as it came. ``where`` leads to a field in the sender's terms: ``row 3, ``; empty
    for a lone record.
    """

    content: object
    original: bytes
    where: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mapping wants its records found: their path in XML, columns and delimiter in CSV, and
    what is named.
    """

    path: str = "."
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    """Columns that the header must have."""
    known: frozenset[str] = field(default=frozenset())
    """Names of the sender's that may be told in errors: those that the mapping itself has."""
    largest: int = 2_000_000
    """Bytes of one record, and of a whole XML or JSON text."""


def records(kind: Kind, stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    """Each record of ``stream`` in its order; one that cannot be read has a ``Refusal``."""
    try:
        yield from _READERS[kind](stream, reading)
    except NotTaken as refused:
        yield Record(refused.refusal, _whole(stream, reading.largest))


def _whole(stream: BinaryIO, largest: int) -> bytes:
    stream.seek(0)
    return stream.read(largest)


def _read_all(stream: BinaryIO, largest: int) -> bytes:
    body = stream.read(largest + 1)
    if len(body) > largest:
        raise NotTaken("unreadable.too-large")
    if not body.strip():
        raise NotTaken("unreadable.empty")
    return body


def _lines(stream: BinaryIO, largest: int) -> Iterator[bytes]:
    """Lines with their ends; of one that is too long its beginning, still longer than
    ``largest``.
    """
    while line := stream.readline(largest + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > largest:
            rest = stream.readline(largest + 1)
        yield line


# --- JSON


def _json(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    body = _read_all(stream, reading.largest)
    parsed = strict_json.parse(body)
    if not isinstance(parsed.value, list):
        yield _checked(parsed.value, parsed.odd, body, "", reading)
        return
    if not parsed.value:
        raise NotTaken("unreadable.empty")
    for index, value in enumerate(parsed.value):
        yield _checked(value, parsed.odd, written(value), f"[{index}].", reading)


def written(value: object) -> bytes:
    """A value as JSON; characters that UTF-8 cannot carry are escaped, NaN becomes null."""
    try:
        return json.dumps(value, ensure_ascii=False, default=lambda _: None).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=lambda _: None).encode("ascii")
    except RecursionError:
        raise NotTaken("unreadable.too-deep") from None


def _checked(value: object, odd: bool, original: bytes, where: str, reading: Reading) -> Record:
    try:
        if odd or strict_json.may_be_deep(original):
            strict_json.check(value, reading.known)
        if not isinstance(value, dict):
            raise NotTaken("invalid.value")
    except NotTaken as refused:
        return Record(refused.refusal, original, where)
    return Record(value, original, where)


def _json_lines(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    seen = False
    for number, line in enumerate(_lines(stream, reading.largest), start=1):
        if not line.strip():
            continue
        seen = True
        yield _json_line(line, f"line {number}, ", reading)
    if not seen:
        raise NotTaken("unreadable.empty")


def _json_line(line: bytes, where: str, reading: Reading) -> Record:
    if len(line) > reading.largest:
        return Record(Refusal("unreadable.too-large"), line[: reading.largest], where)
    original = line.rstrip(b"\r\n")
    try:
        parsed = strict_json.parse(original)
    except NotTaken as refused:
        return Record(refused.refusal, original, where)
    return _checked(parsed.value, parsed.odd, original, where, reading)


# --- CSV. Rows are counted as a spreadsheet shows them: the header is row 1.


def _csv(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    lines = _Lines(_lines(stream, reading.largest))
    header_line = lines.take()
    if header_line is None or not header_line.strip():
        raise NotTaken("unreadable.empty")
    header = _header(header_line, reading.delimiter)
    missing = next((column for column in reading.columns if column not in header), None)
    number = 1
    while (row := _row(lines, reading.delimiter, len(header))) is not None:
        number += 1
        if row.blank:
            continue
        content: object = Refusal("missing.column", missing) if missing else row.refusal
        content = content or dict(zip(header, row.cells, strict=True))
        yield Record(content, header_line + row.raw, f"row {number}, ")


def _header(line: bytes, delimiter: str) -> list[str]:
    try:
        header = [name.strip() for name in _cells(strict_json.decode(line), delimiter)]
    except csv.Error:
        raise NotTaken("unreadable.csv", "row 1") from None
    if len(set(header)) < len(header):
        raise NotTaken("unreadable.csv", "row 1")
    return header


@dataclass(frozen=True, slots=True, repr=False)
class _Row:
    raw: bytes
    cells: Sequence[str] = ()
    refusal: Refusal | None = None

    @property
    def blank(self) -> bool:
        return not self.raw.strip()


class _Lines:
    """Lines that can be put back."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._back: deque[bytes] = deque()

    def take(self) -> bytes | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def put_back(self, lines: Sequence[bytes]) -> None:
        self._back.extendleft(reversed(lines))


def _row(lines: _Lines, delimiter: str, width: int) -> _Row | None:
    """The next row. A quote left open would swallow good rows: then the first line alone is the bad
    row.
    """
    first = lines.take()
    if first is None:
        return None
    taken = [first]
    quotes = first.count(b'"')
    while quotes % 2 and len(taken) < LONGEST_ROW and (line := lines.take()) is not None:
        taken.append(line)
        quotes += line.count(b'"')
    row = _cut(b"".join(taken), delimiter, width)
    if row.refusal is None or len(taken) == 1:
        return row
    lines.put_back(taken[1:])
    return _Row(first, refusal=Refusal("unreadable.csv"))


def _cut(raw: bytes, delimiter: str, width: int) -> _Row:
    if not raw.strip():
        return _Row(raw)
    try:
        text = raw.decode("utf-8")
        if "\0" in text:
            raise NotTaken("invalid.characters")
        cells = _cells(text, delimiter)
        if len(cells) != width:
            raise NotTaken("unreadable.csv")
    except UnicodeDecodeError:
        return _Row(raw, refusal=Refusal("unreadable.encoding"))
    except csv.Error:
        return _Row(raw, refusal=Refusal("unreadable.csv"))
    except NotTaken as refused:
        return _Row(raw, refusal=refused.refusal)
    return _Row(raw, cells)


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


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
        original = body if len(found) == 1 else _rewrapped(root.tag, reading.path, element)
        yield Record(element, original, "" if len(found) == 1 else f"{reading.path}[{number}]/")


def _tree(body: bytes) -> Element:
    strict_json.decode(body)  # whatever the XML declares of itself: the hub takes UTF-8 only
    try:
        # With C's builder: defusedxml's own, in Python, makes elements of another class, and
        # slowly.
        parser = DefusedXMLParser(target=TreeBuilder(), encoding="utf-8", forbid_dtd=True)
        parser.feed(body)
        root: Element = parser.close()
    except DefusedXmlException:
        raise NotTaken("unreadable.xml-entities") from None
    except (ParseError, ValueError, LookupError):
        raise NotTaken("unreadable.xml") from None
    _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    """Refuse deep trees, and take the namespaces off: a sender's prefix is of no meaning to the
    hub.
    """
    level, depth = [root], 1
    while level:
        if depth > strict_json.DEEPEST:
            raise NotTaken("unreadable.too-deep")
        for element in level:
            element.tag = element.tag.rpartition("}")[2]
        level = [child for element in level for child in element]
        depth += 1


def _rewrapped(root: str, path: str, element: Element) -> bytes:
    """One record of several as a text of its own that the same mapping reads."""
    inner = element
    for tag in [root, *path.split("/")[:-1]][::-1]:
        outer = Element(tag)
        outer.append(inner)
        inner = outer
    return bytes(tostring(inner, encoding="utf-8"))


_READERS: Mapping[Kind, Callable[[BinaryIO, Reading], Iterator[Record]]] = {
    "xml": _xml,
    "json": _json,
    "json-lines": _json_lines,
    "csv": _csv,
}
