"""Which words of owners came to nothing: nobody is to wait for what no step will ever do (R27)."""

from __future__ import annotations

from collections.abc import Sequence

from router.refuse import buried_as
from router.steps.approve import decide as approve
from schemas.decisions import ItemRuled, Ruling
from schemas.message import Message
from schemas.notification import MessageRefused
from schemas.product import ProductApproved, ProductDrafted
from stores import said
from stores.database import View

UNDECIDABLE = "undecidable"
"""A refusal that is the hub's own fault: its owner's word counts all the same."""


def idle_words(
    view: View, words: list[tuple[int, Message]], *, about: ProductApproved, since: int
) -> set[str]:
    """The ids of those that approving refused, or that say again what the product's item says.

    ``since``: where the product was approved. Its owner was told of a refusal, and can say it anew.
    """
    return _refused(view, words) | _unchanged(view, words, about=about, since=since)


def _refused(view: View, words: list[tuple[int, Message]]) -> set[str]:
    dead = {buried_as(one.id, step=approve.STEP.name): one.id for _, one in words}
    kinds = {MessageRefused.type}
    found = said.load(view, subjects=dead, referrals=set(), types=kinds)
    facts = (one.data for _, one in found)
    return {
        dead[fact.dead_letter_id]
        for fact in facts
        if isinstance(fact, MessageRefused) and fact.reason != UNDECIDABLE
    }


def _unchanged(
    view: View, words: list[tuple[int, Message]], *, about: ProductApproved, since: int
) -> set[str]:
    """Amendments to the very words that the item has had since before the product was approved."""
    amended = [(position, one) for position, one in words if _new_text(one) is not None]
    if not amended:
        return set()
    drafted = said.load(
        view,
        subjects={about.case_id},
        referrals={about.referral_id},
        types={ProductDrafted.type},
    )
    return {
        one.id
        for position, one in amended
        if _has_said(drafted, one, since=since, until=position) == {_new_text(one)}
    }


def _new_text(message: Message) -> str | None:
    data = message.data
    amends = isinstance(data, ItemRuled) and data.decision.ruling is Ruling.AMEND
    return data.decision.text if isinstance(data, ItemRuled) and amends else None


def _has_said(
    drafted: Sequence[tuple[int, Message]], amended: Message, *, since: int, until: int
) -> set[str]:
    """What the item said as the product was approved, and then until it was amended."""
    assert isinstance(amended.data, ItemRuled)
    texts = [
        (position, item.original)
        for position, one in drafted
        if isinstance(one.data, ProductDrafted) and position < until
        for item in one.data.items
        if item.item_id == amended.data.decision.item_id
    ]
    before = [text for position, text in texts if position < since]
    return {*before[-1:], *(text for position, text in texts if position > since)}
