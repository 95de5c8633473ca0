"""What is about somebody is sealed with a key of theirs, and keys are wrapped anew."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from sqlalchemy import select

from schemas.letter import Letter
from schemas.notification import Receipt, ReceiptStatus
from stores import cursors, erasing, journal, people, queues, rotating, states, tables
from stores.database import Database
from stores.vault import Unreadable, Vault
from stores.wrapping import HeldKeys, Wrapping, named
from tests.support import given
from tests.support.erasing import erasure
from tests.support.key_service import KeyService

OLD, NEW = bytes(32), bytes(range(32))


def keep(database: Database, referral: str = "ref-1") -> None:
    """Something of everything, about one referral."""
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "chain")
        journal.append(transaction, cursor, messages=[given.message(given.linked())])
        cursors.store(transaction, cursor)
        states.save(transaction, "rate", documents={referral: (1, b"rated")})
        people.save(transaction, {7: (1, b"a child")})
        queues.post(transaction, {"letter": _letter()}, about={"letter": referral})


def _letter() -> Letter:
    return Letter("receipt", agency="police", notice=Receipt(status=ReceiptStatus.ACCEPTED, id="1"))


def again(database: Database, wrapping: Wrapping | bytes) -> Database:
    """The same rows, for a process that holds these key-encryption keys."""
    database.vault = Vault(wrapping)
    return database


def wrap_all_anew(database: Database) -> int:
    after: str | None = ""
    count = 0
    while after is not None:
        _, changed, after = rotating.wrap_anew(database, after=after)
        count += changed
    return count


def test_nothing_about_a_referral_or_person_is_sealed_with_the_hubs_key(database: Database) -> None:
    keep(database)
    with database.reading() as connection:
        found = {
            table.name: connection.execute(select(table.c.key_id)).scalars().all()
            for table in (tables.journal, tables.states, tables.letters, tables.people)
        }
    of_one = ["ref-1"]
    assert found == {
        "journal": of_one,
        "states": of_one,
        "letters": of_one,
        "people": ["person/7"],
    }


def test_what_was_erased_opens_no_more_and_its_rows_are_gone(database: Database) -> None:
    keep(database)
    with database.transaction() as transaction:
        erasing.destroy(transaction, erasure("ref-1", "person/7"))
    erasing.vacuum(database)
    with database.view() as view:
        assert states.load(view, "rate", keys=["ref-1"]) == {}
        assert people.load(view, [7]) == {}
        assert not queues.with_letters(view.connection, ["police"], now=2**62)
        (row,) = journal.rows_after(view.connection, 0, limit=9)
        assert view.vault.keys(view.connection, [row.key_id], create=False) == {}


def test_what_comes_after_an_erasure_is_sealed_with_a_key_that_a_second_one_reaches(
    database: Database,
) -> None:
    keep(database)
    with database.transaction() as transaction:
        erasing.destroy(transaction, erasure("ref-1"))
    with database.transaction() as transaction:
        states.save(transaction, "rate", documents={"ref-1": (1, b"late")})
    with database.view() as view:
        assert states.load(view, "rate", keys=["ref-1"]) == {"ref-1": (1, b"late")}
        assert erasing.made_afterwards(view.connection, ["ref-1"]) == {"ref-1+"}


def test_nobody_makes_a_key_anew_that_was_erased_before_it_was_there(database: Database) -> None:
    with database.transaction() as transaction:
        erasing.destroy(transaction, erasure("ref-9"))
    with database.transaction() as transaction:
        assert database.vault.keys(transaction.connection, ["ref-9"], create=True) == {}


def test_a_person_whose_key_alone_is_gone_is_left_out(database: Database) -> None:
    keep(database)
    with database.transaction() as transaction:
        people.save(transaction, {8: (1, b"another")})
        gone = tables.keys.update().where(tables.keys.c.key_id == "person/7")
        transaction.connection.execute(gone.values(wrapped=None, destroyed_at=1))
    database.vault.forget()
    with database.view() as view:
        assert people.load(view, [7, 8]) == {8: (1, b"another")}


def test_the_hubs_own_keys_are_never_destroyed(database: Database) -> None:
    with database.transaction() as transaction:
        database.vault.keys(transaction.connection, ["hub"], create=True)
        erasing.destroy(transaction, erasure("hub", "checkpoints"))
    with database.transaction() as transaction:
        assert set(database.vault.keys(transaction.connection, ["hub"], create=False)) == {"hub"}


@pytest.mark.parametrize(
    "new", [lambda: HeldKeys(NEW, OLD), lambda: KeyService(former=HeldKeys(OLD))]
)
def test_every_key_is_wrapped_anew_and_opens_what_it_sealed(
    database: Database, new: Callable[[], Wrapping]
) -> None:
    keep(database)
    before = _payloads(database)
    wrapping = new()
    count = wrap_all_anew(again(database, wrapping))
    assert count == rotating.count(database) > 0
    assert wrap_all_anew(database) == 0
    alone = HeldKeys(NEW) if isinstance(wrapping, HeldKeys) else wrapping
    with again(database, alone).view() as view:
        assert states.load(view, "rate", keys=["ref-1"]) == {"ref-1": (1, b"rated")}
    assert _payloads(database) == before
    with again(database, OLD).view() as view, pytest.raises(Unreadable):
        states.load(view, "rate", keys=["ref-1"])


def test_wrapping_anew_goes_on_where_it_was_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_NEXT", rotating._NEXT.limit(1))
    keep(database)
    again(database, HeldKeys(NEW, OLD))
    assert rotating.wrap_anew(database, after="")[1] == 1
    assert wrap_all_anew(database) == rotating.count(database) - 1


def test_keys_wrapped_before_names_were_kept_are_opened_by_whichever_key_is_right() -> None:
    kept = HeldKeys(OLD).wrap(b"k" * 32, bound_to="id")
    assert named(kept) == (None, kept)
    held = HeldKeys(NEW, OLD, os.urandom(32))
    assert held.unwrap(kept, bound_to="id", by=None) == b"k" * 32
    with pytest.raises(Unreadable):
        held.unwrap(kept, bound_to="another", by=None)


def _payloads(database: Database) -> list[bytes]:
    with database.reading() as connection:
        return list(connection.execute(select(tables.journal.c.payload)).scalars())
