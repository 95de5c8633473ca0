"""One dead letter: why it waits, its one faulty field, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.console.dead_letters.asking import acts, asker, permitted, verb_of
from ops.console.opening import said_why
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import dead_letters as looking
from ops.look.dead_letters import Listed, NoSuchLetter
from ops.mend import bulk, mending
from ops.mend import dead_letters as letters
from ops.mend.bulk import Verb
from ops.mend.dead_letters import Refused
from ops.mend.mending import CannotMend
from schemas.refusals import REASONS
from stores.dead_letters import WAITING


def letter(visit: Visit) -> Page:
    """It, without what it holds."""
    return _page(visit, _one(visit))


def act(visit: Visit) -> Page | Go:
    """Show the field, mend it, send it again or give it up, for a reason."""
    one, do = _one(visit), visit.form.one("do")
    if errors := said_why(visit):
        return _page(visit, one, errors=errors)
    try:
        if do == "reveal":
            return _page(visit, one, shown=_shown(visit, one))
        if do == "mend":
            return _mended(visit, one)
        if verb := verb_of(visit):
            return do_one(visit, verb, one["id"])
    except CannotMend as error:
        return _page(visit, one, errors={"value": _sentence(error)})
    except Refused as error:
        return _page(visit, one, errors={"why": _sentence(error)})
    raise NotThere


def do_one(visit: Visit, verb: Verb, id_: str) -> Go:
    """Send one again or give it up. Raises ``Refused``."""
    person = permitted(visit, id_)
    outcome = bulk.act_on(visit.hub, visit.routes, verb, ids=[id_], person=person)
    if id_ in outcome.not_done:
        raise Refused(outcome.not_done[id_])
    return Go(f"dead-letters/letters/{id_}", "sent" if verb == "redrive" else "discarded")


def _mended(visit: Visit, one: Listed) -> Go:
    letters.mend(
        visit.hub,
        visit.routes,
        id_=one["id"],
        field=one["field"] or "",
        value=visit.form.one("value"),
        person=permitted(visit, one["id"]),
    )
    return Go(f"dead-letters/letters/{one['id']}", "mended")


def _shown(visit: Visit, one: Listed) -> Mapping[str, Any]:
    """The faulty field; all of it where no one field is at fault."""
    dead = letters.reveal(visit.hub, one["id"], asker=asker(visit))
    reading = letters.reading_of(visit.routes.by_code.get(dead.agency), dead.content_type)
    value = mending.held(dead, reading=reading)
    whole = dead.original.decode("utf-8", "backslashreplace") if value is None else None
    return {"value": value, "whole": whole}


def _one(visit: Visit) -> Listed:
    wanted = visit.place["dead_letter_id"]
    try:
        found = looking.one(visit.hub, wanted)
    except NoSuchLetter:
        raise NotThere from None
    if found["id"] != wanted:  # a whole id is in every link; a part of one is for commands
        raise NotThere
    return found


def _sentence(error: Exception) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def _page(
    visit: Visit,
    one: Listed,
    *,
    errors: Mapping[str, str] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> Page:
    reason = REASONS[one["reason"]]
    values = {
        "one": one,
        "reason": reason,
        "waits": one["state"] in WAITING,
        "acts": acts(visit),
        "mendable": mending.is_mendable(one["reason"], one["field"]),
        "became": looking.became(visit.hub, [one["id"]]).get(one["id"]),
        "reasons": REASONS,
        "names": visit.names,
        "shown": shown,
        "form": visit.form,
        "errors": errors or {},
    }
    return Page("dead_letters/letter.html", values, 422 if errors else 200)
