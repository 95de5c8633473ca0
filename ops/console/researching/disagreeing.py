"""An agency disagrees with a rating, an outcome, a withholding or a link that it was told of (R51):
its profession's own view, in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ops.console import sending
from ops.console.opening import changes, read_back
from ops.console.questions import Ask, Option, answered
from ops.console.researching.volunteering import named
from ops.console.screen import Go, Page, Visit

DISAGREEMENT: Final = "mash.disagreement.v1"
_DISPUTES: Final = (
    Option("rating", "The rating, or what is done about it"),
    Option("outcome", "The outcome with which it was closed"),
    Option("withholding", "That another agency holds something back", "Say below which agency."),
    Option("link", "Which child it is held to be about"),
)
_REVEALED: Final = (
    Option("yes", "Yes"),
    Option("no", "No: they are told to ring us, and no more"),
)


def asks(visit: Visit) -> Page:
    """About which referral, with what, and how they see it."""
    return _form(visit, {"about": visit.query.get("about", "")})


def taken(visit: Visit) -> Page | Go:
    """Read it back, and send it."""
    asked = _asked(visit)
    answers, errors = answered(asked, visit.form)
    errors = _faults(answers) | errors
    if errors or changes(visit):
        return _form(visit, answers, errors)
    said = {one.label: one.in_words(answers[one.name]) for one in asked if answers[one.name]}
    if check := read_back(visit, said):
        return check
    sent = sending.send(visit, DISAGREEMENT, _data(visit, answers), about=str(answers["about"]))
    if sent.refused is not None:
        field = sent.field if sent.field in answers else "about"
        return _form(visit, answers, {str(field): f"The hub did not take this. {sent.refused}"})
    return Go("requests", "disagreed")


_WITH_WHAT = (
    Ask(
        "about",
        "About which referral?",
        "line",
        hint="The hub's number of it, as a request, a product or a receipt has it, or your own "
        "reference of what you told the hub. Not a name.",
        required="Write the number of the referral or your own reference",
        most=200,
    ),
    Ask("disputes", "What do you disagree with?", "one", options=_DISPUTES, required="Choose"),
)
_VIEW = (
    Ask(
        "profession",
        "Your profession",
        "line",
        hint="Such as health visitor. Your view is kept as your profession's own.",
        required="Say what your profession is",
    ),
    Ask("view", "How you see it", required="Say how you see it", most=4000),
    Ask("asks_for", "What you want decided instead", required="Say what instead", most=4000),
    Ask(
        "may_be_revealed",
        "May others inside the hub read your view?",
        "one",
        options=_REVEALED,
        required="Say whether others may read it",
    ),
)


def _asked(visit: Visit) -> tuple[Ask, ...]:
    names = sorted(visit.names.items(), key=lambda pair: pair[1])
    others = tuple(Option(code, name) for code, name in names if code != visit.agency)
    only = "Only where another agency holds something back."
    owner = Ask("owner", "Who holds it back", "from", hint=only, options=others)
    return (*_WITH_WHAT, owner, *_VIEW)


def _faults(answers: Mapping[str, Any]) -> dict[str, str]:
    if answers["disputes"] == "withholding" and not answers["owner"]:
        return {"owner": "Choose who holds it back"}
    return {}


def _data(visit: Visit, answers: Mapping[str, Any]) -> dict[str, Any]:
    owned = ("owner",) if answers["disputes"] == "withholding" else ()
    said = {name: answers[name] for name in ("disputes", "profession", "view", "asks_for", *owned)}
    said |= {"raised_by": visit.who, "may_be_revealed": answers["may_be_revealed"] == "yes"}
    return said | named(str(answers["about"]))


def _form(
    visit: Visit, answers: Mapping[str, Any], errors: Mapping[str, str] | None = None
) -> Page:
    values = {"asks": _asked(visit), "answers": answers, "errors": errors or {}}
    return Page("researching/disagree.html", values, 422 if errors else 200)
