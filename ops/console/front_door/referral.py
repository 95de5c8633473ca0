"""One referral: its picture on one page, and what may be decided on it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final

from ops.access.acting import Asker
from ops.console.front_door import kept_back
from ops.console.front_door.decisions import DECISIONS
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look.changed import changed
from ops.look.pictures import Look, Opened, looks_at, open_for
from ops.look.schools import to_tell
from ops.look.timeline import timeline
from ops.look.worklist import is_open
from schemas.access import Purpose
from stores import codec

TO_DECIDE: Final = "To decide about this referral at the front door"
"""Why whoever opens what is open there looks at it: nobody has to write that each time."""
_LATELY: Final = dt.timedelta(minutes=20)
_LONGEST: Final = 500


def referral(visit: Visit) -> Page:
    """The picture; of what is not open here once somebody has said why they look."""
    looks = looks_at(visit.hub, visit.place["referral_id"])
    found = opened(visit, looks)
    if found is None:
        return Page("front_door/why.html")
    return Page("front_door/referral.html", shown(visit, found))


def why(visit: Visit) -> Page | Go:
    """Take why somebody looks at what is not open here."""
    said = visit.form.one("why")
    if not said or len(said) > _LONGEST:
        errors = {"why": "Say why you need to see this referral, in up to 500 characters"}
        return Page("front_door/why.html", {"errors": errors, "why": said}, 422)
    _open(visit, _asking(visit, said))
    return Go(f"front-door/{visit.place['referral_id']}")


def opened(visit: Visit, looks: tuple[Look, ...] | None = None) -> Opened | None:
    """The picture as somebody may see it; None where they have first to say why."""
    referral_id = visit.place["referral_id"]
    here = is_open(visit.hub, referral_id)
    if here is None:
        raise NotThere
    looks = looks_at(visit.hub, referral_id) if looks is None else looks
    reason = TO_DECIDE if here else _said_before(visit, looks)
    return None if reason is None else _open(visit, _asking(visit, reason))


def shown(visit: Visit, found: Opened) -> dict[str, Any]:
    """What templates show of it."""
    at = codec.from_micros(visit.hub.database.clock())
    others = {one.who: one for one in found.looks if one.who != visit.who}
    return {
        "picture": found.picture,
        "saw": found.saw,
        "plan": found.plan,
        "timeline": timeline(found.picture),
        "names": visit.names,
        "now": at,
        "news": changed(found.before, found.picture, visit.names),
        "others": [one for one in others.values() if at - one.at < _LATELY],
        **kept_back.shown(visit, found.picture.referral_id),
        "to_tell": to_tell(visit.hub, found.picture.referral_id),
        "decisions": [one for one in DECISIONS if one.fits(visit, found)],
    }


def _asking(visit: Visit, reason: str) -> Asker:
    return replace(visit.asker, purpose=Purpose.SAFEGUARDING, why=reason)


def _open(visit: Visit, asker: Asker) -> Opened:
    found = open_for(visit.hub, visit.place["referral_id"], asker=asker)
    if found is None:
        raise NotThere
    return found


def _said_before(visit: Visit, looks: tuple[Look, ...]) -> str | None:
    """The reason for which they still may look."""
    at = codec.from_micros(visit.hub.database.clock())
    mine = (one for one in reversed(looks) if one.who == visit.who)
    return next((one.why for one in mine if one.until and at < one.until), None)
