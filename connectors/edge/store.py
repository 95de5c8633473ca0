"""What an edge has in hand: a small store of its own, which outlives being killed at any moment.

A letter is here before the hub is told that it arrived, and what the agency's system sends before
its file is gone. What is through keeps its id, so that it is nothing new if it comes again, and
loses its content.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FILE = "edge.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, came_at TEXT NOT NULL, body BLOB,
    told INTEGER NOT NULL DEFAULT 0, step TEXT NOT NULL, decision TEXT
);
CREATE INDEX IF NOT EXISTS letters_by_step ON letters (step);
CREATE INDEX IF NOT EXISTS letters_untold ON letters (told) WHERE told = 0;
CREATE TABLE IF NOT EXISTS refused (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, since TEXT NOT NULL, why TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1, noted INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS sending (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, media TEXT NOT NULL, body BLOB,
    since TEXT NOT NULL, next_at REAL NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
    trouble TEXT, receipts TEXT, noted INTEGER NOT NULL DEFAULT 0, answers TEXT
);
CREATE TABLE IF NOT EXISTS rejected (follows TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ADDED = (
    ("letters", "place", "TEXT"),
    ("letters", "unsigned", "TEXT"),
    ("refused", "well_since", "TEXT"),
)
"""Columns that stores of old lack; ``place``: the folder in which a letter's file is written under
a hidden name; ``unsigned``: a list, in JSON, of what of it no owner signed; ``well_since``: since
when a letter that was refused is here as it was signed.
"""
NEW, PLACING, PLACED = "new", "placing", "placed"
"""Of a letter for the agency's system; ``placing``: its file is written under a hidden name."""
ASKED, HALF, SIGNED, ANSWERED, LAPSED = "asked", "half", "signed", "answered", "lapsed"
"""Of a request to approve; ``half``: one of two people has signed; ``signed``: its answer is on its
way; ``answered``: the hub has it; ``lapsed``: nobody decided while what it asks would count."""
CANCELLED = "cancelled"
"""The hub asks it no more."""
_FIRST = "(json_extract(told.value, '$.id'), json_extract(told.value, '$.duplicate_of'))"
"""By what a later receipt may follow one: of what was sent twice, as the first time was called."""
_PAUSE_SECONDS, _LONGEST_SECONDS = 1.0, 300.0


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """A letter in hand."""

    id: str
    type: str
    came_at: str
    body: bytes
    step: str
    decision: str | None
    unsigned: str | None = None
    """A list, in JSON, of what of it no owner signed."""


@dataclass(frozen=True, slots=True, repr=False)
class Sending:
    """Something on its way to the hub; ``answers``: the request that it answers."""

    id: str
    name: str
    media: str
    body: bytes
    tries: int
    answers: str | None


@dataclass(frozen=True, slots=True)
class Says:
    """What a letter says of requests to approve."""

    rejects: str | None = None
    """The id of the receipt that an answer had before it was refused."""
    cancels: tuple[str, ...] = ()
    """Requests that are asked no more."""


@dataclass(frozen=True, slots=True)
class Store:
    """SQLite in a file that the account alone may read. Each call is a transaction of its own, so
    several threads and processes may work with it.
    """

    folder: Path
    file: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", self.folder / FILE)
        # As SQLite would make it others could read it; the files beside it take after it.
        os.close(os.open(self.file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with closing(self._connected()) as connection:
            connection.executescript(_SCHEMA)
        with self._writing() as c:
            for table, column, kind in _ADDED:
                known = [row[1] for row in c.execute(f"PRAGMA table_info({table})")]
                if column not in known:
                    c.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def take(
        self,
        letter_id: str,
        kind: str,
        *,
        body: bytes,
        step: str,
        says: Says | None = None,
        unsigned: Sequence[str] = (),
    ) -> bool:
        """Keep a letter; whether it is new. One that was refused before stays as evidence, and is
        refused no more. What a new one says of requests is so from then on.
        """
        row = (letter_id, kind, _now(), body, step, json.dumps(unsigned) if unsigned else None)
        with self._writing() as c:
            c.execute(
                "UPDATE refused SET well_since = ?, noted = 0 WHERE id = ? AND well_since IS NULL",
                (_now(), letter_id),
            )
            # The hub still has one that comes again: it is told once more that it is here.
            if c.execute("UPDATE letters SET told = 0 WHERE id = ?", (letter_id,)).rowcount:
                return False
            c.execute(
                "INSERT INTO letters (id, type, came_at, body, step, unsigned) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            if says is not None:
                _said(c, says)
            return True

    def refuse(self, letter_id: str, kind: str, *, body: bytes, why: str) -> bool:
        """Keep, as evidence, what is not handed on; whether it is the first time. Where the letter
        is here already as it was signed, that is all: nobody is told not to act on that one.
        """
        with self._writing() as c:
            well = c.execute("SELECT 1 FROM letters WHERE id = ?", (letter_id,)).fetchone()
            since = _now()
            c.execute(
                "INSERT INTO refused (id, type, since, why, body, well_since, noted) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET times = times + 1, why = excluded.why",
                (letter_id, kind, since, why, body, since if well else None, bool(well)),
            )
            found = c.execute("SELECT times FROM refused WHERE id = ?", (letter_id,)).fetchone()
            return bool(found[0] == 1)

    def untold(self) -> list[str]:
        """Letters of which the hub does not know yet that they are here."""
        return [row[0] for row in self._rows("SELECT id FROM letters WHERE told = 0 LIMIT 500")]

    def told(self, ids: Iterable[str]) -> None:
        """The hub knows."""
        with self._writing() as c:
            c.executemany("UPDATE letters SET told = 1 WHERE id = ?", [(one,) for one in ids])

    def letters(self, *steps: str, held: bool = False) -> list[Kept]:
        """Those at these steps, the oldest first; ``held``: whose content is here still."""
        marks, only = ", ".join("?" * len(steps)), " AND body IS NOT NULL" if held else ""
        rows = self._rows(
            "SELECT id, type, came_at, coalesce(body, x''), step, decision, unsigned FROM letters "  # noqa: S608 - marks
            f"WHERE step IN ({marks}){only} ORDER BY came_at, id LIMIT 1000",
            *steps,
        )
        return [Kept(*row) for row in rows]

    def at_step(self, letter_id: str, step: str) -> None:
        """A letter has come to a step; one that is placed needs no content here any more."""
        with self._writing() as c:
            drop = ", body = NULL" if step in (PLACED, LAPSED) else ""
            c.execute(f"UPDATE letters SET step = ?{drop} WHERE id = ?", (step, letter_id))  # noqa: S608 - ours

    def placing(self, letter_id: str, place: str) -> None:
        """A letter's file is written in this folder, under a hidden name."""
        with self._writing() as c:
            c.execute(
                "UPDATE letters SET step = ?, place = ? WHERE id = ?", (PLACING, place, letter_id)
            )

    def place_of(self, letter_id: str) -> str | None:
        """In which folder it is; None: nobody has remembered."""
        rows = self._rows("SELECT place FROM letters WHERE id = ?", letter_id)
        return rows[0][0] if rows else None

    def answered(self) -> list[Kept]:
        """Answered requests that are kept, as the hub may still come to refuse the answer."""
        return self.letters(ANSWERED, held=True)

    def forget(self, letter_id: str) -> None:
        """An answered request is not needed any more."""
        with self._writing() as c:
            c.execute("UPDATE letters SET body = NULL WHERE id = ?", (letter_id,))

    def half_signed(self, letter_id: str, decision: str) -> bool:
        """One of two people has signed, which waits for the second; whether nobody had before."""
        with self._writing() as c:
            done = c.execute(
                "UPDATE letters SET step = ?, decision = ? WHERE id = ? AND step = ?",
                (HALF, decision, letter_id, ASKED),
            )
            return bool(done.rowcount)

    def answer(self, one: Kept, event: bytes, *, event_id: str, media: str) -> bool:
        """A request is decided: its answer is on its way from now on, once; whether nobody had
        decided it since it was read.
        """
        with self._writing() as c:
            done = c.execute(
                "UPDATE letters SET step = ?, decision = NULL WHERE id = ? AND step = ?",
                (SIGNED, one.id, one.step),
            )
            if not done.rowcount:
                return False
            c.execute(
                "INSERT INTO sending (id, name, media, body, since, answers) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (event_id, f"decision-{one.id}", media, event, _now(), one.id),
            )
            return True

    def send(self, digest: str, body: bytes, *, name: str, media: str) -> None:
        """Keep what the agency's system sends; the same again is what it was, and is told again
        what the hub said.
        """
        with self._writing() as c:
            c.execute(
                "INSERT INTO sending (id, name, media, body, since) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, noted = 0",
                (digest, name, media, body, _now()),
            )

    def to_send(self, now: float) -> list[Sending]:
        """What is to be sent, the oldest first; what failed waits its time."""
        rows = self._rows(
            "SELECT id, name, media, body, tries, answers FROM sending "
            "WHERE receipts IS NULL AND next_at <= ? ORDER BY since, id LIMIT 100",
            now,
        )
        return [Sending(*row) for row in rows]

    def not_sent(self, one: Sending, *, trouble: str, now: float) -> None:
        """It goes again later: 2, 4, 8 … seconds, up to five minutes."""
        pause = min(_PAUSE_SECONDS * 2.0 ** min(one.tries + 1, 20), _LONGEST_SECONDS)
        with self._writing() as c:
            c.execute(
                "UPDATE sending SET tries = tries + 1, next_at = ?, trouble = ? WHERE id = ?",
                (now + pause, trouble, one.id),
            )

    def sent(self, one: Sending, receipts: str, *, rejected: bool) -> None:
        """The hub has it, and this is what it said; a decision that it rejected is open again. The
        request is kept: the hub may take the answer, and refuse it as it decides about it.
        """
        with self._writing() as c:
            c.execute(
                "UPDATE sending SET receipts = ?, body = NULL, trouble = NULL WHERE id = ?",
                (receipts, one.id),
            )
            if one.answers is None:
                return
            # Its refusal may have come before this answer of the hub did.
            later = c.execute(
                f"SELECT 1 FROM rejected, json_each(?) AS told WHERE follows IN {_FIRST}",  # noqa: S608 - ours
                (receipts,),
            ).fetchone()
            step = ASKED if rejected or later else ANSWERED
            c.execute(
                "UPDATE letters SET step = ? WHERE id = ? AND step = ?",
                (step, one.answers, SIGNED),
            )

    def unnoted_receipts(self) -> list[tuple[str, str, str]]:
        """Id, name and receipts of what the agency's system sent and was not told of yet."""
        return self._rows(
            "SELECT id, name, receipts FROM sending "
            "WHERE receipts IS NOT NULL AND noted = 0 AND answers IS NULL LIMIT 100"
        )

    def unnoted_refused(self) -> list[tuple[str, str, str]]:
        """Id, type and reason of what was refused and nobody was told of yet."""
        return self._rows(
            "SELECT id, type, why FROM refused WHERE noted = 0 AND well_since IS NULL LIMIT 100"
        )

    def unnoted_well(self) -> list[str]:
        """Ids of what was refused and is here as it was signed, which nobody was told of yet."""
        rows = self._rows(
            "SELECT id FROM refused WHERE noted = 0 AND well_since IS NOT NULL LIMIT 100"
        )
        return [row[0] for row in rows]

    def noted(self, table: str, one: str) -> None:
        """The agency's system was told."""
        assert table in ("sending", "refused")
        with self._writing() as c:
            c.execute(f"UPDATE {table} SET noted = 1 WHERE id = ?", (one,))  # noqa: S608 - ours

    def remember(self, name: str, value: str) -> None:
        """A fact about the edge itself, such as when the hub last answered."""
        with self._writing() as c:
            c.execute("REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def fact(self, name: str) -> str | None:
        """What was remembered."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", name)
        return rows[0][0] if rows else None

    def counted(self) -> dict[str, int]:
        """How many letters are at each step."""
        return dict(self._rows("SELECT step, count(*) FROM letters GROUP BY step"))

    def refused(self) -> list[tuple[str, str, str, str, int]]:
        """Id, type, since when, why and how often: letters that are not handed on."""
        return self._rows(
            "SELECT id, type, since, why, times FROM refused WHERE well_since IS NULL "
            "ORDER BY since, id"
        )

    def evidence(self) -> int:
        """How many letters were refused and are here as they were signed since; what came before
        that is kept.
        """
        rows = self._rows("SELECT count(*) FROM refused WHERE well_since IS NOT NULL")
        return int(rows[0][0])

    def unsent(self) -> list[tuple[str, str, int, str | None]]:
        """Name, since when, tries and the last trouble of what the hub has not confirmed."""
        return self._rows(
            "SELECT name, since, tries, trouble FROM sending WHERE receipts IS NULL "
            "ORDER BY since, id"
        )

    def _rows(self, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        with closing(self._connected()) as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connected()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, isolation_level=None, timeout=30)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _said(c: sqlite3.Connection, says: Says) -> None:
    for one in says.cancels:
        # What is on its way goes on, and is not asked again whatever the hub says of it.
        c.execute(
            "UPDATE letters SET step = CASE step WHEN 'answered' THEN step ELSE ? END, "
            "body = NULL, decision = NULL WHERE id = ?",
            (CANCELLED, one),
        )
    if says.rejects is not None:
        c.execute("INSERT OR IGNORE INTO rejected VALUES (?)", (says.rejects,))
        c.execute(
            "UPDATE letters SET step = ? WHERE step = ? AND body IS NOT NULL AND id IN "  # noqa: S608 - ours
            "(SELECT answers FROM sending, json_each(sending.receipts) AS told "
            f"WHERE answers IS NOT NULL AND ? IN {_FIRST})",
            (ASKED, ANSWERED, says.rejects),
        )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
