"""What an agency was sent about children: products that nobody of it has yet, those that somebody
has, and what is wanted back of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from ops.access.acting import Asker
from ops.look import documents, letters, recalls
from ops.look.clocks import keys_of, seconds_left
from ops.look.paging import Part, page_of
from ops.look.recalls import Recalled
from ops.run.wiring import Hub
from router.handing_out import handed_out
from router.steps.now import Now
from router.steps.release import decide as release
from router.steps.release import sending
from router.steps.release.lapsing import left
from router.steps.release.recalls import narrowed
from router.steps.release.state import Delivered, Released, Returned, State
from schemas.product import (
    ApprovalsEnded,
    ApprovalWithdrawn,
    Product,
    ProductApproved,
    ProductDelivered,
    ProductRecalled,
    ProductReleased,
    ProductReturned,
    ToAct,
)
from schemas.rating import Colour
from schemas.school import SchoolNotice
from stores import codec, linking, noted, queues
from stores.database import View
from stores.noted import OfAgencies, Question
from stores.trail import Entry

_WHY: Final = "To act on it at the desk"
_SECONDS: Final = 60.0
_SENT_FOR: Final = dt.timedelta(days=365)
"""How long it is looked for what was sent, whether or not a clock of it runs."""
_PAGE: Final = 50
_ANSWERS: Final = (ProductDelivered, ProductReturned)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A product that nobody of its recipient has yet: nothing of what it says."""

    product_id: str
    colour: Colour
    urgent: bool
    purpose: str
    due_at: dt.datetime | None
    """By when a person is to say that they have it; None: no clock runs, or its time is over."""
    left_seconds: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a person of its recipient said of a product."""

    product_id: str
    by: str
    at: dt.datetime
    has_it: bool
    may_give_back: bool
    """Whether they may say still that it is not theirs."""
    done: str | None = None
    """What was done with it, as they said last."""


def waiting(hub: Hub, asker: Asker, *, clocked: bool = False) -> list[Waiting]:
    """All that no person of the agency of who asks has, with a clock or without: Reds for the front
    line first, then what is due first. ``clocked``: those alone of which a clock runs, or lately
    did, which are found without going through a year.
    """
    now = letters.now_at(hub)
    with hub.database.view() as view:
        sent, replaced = (set[str](), set[str]()) if clocked else _sent(view, asker, now=now)
        keys = {*sent, *keys_of(view, release.STEP.name, at=now.at)}
        known = [
            (key, _mine(state, asker))
            for key, state in documents.of(view, release.STEP, keys).items()
        ]
    found = [_waiting(key, one, now=now) for key, one in known if one is not None]
    told = [one for one in found if one and (one.due_at or one.product_id not in replaced)]
    return sorted(told, key=lambda one: (not one.urgent, one.due_at or now.at, one.product_id))


def had(hub: Hub, asker: Asker, *, page: int = 1) -> Part[Said]:
    """What people of the agency of who asks have, the latest first."""
    now = letters.now_at(hub)
    with hub.database.view() as view:
        since = _since(view, now)
        with _HAD.asked(view, since=since) as noted_:
            positions = noted_.newest_first(asker.agency or "", since=since)
        part = page_of(positions, page=page, most=_PAGE)
        facts = linking.at(view, [position for position, _ in part.shown])
        keys = {product_id for _, product_id in part.shown}
        known = documents.of(view, release.STEP, keys)
    said = {key: _said(key, state, facts, asker=asker) for key, state in known.items()}
    told = [one for one in said.values() if one is not None and one.has_it]
    shown = sorted(told, key=lambda one: one.at, reverse=True)
    return Part(shown, part.page, part.pages, part.found)


def of(hub: Hub, asker: Asker, product_id: str) -> Waiting | None:
    """One that no person of the agency of who asks has; None: there is none of this id, or one in
    other words took its place, and no clock runs.
    """
    now = letters.now_at(hub)
    with hub.database.view() as view:
        _, replaced = _sent(view, asker, now=now)
        state = _mine(_known(view, product_id), asker)
    one = _waiting(product_id, state, now=now) if state else None
    return one if one and (one.due_at or product_id not in replaced) else None


def said(hub: Hub, asker: Asker, product_id: str) -> Said | None:
    """What a person of the agency of who asks said of a product last; None: nobody did."""
    with hub.database.view() as view:
        state = _known(view, product_id)
        if not isinstance(state, Delivered | Returned):
            return None
        facts = linking.about(
            view.connection, view.vault, ids=[state.sent.referral_id], types=_ANSWERS
        )
    return _said(product_id, state, facts, asker=asker)


def opened(hub: Hub, asker: Asker, product_id: str) -> Product | SchoolNotice | None:
    """One of them as its recipient gets it; None where there is no such, it is another agency's, or
    it does not go now. Who opens what nobody of the agency has fetched has fetched it: from then on
    it can only be recalled. Raises ``Denied``.
    """
    agency = asker.agency or ""
    with hub.database.view() as view:
        state = _state(view, product_id, asker)
        delivered = _delivered(view, product_id, asker) if state is None else None
    if delivered is not None:
        letters.opened(hub, asker, wanted=product_id, referral_id=delivered.referral_id, why=_WHY)
        with hub.database.view() as view:
            return _as_had(view, product_id, delivered, asker=asker, now=letters.now_at(hub))
    if state is None or state.letter is None:
        return None
    letters.opened(hub, asker, wanted=product_id, referral_id=state.referral_id, why=_WHY)
    with hub.database.transaction() as transaction:
        leased = queues.lease(transaction, agency, limit=1, seconds=_SECONDS, only=[state.letter])
        goes = handed_out(transaction, agency, leased=leased, policy=hub.policy.value)
        if goes:
            # The agency's own system gets it still.
            queues.give_back(transaction, agency, ids=[state.letter], after_seconds=0)
            kind = Product if goes[0].type == Product.type else SchoolNotice
            return kind.model_validate(from_json(goes[0].body)["data"])
        return None if leased else _had(transaction, product_id, asker, now=letters.now_at(hub))


def wanted_back(hub: Hub, asker: Asker) -> Sequence[Recalled]:
    """What owners want back of the agency of who asks, and it has not said what it did."""
    return [one for one in recalls.of(hub) if one.recipient == asker.agency]


def recalled(hub: Hub, asker: Asker, recall_id: str) -> tuple[Recalled, ProductRecalled] | None:
    """One of these, and as it was told, which is recorded; None where there is no such or it is
    another agency's.
    """
    found = next((one for one in wanted_back(hub, asker) if one.recall_id == recall_id), None)
    if found is None:
        return None
    with hub.database.reading() as connection:
        told = linking.about(
            connection, hub.database.vault, ids=[found.case_id], types=[ProductRecalled]
        )
    facts = [(one.message.id, one.message.data) for one in told]
    mine = (
        fact
        for id_, fact in facts
        if isinstance(fact, ProductRecalled) and (fact.recall_id or id_) == recall_id
    )
    fact = next(mine, None)
    letters.opened(hub, asker, wanted=recall_id, referral_id=found.case_id, why=_WHY)
    return None if fact is None else (found, fact)


def _known(view: View, product_id: str) -> State | None:
    return documents.of(view, release.STEP, {product_id}).get(product_id)


def _mine(state: State | None, asker: Asker) -> Released | None:
    is_mine = isinstance(state, Released) and state.recipient == asker.agency
    return state if isinstance(state, Released) and is_mine and not state.recalled else None


def _state(view: View, product_id: str, asker: Asker) -> Released | None:
    state = _mine(_known(view, product_id), asker)
    return state if state and state.holds and not state.kept_back else None


def _since(view: View, now: Now) -> int:
    return noted.position_of(view, codec.to_micros(now.at - _SENT_FOR))


class _Sent(OfAgencies):
    """What was sent and nobody said that they have it, or that it is not theirs: that is for good.
    And which of all that was sent took the place of another.
    """

    def __init__(self) -> None:
        super().__init__()
        self.replaced: set[str] = set()

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case ProductReleased(product_id=id_) as sent:
                self.opened(sent.recipient, id_, entry, of=id_)
                self.replaced |= {sent.supersedes} if sent.supersedes else set()
            case ProductDelivered(product_id=id_) | ProductReturned(product_id=id_) as said:
                self.over(said.recipient, id_)


class _Had(OfAgencies):
    """What somebody said that they have, and nobody since that it is not theirs."""

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case ProductDelivered(product_id=id_) as said:
                self.opened(said.recipient, id_, entry, of=id_)
            case ProductReturned(product_id=id_) as said:
                self.over(said.recipient, id_)


_SENT: Final = Question((ProductReleased, ProductDelivered, ProductReturned), _Sent)
_HAD: Final = Question((ProductDelivered, ProductReturned), _Had)


def _sent(view: View, asker: Asker, *, now: Now) -> tuple[set[str], set[str]]:
    """What was sent to the asker's agency and still waits, and what was replaced since."""
    since = _since(view, now)
    with _SENT.asked(view, since=since) as noted_:
        return noted_.of(asker.agency or "", since=since), set(noted_.replaced)


def _said(product_id: str, state: State, facts: Iterable[Entry], *, asker: Asker) -> Said | None:
    if not isinstance(state, Delivered | Returned) or state.sent.recipient != asker.agency:
        return None
    mine = [one for one in facts if one.message.data.of_product == product_id]
    for entry in reversed(mine):
        fact, has_it = entry.message.data, isinstance(state, Delivered) and not state.sent.recalled
        if isinstance(fact, _ANSWERS):
            back = has_it and state.sent.may_give_back is not None
            at, done = entry.message.time, state.sent.done
            return Said(product_id, fact.received_by, at, has_it, back, done)
    return None


def _delivered(view: View, product_id: str, asker: Asker) -> Released | None:
    state = _known(view, product_id)
    if not isinstance(state, Delivered) or state.sent.recipient != asker.agency:
        return None
    return None if state.sent.recalled else state.sent


def _as_had(
    view: View, product_id: str, sent: Released, *, asker: Asker, now: Now
) -> Product | SchoolNotice | None:
    """What somebody has: what was approved, without what owners took back or want back of it."""
    approved, _ = as_left(view, product_id, sent)
    return None if approved is None else _shown(view, approved, sent, asker=asker, now=now)


def as_left(view: View, product_id: str, sent: Released) -> tuple[ProductApproved | None, str]:
    """What was approved of a product that has left, without what owners took back or want back of
    it, and the message that approved it.
    """
    types = (ProductApproved, ApprovalWithdrawn, ApprovalsEnded)
    found = linking.about(view.connection, view.vault, ids=[sent.referral_id], types=types)
    approved, by = None, ""
    for message in (one.message for one in found if one.message.data.of_product == product_id):
        fact = message.data
        if isinstance(fact, ProductApproved):
            approved, by = fact, message.id
        elif isinstance(fact, ApprovalWithdrawn) and approved is not None:
            approved = narrowed(approved, fact)
        elif isinstance(fact, ApprovalsEnded) and approved is not None:
            approved = left(approved, fact)
    return approved, by


def _shown(
    view: View, approved: ProductApproved, sent: Released, *, asker: Asker, now: Now
) -> Product | SchoolNotice | None:
    """As it would be handed out now."""
    if approved.school_notice and not approved.items:
        return None
    told = {"product": sending.letter(approved, ToAct(**sent.shared(ToAct)))}
    data = letters.looked_at(view, told, agency=asker.agency or "", now=now)["product"]
    kind = SchoolNotice if approved.school_notice else Product
    return None if data is None else kind.model_validate(data)


def _waiting(product_id: str, state: Released, *, now: Now) -> Waiting | None:
    if state.holds is None or state.kept_back or state.letter is None:
        return None
    due = state.receipt.due_at if state.receipt else None
    return Waiting(
        product_id,
        state.holds.colour,
        state.holds.urgent,
        state.holds.purpose,
        due,
        seconds_left(due, now.at) if due else None,
    )


def _had(view: View, product_id: str, asker: Asker, *, now: Now) -> Product | SchoolNotice | None:
    """What the agency has already, or its system has in hand: as it would be handed out now."""
    state = _state(view, product_id, asker)
    if state is None or state.holds is None or state.letter is None or not state.fetched:
        return None
    return _shown(view, state.holds, state, asker=asker, now=now)
