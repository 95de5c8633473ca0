"""The tables of commit b698ed7 and rows of the sizes that it wrote, for the bare limit.

They are kept here because the hub's own tables change, and the limit must not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

FILE = Path(__file__).with_name("bare_limit.json")

_WORDS = {"count": 8, "time": 8, "spread": 8, "id": 36, "about": 36, "hash": 32}
"""Bytes of a value of each kind; a kind that is a number is a word of so many letters, and ``rest``
is what is left of a row's bytes.
"""
_ABOUT = 1000
"""How many referrals are on the way at a time: the values of ``about`` come from so many."""


@dataclass(frozen=True, slots=True)
class OldTable:
    """A table: its columns with their kinds, its key, and what else was declared."""

    name: str
    columns: Mapping[str, str]
    key: Sequence[str]
    unique: Sequence[str] = ()
    indexes: Sequence[Sequence[str]] = ()
    clustered: bool = False

    @property
    def known_by(self) -> Sequence[str]:
        """The columns by which the hub knew a row; a ``position`` was only its number."""
        return self.unique or self.key

    @property
    def fixed(self) -> int:
        """Bytes of a row without its ``rest``."""
        return sum(
            _WORDS.get(kind) or int(kind) for kind in self.columns.values() if kind != "rest"
        )

    def ddl(self, *, postgres: bool) -> list[str]:
        """The statements that make it."""
        columns = [f'"{name}" {_type(kind, postgres)}' for name, kind in self.columns.items()]
        columns.append(f"PRIMARY KEY ({_listed(self.key)})")
        if self.unique:
            columns.append(f"UNIQUE ({_listed(self.unique)})")
        without = " WITHOUT ROWID" if self.clustered and not postgres else ""
        indexes = [
            f"CREATE INDEX {self.name}_{number} ON {self.name} ({_listed(names)})"
            for number, names in enumerate(self.indexes)
        ]
        return [f"CREATE TABLE {self.name} ({', '.join(columns)}){without}", *indexes]

    def insert(self, verb: str, marks: str) -> str:
        """A statement that inserts what ``marks`` stand for, or rewrites the rows there."""
        statement = f"INSERT INTO {self.name} ({_listed(self.columns)}) {marks}"
        if verb == "insert":
            return statement
        others = [name for name in self.columns if name not in self.key]
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
        return f"{statement} ON CONFLICT ({_listed(self.key)}) DO UPDATE SET {changed}"


@cache
def shapes() -> Mapping[str, OldTable]:
    """The tables of that commit that rows are written to, by name."""
    tables = json.loads(FILE.read_text(encoding="utf-8"))["tables"]
    return {name: OldTable(name, **table) for name, table in tables.items()}


@dataclass(slots=True)
class Rows:
    """Makes rows, the same ones whenever it starts anew."""

    chance: random.Random = field(default_factory=lambda: random.Random(6))  # noqa: S311
    _counted: int = 0
    _time: int = 1_795_641_084_903_847
    _written: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _about: list[str] = field(default_factory=list)

    def new(self, table: OldTable, *, number: int, size: int) -> list[tuple[Any, ...]]:
        """So many rows of so many bytes together."""
        made = [self._row(table, size // number) for _ in range(number)]
        self._written.setdefault(table.name, []).extend(
            {name: row[name] for name in table.key} for row in made
        )
        return [tuple(row.values()) for row in made]

    def again(self, table: OldTable, *, number: int, size: int) -> list[tuple[Any, ...]]:
        """So many rows in place of ones that were made before, as far as there are so many."""
        before = self._written.get(table.name, [])
        keys = self.chance.sample(before, min(number, len(before)))
        return [tuple((self._row(table, size // number) | key).values()) for key in keys]

    def _row(self, table: OldTable, size: int) -> dict[str, Any]:
        rest = max(0, size - table.fixed)
        return {name: self._value(kind, rest) for name, kind in table.columns.items()}

    def _value(self, kind: str, rest: int) -> Any:
        makers: dict[str, Callable[[], Any]] = {
            "count": self._count,
            "time": self._moment,
            "spread": lambda: self.chance.getrandbits(64) - 2**63,
            "id": self._id,
            "about": self._referral,
            "hash": lambda: self.chance.randbytes(32),
            "rest": lambda: self.chance.randbytes(rest),
        }
        return makers[kind]() if kind in makers else "x" * int(kind)

    def _count(self) -> int:
        self._counted += 1
        return self._counted

    def _moment(self) -> int:
        self._time += 100
        return self._time

    def _id(self) -> str:
        return str(UUID(int=self.chance.getrandbits(128), version=4))

    def _referral(self) -> str:
        """One of the referrals that are on the way; now and then the oldest gives way to a new
        one.
        """
        if not self._about or self.chance.random() < 0.03:  # some thirty values for each
            self._about.append(self._id())
        return self.chance.choice(self._about[-_ABOUT:])


def _type(kind: str, postgres: bool) -> str:
    if kind in ("count", "time", "spread"):
        # Only a column of exactly this type is SQLite's own row number.
        return "BIGINT" if postgres else "INTEGER"
    if kind in ("hash", "rest"):
        return "BYTEA" if postgres else "BLOB"
    return "TEXT"


def array_type(kind: str) -> str:
    """PostgreSQL's type of an array of such values."""
    return f"{_type(kind, postgres=True)}[]"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
