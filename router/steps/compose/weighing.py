"""Whether an item is necessary and proportionate for a recipient at a rating, and why (R33)."""

from __future__ import annotations

from collections.abc import Callable

from router.steps import thresholds
from schemas.information import InformationItem, Sensitivity
from schemas.policy import Recipient
from schemas.product import Weighing
from schemas.rating import Colour


def weigher(colour: Colour, up_to: Sensitivity) -> Callable[[InformationItem, Recipient], Weighing]:
    """Weighs items for a rating that justifies items up to this sensitivity; every weighing has its
    reason.
    """

    def against(item: InformationItem, recipient: Recipient) -> str | None:
        if item.owner == recipient.agency:
            return "The recipient holds it already."
        if not item.may_be_revealed:
            return "Its owner does not reveal it inside the hub."
        if not item.may_leave:
            return "Its owner does not let it leave the hub."
        if not thresholds.proportionate(item.sensitivity, up_to):
            return f"It is more sensitive than a rating of {colour} justifies."
        return None

    def weigh(item: InformationItem, recipient: Recipient) -> Weighing:
        reason = against(item, recipient)
        return Weighing(
            item_id=item.item_id,
            owner=item.owner,
            included=reason is None,
            reason=reason
            or "It is necessary for the recipient's purpose and proportionate to a rating of "
            f"{colour}.",
            signpost=reason is not None and item.signpost and item.owner != recipient.agency,
        )

    return weigh
