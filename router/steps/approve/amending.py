"""An item in other words: these take the place of the earlier ones, and are asked about (R27)."""

from __future__ import annotations

from collections.abc import Collection

from router.steps.approve.state import Approvals, Approved, Draft
from schemas.product import ApprovalWithdrawn, DraftItem, release_digest

AMENDED = "Its owner has amended it."
_BY = "Its owner, by an amendment"


def in_other_words(
    earlier: Draft, draft: Draft, *, items: Collection[str]
) -> tuple[Draft, Collection[str]]:
    """A draft that waits, with these items as they are told now; and those to be asked about.

    Whom it is about is part of what is approved: where that is told otherwise now, all is asked
    about anew, and only what is withheld stays so.
    """
    told: dict[str, object] = {
        "around": draft.around,
        "without_consent": draft.without_consent,
        "alleged": draft.alleged,
        "unconfirmed": draft.unconfirmed,
    }
    after = earlier.amended(items, draft.items).model_copy(update=told)
    if draft.identity == earlier.identity:
        return after, items
    after = after.model_copy(
        update={
            "identity": draft.identity,
            "items": tuple(_about(item, draft) for item in after.items),
            "decided": tuple(one for one in after.decided if one.digest is None),
        }
    )
    return after, after.deciders


def _about(item: DraftItem, draft: Draft) -> DraftItem:
    """The item bound to whom the draft is about."""

    def digest(text: str) -> str:
        return release_digest(
            item_id=item.item_id,
            recipient=draft.recipient,
            purpose=draft.purpose,
            text=text,
            about=draft.identity_digest,
        )

    shown = {
        "original_digest": digest(item.original),
        "sanitised_digest": digest(item.sanitised),
    }
    return item.model_copy(update=shown)


def told_of_no_more(
    known: Approvals, gone: Collection[str]
) -> tuple[Approvals, list[ApprovalWithdrawn]]:
    """Nor does a product that went without these items say what they told: their owner lets them be
    told no longer.
    """
    facts = list[ApprovalWithdrawn]()
    for product_id, product in known.in_stage(Approved):
        known, less = withdrawn(
            known, product_id, product=product, items={*gone}.intersection(product.tells_of)
        )
        facts += less
    return known, facts


def withdrawn(
    known: Approvals, product_id: str, *, product: Approved, items: Collection[str]
) -> tuple[Approvals, list[ApprovalWithdrawn]]:
    """The earlier words are taken back as long as their recipient has not fetched them."""
    after, facts = product, list[ApprovalWithdrawn]()
    for item_id in sorted(items):
        taken = after.taking_back(item_id, recall=False)
        if taken != after:
            after = taken
            facts.append(_withdrawn(product, product_id, item_id=item_id))
    return known.with_product(product_id, after), facts


def _withdrawn(product: Approved, product_id: str, *, item_id: str) -> ApprovalWithdrawn:
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
