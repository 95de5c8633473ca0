"""Whether a product is safe to send: before its owners are asked, and before it is approved (L7).

What would put somebody at risk waits for a named human. A Red for the front line does not wait: it
goes without that, unless the recipient itself is the danger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router.step import Outcome
from router.steps.approve.state import Approvals, Draft, Held
from router.steps.identity import NOT_DECIDED, rung
from router.steps.now import Now
from router.steps.safety import NOT_SAFE, RECIPIENT, Leaving, guarded, unsafe
from schemas.base import Fact
from schemas.identity import IdentityBlock, IdentityField, LeftOut
from schemas.message import derived_id
from schemas.product import Product
from schemas.safety import Hit, Holding, ProductHeld, SafetyChoice, SafetySettled
from schemas.school import SchoolNotice

OWNER_LEFT_OUT = "Its owner does not let it be told here."
NOT_AT_ONCE = "It may not be safe to tell: a human of the hub is asked."
STOPPED = "A human of the hub found that it is not safe to send."
_FIELD = "identity."
_ITEM = "items."


def untold(draft: Draft) -> tuple[LeftOut, ...]:
    """What of the drafted identity does not leave, by its owner's word and by humans of the hub.

    What the owner is to be asked about goes only where it released an item of its own with it.
    """
    if draft.identity is None:
        return draft.untold
    owner, asks = draft.identity.owner, draft.identity.asks
    released = [one for one in draft.decided if one.owner == owner and one.digest]
    fields = {field for one in released for field in one.leaves_out} if released else {*asks}
    left_out = (
        LeftOut(field=field, reason=NOT_DECIDED if field in asks else OWNER_LEFT_OUT)
        for field in IdentityField
        if field in fields
    )
    return (*left_out, *draft.untold)


def about(draft: Draft, now: Now) -> IdentityBlock | None:
    """Whom the product says that it is about, as far as is decided."""
    if draft.identity is None:
        return None
    return rung(draft.identity.block.leaving_out(untold(draft)), now.policy)


def proposed(draft: Draft) -> dict[str, str]:
    """The texts that are proposed and that nobody withholds, by where they stand."""
    told = (item for item in draft.items if not draft.kept_in(item.item_id))
    return {
        f"{_ITEM}{item.item_id}": item.original if item.decided_by else item.sanitised
        for item in told
    }


def dangers(draft: Draft, texts: Mapping[str, str], *, now: Now) -> tuple[Hit, ...]:
    """What speaks against sending these texts, but for what a human decided to send all the same.

    Before its owners are asked, all that they may let be told of the child counts.
    """
    recipient = now.policy.partners.get(draft.recipient)
    if recipient is None:
        return ()
    block = draft.identity.block.leaving_out(draft.untold) if draft.identity else None
    leaving = Leaving(identity=block, texts=texts)
    found = unsafe(recipient, known=guarded(draft.around), leaving=leaving)
    return tuple(hit for hit in found if hit not in draft.allowed)


def held(
    known: Approvals,
    draft: Draft,
    hits: Sequence[Hit],
    *decisions: Fact,
    items: Sequence[str] = (),
    now: Now,
) -> Outcome[Approvals]:
    """The product waits; a human is asked once about the same. ``items`` are put before their
    owners only then.
    """
    fact = _product_held(draft, hits, now=now)
    again = draft.held is not None and draft.held.hold_id == fact.hold_id
    waits = Held(hold_id=fact.hold_id, hits=tuple(hits), items=tuple(items))
    after = draft.model_copy(update={"held": waits})
    facts = decisions if again else (*decisions, fact)
    return Outcome(known.with_product(draft.product_id, after), facts)


def waits(draft: Draft, hits: Sequence[Hit]) -> bool:
    """Whether the whole product has to wait for a human."""
    return bool(hits) and (draft.waits or any(hit.where == RECIPIENT for hit in hits))


def at_once(draft: Draft, hits: Sequence[Hit], *, now: Now) -> tuple[Draft, ProductHeld]:
    """An urgent product without what would put somebody at risk, of which a human is told."""
    fields = [hit.where.removeprefix(_FIELD) for hit in hits if hit.where.startswith(_FIELD)]
    items = {hit.where.removeprefix(_ITEM) for hit in hits if hit.where.startswith(_ITEM)}
    told = ((one.item_id, one.owner) for one in draft.decided if one.item_id in items)
    left_out = (LeftOut(field=IdentityField(one), reason=NOT_AT_ONCE) for one in fields)
    less = draft.without(*told).model_copy(update={"untold": (*draft.untold, *left_out)})
    return less, without(draft, hits, now=now)


def allowed(draft: Draft, settled: SafetySettled) -> Draft:
    """The draft as a human decided that it may go."""
    assert draft.held is not None
    sent = draft.held.hits if settled.choice is SafetyChoice.SEND else ()
    left_out = (LeftOut(field=field, reason=NOT_SAFE) for field in settled.leaves_out)
    changes = {
        "held": None,
        "allowed": (*draft.allowed, *sent),
        "untold": (*draft.untold, *left_out),
    }
    return draft.model_copy(update=changes)


def without(
    draft: Draft, hits: Sequence[Hit], *, written_by: str | None = None, now: Now
) -> ProductHeld:
    """That it goes without what was found, of which a human is told."""
    fact = _product_held(draft, hits, now=now)
    return fact.model_copy(update={"rest_goes": True, "written_by": written_by})


def _product_held(draft: Draft, hits: Sequence[Hit], *, now: Now) -> ProductHeld:
    said = [hit.model_dump_json() for hit in hits]
    return ProductHeld(
        hold_id=derived_id("hold", draft.product_id, *said),
        letter=SchoolNotice.type if draft.school_notice else Product.type,
        about=about(draft, now),
        hits=tuple(hits),
        **draft.shared(Holding),
    )
