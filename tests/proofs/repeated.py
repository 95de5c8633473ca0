"""The past of a large store: what a small one lived through, again and again under other ids and
times. Written as rows, as to live through all of it takes days.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ops.look.reading import open_reader
from ops.run.wiring import Hub, open_hub
from router.topology import whole_hub
from stores.people import OF_A_PERSON
from stores.tree.growing import CONSUMER
from stores.vault import HUB_KEY, Vault
from stores.wrapping import DataKey, wrapped

_ID: Final = re.compile(rb"([0-9a-f]{8})(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_APART: Final = 1 << 14
"""By how much the first eight digits of ids differ from one copy to the next: some twelve days."""
_SEALED: Final = {
    "journal": ("payload", "{message_id}"),
    "states": ("body", "{step}/{key}"),
}
"""Where the sealed bytes of a row are, and what they are bound to."""
_PLAIN: Final = ("products", "pictures", "reds")
_TIMES: Final = ("time", "recorded_at", "since")
_TRUSTING: Final = "PRAGMA synchronous=OFF", "PRAGMA cache_size=-400000"


@dataclass(slots=True)
class _Row:
    """A row of the small store, taken apart where ids stand in it."""

    columns: dict[str, Any]
    plain: list[bytes] | None
    """What is sealed in it: text, the beginning of an id, text, and so on; None: nothing is."""


@dataclass(slots=True)
class Past:
    """A store that was lived through, and the keys of its referrals."""

    tables: dict[str, list[_Row]] = field(default_factory=dict)
    keys: dict[str, DataKey] = field(default_factory=dict)
    micros: int = 0
    """How long it lasted."""

    @classmethod
    def of(cls, config: Path) -> Past:
        """What is in the store of this configuration."""
        reader, past = open_reader(config, {}), cls()
        with reader.database.view() as view:
            raw: Any = view.connection.connection.driver_connection
            ids = [row[0] for row in raw.execute("SELECT key_id FROM keys WHERE wrapped NOTNULL")]
            past.keys = view.vault.keys(view.connection, ids, create=False)
            for table in (*_SEALED, *_PLAIN):
                past.tables[table] = list(past._read(raw, table))
            first, last = raw.execute("SELECT min(time), max(time) FROM journal").fetchone()
        reader.database.close()
        past.micros = last - first
        return past

    def _read(self, raw: sqlite3.Connection, table: str) -> Iterator[_Row]:
        order = " ORDER BY position" if table == "journal" else ""
        found = raw.execute(f"SELECT * FROM {table}{order}")  # noqa: S608 - of the list above
        names = [one[0] for one in found.description]
        for row in found:
            columns = dict(zip(names, row, strict=True))
            if table not in _SEALED:
                yield _Row(columns, None)
            elif columns["key_id"] in self.keys:
                sealed, bound_to = _SEALED[table]
                opened = self.keys[columns["key_id"]].open(
                    columns[sealed], bound_to=bound_to.format_map(columns)
                )
                yield _Row(columns, _ID.split(opened))


class _Other:
    """The beginnings of ids in a copy."""

    def __init__(self, number: int) -> None:
        self._by = number * _APART
        self._known: dict[bytes, bytes] = {}

    def start(self, digits: bytes) -> bytes:
        if digits not in self._known:
            self._known[digits] = b"%08x" % ((int(digits, 16) - self._by) % (1 << 32))
        return self._known[digits]

    def text(self, value: str) -> str:
        return _ID.sub(lambda one: self.start(one[1]), value.encode()).decode()

    def whole(self, pieces: Sequence[bytes]) -> bytes:
        told = [*pieces]
        told[1::2] = map(self.start, pieces[1::2])
        return b"".join(told)


def repeat(config: Path, past: Past, *, times: int, until: int, told: Callable[[str], None]) -> int:
    """Write it so often into the empty store of this configuration, the last copy up to a moment
    (microseconds), and have steps and the tree go on behind it. Answers how many entries there are.
    """
    hub = open_hub(config, {})
    raw = sqlite3.connect(hub.database.engine.url.database or "", isolation_level=None)
    with hub.database.reading() as connection:
        own = hub.database.vault.keys(connection, [HUB_KEY], create=False)[HUB_KEY]
    for pragma in _TRUSTING:
        raw.execute(pragma)
    position = 0
    for number in range(times, 0, -1):
        raw.execute("BEGIN")
        ago = (number - 1) * past.micros
        copy = _Copy(past, _Other(number), hub.database.vault, own, late=until - ago)
        position = copy.write(raw, position)
        raw.execute("COMMIT")
        if number % 10 == 0:
            told(f"{times - number + 1} of {times} copies")
    _go_on(raw, hub, position)
    raw.close()
    hub.database.close()
    return position


def _go_on(raw: sqlite3.Connection, hub: Hub, position: int) -> None:
    rows = [
        (name, position + 1, 0, bytes(32), hub.database.clock())
        for name in (whole_hub().name, CONSUMER)
    ]
    raw.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?)", rows)


@dataclass(slots=True)
class _Copy:
    """One time more of it."""

    past: Past
    other: _Other
    vault: Vault
    hub_key: DataKey
    late: int
    """When its last entry is."""
    seals: dict[str, DataKey] = field(default_factory=dict)

    def write(self, raw: sqlite3.Connection, position: int) -> int:
        """Its rows; answers the position of the last entry."""
        self._keys(raw)
        by = self.late - self.past.tables["journal"][-1].columns["time"]
        for table, rows in self.past.tables.items():
            told = [self._row(table, one, by=by) for one in rows]
            if table == "journal":
                for number, row in enumerate(told, start=position + 1):
                    row["position"] = number
            names = ", ".join(told[0]) if told else ""
            marks = ", ".join(f":{name}" for name in told[0]) if told else ""
            if told:
                raw.executemany(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", told)  # noqa: S608
        return position + len(self.past.tables["journal"])

    def _keys(self, raw: sqlite3.Connection) -> None:
        """The keys of its referrals, which are what others have: they are wrapped by the hub."""
        rows = []
        for id_, key in self.past.keys.items():
            mine = self.other.text(id_)
            self.seals[id_] = self.hub_key if id_ == HUB_KEY else key
            if mine != id_ or id_.startswith(OF_A_PERSON):  # not what the hub signs with
                rows.append((mine, wrapped(self.vault.wrapping, key.raw, bound_to=mine)))
        raw.executemany("INSERT OR IGNORE INTO keys (key_id, wrapped) VALUES (?, ?)", rows)

    def _row(self, table: str, one: _Row, *, by: int) -> dict[str, Any]:
        row: dict[str, Any] = {
            name: self.other.text(value) if isinstance(value, str) else value
            for name, value in one.columns.items()
        }
        for name in _TIMES:
            if name in row:
                row[name] += by
        if one.plain is not None:
            sealed, bound_to = _SEALED[table]
            key: Mapping[str, DataKey] = self.seals
            row[sealed] = key[one.columns["key_id"]].seal(
                self.other.whole(one.plain), bound_to=bound_to.format_map(row)
            )
        return row
