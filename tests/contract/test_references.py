"""Hop 1, which answers, and hop 2, which decides, know alike what came under a reference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from router.handle import handle
from router.intake import StoredIntake
from router.one_pass import Delivery
from schemas.information import (
    InformationItem,
    InformationOffered,
    Sensitivity,
    VolunteeredInformation,
)
from schemas.notification import (
    NotificationAccepted,
    NotificationDuplicated,
    NotificationReceived,
    Receipt,
    ReceiptStatus,
)
from stores import journal, references, tables
from stores.database import Conflict, Database
from stores.ports import Arrival
from stores.references import KeptVersion
from tests.support import given
from tests.support.production import adopted, alone, deduplication

FORWARDED = "Forwarded from school ref R-1: "


def arrival(
    event_id: str, narrative: str = given.HIT, *, reference: str = "R-1", agency: str = "police"
) -> Arrival:
    said = given.notification(narrative, reference=reference)
    fact = NotificationReceived(
        agency=agency, area="e99999999", content_digest=said.content_digest(), notification=said
    )
    return Arrival(agency, "http", event_id, b"{}", "application/json", fact, reference)


def take(database: Database, *arrivals: Arrival) -> list[Receipt]:
    return StoredIntake(database).take(arrivals)


def decide(database: Database) -> list[NotificationAccepted | NotificationDuplicated]:
    """What hop 2 has recorded, once it has had everything that came."""
    came = [Delivery(*placed) for placed in journal.messages_after(database, 0, limit=1000)]
    with database.transaction() as transaction:
        handle(
            alone(deduplication()),
            came,
            consumer="deduplicate",
            transaction=transaction,
            policy=adopted(),
        )
    told = [message.data for _, message in journal.messages_after(database, 0, limit=1000)]
    return [f for f in told if isinstance(f, NotificationAccepted | NotificationDuplicated)]


def found(database: Database, *arrivals: Arrival) -> Iterator[tuple[str, str | None]]:
    """How each, sent by itself, was receipted, and as what hop 2 recorded it."""
    for one in arrivals:
        (receipt,) = take(database, one)
        fact = decide(database)[-1]
        repeated = fact.duplicate_of if isinstance(fact, NotificationDuplicated) else None
        assert receipt.duplicate_of == repeated, "hop 1 answers as hop 2 decides"
        yield receipt.status, repeated


@pytest.mark.parametrize(
    ("reference", "narrative"),
    [
        ("R-1", given.HIT),
        ("R-1 (amended)", given.HIT),
        ("R-1/v2", given.HIT),
        ("GP-77", FORWARDED + given.HIT),
    ],
)
def test_a_resend_is_receipted_as_the_duplicate_that_it_is_recorded_as(
    database: Database, reference: str, narrative: str
) -> None:
    sent = [arrival(f"event-{n}", narrative, reference=reference) for n in range(3)]
    first, *again = found(database, *sent)
    assert first == (ReceiptStatus.ACCEPTED, None)
    (referral,) = {repeated for _, repeated in again}
    assert again == [(ReceiptStatus.DUPLICATE, referral)] * 2


def test_a_resend_in_the_same_batch_is_receipted_as_the_duplicate_that_it_is_recorded_as(
    database: Database,
) -> None:
    first, second = take(database, arrival("event-1"), arrival("event-2"))
    assert (first.status, second.status) == (ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE)
    assert second.duplicate_of == first.id
    assert isinstance(decide(database)[-1], NotificationDuplicated)


def test_versions_are_counted_on_from_batch_to_batch(database: Database) -> None:
    told = {"R-1": given.HIT, "R-1/v2": given.MOVED, "R-1 (amended)": given.DOMESTIC_ABUSE}
    said = [arrival(f"event-{mark}", text, reference=mark) for mark, text in told.items()]
    said.append(arrival("event-4", given.MOVED, reference="R-1/v2"))
    receipts = [take(database, one)[0] for one in said]
    decided = decide(database)
    assert [f.version for f in decided if isinstance(f, NotificationAccepted)] == [1, 2, 3]
    assert {f.first_referral_id for f in decided[1:3] if isinstance(f, NotificationAccepted)} == {
        receipts[0].id
    }
    assert isinstance(decided[3], NotificationDuplicated)
    assert decided[3].duplicate_of == receipts[1].id


def test_of_two_that_add_the_same_version_at_once_one_has_to_do_it_again(
    database: Database,
) -> None:
    begin = threading.Barrier(2)

    def add(number: int) -> bool:
        begin.wait(30)
        try:
            with database.transaction() as transaction:
                kept = KeptVersion("police/R-1", 1, f"{number:064x}", f"ref-{number}")
                references.add(transaction, [kept])
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as executor:
        assert sorted(executor.map(add, range(2))) == [False, True]
    with database.transaction() as transaction:
        (one,) = references.load(transaction, ["police/R-1"])
    assert one.referral_id in {"ref-0", "ref-1"}


def test_neither_a_reference_nor_what_came_under_it_can_be_read_off_the_store(
    database: Database,
) -> None:
    sent = arrival("event-1", reference="Tilly Thornbury 3/2/2018")
    take(database, sent)
    decide(database)
    assert isinstance(sent.body, NotificationReceived)
    with database.reading() as connection:
        (row,) = connection.execute(select(tables.reference_versions)).all()
    kept = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    assert b"Thornbury" not in kept
    assert bytes.fromhex(sent.body.content_digest) not in kept


def test_a_resend_of_what_was_erased_is_a_duplicate(database: Database) -> None:
    (first,) = take(database, arrival("event-1"))
    with database.transaction() as transaction:
        erased = update(tables.keys).where(tables.keys.c.key_id == first.id)
        transaction.connection.execute(erased.values(wrapped=None, destroyed_at=1))
    database.vault.forget()
    (again,) = take(database, arrival("event-1"))
    assert again.duplicate_of == first.id


def offered(**said: str) -> Arrival:
    """The police volunteer something, about whatever is said."""
    item = InformationItem(
        item_id="1",
        owner="police",
        text="Seen in the park.",
        sensitivity=Sensitivity.ROUTINE,
        may_be_revealed=True,
        may_leave=True,
    )
    told = VolunteeredInformation(items=(item,), volunteered_by="Pc. Example", **said)
    fact = InformationOffered(agency="police", referral_id=told.referral_id, offered=told)
    return Arrival("police", "http", f"offer {said}", b"{}", "application/json", fact)


def test_what_is_volunteered_under_a_reference_is_about_the_referral_that_it_made(
    database: Database,
) -> None:
    first, again = take(database, arrival("1"), arrival("2", given.MOVED))
    decide(database)
    receipts = take(
        database, offered(reference="R-1"), offered(reference="R-1"), offered(referral_id=again.id)
    )
    assert [one.status for one in receipts] == ["accepted", "duplicate", "accepted"]
    told = [message.data for _, message in journal.messages_after(database, 0, limit=1000)]
    about = [one.referral_id for one in told if isinstance(one, InformationOffered)]
    assert about == [first.id, again.id]


@pytest.mark.parametrize(
    ("said", "reason", "field"),
    [
        ({"reference": "R-9"}, "refused.unknown-subject", "reference"),
        ({}, "missing.field", "referral_id"),
    ],
)
def test_what_is_volunteered_about_nobody_who_can_be_told_is_refused_and_kept(
    database: Database, said: dict[str, str], reason: str, field: str
) -> None:
    take(database, arrival("1"))
    decide(database)
    (receipt,) = take(database, offered(**said))
    assert (receipt.status, receipt.reason, receipt.field) == ("rejected", reason, field)
