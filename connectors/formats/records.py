"""What readers make of bytes, and what they share."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, cast

from connectors.formats import strict_json
from connectors.not_taken import NotTaken
from schemas.notification import SetAside

Kind = Literal["xml", "json", "json-lines", "csv", "hl7"]
Encoding = Literal["utf-8", "windows-1252", "utf-16", "guess"]
NUMBER = "{n}"
"""Stands in the name of a column for the number of the child whose it is."""
_PLAIN_LINES = 64 * 1024
"""Bytes within which a text shows by what its lines end."""


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
    set_aside: tuple[SetAside, ...] = ()
    """What of it could not be read as agreed."""


@dataclass(slots=True)
class Tally:
    """What a reader met besides records."""

    skipped: int = 0
    """Rows and lines in which nothing stands."""
    unread: set[str] = field(default_factory=set)
    """The sender's names that the mapping does not read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mapping wants its records found."""

    path: str = "."
    """Of a record in XML."""
    delimiter: str = ","
    encoding: Encoding = "utf-8"
    lone_resources: bool = False
    """Whether a FHIR resource may come without its Bundle."""
    columns: tuple[str, ...] = ()
    """Columns that the mapping reads."""
    needed: tuple[str, ...] = ()
    """Those whose absence is told: of several children only the first has to have all."""
    known: frozenset[str] = frozenset()
    """The sender's names that errors may tell: those in the mapping itself."""
    ignored: frozenset[str] = frozenset()
    """Names that the mapping leaves alone."""
    largest: int = 2_000_000
    """Bytes of one record, and of a whole XML or JSON text."""
    tally: Tally = field(default_factory=Tally)


def in_utf8(stream: BinaryIO, reading: Reading) -> BinaryIO:
    """The same text in UTF-8; ``NotTaken`` where it is not in the encoding that was agreed.

    Only where an agency's mapping says ``guess`` is it guessed: by its byte-order mark, and what is
    no UTF-8 is Windows-1252.
    """
    if reading.encoding == "utf-8":
        return stream
    body = stream.read()
    try:
        return io.BytesIO(body.decode(_encoding(body, reading.encoding)).encode())
    except UnicodeDecodeError:
        raise NotTaken("unreadable.encoding") from None


def _encoding(body: bytes, agreed: Encoding) -> str:
    if agreed != "guess":
        return agreed
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def text_of(body: bytes) -> str:
    """The bytes as text; ``NotTaken`` if they are not UTF-8."""
    return strict_json.decode(body)


def all_of(stream: BinaryIO, largest: int) -> bytes:
    """A whole text; ``NotTaken`` for one that is too large, or empty."""
    body = stream.read(largest + 1)
    if len(body) > largest:
        raise NotTaken("unreadable.too-large")
    if not body.strip():
        raise NotTaken("unreadable.empty")
    return body


def lines_of(stream: BinaryIO, largest: int) -> Iterator[bytes]:
    """Lines with their ends, which may be CR alone; of a longer one a little over ``largest``."""
    top = stream.read(_PLAIN_LINES)
    stream.seek(-len(top), io.SEEK_CUR)
    if b"\r" in top and b"\n" not in top:
        whole = stream.read().replace(b"\r", b"\n")
        stream = cast("BinaryIO", io.BytesIO(whole))
    while line := stream.readline(largest + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > largest:
            rest = stream.readline(largest + 1)
        yield line
