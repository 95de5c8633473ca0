"""Stores that grew in different ways, and the harm that may come to one: for whatever reads
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.demo.simulation.stream import batches, sample_lines
from ops.run.wiring import Hub
from router.runtimes.embedded import Embedded
from router.topology import unit_of
from schemas.person import NHS_NUMBER
from tests.support.filled import answer_letters, empty_hub, filled_hub, send

GROUPS = (
    "deduplicate answer rate compose approve",
    "link check request_information release",
)


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


def asking(path: Path) -> DemoFolder:
    """A register was given before and among notifications, and a school asked about children."""
    folder, hub = empty_hub(path)
    ask(hub, hub.embedded().drain)
    while answer_letters(hub):
        hub.embedded().drain()
    hub.database.close()
    return folder


def ask(hub: Hub, drain: Callable[[], None]) -> None:
    """A register, notifications, more of the register about children known by then, surely or in
    doubt, and a school's enquiries.
    """
    lines = [json.loads(line) for line in sample_lines(30)]
    early, late = lines[4:8], lines[8:12]
    send(hub, "early_help", [register_entry(number, one) for number, one in enumerate(early)])
    drain()
    for agency, events in batches(sample_lines(12), 10):
        send(hub, agency, events)
    drain()
    send(hub, "early_help", [register_entry(number, one) for number, one in enumerate(late, 10)])
    bare = [one | {"nhs_number": None, "upn": None, "address_lines": []} for one in lines[:4]]
    send(hub, "early_help", [register_entry(number, one) for number, one in enumerate(bare, 20)])
    drain()
    send(hub, "school", list(enquiries([*lines[:3], *bare[:2], lines[-1]])))
    drain()


def register_entry(number: int, line: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the register of early help about the child of a sample line."""
    told = {
        "system": "ecaf",
        "reference": f"EH-{number}",
        "involvement": "early help plan",
        "child": person(line),
    }
    return event(f"entry-{number}", "mash.register-entry.v1", agency="early_help", data=told)


def enquiries(lines: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A school's, for a purpose that is permitted, one that a human decides, and one that is
    neither.
    """
    for number, line in enumerate(lines):
        for purpose in ("section 47 enquiry", "early help assessment", "curiosity"):
            told = {
                "identifier": f"Q-{number}",
                "date_stamp": "2026-06-10T12:00:00Z",
                "requester_identifier": "urn:simulated:school",
                "query": person(line),
                "asserted_purpose": purpose,
                "sharing_policy": ["ISA-2026"],
            }
            id_ = f"enquiry-{number}-{purpose}"
            yield event(id_, "mash.enquiry.v1", agency="school", data=told)


def person(line: Mapping[str, Any]) -> dict[str, Any]:
    """The child of a sample line in the hub's own shape."""
    name = {"given_name": [line["given_name"]], "family_name": (line["family_name"] or "").split()}
    number = (line["nhs_number"] or "").replace(" ", "")
    born = line["date_of_birth"]
    return {
        "name": [name] if line["given_name"] else [],
        "date_of_birth": {"date": born} if born else None,
        "identifier": [{"value": number, "system": NHS_NUMBER}] if number else [],
    }


Grow = Callable[[Path], DemoFolder]
STORES: Mapping[str, Grow] = {"whole": whole, "grouped": grouped, "asking": asking}

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
