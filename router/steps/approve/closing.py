"""When a product waits for nobody any more: what leaves of it, and who is named instead (R34)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from router.step import Outcome
from router.steps.approve.guarding import about, dangers, held, untold
from router.steps.approve.state import Approvals, Approved, Closed, Decided, Draft, Refused
from router.steps.identity import rung, told_to_owners
from router.steps.now import Now
from schemas.base import Fact
from schemas.letter import Letter
from schemas.notices import ApprovalRequest
from schemas.policy import Policy
from schemas.product import (
    ApprovedItem,
    Choice,
    DraftItem,
    ItemDecided,
    ProductApproved,
    ProductHead,
    ProductRefused,
    Signpost,
)


def awaited(draft: Draft, now: Now) -> set[str]:
    """The items about which an owner under an agreement in force (R50) has not decided.

    Nobody waits for other owners, and nothing of theirs leaves.
    """
    decided = {decision.item_id for decision in draft.decided}
    return {
        item.item_id
        for item in draft.items
        if item.item_id not in decided and now.agreement_with(item.owner) is not None
    }


def requests(draft: Draft, items: Collection[str], now: Now) -> Iterator[Letter]:
    """These items, each put before its owner."""
    for item in draft.items:
        if item.item_id in items:
            notice = ApprovalRequest(
                item=item, **draft.shared(ApprovalRequest), **_shown(draft, item.owner, now.policy)
            )
            name = f"approval-request/{draft.product_id}/{item.item_id}"
            yield Letter(name, agency=item.owner, notice=notice)


def _shown(draft: Draft, owner: str, policy: Policy) -> dict[str, Any]:
    """Whom it is about, for an owner: where the child is, is shown to who told it alone."""
    if draft.identity is None:
        return {}
    block = rung(draft.identity.block.leaving_out(draft.untold), policy)
    if owner == draft.identity.owner:
        return {"about": block, "asks": draft.identity.asks}
    return {"about": told_to_owners(block, policy)}


def item_decided(draft: Draft, decided: Decided) -> ItemDecided:
    """The fact of a decision about an item of a product."""
    return ItemDecided(**draft.shared(ItemDecided), **decided.shared(ItemDecided))


def settled(known: Approvals, draft: Draft, *decisions: Fact, now: Now) -> Outcome[Approvals]:
    """The draft as far as it is decided: closed where it waits for nobody, as an urgent one never
    does (R19).
    """
    if awaited(draft, now) and not draft.urgent:
        return Outcome(known.with_product(draft.product_id, draft), decisions)
    return _closed(known, draft, *decisions, now=now)


def _closed(known: Approvals, draft: Draft, *decisions: Fact, now: Now) -> Outcome[Approvals]:
    """Approve what may leave, or refuse for lack of it.

    What an owner let leave does so only while its agreement is in force. Owners of other items are
    named if they let themselves be, with the item and with the decision.
    """
    items, named = [], []
    for item in draft.items:
        decided = draft.decision(item.item_id)
        if decided and decided.digest and now.agreement_with(decided.owner):
            items.append(_approved_item(item, decided))
        elif item.signpost and (decided is None or decided.signpost):
            named.append(item.owner)
    hits = dangers(draft, {f"items.{item.item_id}": item.text for item in items}, now)
    if hits:
        return held(known, draft, hits, *decisions, asked=True, now=now)
    signposts = tuple(signposts_to([*named, *draft.left_out], now))
    if not items and not signposts:
        nothing = "Nothing is proportionate to the rating."
        why = "No owner lets anything leave." if draft.items else nothing
        return refused(known, draft, why, *decisions)
    fact = ProductApproved(
        items=tuple(items),
        signposts=signposts,
        untold=untold(draft),
        about=about(draft, now),
        **draft.shared(ProductHead),
    )
    after = Approved(
        owners=draft.owners,
        left=tuple(item.item_id for item in items),
        silent=tuple(item.item_id for item in draft.items if not item.signpost),
        **draft.shared(Closed),
    )
    return Outcome(known.with_product(draft.product_id, after), (*decisions, fact))


def _approved_item(item: DraftItem, decided: Decided) -> ApprovedItem:
    text = item.original if decided.choice is Choice.RELEASE_ORIGINAL else item.sanitised
    return ApprovedItem(text=text, **decided.shared(ApprovedItem))


def signposts_to(owners: Iterable[str], now: Now) -> Iterator[Signpost]:
    """Whom to contact at each of these owners."""
    for owner in dict.fromkeys(owners):
        partner = now.policy.partners.get(owner)
        if partner is not None:
            yield Signpost(owner=owner, contact=partner.signpost_contact)


def refused(
    known: Approvals, draft: Draft, reason: str, *decisions: Fact, voided: bool = False
) -> Outcome[Approvals]:
    """Nothing of the product leaves."""
    fact = ProductRefused(voided=voided, reason=reason, **draft.shared(ProductRefused))
    after = Refused(owners=draft.owners, **draft.shared(Closed))
    return Outcome(known.with_product(draft.product_id, after), (*decisions, fact))
