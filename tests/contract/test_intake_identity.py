"""An event is known again by its agency, its source and its id; what came before sources counted
is known by its id still.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.events.facts import source_key
from router.intake import StoredIntake
from schemas.notification import NotificationReceived, Receipt, ReceiptStatus
from schemas.refusals import Refusal
from stores.database import Database
from stores.ports import Arrival
from tests.support import given

HERE, THERE = "urn:here", "urn:there"


def arrival(source: str | None, narrative: str = given.HIT, *, id_: str = "e-1") -> Arrival:
    notification = given.notification(narrative, reference=f"R-{source}")
    fact = NotificationReceived(
        agency="police", area="e09000001", content_digest="0" * 64, notification=notification
    )
    key = source_key(source) if source else None
    return Arrival(
        "police", "http", id_, b"{}", "application/json", fact, source=source, source_key=key
    )


def as_before(one: Arrival) -> Arrival:
    """The same, as it was taken while sources did not count."""
    return replace(one, source=None, source_key=None)


def take(database: Database, *arrivals: Arrival) -> list[Receipt]:
    return StoredIntake(database).take(arrivals)


def test_the_same_id_from_another_source_is_another_event(database: Database) -> None:
    one, other = take(database, arrival(HERE), arrival(THERE))
    assert (one.status, other.status) == (ReceiptStatus.ACCEPTED, ReceiptStatus.ACCEPTED)
    assert (one.source, other.source) == (HERE, THERE)
    again = take(database, arrival(THERE), arrival(HERE))
    assert [receipt.duplicate_of for receipt in again] == [other.id, one.id]


def test_the_same_id_of_one_source_with_other_content_is_refused(database: Database) -> None:
    take(database, arrival(HERE))
    (receipt,) = take(database, arrival(HERE, "Something else"))
    assert receipt.reason == "refused.same-id"


def test_what_was_known_by_its_id_alone_is_known_still(database: Database) -> None:
    (first,) = take(database, as_before(arrival(HERE)))
    again = take(database, arrival(HERE), arrival(HERE))
    assert [receipt.duplicate_of for receipt in again] == [first.id, first.id]


def test_other_content_under_an_id_that_was_known_alone_is_another_event(
    database: Database,
) -> None:
    (first,) = take(database, as_before(arrival(HERE)))
    (other,) = take(database, arrival(THERE))
    assert (other.status, other.id == first.id) == (ReceiptStatus.ACCEPTED, False)
    assert take(database, arrival(THERE))[0].duplicate_of == other.id
    assert take(database, arrival(HERE))[0].duplicate_of == first.id


def test_what_was_refused_under_its_id_alone_is_the_same_dead_letter(database: Database) -> None:
    bad = replace(arrival(HERE), body=Refusal("unreadable.json"))
    (first,) = take(database, as_before(bad))
    (again,) = take(database, bad)
    assert again.id == first.id
    (other,) = take(database, replace(bad, original=b"[]"))
    assert other.id != first.id
