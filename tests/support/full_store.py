"""A store with rows in every table, made by the store's own functions alone."""

from __future__ import annotations

from importlib.resources import files
from types import SimpleNamespace
from typing import Any

from schemas.letter import Letter
from schemas.notices import OutOfArea
from schemas.picture import Shown
from stores import (
    cursors,
    dead_letters,
    failures,
    inbox,
    journal,
    known,
    pauses,
    people,
    pictures,
    policies,
    queues,
    reds,
    references,
    states,
    timers,
)
from stores.database import Database, Transaction
from stores.dead_letters import DeadLetter
from stores.pauses import Pause
from stores.references import KeptVersion
from stores.tables import METADATA
from stores.timers import StoredTimer
from stores.tree.growing import Growing
from tests.support import given

ORIGIN = "mash-hub/e1"


def place(database: Database) -> Any:
    """The hub, as far as looking at it takes one."""
    return SimpleNamespace(database=database, settings=SimpleNamespace(area="e1"))


def grow(database: Database) -> None:
    """All that is committed has its leaf, and is signed."""
    growing = Growing(database, ORIGIN)
    while growing.once():
        pass


def dead(id_: str) -> DeadLetter:
    return DeadLetter(
        id=id_,
        agency="police",
        connector="http",
        step="intake",
        message_id=None,
        reason="unreadable.json",
        field=None,
        content_type="application/json",
        original=b"{",
        key_id=id_,
    )


def letter(agency: str) -> Letter:
    example = files("schemas") / "examples/notices/v1/mash.out-of-area.v1.json"
    notice = OutOfArea.model_validate_json(example.read_text("utf-8"))
    return Letter("out-of-area", agency=agency, notice=notice)


def fill(transaction: Transaction, name: str) -> None:
    """Something in every table, twice."""
    message = given.message(given.linked())
    cursor = cursors.lock(transaction, f"rate/{name}")
    journal.append(transaction, cursor, messages=[message])
    cursor.next_offset += 1
    cursors.store(transaction, cursor)
    states.save(transaction, "rate", documents={name: (1, b"{}")})
    people.save(transaction, {len(name): (1, b"{}")})
    people.file(transaction, [(7, len(name)), (8, len(name))])
    references.add(transaction, [KeptVersion(f"police/{name}", 1, "00" * 16, message.id)])
    pictures.note(
        transaction,
        [Shown(id=name, digest="0" * 64, agency="police", referral_id=message.id, revision=1)],
    )
    queues.post(transaction, {name: letter("police")})
    dead_letters.bury(transaction, [dead(name)])
    timers.start(transaction, [StoredTimer("rate", name, 1, message.id, message.key)])
    inbox.note(transaction, "rate", message_ids=[message.id], policy=1)
    inbox.note_range(transaction, "all", after=len(name), upto=9, policy=1)
    known.note(transaction, [name])
    reds.note(transaction, [name])
    product = {"product_id": name, "case_id": f"case of {name}"}
    transaction.insert(METADATA.tables["products"], [product])
    part = {"part": f"{name}4711", "subject": f"police/{name}-4711"}
    transaction.insert(METADATA.tables["reference_parts"], [part])


def fill_all(database: Database) -> None:
    """Two rows at least in every table, all recorded, and signed."""
    database.keeps_outbox = True
    for name in ("one", "three"):
        with database.transaction() as transaction:
            fill(transaction, name)
        failures.note(database, f"part {name}", error="OSError", again_in=1)
        with database.transaction() as transaction:
            pauses.put(transaction, Pause("feed", name, name, False, 1, 2, "A. Operator", "moved"))
    with database.transaction() as transaction:
        policies.adopt(transaction, given.policy())
    grow(database)
