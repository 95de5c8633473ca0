"""Notifications that are taken in by themselves, some of them urgent, and what comes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from ops.run.wiring import Hub
from schemas.notification import NotificationReceived
from stores.ports import Arrival
from tests.support import given as give

LEAD = "childrens_social_care"
URGENT: dict[str, Any] = {"urgent": True}


def arrival(id_: str, *, agency: str = "police", **said: Any) -> Arrival:
    """A notification under this reference, unless it says another."""
    notification = give.notification(**{"reference": id_} | said)
    content = sha256(notification.model_dump_json().encode()).hexdigest()
    fact = NotificationReceived(
        agency=agency, area="e99999999", content_digest=content, notification=notification
    )
    text = "application/json"
    return Arrival(agency, "test", f"event-{id_}-{content}", b"", text, fact, id_)


def flood(hub: Hub, count: int = 9, *, first: int = 0) -> None:
    """So many other notifications, which wait."""
    hub.intake.take([arrival(f"F-{first + number}") for number in range(count)])


def took(hub: Hub, *arrivals: Arrival) -> list[str]:
    """Their ids."""
    return [receipt.id for receipt in hub.intake.take(arrivals)]


def told(heard: Sequence[tuple[str, str]], step: str) -> list[str]:
    """What a step heard, in its order."""
    return [id_ for name, id_ in heard if name == step]


def asked(hub: Hub) -> dict[str, str]:
    """The referrals that the lead agency is asked to rate, as handed out, with their cases."""
    letters = [json.loads(one.body) for one in hub.queues.lease(LEAD, limit=500, seconds=0)]
    requests = [one["data"] for one in letters if one["type"] == "mash.rating-request.v1"]
    return {one["referral_id"]: one["case_id"] for one in requests}
