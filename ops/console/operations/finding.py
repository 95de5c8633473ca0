"""Where a message is, and which way it took; what comes in just now. Nothing of what they hold."""

from __future__ import annotations

from typing import Any

from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import searching
from ops.look.searching import CannotSearch
from schemas.topics import TOPICS

_TOPICS = tuple(one.name for one in TOPICS if one.facts)


def search(visit: Visit) -> Page:
    """The form alone: what is searched is in no address."""
    return _page(visit)


def found(visit: Visit) -> Page | Go:
    """What is called so."""
    try:
        rows = searching.search(visit.hub, visit.form.one("text"), asker=visit.asker)
    except CannotSearch as error:
        said = str(error)
        errors = {"text": f"{said[:1].upper()}{said[1:]}"}
        return _page(visit, errors=errors, status=422)
    return _page(visit, rows=rows)


def follow(visit: Visit) -> Page:
    """A message through every hop."""
    id_ = visit.place["message_id"]
    hops = searching.follow(visit.hub, id_, asker=visit.asker)
    if not hops:
        raise NotThere
    return Page("operations/follow.html", {"hops": hops, "wanted": id_})


def tail(visit: Visit) -> Page:
    """The newest messages; a list that is renewed while it is open, and can be paused."""
    topic = visit.query.get("topic") or None
    topic = topic if topic in _TOPICS else None
    rows = searching.tail(visit.hub, asker=visit.asker, topic=topic, goes_on=True)
    return Page("operations/tail.html", {"rows": rows, "topics": _TOPICS, "topic": topic})


def _page(visit: Visit, *, status: int = 200, **values: Any) -> Page:
    told = {"said": visit.form.one("text"), "least": searching.LEAST, "errors": {}, **values}
    return Page("operations/search.html", told, status)
