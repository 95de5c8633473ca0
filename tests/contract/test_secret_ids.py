"""Ids follow by a secret of the store's, which lasts (decision 43)."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from ops.look.verify import verify
from router.intake import StoredIntake
from schemas import message as ids
from schemas.message import NotHeld, Secret, caused_by, dated_id, derived_id
from schemas.notification import NotificationReceived
from stores import erasing, journal, known, rotating, tables
from stores.database import Database
from stores.ports import Arrival
from stores.vault import IDS_KEY, Unreadable, Vault
from stores.wrapping import HeldKeys
from tests.proofs.guessing import by_the_old_rule, following
from tests.support import given
from tests.support.erasing import erasure
from tests.support.filled import empty_hub
from tests.support.full_store import grow, place

OLD, NEW = bytes(32), bytes(range(32))


def took_in(database: Database, event_id: str = "e-1") -> str:
    """The id of a message that this arrival became, now or before."""
    told = given.notification(reference=f"R-{event_id}", observed_at=given.NOON)
    fact = NotificationReceived(
        agency="police", area="e09000001", content_digest="0" * 64, notification=told
    )
    came = Arrival("police", "http", event_id, b"{}", "application/json", fact, told.reference)
    (receipt,) = StoredIntake(database).take([came])
    assert receipt.id
    return receipt.id


def in_another_process(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, held: HeldKeys
) -> Database:
    """The same rows, where no store was opened before."""
    other = Database(str(database.engine.url), Vault(held))
    other.engine = database.engine
    monkeypatch.setattr(ids, "_SECRETS", {})
    return other


def test_whoever_opens_the_store_makes_the_same_ids(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = took_in(database)
    follows = derived_id("notification", receipt)
    other = in_another_process(database, monkeypatch, held=HeldKeys(OLD))
    assert derived_id("notification", receipt) != follows
    with other.view() as view:
        assert journal.load(view, receipt)
    assert derived_id("notification", receipt) == follows


def test_what_is_decided_without_the_secret_is_an_error_and_no_other_id(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = replace(given.message(given.linked()), id=took_in(database))
    assert caused_by(cause, "rate", fact=given.linked(), ordinal=0)
    monkeypatch.setattr(ids, "_SECRETS", {})
    with pytest.raises(NotHeld):
        caused_by(cause, "rate", fact=given.linked(), ordinal=0)


def test_ids_stay_as_they_are_when_what_wraps_the_secret_is_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = took_in(database)
    follows = derived_id("notification", receipt)
    rotating_ = in_another_process(database, monkeypatch, held=HeldKeys(NEW, OLD))
    after: str | None = ""
    while after is not None:
        _, _, after = rotating.wrap_anew(rotating_, after=after)
    other = in_another_process(database, monkeypatch, held=HeldKeys(NEW))
    assert took_in(other) == receipt
    assert derived_id("notification", receipt) == follows


def test_an_arrival_of_before_there_was_a_secret_is_known_again(database: Database) -> None:
    with by_the_old_rule():
        before = took_in(database)
    assert UUID(before).version == 8
    assert took_in(database) == before
    assert UUID(took_in(database, "e-2")).version == 7
    assert derived_id("notification", before) in following("notification", before)


def test_nothing_is_kept_of_an_arrival_that_others_could_compute(database: Database) -> None:
    with by_the_old_rule():
        took_in(database)
    with database.view() as view:
        before = set(view.connection.execute(select(tables.arrivals.c.key)).scalars())
        view.vault.forget()
    took_in(database, "e-2")
    with database.view() as view:
        kept = set(view.connection.execute(select(tables.arrivals.c.key)).scalars()) - before
    assert len(kept) == 1
    assert kept.isdisjoint(following("arrival", "police", "e-2"))


def test_no_erasure_takes_the_secret(database: Database) -> None:
    receipt = took_in(database)
    with database.transaction() as transaction:
        erasing.destroy(transaction, erasure(IDS_KEY, receipt))
    database.vault.forget()
    assert took_in(database) == receipt


def test_without_its_secret_a_hub_takes_nothing_in_under_another(database: Database) -> None:
    took_in(database)
    with database.transaction() as transaction:
        gone = tables.keys.update().where(tables.keys.c.key_id == IDS_KEY)
        transaction.connection.execute(gone.values(wrapped=None, destroyed_at=1))
    database.vault.forget()
    with pytest.raises(Unreadable):
        took_in(database, "e-2")


def test_a_secret_made_in_a_transaction_that_failed_is_not_the_stores(database: Database) -> None:
    with suppress(ZeroDivisionError), database.transaction() as transaction:
        failed = database.vault.secret(transaction.connection, create=True)
        raise ZeroDivisionError
    took_in(database)
    with database.view() as view:
        assert view.vault.secret(view.connection) not in (None, failed)


def test_hubs_in_one_process_make_ids_of_their_own() -> None:
    one, other = (Secret.held(os.urandom(32)) for _ in range(2))
    first, second = (dated_id(secret.known_by("a"), 1) for secret in (one, other))
    assert first != second
    assert ids.arrived_millis(derived_id("notification", first)) == 1
    follows = derived_id("notification", first), derived_id("notification", second)
    assert [id_[:13] for id_ in follows] == ["00000000-0001"] * 2
    assert [id_[14:18] + id_[20:22] for id_ in follows] == [f"7{s.mark}" for s in (one, other)]


def test_an_id_of_a_senders_own_that_looks_like_one_of_the_hubs_makes_no_difference() -> None:
    theirs = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert UUID(theirs).version == 7
    assert UUID(derived_id("arrival", "police", theirs)).version == 5
    ours = dated_id(Secret.held(os.urandom(32)).known_by("a"), 1)
    assert derived_id("reply", theirs, ours)[:19] == ours[:19]


def test_ids_follow_by_a_given_secret_where_nothing_came_yet(database: Database) -> None:
    known.follow(database, NEW)
    with database.view() as view:
        assert view.vault.secret(view.connection) == Secret.held(NEW)
    took_in(database)
    known.follow(database, OLD)
    with database.view() as view:
        assert view.vault.secret(view.connection) == Secret.held(NEW)


def test_what_wraps_the_secret_that_was_given_is_recorded(database: Database) -> None:
    known.follow(database, NEW)
    grow(database)
    assert verify(place(database), contents=False).flaws == []


def test_a_hub_has_its_secret_before_anything_comes(tmp_path: Path) -> None:
    """Else the first arrival would keep others waiting while it makes one."""
    _, hub = empty_hub(tmp_path / "hub")
    with hub.database.view() as view:
        assert view.vault.secret(view.connection) is not None
    hub.database.close()
