"""An agency with keys signs what it lets leave, and the hub has none of them: the request goes to
whoever has one as a file, and what they signed comes back as one.

Who has a passkey that signs here needs no file (:mod:`ops.console.approvals.passkey`).
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from ops.console import sending
from ops.console.approvals.requests import DECISION, shown, wanted
from ops.console.screen import File, Go, Page, Visit
from ops.look.asked import Asked
from schemas.decisions import ReleaseDecision
from schemas.envelope import NotSigned
from schemas.product import Choice
from schemas.statement import ReleaseStatement, text_digest

_HEAD = ("product_id", "case_id", "recipient", "purpose")
_NO_DECISION = "Select the file that `hub approvals sign` printed"
_ANOTHER = "This file is about another request: select the one that was made from this request"
_UNSIGNED = "This decision is not signed: make it with `hub approvals sign`"
_WITHHELD = "Nobody signs what is withheld: withhold it in the form, in your own name"
_OTHER_WORDS = "What is signed is not what this decision says: sign the request again"


def file(visit: Visit) -> File:
    """The request as the hub's letter has it, for `hub approvals show` and `sign`."""
    found = wanted(visit)
    body = json.dumps(found.request.model_dump(mode="json"), indent=2).encode()
    return File(f"approval-request-{found.name}.json", body)


def bring(visit: Visit, errors: dict[str, str] | None = None) -> Page:
    """Where the signed decision is brought."""
    values = shown(visit, wanted(visit)) | {"errors": errors}
    return Page("approvals/signed.html", values, 422 if errors else 200)


def brought(visit: Visit) -> Page | Go:
    """Show what was signed, or send it."""
    found, text = wanted(visit), visit.form.one("decision")
    read = _read(found, text)
    if isinstance(read, str):
        return bring(visit, {"decision": read})
    if visit.form.one("stage") != "send":
        return _checked(visit, found, read, text=text)
    sent = sending.send(visit, DECISION, _said(read), about=found.referral_id)
    if sent.refused is not None:
        return bring(visit, {"decision": f"The hub did not take this. {sent.refused}"})
    return Go("approvals", "sent" if sent.settled else "taken")


def _said(decision: ReleaseDecision) -> dict[str, Any]:
    told = decision.model_dump(mode="json")
    return {name: value for name, value in told.items() if value is not None}


def _read(found: Asked, text: str) -> ReleaseDecision | str:
    """The decision in a file; or what is wrong with it. A file says itself who decided, so it takes
    only what is signed: without a signature, as when something is withheld, anybody could name
    anybody.
    """
    try:
        told = json.loads(text)
        decision = ReleaseDecision.model_validate_json(json.dumps(told.get("data", told)))
    except (ValidationError, ValueError, AttributeError, RecursionError):
        return _NO_DECISION
    request = found.request
    same = all(getattr(decision, name) == getattr(request, name) for name in _HEAD)
    if not same or decision.item_id != request.item.item_id:
        return _ANOTHER
    if decision.choice is Choice.WITHHOLD:
        return _WITHHELD
    if decision.envelope is None:
        return _UNSIGNED
    try:
        told_of = ReleaseStatement.parse(decision.envelope.unverified())
    except NotSigned:
        return _UNSIGNED
    same = told_of.digest == decision.digest and told_of.product_id == decision.product_id
    return decision if same and _words(found, decision) is not None else _OTHER_WORDS


def _words(found: Asked, decision: ReleaseDecision) -> str | None:
    """The words that were signed; None where they are not those that are asked about."""
    item = found.request.item
    words = {
        Choice.RELEASE_SANITISED: item.sanitised,
        Choice.RELEASE_ORIGINAL: item.original,
        Choice.RELEASE_REWORDED: decision.text,
    }[decision.choice]
    assert decision.envelope is not None
    signed = ReleaseStatement.parse(decision.envelope.unverified()).text_sha256
    return words if words is not None and text_digest(words) == signed else None


def _checked(visit: Visit, found: Asked, decision: ReleaseDecision, *, text: str) -> Page:
    assert decision.envelope is not None
    words, people = _words(found, decision), len(decision.envelope.signatures)
    more = {"decision": decision, "words": words, "text": text, "people": people}
    return Page("approvals/signed_check.html", shown(visit, found) | more)
