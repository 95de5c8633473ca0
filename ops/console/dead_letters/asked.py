"""What an operator wants done with many letters, and another agrees to, or not."""

from __future__ import annotations

from collections.abc import Mapping

from ops.console.dead_letters.asking import acts, permitted
from ops.console.opening import said_why
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import dead_letters as looking
from ops.mend import bulk
from ops.mend.bulk import Asked
from ops.mend.dead_letters import Refused
from schemas.refusals import REASONS
from stores import codec


def asked(visit: Visit) -> Page:
    """All of the last day, the newest first."""
    now = codec.from_micros(visit.hub.database.clock())
    found = bulk.asked_lately(visit.hub)
    return Page("dead_letters/asked.html", {"found": found, "now": now})


def one_asked(visit: Visit) -> Page:
    """Which letters it is about, and what became of each."""
    return _page(visit, _one(visit))


def settle(visit: Visit) -> Page | Go:
    """Agree, and it is done; or say that it is not to be."""
    one, do = _one(visit), visit.form.one("do")
    if errors := said_why(visit):
        return _page(visit, one, errors=errors)
    person = permitted(visit)
    try:
        if do == "agree":
            bulk.agree(visit.hub, visit.routes, one.asked_id, person=person)
        elif do == "refuse":
            bulk.refuse(visit.hub, one.asked_id, person=person)
        else:
            raise NotThere
    except Refused as error:
        said = f"{str(error)[:1].upper()}{str(error)[1:]}."
        return _page(visit, _one(visit), errors={"why": said})
    return Go(f"dead-letters/asked/{one.asked_id}", "agreed" if do == "agree" else "refused")


def _one(visit: Visit) -> Asked:
    try:
        return bulk.one(visit.hub, visit.place["asked_id"])
    except Refused:
        raise NotThere from None


def _page(visit: Visit, one: Asked, *, errors: Mapping[str, str] | None = None) -> Page:
    values = {
        "one": one,
        "letters": looking.of_ids(visit.hub, one.ids),
        "became": looking.became(visit.hub, one.ids),
        "by_reason": looking.reasons(visit.hub, one.ids),
        "reasons": REASONS,
        "names": visit.names,
        "waits": one.waits(codec.from_micros(visit.hub.database.clock())),
        "own": one.by == visit.who,
        "acts": acts(visit),
        "form": visit.form,
        "errors": errors or {},
    }
    return Page("dead_letters/one_asked.html", values, 422 if errors else 200)
