"""The ACK of an HL7 v2 message: what became of it, and each fault in the sender's own terms.

Original mode (HL7 v2.8.2, section 2.9.2): AA recorded, now or before; AE something in it is amiss;
AR it is none that this agency may send. An ERR segment for each fault, and with severity W for
each part that was set aside; with severity I, what happens next with what was taken (table 0516).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.formats.hl7_messages import charset_of, marks_of
from schemas.message import derived_id
from schemas.notification import Receipt, ReceiptStatus, Warned

_MARKS = "|^~\\&"
_NOT_FOR_IT = ("refused.agreement", "refused.role", "unknown.")
_CODES = (
    ("missing.", "101", "Required field missing"),
    ("invalid.code", "103", "Table value not found"),
    ("invalid.", "102", "Data type error"),
    ("placeholder.", "102", "Data type error"),
    ("unreadable.hl7", "100", "Segment sequence error"),
    ("unknown.", "200", "Unsupported message type"),
    ("refused.same-id", "205", "Duplicate key identifier"),
    ("", "207", "Application internal error"),
)
"""HL7 table 0357, by how the hub's reason begins; 207 is for all that has none of its own."""
_PLACE = re.compile(
    r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\]|\[[^\]]*\])?-(\d+)(?:\[(\d+)\]|\[[^\]]*\])?"
    r"(?:\.(\d+))?(?:\.(\d+))?"
)


@dataclass(frozen=True, slots=True, repr=False)
class Header:
    """The MSH segment of a message, as far as it has one, as it came."""

    fields: tuple[str, ...]
    """From MSH-1, the field separator, on."""
    marks: str
    charset: str

    @classmethod
    def of(cls, message: bytes) -> Header:
        """That of a message, or none where it begins with no MSH."""
        message = message.lstrip(b"\xef\xbb\xbf\r\n \t")
        charset = charset_of(message)
        line = re.split(rb"[\r\n]", message, maxsplit=1)[0].decode(charset, "replace")
        line = "".join(filter(str.isprintable, line))
        marks = marks_of(line)
        fields = (marks[0], *line.split(marks[0])[1:]) if marks else ()
        return cls(fields, marks or _MARKS, charset)

    def field(self, number: int) -> str:
        """``MSH-10`` of 10; empty where it is not there."""
        return self.fields[number - 1] if number <= len(self.fields) else ""

    @property
    def id(self) -> str:
        """Under which its sender knows the message."""
        return self.field(10)

    @property
    def sender(self) -> str:
        """The application and facility within which ids are unique."""
        return self.marks[0].join((self.field(3), self.field(4))).strip(self.marks[0])


def acknowledged(header: Header, receipts: Sequence[Receipt], *, now: dt.datetime) -> bytes:
    """The ACK for a message of which these are the receipts."""
    return _Answer(header).bytes(receipts, now)


@dataclass(frozen=True, slots=True)
class _Answer:
    header: Header

    def bytes(self, receipts: Sequence[Receipt], now: dt.datetime) -> bytes:
        faults = [one for one in receipts if one.status is ReceiptStatus.REJECTED]
        code = _code(faults)
        why = self._escaped(faults[0].explanation or "") if faults else ""
        id_ = derived_id("ack", receipts[0].id, code, now.isoformat()).replace("-", "")[:20]
        lines = [
            self._head(id_, now),
            ["MSA", code, self.header.id, why],
            *(self._fault(one) for one in faults),
            *(self._warning(part) for one in receipts for part in one.warnings),
            *(self._told(said) for said in dict.fromkeys(map(_in_words, receipts)) if said),
        ]
        bar = self.header.marks[0]
        text = "".join(bar.join(line).rstrip(bar) + "\r" for line in lines)
        return text.encode(self.header.charset, "replace")

    def _head(self, id_: str, now: dt.datetime) -> list[str]:
        header, mark = self.header, self.header.marks[1]
        kind = header.field(9).split(mark)
        event = kind[1] if len(kind) > 1 else ""
        time = now.strftime("%Y%m%d%H%M%S%z")
        to_and_from = [header.field(number) for number in (5, 6, 3, 4)]
        version = [header.field(11) or "P", header.field(12) or "2.5.1"]
        of_text = [*[""] * 5, header.field(18)]
        about = [mark.join(("ACK", event, "ACK")), id_, *version, *of_text]
        return ["MSH", header.marks[1:], *to_and_from, time, "", *about]

    def _fault(self, receipt: Receipt) -> list[str]:
        says = f"{receipt.explanation or ''} {receipt.cure or ''}".strip()
        return self._err("E", receipt.reason or "", field=receipt.field or "", says=says)

    def _warning(self, part: Warned) -> list[str]:
        says = f"{part.explanation} {part.done} {part.cure}"
        return self._err("W", part.reason, field=part.field, says=says)

    def _told(self, says: str) -> list[str]:
        """What its sender is told in words, though nothing is amiss."""
        mark = self.header.marks[1]
        coded = mark.join(("0", "Message accepted", "HL70357"))
        return ["ERR", "", "", coded, "I", "", "", "", self._escaped(says)]

    def _err(self, severity: str, reason: str, *, field: str, says: str) -> list[str]:
        mark = self.header.marks[1]
        number, words = next(rest for start, *rest in _CODES if reason.startswith(start))
        coded = mark.join((number, words, "HL70357"))
        place = mark.join(_place(field)).rstrip(mark)
        return ["ERR", "", place, coded, severity, reason, "", *map(self._escaped, (field, says))]

    def _escaped(self, text: str) -> str:
        marks, escape = self.header.marks, self.header.marks[3]
        pairs = zip(marks, "FSRET", strict=False)
        meant = {mark: f"{escape}{letter}{escape}" for mark, letter in pairs}
        return "".join(meant.get(letter, letter) for letter in text if letter.isprintable())


def _in_words(receipt: Receipt) -> str:
    """What happens to a concern that is taken, and what to do in danger."""
    if receipt.status is ReceiptStatus.REJECTED or receipt.next is None:
        return ""
    return " ".join(filter(None, (receipt.danger, receipt.explanation, receipt.next)))


def _code(faults: Sequence[Receipt]) -> str:
    if not faults:
        return "AA"
    rejected = all((one.reason or "").startswith(_NOT_FOR_IT) for one in faults)
    return "AR" if rejected else "AE"


def _place(field: str) -> Iterator[str]:
    """Segment, its number, field, repetition, component, subcomponent (ERR-2, type ERL)."""
    if found := _PLACE.search(field):
        yield from (part or "" for part in found.groups())
