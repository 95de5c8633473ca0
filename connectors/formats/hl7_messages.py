"""HL7 v2 messages in their text form (ER7). The ``hl7`` library splits them, by their own marks.

Escape sequences are decoded here: the library's ``unescape`` logs texts that it does not know.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Any, BinaryIO

import hl7  # type: ignore[import-untyped]

from connectors.formats.records import Reading, Record, all_of
from connectors.not_taken import NotTaken
from schemas.refusals import Refusal

_AROUND_ALL = b"\x0b\x1c\r\n \t"
"""What MLLP puts around a message, which some files have too, and white space."""
_BEGIN = re.compile(rb"(?:\A|(?<=[\r\n]))(?=MSH[^\w\s])")
_HEADER = re.compile(r"MSH([^\w\s])([^\w\s]{4,5})\1")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?=[^\w\s]|\Z)")
_AROUND = ("FHS", "BHS", "BTS", "FTS")
"""The segments of a file and a batch, which hold messages and say nothing of a child."""
_ORDER = ("ORC", "OBR", "OBX")
"""The segments with which what was asked and found begins, after those about the patient."""
_CHARSETS: Mapping[str, str] = {
    **{f"8859/{part}": f"iso-8859-{part}" for part in (*range(1, 10), 15)},
    **dict.fromkeys(("", "ASCII", "UNICODE", "UNICODE UTF-8", "UTF-8"), "utf-8"),
}
"""What MSH-18 may say (HL7 table 0211); ASCII is also UTF-8."""
_MOST_MARKS = 50_000
"""In a message, of separators and escapes: the library takes half a kilobyte of memory for each."""


@dataclass(frozen=True, slots=True, repr=False)
class Segments:
    """The segments of a message in their order, or those about one of several children."""

    held: tuple[hl7.Segment, ...]
    by_name: Mapping[str, Sequence[hl7.Segment]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, list[hl7.Segment]] = {}
        for segment in self.held:
            found.setdefault(name_of(segment), []).append(segment)
        object.__setattr__(self, "by_name", found)  # it is frozen

    def named(self, name: str) -> Sequence[hl7.Segment]:
        """Those of one kind, such as ``NK1``."""
        return self.by_name.get(name, ())

    def groups(self, name: str) -> list[Segments]:
        """From each segment of this kind up to the next of it.

        Those without an order of their own share the next one: one account of all these children.
        """
        at = [n for n, segment in enumerate(self.held) if name_of(segment) == name]
        ends = (*at[1:], len(self.held))
        found: list[Segments] = []
        shared: tuple[hl7.Segment, ...] = ()
        for start, end in reversed(list(zip(at, ends, strict=False))):
            own = self.held[start:end]
            order = tuple(dropwhile(lambda segment: name_of(segment) not in _ORDER, own))
            found.append(Segments(own if order else (*own, *shared)))
            shared = order or shared
        return found[::-1]


def name_of(segment: hl7.Segment) -> str:
    """``PID`` of a segment that begins with that."""
    return str(segment[0])


def messages(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    """Each message of a text, which may be a batch or a file of them."""
    body = all_of(stream, reading.largest).removeprefix(codecs.BOM_UTF8).strip(_AROUND_ALL)
    if not body:
        raise NotTaken("unreadable.empty")
    before, *found = _BEGIN.split(body)
    if not found:
        raise NotTaken("unreadable.hl7")
    if any(not line.startswith(_AROUND) for line in _lines(before.decode("latin-1"))):
        yield Record(Refusal("unreadable.hl7"), before)
    for number, message in enumerate(found, start=1):
        yield _record(message, f"message {number}, " if len(found) > 1 else "")


def _record(original: bytes, where: str) -> Record:
    try:
        content = _parsed(original)
    except NotTaken as refused:
        return Record(refused.refusal, original, where)
    return Record(content, original, where, odd=any("\0" in str(one) for one in content.held))


def _parsed(original: bytes) -> Segments:
    charset = charset_of(original)
    try:
        text = original.decode(charset)
    except UnicodeDecodeError:
        raise NotTaken("unreadable.encoding", "MSH-18") from None
    marks = marks_of(text)
    if marks is None:
        raise NotTaken("unreadable.hl7", "MSH-2")
    if sum(map(text.count, marks)) > _MOST_MARKS:
        raise NotTaken("unreadable.too-large")
    message = hl7.parse("\r".join(_segments(text)))
    for segment in message:
        _decode(segment, _Escapes(marks, charset))
    return Segments(tuple(message))


def marks_of(text: str) -> str | None:
    """MSH-1 and MSH-2: what separates fields, components, repetitions and so on, each another."""
    header = _HEADER.match(text)
    marks = header[1] + header[2] if header else ""
    return marks if marks and len(set(marks)) == len(marks) else None


def charset_of(message: bytes) -> str:
    """What MSH-18 says, in Python's word; UTF-8 where it says nothing that is known."""
    header = re.split(rb"[\r\n]", message, maxsplit=1)[0]
    fields = header.split(header[3:4] or b"|")
    said = fields[17] if len(fields) > 17 else b""
    first = re.split(rb"[^\w /-]", said.strip().upper())[0]
    return _CHARSETS.get(first.decode("ascii", "replace"), "utf-8")


def _lines(text: str) -> Iterator[str]:
    return (line for line in re.split(r"\r\n|\r|\n", text) if line.strip())


def _segments(text: str) -> list[str]:
    """A line that begins no segment goes on the one before it: somebody wrote a line break."""
    found: list[str] = []
    for line in _lines(text):
        if _SEGMENT.match(line) or not found:
            found.append(line)
        else:
            found[-1] += "\n" + line
    return [line for line in found if not line.startswith(_AROUND)]


# --- escape sequences (HL7 v2.8.2, section 2.7)


@dataclass(frozen=True, slots=True)
class _Escapes:
    marks: str
    """Field separator, then the marks of component, repetition, escape and subcomponent."""
    charset: str

    def decoded(self, text: str) -> str:
        """The text that is meant; a sequence that the hub does not know stays as it came."""
        mark = re.escape(self.marks[3])
        return re.sub(f"{mark}({_SEQUENCE}){mark}", self._meant, text)

    def _meant(self, found: re.Match[str]) -> str:
        sequence = found[1]
        if sequence in _MARKS:
            at = _MARKS.index(sequence)
            return self.marks[at] if at < len(self.marks) else "#"
        if sequence.startswith("X"):
            try:
                return bytes.fromhex(sequence[1:]).decode(self.charset)
            except ValueError:
                return found[0]
        command, count = sequence[:3], sequence[3:].lstrip("+-")
        return _FORMATTED.get(command, "") * (int(count or 1))


_MARKS = "FSRETP"
_SEQUENCE = rf"[{_MARKS}HN]|X[0-9A-Fa-f]{{2,200}}|\.(?:br|sp|ce|sk|fi|nf|in|ti)[+-]?\d{{0,2}}"
_FORMATTED = {".br": "\n", ".sp": "\n", ".ce": "\n", ".sk": " "}
"""Formatting that leaves something in a plain text; the rest leaves nothing."""


def _decode(part: Any, escapes: _Escapes) -> None:
    """Decode every text within, in place: so a mark that was escaped divides nothing."""
    for at, one in enumerate(part):
        if isinstance(one, str):
            part[at] = escapes.decoded(one)
        else:
            _decode(one, escapes)
