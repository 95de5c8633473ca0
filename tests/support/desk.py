"""What people at their desks do in a hub of one process, until a Red is with one of them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from ops.demo.simulation.answers import event
from ops.run.wiring import Hub
from schemas.message import derived_id
from schemas.notification import ReceiptStatus
from tests.support import given
from tests.support.filled import seen_by_lead, send

LEAD, DUTY, CAIT, NEXT = (
    "childrens_social_care",
    "csc_duty_team",
    "police_cait",
    "csc_assessment_team",
)


def concern(hub: Hub, narrative: str = given.HIT) -> str:
    """The police tell of a child; the id of the referral."""
    told = given.notification(narrative).model_dump(mode="json")
    (receipt,) = send(
        hub, "police", [event("n-1", "mash.notification.v1", agency="police", data=told)]
    )
    hub.embedded().drain()
    return receipt.id


def letters(hub: Hub, agency: str, type_: str) -> list[dict[str, Any]]:
    """What the letters of a kind say that lie on an agency's queue; they stay there."""
    leased = hub.queues.lease(agency, limit=99, seconds=0)
    hub.embedded().drain()
    found = (json.loads(one.body) for one in leased)
    return [one["data"] for one in found if one["type"] == type_]


def tells(hub: Hub, agency: str, type_: str, **data: Any) -> ReceiptStatus:
    """An agency's people send a message."""
    id_ = derived_id(agency, type_, json.dumps(data, sort_keys=True))
    (receipt,) = send(hub, agency, [event(id_, type_, agency=agency, data=data)])
    hub.embedded().drain()
    return receipt.status


def rates(hub: Hub, referral_id: str, colour: str = "red") -> None:
    """A social worker rates it."""
    (request,) = letters(hub, LEAD, "mash.rating-request.v1")
    tells(
        hub,
        LEAD,
        "mash.rating-decision.v1",
        referral_id=referral_id,
        case_id=request["case_id"],
        colour=colour,
        decided_by="S. Worker",
        rationale="As seen",
        saw=seen_by_lead(hub, referral_id),
    )


def answers(hub: Hub, agency: str, product: dict[str, Any], status: str = "received") -> None:
    """A person of a recipient says what became of a product."""
    said = {name: product[name] for name in ("product_id", "case_id")}
    tells(hub, agency, "mash.delivery-receipt.v1", **said, status=status, received_by="T. Manager")


def takes(hub: Hub, alarm: dict[str, Any]) -> None:
    """The duty manager takes an alarm."""
    said = {name: alarm[name] for name in ("alarm_id", "subject_id", "case_id") if name in alarm}
    tells(hub, LEAD, "mash.alarm-receipt.v1", **said, taken_by="D. Manager")


def facts(hub: Hub, name: str) -> int:
    """How many facts of a type are recorded."""
    with hub.database.reading() as connection:
        query = text("SELECT count(*) FROM journal WHERE type = :type")
        found = connection.execute(query, {"type": f"mash.{name}.v1"}).scalar()
    return int(found or 0)
