"""Dead letters that wait: what may be a Red first, with why and what to do; many chosen at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ops.console import days
from ops.console.dead_letters.asking import acts, permitted, verb_of
from ops.console.dead_letters.letter import do_one
from ops.console.opening import changes, read_back, said_why
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import dead_letters as looking
from ops.mend import bulk
from ops.mend.bulk import Verb
from ops.mend.dead_letters import Refused
from schemas.refusals import REASONS
from stores.dead_letters import Chosen

PER_PAGE: Final = 50
VERBS: Final[Mapping[str, str]] = {"redrive": "Send again", "discard": "Give up"}


def waiting(visit: Visit) -> Page:
    """A page of them."""
    return _page(visit)


def choose(visit: Visit) -> Page | Go:
    """Count what was chosen; do one at once, and ask another operator about more."""
    verb, ids = verb_of(visit), _ids(visit)
    errors = said_why(visit) if verb and ids else {"letters": "Choose at least one letter"}
    if len(ids) > bulk.MOST:
        errors = {"letters": f"Choose at most {bulk.MOST:,} letters"}
    errors = _wrong(visit) | errors
    if errors or verb is None or changes(visit):
        return _page(visit, errors=errors)
    if check := read_back(visit, _said(visit, verb, ids)):
        return check
    try:
        if len(ids) == 1:
            return do_one(visit, verb, ids[0])
    except Refused as error:
        return _page(visit, errors={"letters": f"{str(error)[:1].upper()}{str(error)[1:]}."})
    bulk.ask(visit.hub, verb, ids=ids, person=permitted(visit))
    return Go("dead-letters/asked", "asked")


def _said(visit: Visit, verb: Verb, ids: Sequence[str]) -> dict[str, str]:
    """What somebody reads before it is asked for: a count that has done nothing yet."""
    reasons = looking.reasons(visit.hub, ids)
    letters = "1 letter" if len(ids) == 1 else f"{len(ids)} letters"
    who = "You do it at once" if len(ids) == 1 else "Another operator has to agree first"
    by = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    return {VERBS[verb]: letters, "Of which": by, "Who decides": who}


def _ids(visit: Visit) -> list[str]:
    if visit.form.one("all"):
        found = looking.some(visit.hub, _chosen(visit), limit=bulk.MOST)
        return [one["id"] for one in found]
    ids = list(dict.fromkeys(visit.form.all("chosen")))
    if len(looking.of_ids(visit.hub, ids)) != len(ids):
        raise NotThere("A letter that you chose is there no more.")
    return ids


def _chosen(visit: Visit) -> Chosen:
    """What the address narrows it to: codes and days alone."""
    reason, agency = visit.query.get("reason"), visit.query.get("agency")
    last = days.begins(visit.query.get("until", ""))
    return Chosen(
        reason=reason or None,
        agency=agency or None,
        since=days.begins(visit.query.get("since", "")),
        until=None if last is None else days.is_over(last),
    )


def _days(visit: Visit) -> dict[str, str]:
    """The days that the address has, which are shown again."""
    return {name: visit.query.get(name, "") for name in ("since", "until")}


def _wrong(visit: Visit) -> dict[str, str]:
    """Those that are none: a filter that cannot be read chooses nothing to act on."""
    asked = _days(visit)
    return {n: days.WRONG for n, day in asked.items() if day and days.begins(day) is None}


def _page(visit: Visit, *, errors: Mapping[str, str] | None = None) -> Page:
    chosen, hub, wrong = _chosen(visit), visit.hub, _wrong(visit)
    errors = wrong | dict(errors or {})
    counted = looking.count(hub, chosen)
    pages = max(1, -(-counted.letters // PER_PAGE))
    page = min(visit.page, pages)
    letters = looking.some(hub, chosen, limit=PER_PAGE, after=(page - 1) * PER_PAGE)
    values: dict[str, Any] = {
        "letters": letters,
        "counted": counted,
        "reasons": REASONS,
        "names": visit.names,
        "chosen": chosen,
        "most": bulk.MOST,
        "verbs": VERBS,
        "acts": acts(visit),
        "form": visit.form,
        "errors": errors,
        "days": {name: day for name, day in _days(visit).items() if name not in wrong},
        "page": page,
        "pages": pages,
        "asked": sum(one.waits(one.at) for one in bulk.asked_lately(hub)),
    }
    return Page("dead_letters/waiting.html", values, 422 if errors else 200)
