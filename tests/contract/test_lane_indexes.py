"""What is asked at every turn for Reds is answered by an index, however much else waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from stores import journal, outbox, queues
from stores.database import Database, Transaction

Asking = Callable[[Transaction], object]


def next_letters(transaction: Transaction) -> object:
    return queues.lease(transaction, "police", limit=9, seconds=60)


def reds_that_wait(transaction: Transaction) -> object:
    return outbox.reds(transaction.connection, limit=9)


def reds_to_send(transaction: Transaction) -> object:
    return outbox.unsent(transaction, limit=9, red=True)


def what_came_earlier(transaction: Transaction) -> object:
    connection = transaction.connection
    return journal.rows_about(
        connection, subjects={"police/R-1"}, referrals={"r"}, after=0, before=9
    )


@pytest.mark.parametrize(
    ("ask", "by"),
    [
        (next_letters, {"letters_agency"}),
        (reds_that_wait, {"outbox_red"}),
        (reds_to_send, {"outbox_red"}),
        (what_came_earlier, {"ix_journal_subject", "ix_journal_correlation_id"}),
    ],
)
def test_what_is_asked_for_reds_is_found_by_an_index(
    database: Database, ask: Asking, by: set[str]
) -> None:
    with database.transaction() as transaction:
        plans = "\n".join(how_it_is_read(transaction, ask))
    assert all(name in plans for name in by), plans
    assert "SCAN letters" not in plans
    assert "SCAN journal" not in plans
    assert "TEMP B-TREE" not in plans
    assert "Sort" not in plans


def how_it_is_read(transaction: Transaction, ask: Asking) -> list[str]:
    """How the database goes about each query that is asked."""
    connection, sent = transaction.connection, list[tuple[str, Any]]()
    postgres = connection.dialect.name == "postgresql"
    if postgres:  # which reads a small table from end to end, whatever its indexes
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")

    def note(_: Connection, _cursor: Any, sql: str, given: Any, _context: Any, _many: bool) -> None:
        sent.append((sql, given))

    event.listen(connection, "before_cursor_execute", note)
    ask(transaction)
    event.remove(connection, "before_cursor_execute", note)
    explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
    asked = [one for one in sent if one[0].lstrip().startswith("SELECT")]
    return [
        str(row[-1])
        for sql, given in asked
        for row in connection.exec_driver_sql(explain + sql, given)
    ]
