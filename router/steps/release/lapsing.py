"""What owners approved and does not count any more, before their product's recipient has it: the
rest goes without it, and they are asked again (R27).
"""

from __future__ import annotations

from collections.abc import Sequence

from router.steps.gate import Fault
from schemas.product import ApprovalsEnded, Item, ProductApproved


def ended(approved: ProductApproved, faults: Sequence[Fault]) -> ApprovalsEnded:
    """That these items may leave no more, at least one, and why the first of them may not."""
    items = (approved.items[one.number] for one in faults)
    told = {"items": tuple(Item(**item.shared(Item)) for item in items), "reason": faults[0].why}
    return ApprovalsEnded(**approved.shared(ApprovalsEnded) | told)


def left(approved: ProductApproved, told: ApprovalsEnded) -> ProductApproved:
    """What is left of the product. Who holds the rest is not named: they have let it leave, and are
    asked whether it may follow.
    """
    gone = {one.item_id for one in told.items}
    items = tuple(one for one in approved.items if one.item_id not in gone)
    given = tuple(one for one in approved.approvals if one.item_id not in gone)
    return approved.model_copy(update={"items": items, "approvals": given})


def says_something(approved: ProductApproved) -> bool:
    """Whether there is anything in it to send."""
    return bool(approved.items or approved.signposts or approved.alleged is not None)
