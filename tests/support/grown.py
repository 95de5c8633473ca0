"""Stores that grew in different ways, and the harm that may come to one: for whatever reads
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import batches, sample_lines
from router.runtimes.embedded import Embedded
from router.topology import unit_of
from tests.support.filled import answer_letters, empty_hub, filled_hub, send

GROUPS = ("deduplicate rate compose approve", "link request_information release")


def whole(path: Path) -> DemoFolder:
    """Served by one unit of all steps; everybody answered."""
    folder, hub = filled_hub(path, notifications=8)
    hub.database.close()
    return folder


def grouped(path: Path) -> DemoFolder:
    """Served by two units, neither of which has a way to go alone."""
    folder, hub = empty_hub(path)
    units = [Embedded(hub.database, unit_of(*names.split()), hub.policy) for names in GROUPS]
    for agency, events in batches(sample_lines(8), 10):
        send(hub, agency, events)
    while sum(unit.once() for unit in units) or answer_letters(hub):
        pass
    hub.database.close()
    return folder


Grow = Callable[[Path], DemoFolder]
STORES: Mapping[str, Grow] = {"whole": whole, "grouped": grouped}

_ALTERED = {
    "type": "'mash.rating.suggested.v1'",
    "source": "'mash-hub/rate'",
    "subject": "'another'",
    "key": "'another'",
    "correlation_id": "'another'",
    "causation_id": "'another'",
    "time": "time + 1",
    "chain": "'http/police'",
    "key_id": "'another'",
    "digest": "zeroblob(16)",
    "payload": "zeroblob(200)",
}
_COPIED = (
    "topic, type, source, subject, key, correlation_id, causation_id, time, recorded_at, chain, "
    "sequence, hash, key_id, digest, payload, hash_version"
)
HARM: Mapping[str, tuple[str, str]] = {
    **{
        f"another {column}": ("journal", f"UPDATE journal SET {column} = {value} WHERE {{it}}")  # noqa: S608
        for column, value in _ALTERED.items()
    },
    "an entry out": ("journal", "DELETE FROM journal WHERE {it}"),
    "an entry in": (
        "journal",
        f"INSERT INTO journal (message_id, {_COPIED}) "  # noqa: S608
        f"SELECT lower(hex(randomblob(16))), {_COPIED} FROM journal WHERE {{it}}",
    ),
    "a claim out": ("inbox", "DELETE FROM inbox WHERE {it}"),
    "a claim passed over": ("inbox", "UPDATE inbox SET policy = 0 WHERE {it}"),
    "a key destroyed": ("keys", "UPDATE keys SET wrapped = NULL WHERE key_id <> 'hub' AND {it}"),
}
"""By what it does: the table that it harms, and how."""


def harm(connection: Connection, kind: str, share: float) -> None:
    """Do harm to the row at this share of the way through its table."""
    table, statement = HARM[kind]
    count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
    it = f"rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET :number)"  # noqa: S608
    connection.execute(text(statement.format(it=it)), {"number": int(share * (count - 1))})
