"""What an owner is asked, in words: what, for whom, by when, and what silence leads to."""

from __future__ import annotations

from typing import Any, Final

from router.steps.approve.state import Draft
from router.steps.now import Now
from schemas.notices import ApprovalRequest
from schemas.product import DraftItem

_MOST: Final = 500
"""Characters of a line."""
WENT: Final = "the product has gone without it"
WAITS: Final = "the product waits all the same, and a person is called to settle it"
_THEN: Final = {
    "without": "the product goes without it; where nothing else is left to send it waits, and a "
    "person is called",
    "signpost": "the product goes without it, and names its owner where that agreed to be named; "
    "where nothing is left to send it waits, and a person is called",
    "wait": WAITS,
}
_FOLLOWS: Final = "what went already stays without it, and a person is called to settle it"
_TO_DO: Final = (
    "Read what was told beside the words that would leave, and whom it is about. Then have a "
    "decision maker of yours send a mash.release-decision.v1{by}: release the sanitised words, the "
    "original ones or words of your own; or withhold it, say why, and say whether you may be named "
    "as holding something."
)


def silence_leads_to(draft: Draft, now: Now) -> str:
    """What becomes of the product once the time agreed is over."""
    return _THEN[now.silent_owner(draft.colour).then] if draft.follows is None else _FOLLOWS


def told_by(item: DraftItem) -> str:
    """Who told an item, where that is not its owner too."""
    return item.held_by or item.owner


def _first(item: DraftItem, agency: str, *, now: Now) -> str:
    """Its owner is asked about the words that who told it has chosen: names may stand in them."""
    if item.held_by is None or agency == item.held_by:
        return ""
    teller = now.policy.name_of(item.held_by)
    return f" {teller} told it and lets these very words leave: names that stand in them leave too."


def in_words(
    request: ApprovalRequest, draft: Draft | None, *, agency: str, now: Now
) -> dict[str, Any]:
    """All that a request says in words, once it is known by when it is to be decided."""
    due_at, name_of = request.due_at, now.policy.name_of
    to = name_of(request.recipient)
    whose = f"{name_of(agency)}, may this item of {name_of(request.item.owner)} go to {to}?"
    silence = "Until you decide, nothing of it leaves."
    if due_at is not None and draft is not None:
        last = now.silent_owner(draft.colour).after == "chain"
        up = " it goes up a chain of named people; in the end" if last else ""
        then = f"{up} {silence_leads_to(draft, now)}"
        silence = f"If nobody decides by {now.in_words(due_at)},{then}."
    whose += _first(request.item, agency, now=now)
    what_for = f"It is for this: {request.purpose}."
    both = f"{whose} {what_for} {silence}"
    return {
        "recipient_name": to,
        "says": both if len(both) <= _MOST else f"{whose} {silence}"[:_MOST],
        "to_do": _TO_DO.format(by=f" by {now.in_words(due_at)}" if due_at else ""),
        "contact": now.contact_of(now.policy.lead_agency),
    }
