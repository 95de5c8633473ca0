"""Whether an item is necessary and proportionate for a recipient at a rating, and why (R33)."""

from __future__ import annotations

from router.steps import thresholds
from router.steps.compose.gathering import HeldItem
from schemas.information import Sensitivity
from schemas.policy import Recipient
from schemas.product import Item, Weighing
from schemas.rating import Colour
from schemas.sharing import names_to


def weigh(item: HeldItem, recipient: Recipient, *, colour: Colour, up_to: Sensitivity) -> Weighing:
    """Weigh an item for a rating that justifies items up to this sensitivity."""
    against = _against(item, recipient, colour=colour, up_to=up_to)
    return Weighing(
        included=against is None,
        reason=against
        or "It is necessary for the recipient's purpose and proportionate to a rating of "
        f"{colour}.",
        signpost=against is not None
        and names_to(item, recipient.agency)
        and item.told_by != recipient.agency,
        held_by=item.held_by,
        **item.shared(Item),
    )


def _against(
    item: HeldItem, recipient: Recipient, *, colour: Colour, up_to: Sensitivity
) -> str | None:
    if item.decided_by is not None:
        return None
    if recipient.agency in (item.owner, item.told_by):
        return "The recipient holds it already."
    if not item.may_be_revealed:
        return "Its owner does not reveal it inside the hub."
    if not item.may_leave:
        return "Its owner does not let it leave the hub."
    if not thresholds.proportionate(item.sensitivity, up_to):
        return f"It is more sensitive than a rating of {colour} justifies."
    return None
