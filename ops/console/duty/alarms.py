"""What nobody has: alarms until somebody takes them, and where each Red is now."""

from __future__ import annotations

from typing import Any

from ops.console.screen import Go, Page, Visit
from ops.console.sending import send
from ops.look import reds
from router.steps.alarm.state import Alarm
from router.steps.alarm.words import ring, says, to_do
from stores import codec

_DAYS = 7
_RECEIPT = "mash.alarm-receipt.v1"


def alarms(visit: Visit) -> Page:
    """Alarms first, each with what to do; below, every Red and possible Red of the last days."""
    return _page(visit)


def take(visit: Visit) -> Page | Go:
    """Say for the agency that somebody has it, as its own system would. It decides nothing about a
    child, and nobody is to lose time over it: so it is taken in an old session too.
    """
    wanted = visit.form.one("alarm_id")
    alarm = next((one for one in reds.alarms(visit.hub) if one.alarm_id == wanted), None)
    if alarm is None:
        return Go("duty", "over")
    told = {"alarm_id": alarm.alarm_id, "subject_id": alarm.subject_id, "taken_by": visit.who}
    if alarm.case_id:
        told["case_id"] = alarm.case_id
    sent = send(visit, _RECEIPT, told, about=alarm.referral_id, decides=False)
    if sent.refused:
        return _page(visit, errors={"alarms": sent.refused}, status=422)
    return Go("duty", "taken" if sent.settled else "sent")


def _page(visit: Visit, *, errors: dict[str, str] | None = None, status: int = 200) -> Page:
    at = codec.from_micros(visit.hub.database.clock())
    values = {
        "alarms": [_alarm(visit, one) for one in reds.alarms(visit.hub)],
        "reds": reds.lately(visit.hub, days=_DAYS, at=at),
        "days": _DAYS,
        "names": visit.names,
        "errors": errors or {},
    }
    return Page("duty/alarms.html", {**values, "now": at}, status)


def _alarm(visit: Visit, one: Alarm) -> dict[str, Any]:
    policy = visit.hub.policy.value
    return {
        "it": one,
        "says": says(one, policy),
        "to_do": to_do(one, policy),
        "ring": ring(one, policy),
        "told": one.told[-1],
    }
