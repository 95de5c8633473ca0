"""Whether what waits on a recipient's queue may be opened: by the record, not by the queue (R27).

A letter is a copy. Who can write the store can move it to another agency, put one back that was
taken away, or restore what a step remembered before an owner withdrew. So the product is built once
more from the facts of the journal that it says to come of, every owner's signature is verified once
more, and an owner's word that came since wins, whether a step has heard it yet or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json

from router.idle import idle_words
from router.steps import gate
from router.steps.now import Now
from router.steps.release import lapsing, recalls, sending
from schemas.base import Fact
from schemas.decisions import (
    ItemRuled,
    ProductUnsent,
    ReleaseDecided,
    ReleaseDecision,
    Ruling,
)
from schemas.message import Message
from schemas.product import (
    ApprovalsEnded,
    ApprovalWithdrawn,
    Choice,
    ItemLifted,
    Product,
    ProductApproved,
    ProductEnded,
    ProductHeldBack,
    ProductRecalled,
    ProductReleased,
    ProductTakenBack,
    ProductVoided,
    ToAct,
)
from schemas.school import SchoolNotice
from stores import said
from stores.database import View
from stores.ports import Leased

TYPES: Final = (Product.type, SchoolNotice.type)
"""What has passed the gate, and its owners may call back."""
_ENDS: Final = (
    ApprovalWithdrawn,
    ProductEnded,
    ProductHeldBack,
    ProductRecalled,
    ProductTakenBack,
    ProductVoided,
)
_HEARD: Final = (
    ProductApproved,
    ProductReleased,
    ProductUnsent,
    ReleaseDecided,
    ItemRuled,
    ItemLifted,
    ApprovalsEnded,
    *_ENDS,
)
_FACTS: Final = frozenset(fact.type for fact in _HEARD)

Said: TypeAlias = Sequence[tuple[int, Message]]


@dataclass(frozen=True, slots=True)
class Proven:
    """Letters by what the record says of them."""

    goes: list[Leased] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    """Not to be opened: something on the record speaks against them, or nothing there says that
    they may leave at all.
    """
    unheard: list[str] = field(default_factory=list)
    """Not now: an owner's word is to be heard by the steps, which take them away or send what is
    left of them.
    """
    ended: list[str] = field(default_factory=list)
    """Taken back while they were in hand, and not sent: what is left of them goes in their place.
    """
    stops: dict[str, str] = field(default_factory=dict)
    """Approved once, and not any more, each with why."""


def looked_at(view: View, leased: Sequence[Leased], *, now: Now) -> Proven:
    """The letters of one agency; all but products go."""
    found = Proven()
    for letter in leased:
        if letter.type not in TYPES:
            found.goes.append(letter)
            continue
        product = _read(letter)
        told = _said(view, product) if product is not None else ()
        out = _left(letter, product, told=told) if product is not None else None
        if out is not None and letter.attempts > 1 and _taken_back(out, told):
            found.ended.append(letter.id)
        elif out is None or _taken_back(out, told):
            found.waits.append(letter.id)
        elif _withheld(view, out, told=told, now=now):
            found.unheard.append(letter.id)
        elif fault := gate.fault(out.approved, approved_at=out.approved_at.time, now=now):
            found.stops[letter.id] = fault.why
        else:
            found.goes.append(letter)
    return found


def is_taken_back(view: View, letter: Leased) -> bool:
    """Whether a product left for its recipient's queue, and something was recorded since by which
    it does not go.
    """
    product = _read(letter)
    told = _said(view, product) if product is not None else ()
    out = _left(letter, product, told=told) if product is not None else None
    return out is not None and _taken_back(out, told)


@dataclass(frozen=True, slots=True, repr=False)
class _Left:
    """A product as it left for its recipient's queue."""

    approved: ProductApproved
    approved_at: Message
    since: int
    """The position of what approved it."""
    cause: str
    """The message on which it was sent."""
    sent_at: int
    """The position of what it was sent on: it was approved, was left with less in it, or was not
    sent with more.
    """


def _read(letter: Leased) -> Product | SchoolNotice | None:
    """The product that the letter holds; None where it is for somebody else."""
    kind = Product if letter.type == Product.type else SchoolNotice
    try:
        product = kind.model_validate(from_json(letter.body)["data"])
    except (ValidationError, ValueError, KeyError, TypeError):
        return None
    return product if product.recipient == letter.agency else None


def _said(view: View, product: Product | SchoolNotice) -> Said:
    referrals = {product.referral_id} if product.referral_id else set[str]()
    return said.load(view, subjects={product.case_id}, referrals=referrals, types=_FACTS)


def _left(letter: Leased, product: Product | SchoolNotice, *, told: Said) -> _Left | None:
    """What the record says that this letter holds; None where that is something else, or nothing.

    What it asks its recipient to do is no part of what owners approve.
    """
    out: _Left | None = None
    named: _Left | None = None
    for position, message in told:
        if message.data.of_product != product.product_id:
            continue
        before, out = out, _as_left(out, message, position)
        if out is None or out is before:
            continue
        if isinstance(message.data, ProductApproved):
            named = None
        if sending.letter_named(out.cause) == letter.id:
            named = out
        # Less of it may have been left by then than the steps had heard as they sent this.
        if named is not None and _holds(product, out.approved):
            found = replace(named, approved=out.approved)
            return found if _released(found, told) else None
    return None


def _as_left(out: _Left | None, message: Message, position: int) -> _Left | None:
    """How it left, with what a fact about it says; the very same where it says nothing of that."""
    data = message.data
    if isinstance(data, ProductApproved):
        return _Left(data, message, position, message.id, position)
    if out is None:
        return None
    match data:
        case ApprovalWithdrawn():
            less, cause = recalls.narrowed(out.approved, data), message.id
        case ApprovalsEnded():
            less, cause = lapsing.left(out.approved, data), message.causation_id or ""
        case ProductUnsent():
            less, cause = out.approved, message.id
        case _:
            return out
    return replace(out, approved=less, cause=cause, sent_at=position)


def _holds(product: Product | SchoolNotice, approved: ProductApproved) -> bool:
    """Whether this is what was approved; what it asks its recipient to do is its own."""
    if approved.school_notice and not approved.items:
        return False
    asks = ToAct(**{name: getattr(product, name, None) for name in ToAct.model_fields})
    return sending.product(approved, asks) == product


def _released(out: _Left, told: Said) -> bool:
    """Whether it is on the record that it was sent."""
    sent = (one for _, one in told if isinstance(one.data, ProductReleased))
    return any(one.causation_id == out.cause for one in sent)


def _taken_back(out: _Left, told: Said) -> bool:
    """Whether something was recorded since by which it does not go."""
    since = (one for position, one in told if position > out.sent_at)
    return any(
        isinstance(one.data, _ENDS)
        and one.data.of_product == out.approved.product_id
        and one.causation_id != out.cause
        and not _of_an_item(one.data)
        for one in since
    )


def _of_an_item(data: Fact) -> bool:
    """Whether it only says what became of a withdrawal, which counts by itself."""
    return isinstance(data, ProductRecalled | ProductTakenBack) and data.item_id is not None


def _withheld(view: View, out: _Left, *, told: Said, now: Now) -> bool:
    """Whether an owner has withheld or amended something in it, which a step may not have heard."""
    words = _words(out, told, now=now)
    if all(word.leaves for _, _, word in words):
        return False
    idle = idle_words(
        view, [(at, one) for at, one, _ in words], about=out.approved, since=out.since
    )
    kept = dict[tuple[str, str], bool]()
    for _, message, word in words:
        if message.id in idle:
            continue
        if not word.leaves:
            kept[word.item_id, word.agency] = word.asks_again
        elif word.lifts or kept.get((word.item_id, word.agency)):
            kept.pop((word.item_id, word.agency), None)
    return bool(kept)


def _words(out: _Left, told: Said, *, now: Now) -> list[tuple[int, Message, _Word]]:
    """What owners have said about its items."""
    items = {item.item_id: {item.owner} for item in out.approved.items}
    for one in out.approved.approvals:
        if one.item_id in items:
            items[one.item_id].add(one.agency)
    words = list[tuple[int, Message, _Word]]()
    for position, message in told:
        word = _word(message.data, out, since=position > out.since)
        if word is None or word.agency not in items.get(word.item_id, ()):
            continue
        # As it was when they said it: who decides no more by now had the right to withhold.
        if Now(message.time, now.policy).may_decide(word.agency, word.decided_by):
            words.append((position, message, word))
    return words


class _Word(NamedTuple):
    """An owner's word about an item."""

    item_id: str
    agency: str
    decided_by: str
    leaves: bool
    lifts: bool = False
    asks_again: bool = False
    """What withholds it: whether a product may hold it again without its being lifted."""


def _word(data: Fact, out: _Left, *, since: bool) -> _Word | None:
    """What bears on a product that was approved. Once it was, nothing but another approval lets
    leave what its owner kept back; that the owner lets it leave in another product says nothing of
    this one.
    """
    if isinstance(data, ItemLifted):  # and so is what is alike, of which nothing else tells
        lifted = _Word(data.item_id, data.owner, data.decided_by, leaves=True, lifts=True)
        return None if since else lifted
    if not isinstance(data, ReleaseDecided | ItemRuled):
        return None
    decision = data.decision
    about = (decision.item_id, data.agency, decision.decided_by)
    if isinstance(decision, ReleaseDecision):
        if decision.choice is Choice.WITHHOLD:
            return _Word(*about, leaves=False, asks_again=decision.ask_again and not since)
        ours = decision.product_id in (out.approved.product_id, out.approved.follows)
        return _Word(*about, leaves=True) if ours and not since else None
    if decision.ruling is Ruling.LIFT:
        return None if since else _Word(*about, leaves=True, lifts=True)
    if decision.ruling is Ruling.AMEND:
        return _Word(*about, leaves=False) if since else None
    return _Word(*about, leaves=False, asks_again=decision.ask_again and not since)
