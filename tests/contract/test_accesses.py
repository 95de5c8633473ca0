"""Whoever looks at the record is recorded in it: a fact of the journal, and a leaf (R46, R47)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ops.look.verify import verify
from schemas.operations import AccessOutcome, RecordAccessed
from stores import accesses, trail
from stores.database import Database
from stores.tree.growing import Growing


def access(outcome: AccessOutcome = "allowed") -> RecordAccessed:
    return RecordAccessed(
        about="case-1",
        action="read",
        outcome=outcome,
        who="J. Auditor",
        agency="police",
        role="auditor",
        why="complaint 2026/17",
        rules="2026-11-01",
    )


@pytest.mark.parametrize("outcome", ["allowed", "masked", "denied"])
def test_an_access_is_found_by_what_it_is_about_and_has_its_leaf(
    database: Database, outcome: AccessOutcome
) -> None:
    with database.transaction() as transaction:
        message = accesses.record(transaction, access(outcome), referral_id="referral-1")
    growing = Growing(database, "mash-hub/e1")
    while growing.once():
        pass
    with database.reading() as connection:
        for wanted in ("case-1", "referral-1"):
            (entry,) = trail.about(connection, database.vault, wanted=wanted)
            assert (entry.message.id, entry.message.data) == (message.id, access(outcome))
    hub: Any = SimpleNamespace(database=database, settings=SimpleNamespace(area="e1"))
    verified = verify(hub, contents=True)
    assert (verified.flaws, verified.entries, verified.pending) == ([], 1, 0)


def test_an_access_of_a_transaction_that_fails_is_not_recorded(database: Database) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012, SIM117 - all of it is what fails
        with database.transaction() as transaction:
            accesses.record(transaction, access())
            raise RuntimeError
    with database.reading() as connection:
        assert trail.about(connection, database.vault, wanted="case-1") == []
