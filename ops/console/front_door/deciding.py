"""How a decision is made: asked, read back, and sent, unless something has come meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from ops.console.filters import moment
from ops.console.front_door.making import Decision
from ops.console.front_door.referral import opened, shown
from ops.console.questions import answered
from ops.console.screen import Go, NotThere, Page, View, Visit
from ops.console.sending import send
from ops.look.deeds import last_decision
from ops.look.pictures import Opened

_SAW: Final = "saw"
_STEP: Final = "step"


def shower(decision: Decision) -> View:
    """What shows the form of a decision."""

    def show(visit: Visit) -> Page | Go:
        found = _found(visit, decision)
        if found is None:
            return _back(visit)
        return _form(visit, found, decision, answers={})

    return show


def decider(decision: Decision) -> View:
    """What takes it."""

    def decide(visit: Visit) -> Page | Go:
        found = _found(visit, decision)
        if found is None:
            return _back(visit)
        answers, errors = answered(decision.asks(visit, found), visit.form)
        errors = {**decision.faults(answers), **errors}
        if visit.form.one(_SAW) != found.saw.id:
            return _form(visit, found, decision, answers=answers, status=409)
        if errors or visit.form.one(_STEP) == "change":
            status = 422 if errors else 200
            return _form(visit, found, decision, answers=answers, errors=errors, status=status)
        if visit.form.one(_STEP) != "send":
            return _form(visit, found, decision, answers=answers, template="check")
        return _sent(visit, found, decision, answers=answers)

    return decide


def _found(visit: Visit, decision: Decision) -> Opened | None:
    """The referral, if it may be looked at and this can be decided about it now."""
    found = opened(visit)
    if found is not None and not decision.fits(visit, found):
        last = last_decision(visit.hub, visit.place["referral_id"])
        if last is None:
            raise NotThere
        at = moment(dt.datetime.fromisoformat(last.at))
        raise NotThere(f"{last.who} decided about this referral on {at}.")
    return found


def _back(visit: Visit) -> Go:
    return Go(f"front-door/{visit.place['referral_id']}")


def _sent(visit: Visit, found: Opened, decision: Decision, *, answers: dict[str, Any]) -> Page | Go:
    data = decision.data(visit, found, answers)
    sent = send(visit, decision.type, data, about=found.picture.referral_id)
    if sent.refused is None:
        return Go(f"front-door/{found.picture.referral_id}", done=decision.code)
    asks = decision.asks(visit, found)
    field = sent.field if sent.field in answers else asks[0].name
    errors = {str(field): f"Not sent. {sent.refused}"}
    return _form(visit, found, decision, answers=answers, errors=errors, status=422)


def _form(
    visit: Visit,
    found: Opened,
    decision: Decision,
    *,
    answers: dict[str, Any],
    errors: dict[str, str] | None = None,
    template: str = "decide",
    status: int = 200,
) -> Page:
    said = shown(visit, found)
    values = {
        **said,
        "decision": decision,
        "asks": decision.asks(visit, found),
        "answers": answers,
        "errors": errors or {},
        "overtaken": status == 409,
    }
    return Page(f"front_door/{template}.html", values, status)
