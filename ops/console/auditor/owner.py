"""What of an agency's there is in the record over a time: its yearly information audit (R49)."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import asdict
from zoneinfo import ZoneInfo

from ops.console.auditor.asking import agencies_of, asker, faults, page
from ops.console.screen import File, Page, Visit
from ops.look import owned
from ops.look.owned import Period
from schemas.access import Act
from stores import codec

_HERE = ZoneInfo("Europe/London")
_DAY = "Write a day as 2026-04-01, or nothing"


def owner(visit: Visit) -> Page:
    """The question."""
    return page(visit, "owner")


def tell_owner(visit: Visit) -> Page | File:
    """The newest of it to read, or all to take away; that somebody asked is recorded first."""
    form = visit.form
    agency = form.one("agency")
    errors = faults(visit, "agency", say="Choose an agency")
    days = {name: _day(form.one(name)) for name in ("since", "until")}
    errors |= {name: _DAY for name, day in days.items() if form.one(name) and day is None}
    if agency not in agencies_of(visit):
        errors["agency"] = "Choose an agency"
    if errors:
        return page(visit, "owner", errors=errors)
    period = Period(days["since"] or 0, days["until"] or Period().until)
    takes = form.one("do") == "take"
    if takes:
        found = owned.ask(visit.hub, agency, asker=asker(visit), period=period, act=Act.EXPORT)
        body = json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1)
        return File(f"audit-{agency}.json", body.encode())
    before = owned.position(form.one("before"))
    part = owned.newest(visit.hub, agency, asker=asker(visit), period=period, before=before)
    found = part.found
    told = {
        "found": found,
        "older": part.older,
        "before": before,
        "kinds": Counter(one.kind for one in found).most_common(),
        "recipients": Counter(
            one.agency for one in found if one.kind in ("released", "handed over") and one.agency
        ).most_common(),
        "answered": True,
    }
    return page(visit, "owner", told=told)


def _day(text: str) -> int | None:
    """The beginning of a day here, in microseconds."""
    try:
        day = dt.date.fromisoformat(text)
        return codec.to_micros(dt.datetime(day.year, day.month, day.day, tzinfo=_HERE))
    except (ValueError, OverflowError):
        return None
