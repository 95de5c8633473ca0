"""A notification without a time that can be used is observed when it arrives, and is still the same
when it is sent again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.port import routes
from ops.run.configuration import read_settings
from router.intake import StoredIntake
from schemas.notification import NotificationReceived, Receipt
from stores.database import Database
from stores.ports import Arrival

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(hours=3)
SAID = {
    "reference": "R-1",
    "narrative": "Seen alone at night.",
    "subject": {"name": [{"given_name": ["Idris"], "family_name": ["Bell"]}]},
}
ROUTE = routes(read_settings(Path("ops/sample/hub.toml"), {}), {}).by_code["health_visiting"]


def arrival(
    at: dt.datetime, changes: Mapping[str, object] = MappingProxyType({}), *, id_: str = "event-1"
) -> Arrival:
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": "urn:test",
        "type": "mash.notification.v1",
        "dataschema": "urn:mash-hub:v1",
        "data": {**SAID, **changes},
    }
    body = json.dumps(event).encode()
    (one,) = parse(Door(ROUTE, "http", at), body, content_type="application/cloudevents+json")
    return one


def statuses(receipts: list[Receipt]) -> list[tuple[str, str | None]]:
    return [(one.status.value, one.reason) for one in receipts]


@pytest.mark.parametrize("observed", [{}, {"observed_at": "yesterday"}])
def test_it_is_observed_when_it_arrives(observed: dict[str, object]) -> None:
    body = arrival(NOON, observed).body
    assert isinstance(body, NotificationReceived)
    assert body.notification.observed_at == NOON


@pytest.mark.parametrize("observed", [{}, {"observed_at": "yesterday"}])
def test_sent_again_under_its_id_later_it_is_a_duplicate(
    database: Database, observed: dict[str, object]
) -> None:
    intake = StoredIntake(database)
    first = intake.take([arrival(NOON, observed)])
    again = intake.take([arrival(LATER, observed)])
    assert statuses(first + again) == [("accepted", None), ("duplicate", None)]
    assert again[0].duplicate_of == first[0].id


def test_twice_in_one_batch_it_is_a_duplicate(database: Database) -> None:
    receipts = StoredIntake(database).take([arrival(NOON), arrival(LATER)])
    assert statuses(receipts) == [("accepted", None), ("duplicate", None)]


def test_under_another_id_it_repeats_the_first(database: Database) -> None:
    receipts = StoredIntake(database).take([arrival(NOON), arrival(LATER, id_="event-2")])
    assert statuses(receipts) == [("accepted", None), ("duplicate", None)]


def test_a_time_that_was_to_come_at_first_is_the_same_once_it_is_past(database: Database) -> None:
    soon = {"observed_at": (NOON + dt.timedelta(hours=1)).isoformat()}
    intake = StoredIntake(database)
    receipts = [*intake.take([arrival(NOON, soon)]), *intake.take([arrival(LATER, soon)])]
    assert statuses(receipts) == [("accepted", None), ("duplicate", None)]


def test_with_other_words_under_its_id_it_is_refused(database: Database) -> None:
    intake = StoredIntake(database)
    receipts = [
        *intake.take([arrival(NOON)]),
        *intake.take([arrival(LATER, {"narrative": "Hit."})]),
    ]
    assert statuses(receipts) == [("accepted", None), ("rejected", "refused.same-id")]


def test_a_given_time_that_differs_under_one_id_is_refused(database: Database) -> None:
    intake = StoredIntake(database)
    times = ({"observed_at": at.isoformat()} for at in (NOON - dt.timedelta(days=1), NOON))
    receipts = [one for given in times for one in intake.take([arrival(LATER, given)])]
    assert statuses(receipts) == [("accepted", None), ("rejected", "refused.same-id")]
