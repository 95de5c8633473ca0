"""A product that stands no more does not go; who has it is told of that by the inform step."""

from __future__ import annotations

from router.step import Outcome
from router.steps.release.state import Delivered, Released, State, Void
from schemas.product import ProductEnded, ProductRefused, ProductTakenBack


def end(state: State | None, ended: ProductEnded) -> Outcome[State]:
    """Take it from its recipient's queue; nobody need know of it who never had it in hand."""
    if state is None:
        return Outcome(state=Void(reason=ended.reason))
    if isinstance(state, Delivered) and state.sent.may_give_back:  # no Red any more
        less = state.sent.model_copy(update={"may_give_back": None})
        return Outcome(state.model_copy(update={"sent": less}))
    if not isinstance(state, Released) or not state.holds or not state.letter:
        return Outcome()
    if state.fetched:  # nobody need say any more that they have it
        return Outcome(state.model_copy(update={"holds": None}))
    shared = {"reason": ended.reason, "product_id": ended.product_id}
    back = ProductTakenBack(**state.shared(ProductTakenBack) | shared)
    # Should the referral go on as it was, its owners are asked anew.
    refused = ProductRefused(**state.holds.shared(ProductRefused), voided=True, reason=ended.reason)
    after = state.model_copy(update={"holds": None})
    return Outcome(after, (back, refused), takes_back=(state.letter,))
