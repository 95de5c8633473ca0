"""What pages show again and again is opened once, until it changes or may be read no more."""

from __future__ import annotations

import pytest

from schemas.case import ChildLinked
from stores import codec, cursors, journal, linking, states
from stores.database import Database
from stores.trail import Entry
from tests.support import given
from tests.support.erasing import destroy

parses: list[bytes] = []
made: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_yet() -> None:
    parses.clear()
    made.clear()


def parse(body: bytes) -> str:
    parses.append(body)
    return body.decode()


def what(entry: Entry) -> str:
    made.append(entry.message.type)
    return type(entry.message.data).__name__


def save(database: Database, version: int, body: bytes) -> None:
    with database.transaction() as transaction:
        states.save(transaction, "rate", documents={"ref-1": (version, body)})


def shown(database: Database) -> dict[str, str]:
    with database.view() as view:
        return states.parsed(view, "rate", keys={"ref-1", "none"}, parse=parse)


def told(database: Database) -> list[str]:
    with database.view() as view:
        return linking.made_of(view, ids={"ref-1"}, types=[ChildLinked], make=what)


def test_a_document_is_parsed_once_until_it_is_written_again(database: Database) -> None:
    save(database, 1, b"first")
    assert [shown(database), shown(database)] == [{"ref-1": "first"}] * 2
    assert parses == [b"first"]
    save(database, 2, b"second")
    assert shown(database) == {"ref-1": "second"}
    assert parses == [b"first", b"second"]


def test_a_document_whose_key_was_destroyed_is_shown_no_more(database: Database) -> None:
    save(database, 1, b"first")
    assert shown(database)
    destroy(database, ["ref-1"])
    assert shown(database) == {}


def test_a_fact_is_made_something_of_once_and_no_more_once_its_key_is_gone(
    database: Database,
) -> None:
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "test")
        journal.append(transaction, cursor, messages=[given.message(given.linked())])
        cursors.store(transaction, cursor)
    assert [told(database), told(database)] == [["ChildLinked"]] * 2
    assert len(made) == 1
    destroy(database, ["ref-1"])
    assert told(database) == [codec.Unopened.__name__]
