"""Where two people have to sign: what the first signed waits for the second at their desk."""

from __future__ import annotations

from typing import Any

from ops.access.acting import NotRecent
from ops.access.noting import OPERATIONS, note
from ops.access.passkeys import party_of
from ops.console import sending
from ops.console.approvals import passkey
from ops.console.approvals.requests import DECISION, people, shown, wanted
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import asked
from ops.look.asked import Asked
from schemas.decisions import ReleaseBegun, ReleaseDecision
from schemas.envelope import Envelope
from schemas.identity import IdentityField
from schemas.policy import plain_name
from schemas.product import Choice
from stores import cursors


def keep(visit: Visit, told: dict[str, Any]) -> None:
    """Record what the first has signed. Raises ``NotRecent``."""
    if not visit.asker.recent:
        raise NotRecent
    decision = ReleaseDecision.model_validate(told)
    fact = ReleaseBegun(agency=visit.agency, decision=decision)
    with visit.hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        note(transaction, cursor, fact=fact, about=decision.referral_id or decision.case_id)


def asks(visit: Visit) -> Page:
    """What the first has signed, to be read and signed by somebody else."""
    return _page(visit, *_begun(visit))


def taken(visit: Visit) -> Page | Go:
    """Send it with both signatures."""
    found, first = _begun(visit)
    told = first.model_dump(mode="json", exclude_none=True)
    both = passkey.also_signed(visit, found.request, told) if found.may_decide else None
    if both is None:
        return _page(visit, found, first, errors={"sign-here": passkey.NOT_THIS})
    sent = sending.send(visit, DECISION, both, about=found.referral_id)
    if sent.refused is not None:
        said = f"The hub did not take this. {sent.refused}"
        return _page(visit, found, first, errors={"sign-here": said})
    return Go("approvals", "sent" if sent.settled else "taken")


def _begun(visit: Visit) -> tuple[Asked, ReleaseDecision]:
    found = wanted(visit)
    told = asked.begun(visit.hub, visit.asker, found) if people(found) > 1 else None
    if told is None:
        raise NotThere
    return found, told[0]


def _page(
    visit: Visit, found: Asked, first: ReleaseDecision, *, errors: dict[str, str] | None = None
) -> Page:
    item, envelope = found.request.item, first.envelope
    assert isinstance(envelope, Envelope)
    other = plain_name(first.decided_by) != plain_name(visit.who)
    asking = passkey.ask_for(visit, envelope) if other else None
    words = {Choice.RELEASE_ORIGINAL: item.original, Choice.RELEASE_SANITISED: item.sanitised}
    values = shown(visit, found) | {
        "first": first,
        "other": other,
        "errors": errors,
        "words": words.get(first.choice, first.text),
        "fields": [IdentityField(one) for one in first.leaves_out],
        "asking": asking,
        "to_register": [] if asking else list(passkey.to_register(visit)),
        "has_passkeys": party_of(visit.hub.settings) is not None,
        "how": first.choice,
    }
    script = "sign.js" if asking else None
    return Page("approvals/second.html", values, 422 if errors else 200, script=script)
