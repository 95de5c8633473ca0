"""Rows of CSV as programs write them: a damaged row is told, and never takes another with it.

Rows are counted as a spreadsheet shows them: what comes first in the file is row 1.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from connectors.asides import aside
from connectors.formats.records import Reading, Record, lines_of, text_of
from connectors.not_taken import NotTaken
from schemas.notification import Instead, SetAside
from schemas.refusals import Refusal

LONGEST_ROW = 200
"""Lines that one row may span; more means that a quote was never closed."""

_WIDE = 5
"""Columns: no line within a text has so many commas, or semicolons, by chance."""

Cells = dict[str, object]
"""By the mapping's name of each column, or the header's own; a list where a name stands twice."""


def table(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    """Each row below the header; ``NotTaken`` for what is no table of the agreed columns."""
    lines = _Lines(stream, reading.largest)
    header = _header(lines, reading)
    told = lines.taken
    for row in _rows(lines, header):
        told += len(row.raw)
        assert told == lines.taken, "every line is in a row of its own"
        if row.blank:
            reading.tally.skipped += 1
        else:
            yield Record(
                row.content,
                header.raw + row.raw,
                f"row {row.number}, ",
                odd=b"\0" in row.raw,
                set_aside=tuple(_told(row, header)),
            )


class _Lines:
    """The lines of a file, of which some may be put back."""

    def __init__(self, stream: BinaryIO, largest: int) -> None:
        self._lines = lines_of(stream, largest)
        self._back: deque[bytes] = deque()
        self.taken = 0
        """Bytes of the lines that were taken, and not put back."""

    def next(self) -> bytes:
        """The next line; empty at the end."""
        line = self._back.popleft() if self._back else next(self._lines, b"")
        self.taken += len(line)
        return line

    def put_back(self, lines: Sequence[bytes]) -> None:
        """Take them again, in their order."""
        self._back.extendleft(reversed(lines))
        self.taken -= sum(map(len, lines))


# --- the header


@dataclass(frozen=True, slots=True, repr=False)
class _Header:
    raw: bytes
    names: tuple[str, ...]
    missing: tuple[str, ...]
    """Columns that the mapping reads and the header lacks."""
    unread: frozenset[str]
    """Columns that the mapping does not read: where some are missing, perhaps under new names."""
    delimiter: str
    row: int
    """Which row it is."""

    def cells(self, line: bytes, *, letters: bool = False, strict: bool = True) -> list[str]:
        """The cells of one line; ``csv.Error`` where its quotes say otherwise.

        ``letters``: its quotes are letters like others.
        """
        reader = csv.reader(
            [line.decode("utf-8")],
            delimiter=self.delimiter,
            quoting=csv.QUOTE_NONE if letters else csv.QUOTE_MINIMAL,
            strict=strict,
        )
        return next(reader, [])

    def columns_of(self, line: bytes) -> int:
        """How many columns it has at most, whatever its quotes say."""
        return line.count(self.delimiter.encode()) + 1

    def fitting(self, cells: list[str]) -> list[str] | None:
        """As many cells as there are columns; what is left over may only be empty."""
        width = len(self.names)
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            return None
        return cells[:width]

    def made_fit(self, cells: list[str]) -> list[str] | None:
        """Cells of a row that ends early, or has commas without quotes in its last column."""
        width, found = len(self.names), len(cells)
        if found > width:
            return [*cells[: width - 1], self.delimiter.join(cells[width - 1 :])]
        return [*cells, *[""] * (width - found)] if found * 2 >= width and found > 1 else None

    def by_name(self, cells: Sequence[str]) -> Cells:
        """The cells by their columns; those of a name that stands twice, as a list."""
        made: Cells = {}
        for name, cell in zip(self.names, cells, strict=True):
            if name not in made:
                made[name] = cell
            elif cell.strip():
                before = made[name]
                made[name] = [*(before if isinstance(before, list) else [before]), cell]
        return made


def _header(lines: _Lines, reading: Reading) -> _Header:
    top, row = lines.next(), 1
    while top and not top.strip(b" \t\r\n," + reading.delimiter.encode()):
        reading.tally.skipped += 1
        top, row = lines.next(), row + 1
    if not top.strip():
        raise NotTaken("unreadable.empty")
    raw, cells = _header_cells(top, lines, reading=reading)
    while cells and not cells[-1].strip():
        cells.pop()
    known = {_plain(column): column for column in reading.columns}
    names = tuple(known.get(_plain(cell), _plain_but_case(cell)) for cell in cells)
    found = [name for name in names if name in reading.columns]
    if not found:
        raise NotTaken("missing.header")
    ignored = {_plain(name) for name in reading.known}
    unread = frozenset(name for name in names if name and _plain(name) not in ignored)
    reading.tally.unread.update(unread)
    missing = tuple(column for column in reading.needed if column not in names)
    return _Header(raw, names, missing, unread, delimiter=reading.delimiter, row=row)


def _header_cells(top: bytes, lines: _Lines, *, reading: Reading) -> tuple[bytes, list[str]]:
    """A header's names may hold line breaks, in quotes."""
    taken = [top]
    while True:
        text = text_of(b"".join(taken))
        try:
            return b"".join(taken), next(
                csv.reader([text], delimiter=reading.delimiter, strict=True)
            )
        except csv.Error:
            line = lines.next() if len(taken) < LONGEST_ROW else b""
            if not line:
                raise NotTaken("unreadable.csv", "row 1") from None
            taken.append(line)


def _plain_but_case(name: str) -> str:
    return re.sub(r"\s+", " ", name.replace("\ufeff", "")).strip()


def _plain(name: str) -> str:
    """A column's name however it is spaced, broken and capitalised."""
    return _plain_but_case(name).casefold()


# --- rows


@dataclass(frozen=True, slots=True, repr=False)
class _Row:
    number: int
    raw: bytes
    content: Cells | Refusal
    blank: bool = False
    amiss: str | None = None
    """Why it was not read as it stands, where it was taken none the less."""


def _rows(lines: _Lines, header: _Header) -> Iterator[_Row]:
    number = header.row
    while line := lines.next():
        number += 1
        yield _row(line, lines, header=header, number=number)


def _row(line: bytes, lines: _Lines, *, header: _Header, number: int) -> _Row:
    try:
        cells = header.cells(line)
    except UnicodeDecodeError:
        return _Row(number, line, Refusal("unreadable.encoding"))
    except csv.Error:
        return _spanning(line, lines, header=header, number=number)
    if not any(cell.strip() for cell in cells):
        return _Row(number, line, {}, blank=True)
    if (fitting := header.fitting(cells)) is not None:
        return _Row(number, line, header.by_name(fitting))
    if (fitting := header.made_fit(cells)) is not None:
        return _Row(number, line, header.by_name(fitting), amiss="invalid.columns")
    return _Row(number, line, Refusal("unreadable.csv"))


def _spanning(line: bytes, lines: _Lines, *, header: _Header, number: int) -> _Row:
    """A row with a quote that is open at the end of its first line.

    It may go on in the next lines, but never in one that is whole by itself.
    """
    taken = [line]
    starts_one = header.columns_of(line) * 2 < len(header.names)
    while len(taken) < LONGEST_ROW and (more := lines.next()):
        if _is_whole(more, header, open_before=starts_one):
            lines.put_back([more])
            break
        taken.append(more)
        row = b"".join(taken)
        if (cells := _cells(row, header)) is not None:
            return _Row(number, row, header.by_name(cells))
    lines.put_back(taken[1:])
    return _without_quotes(line, header, number=number)


def _is_whole(line: bytes, header: _Header, *, open_before: bool) -> bool:
    """Whether it has every column; in a wide table also with a quote that is not closed in it.

    ``open_before``: what stands before has too few columns to be a row, and a quote that is open;
    then only a line without a quote of its own left over is whole.
    """
    if open_before and line.count(b'"') % 2:
        return False
    wide = len(header.names) >= _WIDE
    return _cells(line, header) is not None or (
        wide and header.columns_of(line) >= len(header.names)
    )


def _cells(row: bytes, header: _Header) -> list[str] | None:
    try:
        return header.fitting(header.cells(row))
    except (csv.Error, UnicodeDecodeError):
        return None


def _without_quotes(line: bytes, header: _Header, *, number: int) -> _Row:
    """A row by itself whose quotes are wrong, read as if they were letters where that fits."""
    try:
        lenient = header.fitting(header.cells(line, strict=False))
        cells = lenient or header.fitting(header.cells(line, letters=True))
    except UnicodeDecodeError:
        return _Row(number, line, Refusal("unreadable.encoding"))
    except csv.Error:
        cells = None
    if cells is None:
        return _Row(number, line, Refusal("unreadable.csv"))
    return _Row(number, line, header.by_name([_unquoted(c) for c in cells]), amiss="invalid.quotes")


def _unquoted(cell: str) -> str:
    """Without a quote at one end alone."""
    cell = cell.strip("\r\n")
    one_end = cell.startswith('"') != cell.endswith('"')
    return cell.strip('"') if one_end else cell


def _told(row: _Row, header: _Header) -> Iterator[SetAside]:
    """What of a row that is taken was not as agreed."""
    where = f"row {row.number}"
    if isinstance(row.content, Refusal):
        return
    if row.amiss:
        raw = row.raw.decode().rstrip("\r\n")
        yield aside(where, row.amiss, value=raw, instead=Instead.CLEANED)
    for column in header.missing:
        yield aside(f"{where}, {column}", "missing.column", instead=Instead.WITHOUT)
    for name, cell in row.content.items():
        if header.missing and name in header.unread and str(cell).strip():
            yield aside(f"{where}, {name}", "invalid.unknown-field", value=cell)
