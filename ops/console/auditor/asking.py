"""What every question of an auditor says: about what, and why. Nothing of it is in an address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from ops.access.acting import Asker
from ops.console.filters import moment
from ops.console.opening import WHY, said_why
from ops.console.screen import Page, Visit
from schemas.access import Purpose

_LONGEST = 200


def asker(visit: Visit, purpose: Purpose = Purpose.AUDIT) -> Asker:
    """Who asks, what for, and why."""
    return replace(visit.asker, why=visit.form.one(WHY), purpose=purpose)


def agencies_of(visit: Visit) -> Mapping[str, str]:
    """Whose own may be asked for: who is not of the lead agency asks for their own agency's."""
    names = visit.names
    return names if visit.of_lead else {visit.agency: names[visit.agency]}


def faults(visit: Visit, field: str, *, say: str) -> dict[str, str]:
    """What is amiss with what was asked."""
    given = visit.form.one(field)
    found = {} if 0 < len(given) <= _LONGEST else {field: say}
    return found | said_why(visit)


def page(
    visit: Visit,
    name: str,
    *,
    errors: Mapping[str, str] | None = None,
    told: Mapping[str, object] | None = None,
) -> Page:
    """The page of a question, with its answer where there is one."""
    asked = {"form": visit.form, "errors": errors or {}, "names": visit.names}
    asked |= {"agencies": agencies_of(visit), "of_lead": visit.of_lead}
    values = {**asked, "when": _when, "what": _what, **(told or {})}
    return Page(f"auditor/{name}.html", values, 422 if errors else 200)


def _when(text: str) -> str:
    """A moment as the record's functions tell it."""
    return moment(dt.datetime.fromisoformat(text))


def _what(type_: str) -> str:
    """The name of a fact as words."""
    said = type_.removeprefix("mash.").rpartition(".v")[0] or type_
    words = said.replace(".", " ").replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
