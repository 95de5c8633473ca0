"""From bytes to records: XML, JSON, CSV, HL7. A bad record never stops those after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from connectors.formats import hl7_messages, strict_json
from connectors.formats.records import Kind, Reading, Record, all_of, in_utf8, lines_of
from connectors.formats.strict_json import Json
from connectors.formats.table import table
from connectors.formats.wrapped import in_bundle, unwrapped
from connectors.not_taken import NotTaken
from schemas.refusals import Refusal


def records(kind: Kind, stream: BinaryIO, *, reading: Reading) -> Iterator[Record]:
    """Each record of ``stream`` in its order; one that cannot be read has a ``Refusal``."""
    try:
        yield from _READERS[kind](in_utf8(stream, reading), reading)
    except NotTaken as refused:
        stream.seek(0)
        yield Record(refused.refusal, stream.read(reading.largest))


# --- JSON


def _json(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    whole = strict_json.parse(all_of(stream, reading.largest))
    whole, beside = unwrapped(whole, reading)
    if not isinstance(whole.value, list):
        yield _lone(whole, reading)
        return
    if not whole.value:
        raise NotTaken("unreadable.empty")
    for index, part in enumerate(whole.parts()):
        yield replace(_record(part, f"[{index}]."), set_aside=beside)


def _lone(json: Json, reading: Reading) -> Record:
    record = _record(json, "")
    if reading.lone_resources and isinstance(record.content, dict):
        return replace(record, content=in_bundle(record.content))
    return record


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
    for number, line in enumerate(lines_of(stream, reading.largest), start=1):
        if not line.strip():
            reading.tally.skipped += 1
        else:
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


# --- XML


def _xml(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    body = all_of(stream, reading.largest)
    root = _tree(body)
    if reading.path == ".":
        yield Record(root, body)
        return
    found = root.findall(reading.path)
    if not found:
        raise NotTaken("missing.field", reading.path)
    beside = list(_beside(root, reading.path.split("/"), reading=reading))
    lone = len(found) == 1 and not beside
    for number, element in enumerate(found, start=1):
        element.tail = None
        if lone:
            yield Record(element, body)
        else:
            original = _rewrapped(element, [root.tag, *reading.path.split("/")[:-1]])
            yield Record(element, original, f"{reading.path}[{number}]/")
    for place, element in beside:
        element.tail = None
        refusal = Refusal("invalid.unknown-field", place, expected=reading.path)
        yield Record(refusal, _rewrapped(element, [root.tag, *place.split("/")[:-1]]))


def _beside(
    element: Element, path: Sequence[str], *, reading: Reading, above: str = ""
) -> Iterator[tuple[str, Element]]:
    """What stands beside records under other names: perhaps records too."""
    step, *rest = path
    for part in element:
        name = part.tag
        if name == step or step == "*":
            yield from _beside(part, rest, reading=reading, above=f"{above}{name}/") if rest else ()
        elif name not in reading.ignored and any(
            one.attrib or (one.text or "").strip() for one in part.iter()
        ):
            yield f"{above}{name}", part


def _tree(body: bytes) -> Element:
    body = _declared(body)
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
            for name in [name for name in element.attrib if name.startswith("{")]:
                element.attrib[name.rpartition("}")[2]] = element.attrib.pop(name)
        level = [child for element in level for child in element]
        depth += 1
    return root


_DECLARED = re.compile(rb"""^<\?xml[^>]*?\bencoding\s*=\s*["']([\w.-]+)["']""")
_ENCODINGS = frozenset({"iso-8859-1", "iso-8859-15", "latin-1", "us-ascii", "windows-1252"})
"""What an XML text may declare of itself, besides UTF-8."""


def _declared(body: bytes) -> bytes:
    """The text in UTF-8: bytes that are none are read as the text itself declares."""
    declared = _DECLARED.match(body)
    encoding = declared[1].decode().lower() if declared else "utf-8"
    if encoding in _ENCODINGS:
        try:
            return body.decode(encoding).encode()
        except UnicodeDecodeError:
            raise NotTaken("unreadable.encoding") from None
    strict_json.decode(body)
    return body


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
    "csv": table,
    "hl7": hl7_messages.messages,
}
