"""A request that is cancelled is taken back; who had it in hand is told, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.demo.simulation.answers import event
from ops.run.wiring import Hub
from schemas.message import derived_id
from tests.support.filled import empty_hub, seen_by_lead, send

LEAD = "childrens_social_care"
REQUEST, CANCELLED = "mash.information-request.v1", "mash.request-cancelled.v1"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, opened = empty_hub(tmp_path / "hub")
    yield opened
    opened.database.close()


def asked_about(hub: Hub) -> dict[str, Any]:
    """A child about whom the police told, rated amber: who it is, as decisions name it."""
    said = {
        "reference": "R-1",
        "observed_at": "2026-11-03T19:40:00Z",
        "subject": {
            "name": [{"given_name": ["Robin"], "family_name": ["Sample"]}],
            "date_of_birth": {"date": "2016-05-14"},
        },
        "narrative": "Robin was found alone in the street.",
    }
    (receipt,) = send(
        hub, "police", [event("n", "mash.notification.v1", agency="police", data=said)]
    )
    hub.embedded().drain()
    (rating,) = letters(hub, LEAD, "mash.rating-request.v1")
    head = {name: rating[name] for name in ("referral_id", "case_id")}
    decides(hub, "rating", head, colour="amber")
    assert head["referral_id"] == receipt.id
    return head


def decides(hub: Hub, kind: str, head: dict[str, Any], **more: Any) -> None:
    saw = seen_by_lead(hub, head["referral_id"])
    said = {"decided_by": "S. Worker", "rationale": "As seen", "saw": saw}
    data = head | said | more
    send(hub, LEAD, [event(kind, f"mash.{kind}-decision.v1", agency=LEAD, data=data)])
    hub.embedded().drain()


def letters(hub: Hub, agency: str, type_: str) -> list[dict[str, Any]]:
    """Those of a type that come into the agency's hands now, all still in them."""
    leased = hub.queues.lease(agency, limit=100, seconds=0)
    return [json.loads(one.body)["data"] for one in leased if one.type == type_]


def test_who_had_the_request_in_hand_is_told_that_it_is_cancelled(hub: Hub) -> None:
    head = asked_about(hub)
    (request,) = letters(hub, "school", REQUEST)
    decides(hub, "request", head, action="cancel", request_id=request["identifier"])
    assert letters(hub, "school", REQUEST) == []
    (told,) = letters(hub, "school", CANCELLED)
    assert told["request_id"] == request["identifier"]


def test_who_never_had_it_in_hand_is_told_nothing(hub: Hub) -> None:
    head = asked_about(hub)
    request_id = derived_id("request", head["referral_id"], "school")
    decides(hub, "request", head, action="cancel", request_id=request_id)
    assert hub.queues.lease("school", limit=100, seconds=0) == []
