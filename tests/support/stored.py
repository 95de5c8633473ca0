"""A store as an earlier commit of the hub left it, with data (tests/fixtures/README.md)."""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, LargeBinary, MetaData, Table, create_engine, text

from ops.demo.running import DemoFolder, prepare
from stores.vault import Vault

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_NONCE = 12
_SEALED = {
    "journal": ("payload", "{key_id}", "{message_id}"),
    "states": ("body", "hub", "{step}/{key}"),
    "letters": ("body", "hub", "{id}"),
}
"""Of each table with content unsealed in the file: the column, its key, and what it is bound to."""

Row = dict[str, Any]


def key_text() -> str:
    """The stored hub's key, as ``HUB_KEY`` or a key file has it."""
    return (_FIXTURES / "store-0001.key").read_text(encoding="ascii")


def vault() -> Vault:
    """The keys of the stored hub."""
    return Vault(base64.b64decode(key_text()))


def stored_hub(path: Path) -> DemoFolder:
    """The sample's hub in a fresh folder, on a SQLite store of revision 0001."""
    folder = prepare(path, port=0)
    (path / "hub.key").write_text(key_text(), encoding="ascii")
    (path / "hub.db").write_bytes(_sqlite_file())
    (path / "hub.db").chmod(0o600)
    return folder


@cache
def _sqlite_file() -> bytes:
    """What a SQLite store of revision 0001 is on disk."""
    with TemporaryDirectory() as folder:
        load(f"sqlite:///{folder}/hub.db")
        return (Path(folder) / "hub.db").read_bytes()


def load(url: str) -> None:
    """Put the store of revision 0001 into an empty database."""
    whole = json.loads(lzma.decompress((_FIXTURES / "store-0001.json.xz").read_bytes()))
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in whole["schema"][connection.dialect.name]:
            connection.exec_driver_sql(statement)
        fill(connection, whole["tables"])
    engine.dispose()


def fill(connection: Connection, tables: Mapping[str, Any]) -> None:
    """Insert the rows of the file into its tables, which are there and empty."""
    known = MetaData()
    known.reflect(connection)
    keys = _keys(tables["keys"])
    for name, content in tables.items():
        rows = [
            _row(known.tables[name], dict(zip(content["columns"], row, strict=True)), keys)
            for row in content["rows"]
        ]
        if rows:
            connection.execute(known.tables[name].insert(), rows)
    if connection.dialect.name == "postgresql":
        _move_sequences(connection, tables)


def _row(table: Table, row: Row, keys: Mapping[str, AESGCM]) -> Row:
    for column in table.columns:
        value = row[column.name]
        if isinstance(column.type, LargeBinary) and isinstance(value, str):
            row[column.name] = base64.b64decode(value)
    if table.name in _SEALED:
        column_name, key_id, bound_to = _SEALED[table.name]
        key = keys[key_id.format(**row)]
        row[column_name] = _sealed(key, row[column_name], bound_to.format(**row))
    return row


def _sealed(key: AESGCM, content: Sequence[str], bound_to: str) -> bytes:
    nonce = base64.b64decode(content[0])
    return nonce + key.encrypt(nonce, content[1].encode(), bound_to.encode())


def _keys(content: Mapping[str, Any]) -> dict[str, AESGCM]:
    rows = [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
    hub_key = AESGCM(base64.b64decode(key_text()))
    return {row["key_id"]: AESGCM(_unwrapped(hub_key, row)) for row in rows}


def _unwrapped(hub_key: AESGCM, row: Row) -> bytes:
    wrapped = base64.b64decode(row["wrapped"])
    return hub_key.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], row["key_id"].encode())


def _move_sequences(connection: Connection, tables: Mapping[str, Any]) -> None:
    for name in ("journal", "inbox", "letters"):
        moved = f"SELECT setval('{name}_position_seq', (SELECT max(position) FROM {name}))"  # noqa: S608
        assert name in tables
        connection.execute(text(moved))
