"""A child's cases by name, birth date or number: nothing of the child in an address or a title."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final

from ops.access.acting import Asker
from ops.console.opening import WHY, said_why
from ops.console.screen import Page, Visit
from ops.look import child_search
from ops.look.child_search import Wanted
from ops.look.searching import CannotSearch
from schemas.access import Purpose, Role

_LONGEST: Final = 200
_DAY: Final = "Write the birth date as 2019-02-03, or nothing"


def search(visit: Visit) -> Page:
    """The form alone."""
    return _page(visit)


def found(visit: Visit) -> Page:
    """Whoever fits."""
    form, errors = visit.form, said_why(visit)
    born = _day(form.one("born"))
    if form.one("born") and born is None:
        errors["born"] = _DAY
    texts = {name: form.one(name) for name in ("given", "family", "number")}
    errors |= {n: "Write less" for n, text in texts.items() if len(text) > _LONGEST}
    if errors:
        return _page(visit, errors=errors)
    try:
        answer = child_search.find(visit.hub, Wanted(born=born, **texts), asker=_asker(visit))
    except CannotSearch as error:
        said = str(error)
        return _page(visit, errors={"family": f"{said[:1].upper()}{said[1:]}"})
    return _page(visit, answer=answer)


def _asker(visit: Visit) -> Asker:
    """Who asks and why: an auditor to audit, others to safeguard."""
    audits = visit.asker.roles.isdisjoint({Role.SCREENING, Role.DUTY_MANAGER})
    purpose = Purpose.AUDIT if audits else Purpose.SAFEGUARDING
    return replace(visit.asker, why=visit.form.one(WHY), purpose=purpose)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _page(visit: Visit, *, errors: dict[str, str] | None = None, **values: Any) -> Page:
    opens = not visit.asker.roles.isdisjoint({Role.SCREENING, Role.DUTY_MANAGER})
    told = {"form": visit.form, "errors": errors or {}, "opens": opens, "answer": None, **values}
    return Page("finding/search.html", told, 422 if errors else 200)
