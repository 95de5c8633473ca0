"""An item in other words: these take the place of the earlier ones, and are asked about (R27)."""

from __future__ import annotations

from collections.abc import Collection

from router.steps.approve.state import Approvals, Approved
from schemas.product import ApprovalWithdrawn

AMENDED = "Its owner has amended it."
_BY = "Its owner, by an amendment"


def withdrawn(
    known: Approvals, product_id: str, product: Approved, items: Collection[str]
) -> tuple[Approvals, list[ApprovalWithdrawn]]:
    """The earlier words are taken back as long as their recipient has not fetched them."""
    after, facts = product, list[ApprovalWithdrawn]()
    for item_id in sorted(items):
        taken = after.taking_back(item_id, recall=False)
        if taken != after:
            after = taken
            facts.append(_withdrawn(product, product_id, item_id))
    return known.with_product(product_id, after), facts


def _withdrawn(product: Approved, product_id: str, item_id: str) -> ApprovalWithdrawn:
    return ApprovalWithdrawn(
        product_id=product_id,
        item_id=item_id,
        owner=product.deciders[item_id][0],
        reason=AMENDED,
        decided_by=_BY,
        signpost=None,
        recall=False,
        **product.shared(ApprovalWithdrawn),
    )
