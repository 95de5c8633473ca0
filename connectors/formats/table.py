"""Rows of CSV as programs write them: a damaged row is told, and never takes another with it.

Rows are counted as a spreadsheet shows them: what comes first in the file is row 1.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import BinaryIO

from connectors.asides import aside
from connectors.formats.records import NUMBER, Reading, Record, lines_of, text_of
from connectors.not_taken import NotTaken
from schemas.notification import Instead, SetAside
from schemas.refusals import Refusal

LONGEST_ROW = 200
"""Lines that one row may span; more means that a quote was never closed."""

_WIDE = 5
"""Columns: no line within a text has so many commas, or semicolons, by chance."""

_FEW, _SHORT = 3, 4
"""Cells that say whom a row is about, and words that one of them has: ``HH-203;Kim;03/04/17``."""

_NEAR = 0.75
"""How much of two names is the same where one is perhaps the other, misspelt (difflib's ratio)."""

_IN_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", ":": "colons"}

_FOR_EXCEL = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=.?"?\s*', re.IGNORECASE)
"""A first line by which a spreadsheet is told what stands between columns."""

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
    repeated: frozenset[str]
    """Names of more columns than one."""
    unread: frozenset[str]
    """Columns that the mapping does not read, perhaps some under new names."""
    delimiter: str
    row: int
    """Which row it is."""

    @property
    def begins(self) -> bytes:
        """What a row that is the header again begins with."""
        return self.raw[:8]

    @property
    def delimiters(self) -> str:
        """What stands between columns, in words."""
        return _IN_WORDS.get(self.delimiter, f"{self.delimiter} signs")

    @property
    def unreadable(self) -> Refusal:
        """Of a row that cannot be read."""
        return Refusal("unreadable.csv", expected=self.delimiters)

    def near(self, column: str) -> str | None:
        """A column that nothing reads and whose name is nearly this one."""
        names = {_plain(name): name for name in sorted(self.unread)}
        found = get_close_matches(_plain(column), names, n=1, cutoff=_NEAR)
        return names[found[0]] if found else None

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
        whole = found * 2 >= width and found > 1
        return [*cells, *[""] * (width - found)] if whole or _is_a_beginning(cells) else None

    def by_name(self, cells: Sequence[str]) -> Cells:
        """The cells by their columns; those of a name that stands twice, as a list in which each
        keeps its place.
        """
        made: Cells = dict(zip(self.names, cells, strict=True))
        for name in self.repeated:
            own = [cell for column, cell in zip(self.names, cells, strict=True) if column == name]
            made[name] = own if any(cell.strip() for cell in own[1:]) else own[0]
        return made


def _is_a_beginning(cells: list[str]) -> bool:
    """Whether a few cells are the beginning of a row, and not a line out of somebody's account."""
    filled = [cell for cell in cells if cell.strip()]
    short = all(len(cell.split()) <= _SHORT for cell in filled)
    return len(filled) >= _FEW and short and any(letter.isdigit() for letter in "".join(filled))


def _header(lines: _Lines, reading: Reading) -> _Header:
    top, row = lines.next(), 1
    empty = b" \t\r\n," + reading.delimiter.encode()
    while top and (not top.strip(empty) or _FOR_EXCEL.fullmatch(top)):
        reading.tally.skipped += 1
        top, row = lines.next(), row + 1
    if not top.strip():
        raise NotTaken("unreadable.empty")
    raw, cells = _header_cells(top, lines, reading=reading)
    while cells and not cells[-1].strip():
        cells.pop()
    columns = _numbered(reading.columns, cells)
    known = {_plain(column): column for column in columns}
    names = tuple(known.get(_plain(cell), _plain_but_case(cell)) for cell in cells)
    if columns.isdisjoint(names):
        raise NotTaken("missing.header")
    ignored = {_plain(name) for name in (*reading.known, *columns)}
    unread = frozenset(name for name in names if _plain(name) not in ignored)
    reading.tally.unread.update(filter(None, unread))
    missing = tuple(column for column in reading.needed if column not in names)
    repeated = frozenset(name for name in names if names.count(name) > 1)
    return _Header(raw, names, missing, repeated, unread, delimiter=reading.delimiter, row=row)


def _numbered(columns: Sequence[str], cells: Sequence[str]) -> set[str]:
    """The columns that are read, those of each child by the numbers that the header has."""
    numbers = {number for cell in cells for number in re.findall(r"\d+", cell)}
    several = [column for column in columns if NUMBER in column]
    return {
        *columns,
        *(column.replace(NUMBER, number) for column in several for number in numbers),
    }


def _header_cells(top: bytes, lines: _Lines, *, reading: Reading) -> tuple[bytes, list[str]]:
    """A header's names may hold line breaks, in quotes."""
    taken = [top]
    after_quotes = re.compile(rf'"\s+(?={re.escape(reading.delimiter)})')
    while True:
        text = after_quotes.sub('"', text_of(b"".join(taken)))
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
    if line.startswith(header.begins) and line.strip() == header.raw.strip():
        return _Row(number, line, {}, blank=True)  # two tables were put together
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
    return _Row(number, line, header.unreadable)


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
        if (cells := _too_many(row, header)) is not None:
            return _Row(number, row, header.by_name(cells), amiss="invalid.columns")
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


def _too_many(row: bytes, header: _Header) -> list[str] | None:
    """The cells of a wide row whose quotes are right and whose last text has a stray delimiter."""
    try:
        cells = header.cells(row)
    except (csv.Error, UnicodeDecodeError):
        return None
    wide = len(header.names) >= _WIDE
    return header.made_fit(cells) if wide and len(cells) > len(header.names) else None


def _without_quotes(line: bytes, header: _Header, *, number: int) -> _Row:
    """A row by itself whose quotes are wrong, read as if they were letters where that fits."""
    try:
        as_letters = header.cells(line, letters=True)
        cells = header.fitting(as_letters) or header.fitting(header.cells(line, strict=False))
    except UnicodeDecodeError:
        return _Row(number, line, Refusal("unreadable.encoding"))
    except csv.Error:
        return _Row(number, line, header.unreadable)
    amiss = "invalid.quotes" if cells else "invalid.columns"
    if cells is None and len(as_letters) > len(header.names):
        cells = header.made_fit(as_letters)
    if cells is None:
        return _Row(number, line, header.unreadable)
    return _Row(number, line, header.by_name([_unquoted(c) for c in cells]), amiss=amiss)


def _unquoted(cell: str) -> str:
    """Without the quotes around it, or one at one end alone; those within stand as they are."""
    cell = cell.strip("\r\n")
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    odd = cell.count('"') % 2 == 1
    if odd and cell.startswith('"') != cell.endswith('"'):
        return cell[1:] if cell.startswith('"') else cell[:-1]
    return cell


_TAKEN = {"invalid.columns": Instead.ACROSS, "invalid.quotes": Instead.QUOTES}


def _told(row: _Row, header: _Header) -> Iterator[SetAside]:
    """What of a row that is taken was not as agreed."""
    where = f"row {row.number}"
    if isinstance(row.content, Refusal):
        return
    if row.amiss:
        raw = row.raw.decode().rstrip("\r\n")
        instead = _TAKEN[row.amiss]
        yield aside(where, row.amiss, value=raw, expected=header.delimiters, instead=instead)
    for column in header.missing:
        near = header.near(column)
        yield aside(f"{where}, {column}", "missing.column", expected=near, instead=Instead.WITHOUT)
    for name, cell in row.content.items():
        if name in header.unread and str(cell).strip():
            yield aside(f"{where}, {name}", "invalid.unknown-field", value=cell)
