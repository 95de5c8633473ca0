"""Whoever looks at the record is recorded in it: a fact of the journal, and a leaf (R46, R47)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from ops.access.noting import OPERATIONS, note
from ops.look.verify import verify
from schemas.access import Access, Act, Purpose, Resource, Role
from schemas.base import Fact
from schemas.operations import AccessDenied, RecordAccessed, RecordRevealed
from stores import cursors, linking, trail
from stores.database import Database, Transaction
from stores.tree.growing import Growing

BY = Access(
    rules="standard-1",
    digest="0" * 64,
    decided=("audit",),
    agency="police",
    roles=(Role.AUDITOR,),
    purpose=Purpose.AUDIT,
)
LOOKED = {"record_id": "case-1", "act": Act.LOOK, "record": Resource.ACCESSES, "access": BY}
SHOWN = {"record_id": "case-1", "message_ids": ("message-1",), "access": BY}
FACTS = [
    RecordAccessed.model_validate(LOOKED | {"who": "J. Auditor", "why": "complaint 2026/17"}),
    AccessDenied.model_validate(LOOKED | {"who": None}),
    RecordRevealed.model_validate(SHOWN | {"seen_by": "J. Auditor", "why": "audit"}),
    RecordRevealed.model_validate(
        SHOWN | {"act": Act.EXPORT, "seen_by": "J. Auditor", "why": "a court"}
    ),
]


def recorded(transaction: Transaction, fact: Fact) -> str:
    cursor = cursors.lock(transaction, OPERATIONS)
    return note(transaction, cursor, fact=fact, about="referral-1").id


@pytest.mark.parametrize("fact", FACTS, ids=["looked", "denied", "revealed", "exported"])
def test_an_access_is_found_by_what_it_is_about_and_has_its_leaf(
    database: Database, fact: Fact
) -> None:
    with database.transaction() as transaction:
        id_ = recorded(transaction, fact)
    growing = Growing(database, "mash-hub/e1")
    while growing.once():
        pass
    with database.reading() as connection:
        for wanted in ("case-1", "referral-1"):
            (entry,) = trail.about(connection, database.vault, wanted=wanted)
            assert (entry.message.id, entry.message.data) == (id_, fact)
    hub: Any = SimpleNamespace(database=database, settings=SimpleNamespace(area="e1"))
    verified = verify(hub, contents=True)
    assert (verified.flaws, verified.entries, verified.pending) == ([], 1, 0)


def test_an_access_of_a_transaction_that_fails_is_not_recorded(database: Database) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012, SIM117 - all of it is what fails
        with database.transaction() as transaction:
            recorded(transaction, FACTS[0])
            raise RuntimeError
    with database.reading() as connection:
        assert trail.about(connection, database.vault, wanted="case-1") == []


def test_accesses_are_found_by_what_they_are_about_and_not_among_all_of_their_types(
    sqlite: Database,
) -> None:
    asked: list[tuple[str, Any]] = []

    def note_(*given: Any) -> None:
        asked.append((given[2], given[3]))

    event.listen(sqlite.engine, "before_cursor_execute", note_)
    with sqlite.view() as view:
        types = (RecordAccessed, AccessDenied)
        linking.about(view.connection, view.vault, ids=["case-1"], types=types)
        (query, given), *_ = [one for one in asked if "journal" in one[0]]
        plan = view.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given).all()
    steps = " ".join(row.detail for row in plan)
    assert "journal_subject" in steps
    assert "journal_type" not in steps
