"""What somebody lets wait, and letting it go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, cast

from ops.console.screen import Go, Page, Visit
from ops.look.needs import paused_in_words
from ops.mend import pausing
from ops.mend.dead_letters import Refused
from ops.mend.pausing import Wanted
from router.topology import bound_steps
from schemas.access import Act, Resource
from schemas.base import LONGEST_LINE
from stores.pauses import What

_MINUTES: Final = (15, 60, 240, 1440)


def pauses(visit: Visit) -> Page:
    """What waits, and the form by which something else does."""
    return _page(visit)


def take(visit: Visit) -> Page | Go:
    """Let something wait, or go on."""
    errors = dict(_faults(visit))
    if errors:
        return _page(visit, errors, status=422)
    what, _, name = visit.form.one("flow").partition(" ")
    asker = replace(visit.asker, why=visit.form.one("why"))
    try:
        if visit.form.one("do") == "resume":
            pausing.resume(visit.hub, cast(What, what), name, asker=asker)
            return Go("operations/pauses", "resumed")
        minutes, reds = int(visit.form.one("minutes")), visit.form.one("reds") == "too"
        wanted = Wanted(cast(What, what), name, minutes=minutes, reds=reds)
        pausing.pause(visit.hub, wanted, asker=asker)
    except Refused as refused:
        said = str(refused)
        return _page(visit, {"flow": f"{said[:1].upper()}{said[1:]}"}, status=422)
    return Go("operations/pauses", "paused")


def _faults(visit: Visit) -> list[tuple[str, str]]:
    form, found = visit.form, []
    resumes = form.one("do") == "resume"
    if form.one("flow") not in _flows(visit):
        found.append(("flow", "Choose what is to wait"))
    if not 0 < len(form.one("why")) <= LONGEST_LINE:
        found.append(("why", f"Say why, in at most {LONGEST_LINE} characters"))
    if not resumes and form.one("minutes") not in map(str, _MINUTES):
        found.append(("minutes", "Choose for how long"))
    return found


def _flows(visit: Visit) -> dict[str, str]:
    """All that can be let wait, by what the form calls it."""
    steps = {f"step {b.step.name}": f"Step {b.step.name}" for b in bound_steps()}
    names = sorted(visit.names.items(), key=lambda one: one[1])
    feeds = {f"feed {code}": f"What comes from {name}" for code, name in names}
    return steps | feeds | {f"queue {code}": f"Letters for {name}" for code, name in names}


def _page(visit: Visit, errors: dict[str, str] | None = None, *, status: int = 200) -> Page:
    assert visit.health is not None
    waiting = visit.health.look().pauses
    values = {
        "pauses": [
            {**one, "says": paused_in_words(one), "flow": f"{one['what']} {one['name']}"}
            for one in waiting
        ],
        "flows": _flows(visit),
        "minutes": _MINUTES,
        "default": pausing.MINUTES,
        "acts": visit.could(Act.MEND, Resource.HEALTH),
        "one_process": visit.hub.settings.runtime.topics is None,
        "said": visit.form,
        "errors": errors or {},
    }
    return Page("operations/pauses.html", values, status)
