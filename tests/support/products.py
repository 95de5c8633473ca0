"""Builders for products on their way: drafted, decided about by owners, approved."""

from __future__ import annotations

from typing import Any

from schemas.decisions import (
    DeliveryReceipt,
    DeliveryReceived,
    ItemDecision,
    ItemRuled,
    ProductFetched,
    ProductStopped,
    ProductUnsent,
    RecallReceipt,
    RecallReceived,
    ReleaseDecided,
    ReleaseDecision,
    Ruling,
)
from schemas.product import (
    ApprovalWithdrawn,
    ApprovedItem,
    Choice,
    Disposal,
    DraftItem,
    ProductApproved,
    ProductDrafted,
    ProductVoided,
    RecallAnswer,
    Signpost,
    Weighing,
    release_digest,
)
from schemas.rating import Colour

RECIPIENT, PURPOSE = "csc_duty_team", "section 47 enquiry"


def digest(item_id: str, text: str) -> str:
    """The release digest for the recipient and purpose of these products."""
    return release_digest(item_id=item_id, recipient=RECIPIENT, purpose=PURPOSE, text=text)


def draft_item(owner: str, item_id: str | None = None, **changes: Any) -> DraftItem:
    """An item ``item-<owner>`` whose sanitised text differs from its original."""
    item_id = item_id or f"item-{owner}"
    original, sanitised = f"Mariam told the {owner}.", f"[name] told the {owner}."
    told = {
        "item_id": item_id,
        "owner": owner,
        "original": original,
        "sanitised": sanitised,
        "redactions": (),
        "original_digest": digest(item_id, original),
        "sanitised_digest": digest(item_id, sanitised),
        "signpost": True,
    }
    return DraftItem.model_validate(told | changes)


def drafted(
    *items: DraftItem, left_out: tuple[Weighing, ...] = (), **changes: Any
) -> ProductDrafted:
    """Product ``product-1`` of these items."""
    included = tuple(
        Weighing(item_id=item.item_id, owner=item.owner, included=True, reason="Necessary.")
        for item in items
    )
    told = {
        "product_id": "product-1",
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": RECIPIENT,
        "purpose": PURPOSE,
        "colour": Colour.RED,
        "disposal": Disposal.FRONT_LINE_TEAM,
        "urgent": False,
        "items": items,
        "weighing": (*included, *left_out),
    }
    return ProductDrafted.model_validate(told | changes)


def left_out(owner: str, *, signpost: bool = True) -> Weighing:
    """An item that was not proportionate."""
    return Weighing(
        item_id=f"left-{owner}",
        owner=owner,
        included=False,
        reason="Not proportionate.",
        signpost=signpost,
    )


def decision(
    item: DraftItem, choice: Choice, agency: str | None = None, **changes: Any
) -> ReleaseDecided:
    """What the item's owner, or another agency in its stead, decides."""
    shown = {
        Choice.RELEASE_ORIGINAL: item.original_digest,
        Choice.RELEASE_SANITISED: item.sanitised_digest,
        Choice.WITHHOLD: None,
    }
    told = {
        "referral_id": "ref-1",
        "product_id": "product-1",
        "case_id": "case-1",
        "item_id": item.item_id,
        "choice": choice,
        "digest": shown.get(choice),
        "recipient": RECIPIENT,
        "purpose": PURPOSE,
        "decided_by": f"Decision maker of {item.owner}",
        "reason": "It would put the child at more risk." if choice is Choice.WITHHOLD else None,
    }
    return ReleaseDecided(
        agency=agency or item.owner, decision=ReleaseDecision.model_validate(told | changes)
    )


def ruled(item: DraftItem, ruling: Ruling, agency: str | None = None, **changes: Any) -> ItemRuled:
    """What the item's owner, or another agency in its stead, says of it for every product."""
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "item_id": item.item_id,
        "ruling": ruling,
        "decided_by": f"Decision maker of {item.owner}",
        "reason": None if ruling is Ruling.LIFT else "It would put the child at more risk.",
    }
    return ItemRuled(
        agency=agency or item.owner, decision=ItemDecision.model_validate(told | changes)
    )


def voided() -> ProductVoided:
    """The referral turned out to be about another child."""
    return ProductVoided(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        reason="The referral is about another child.",
    )


def approved(**changes: Any) -> ProductApproved:
    """Product ``product-1`` with one item of the school and a signpost to the GP."""
    text = "Attends rarely."
    item = ApprovedItem(
        item_id="item-school",
        owner="school",
        text=text,
        digest=digest("item-school", text),
        decided_by="A. Head",
    )
    told = {
        "product_id": "product-1",
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": RECIPIENT,
        "purpose": PURPOSE,
        "colour": Colour.RED,
        "disposal": Disposal.FRONT_LINE_TEAM,
        "urgent": False,
        "items": (item,),
        "signposts": (Signpost(owner="gp", contact="gp duty desk"),),
    }
    return ProductApproved.model_validate(told | changes)


def receipt(
    status: str = "received",
    agency: str = RECIPIENT,
    case_id: str = "case-1",
    done: str | None = None,
) -> DeliveryReceived:
    """The recipient's delivery receipt."""
    told = {
        "product_id": "product-1",
        "case_id": case_id,
        "status": status,
        "received_by": "T. Manager",
        "done": done,
    }
    return DeliveryReceived(agency=agency, receipt=DeliveryReceipt.model_validate(told))


def fetched(letter_id: str) -> ProductFetched:
    """The recipient has the letter."""
    return ProductFetched(
        product_id="product-1", case_id="case-1", recipient=RECIPIENT, letter_id=letter_id
    )


def stopped(letter_id: str) -> ProductStopped:
    """The letter was not handed out."""
    return ProductStopped(
        product_id="product-1", case_id="case-1", recipient=RECIPIENT, letter_id=letter_id
    )


def unsent(letter_id: str, *, tried: bool = False) -> ProductUnsent:
    """The letter was in hand, and was not sent; ``tried``: an earlier attempt may have been."""
    head = {"product_id": "product-1", "case_id": "case-1", "recipient": RECIPIENT}
    return ProductUnsent(letter_id=letter_id, tried=tried, **head)


def withdrawn(*, recall: bool = False, **changes: Any) -> ApprovalWithdrawn:
    """The school takes back its item of product ``product-1``."""
    told = {
        "product_id": "product-1",
        "referral_id": "ref-1",
        "case_id": "case-1",
        "item_id": "item-school",
        "owner": "school",
        "recipient": RECIPIENT,
        "reason": "It would put the child at more risk.",
        "decided_by": "A. Head",
        "signpost": Signpost(owner="school", contact="school duty desk"),
        "recall": recall,
    }
    return ApprovalWithdrawn.model_validate(told | changes)


def gave_back(recall_id: str, status: RecallAnswer, **changes: Any) -> RecallReceived:
    """The recipient's answer to a recall."""
    told = {
        "product_id": "product-1",
        "case_id": "case-1",
        "recall_id": recall_id,
        "status": status,
        "answered_by": "T. Manager",
    }
    agency = changes.pop("agency", RECIPIENT)
    return RecallReceived(agency=agency, receipt=RecallReceipt.model_validate(told | changes))
