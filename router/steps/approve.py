"""Hop 6: each owner decides about its own items, bound to bytes, recipient and purpose (R27 to R31,
L1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.step import Outcome, Step
from router.steps import deadlines
from schemas.base import Code, Fact, Identity, Line, Shape
from schemas.decisions import ReleaseDecided, ReleaseDecision
from schemas.letter import Letter
from schemas.message import Message
from schemas.notices import ApprovalRequest
from schemas.notification import Digest
from schemas.policy import Policy
from schemas.product import (
    ApprovedItem,
    Choice,
    Disposal,
    DraftItem,
    ItemDecided,
    ProductApproved,
    ProductDrafted,
    ProductRefused,
    ProductVoided,
    Signpost,
)
from schemas.rating import Colour
from schemas.refusals import Refusal


class Decided(Shape):
    """What an item's owner decided. ``digest`` is of the text that may leave; None when
    withheld.
    """

    item_id: Identity
    owner: Code
    choice: Choice
    digest: Digest | None
    reason: Line
    signpost: bool
    decided_by: Line


class Draft(Shape):
    """Waits for its owners; ``items`` without their redactions, which the draft's own fact
    keeps.
    """

    kind: Literal["draft"] = "draft"
    product_id: Identity
    referral_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour
    disposal: Disposal
    urgent: bool
    items: tuple[DraftItem, ...]
    decided: tuple[Decided, ...] = ()
    left_out: tuple[Code, ...] = ()
    """Owners of items that were not proportionate and who may be named all the same."""


class Approved(Shape):
    """Every owner has decided, and something may leave."""

    kind: Literal["approved"] = "approved"
    case_id: Identity
    owners: dict[Identity, Code]
    decided: tuple[Decided, ...]


class Refused(Shape):
    """Nothing of it leaves: by its owners' decisions, or because it was voided."""

    kind: Literal["refused"] = "refused"
    case_id: Identity
    owners: dict[Identity, Code]
    decided: tuple[Decided, ...]


class Void(Shape):
    """Voided before its draft was heard."""

    kind: Literal["void"] = "void"
    reason: Line


Known: TypeAlias = Draft | Approved | Refused
State: TypeAlias = Annotated[Draft | Approved | Refused | Void, Field(discriminator="kind")]


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Put a draft before its owners, or take an owner's decision; refuses what is not that owner's
    to decide so.
    """
    match message.data:
        case ProductDrafted() as drafted:
            return _open(state, drafted, message.time, policy)
        case ReleaseDecided() as decided:
            return _take(state, decided, message.time, policy)
        case ProductVoided() as voided:
            return _void(state, voided)
    return Outcome()


def _open(
    state: State | None, drafted: ProductDrafted, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    draft = _draft(drafted)
    if isinstance(state, Void):
        return _refused(draft, state.reason, voided=True)
    if state is not None:
        return Outcome()
    if draft.urgent:
        return _at_once(draft, at, policy)
    awaited = {item.item_id for item in _awaited(draft, at, policy)}
    if not awaited:
        return _settled(draft, at, policy)
    asked = (item for item in drafted.items if item.item_id in awaited)
    return Outcome(state=draft, letters=tuple(_request(drafted, item) for item in asked))


def _draft(drafted: ProductDrafted) -> Draft:
    return Draft(
        product_id=drafted.product_id,
        referral_id=drafted.referral_id,
        case_id=drafted.case_id,
        recipient=drafted.recipient,
        purpose=drafted.purpose,
        colour=drafted.colour,
        disposal=drafted.disposal,
        urgent=drafted.urgent,
        items=tuple(item.model_copy(update={"redactions": ()}) for item in drafted.items),
        left_out=tuple(
            weighing.owner
            for weighing in drafted.weighing
            if weighing.signpost and not weighing.included
        ),
    )


def _request(drafted: ProductDrafted, item: DraftItem) -> Letter:
    request = ApprovalRequest(
        product_id=drafted.product_id,
        case_id=drafted.case_id,
        recipient=drafted.recipient,
        purpose=drafted.purpose,
        colour=drafted.colour,
        item=item,
    )
    return Letter(f"approval-request/{item.item_id}", agency=item.owner, notice=request)


def _at_once(draft: Draft, at: dt.datetime, policy: Policy) -> Outcome[State]:
    """An urgent product never waits: standing releases decide, and what they leave open is
    signposted (R19, R34).
    """
    standing = (_standing(item, draft, at, policy) for item in draft.items)
    decided = tuple(decision for decision in standing if decision is not None)
    facts = tuple(_item_decided(draft, decision) for decision in decided)
    return _settled(draft.model_copy(update={"decided": decided}), at, policy, *facts)


def _standing(item: DraftItem, draft: Draft, at: dt.datetime, policy: Policy) -> Decided | None:
    """What the owner approved in its agreement: its own notification, sanitised, for this recipient
    and purpose.
    """
    if not item.notification or not _may_decide(item.owner, at, policy):
        return None
    for release in policy.partners[item.owner].standing_release:
        if (release.recipient, release.purpose) == (draft.recipient, draft.purpose):
            return Decided(
                item_id=item.item_id,
                owner=item.owner,
                choice=Choice.RELEASE_SANITISED,
                digest=item.sanitised_digest,
                reason=release.reason,
                signpost=item.signpost,
                decided_by=release.decided_by,
            )
    return None


def _may_decide(owner: str, at: dt.datetime, policy: Policy) -> bool:
    """Whether the owner is a partner whose agreement is in force (R50): nobody waits for others,
    and nothing of theirs leaves.
    """
    partner = policy.partners.get(owner)
    if partner is None or partner.agreement is None:
        return False
    return partner.agreement.in_force(deadlines.local_day(at, policy.profile.calendar))


def _awaited(draft: Draft, at: dt.datetime, policy: Policy) -> list[DraftItem]:
    """The items about which an owner who may decide has not."""
    decided = {decision.item_id for decision in draft.decided}
    return [
        item
        for item in draft.items
        if item.item_id not in decided and _may_decide(item.owner, at, policy)
    ]


def _take(
    state: State | None, decided: ReleaseDecided, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    decision = decided.decision
    if state is None or isinstance(state, Void):
        return Outcome(refusal=Refusal("refused.unknown-subject", "product_id"))
    if refusal := _not_theirs(state, decided):
        return Outcome(refusal=refusal)
    new = _decided(decision, decided.agency)
    earlier = next((known for known in state.decided if known.item_id == decision.item_id), None)
    if new == earlier:
        return Outcome()
    if not isinstance(state, Draft) or (earlier is not None and not _withdraws(new, earlier)):
        return Outcome(refusal=Refusal("refused.closed", "item_id"))
    if refusal := _not_so(state, decided, at, policy):
        return Outcome(refusal=refusal)
    others = (known for known in state.decided if known is not earlier)
    after = state.model_copy(update={"decided": (*others, new)})
    fact = _item_decided(state, new)
    if _awaited(after, at, policy):
        return Outcome(after, (fact,))
    return _settled(after, at, policy, fact)


def _withdraws(new: Decided, earlier: Decided) -> bool:
    """Whether the owner takes back what it had allowed: its to do for as long as nothing has left
    (R27).
    """
    return new.choice is Choice.WITHHOLD and earlier.choice is not Choice.WITHHOLD


def _not_theirs(state: Known, decided: ReleaseDecided) -> Refusal | None:
    """Only its owner decides about an item (R30); who sends is what the credential says."""
    owner = _owners(state).get(decided.decision.item_id)
    if owner is None:
        return Refusal("refused.unknown-subject", "item_id")
    if decided.agency != owner:
        return Refusal("refused.not-yours", "item_id")
    if decided.decision.case_id != state.case_id:
        return Refusal("refused.unknown-subject", "case_id")
    return None


def _owners(state: Known) -> dict[str, str]:
    return (
        {item.item_id: item.owner for item in state.items}
        if isinstance(state, Draft)
        else state.owners
    )


def _not_so(
    draft: Draft, decided: ReleaseDecided, at: dt.datetime, policy: Policy
) -> Refusal | None:
    """Whether the owner may decide, and decided about just what it was shown, for whom and what
    for.
    """
    decision = decided.decision
    if not _may_decide(decided.agency, at, policy):
        return Refusal("refused.agreement")
    if decision.recipient != draft.recipient:
        return Refusal("refused.recipient", "recipient")
    if decision.purpose != draft.purpose:
        return Refusal("refused.purpose", "purpose")
    if decision.choice is Choice.WITHHOLD:
        return (
            None
            if decision.reason and decision.reason.strip()
            else Refusal("refused.reason-missing", "reason")
        )
    item = next(item for item in draft.items if item.item_id == decision.item_id)
    shown = (
        item.original_digest
        if decision.choice is Choice.RELEASE_ORIGINAL
        else item.sanitised_digest
    )
    return None if decision.digest == shown else Refusal("refused.digest", "digest")


def _decided(decision: ReleaseDecision, owner: str) -> Decided:
    return Decided(
        item_id=decision.item_id,
        owner=owner,
        choice=decision.choice,
        digest=None if decision.choice is Choice.WITHHOLD else decision.digest,
        reason=decision.reason or "Its owner releases it.",
        signpost=decision.signpost,
        decided_by=decision.decided_by,
    )


def _item_decided(draft: Draft, decided: Decided) -> ItemDecided:
    return ItemDecided(
        product_id=draft.product_id,
        case_id=draft.case_id,
        item_id=decided.item_id,
        owner=decided.owner,
        choice=decided.choice,
        digest=decided.digest,
        recipient=draft.recipient,
        purpose=draft.purpose,
        reason=decided.reason,
        signpost=decided.signpost,
        decided_by=decided.decided_by,
    )


def _settled(draft: Draft, at: dt.datetime, policy: Policy, *decisions: Fact) -> Outcome[State]:
    """Every owner has decided as far as it will: approve what may leave, or refuse when that is
    nothing.
    """
    by_item = {decided.item_id: decided for decided in draft.decided}
    allowed = {
        item.item_id for item in draft.items if _allowed(by_item.get(item.item_id), at, policy)
    }
    items = tuple(
        _approved_item(item, by_item[item.item_id])
        for item in draft.items
        if item.item_id in allowed
    )
    kept = [item for item in draft.items if item.item_id not in allowed]
    signposts = tuple(_signposts([*_held_back(kept, by_item), *draft.left_out], policy))
    if not items and not signposts:
        reason = (
            "No owner lets anything leave."
            if draft.items
            else "Nothing is proportionate to the rating."
        )
        return _refused(draft, reason, *decisions)
    approved = ProductApproved(
        product_id=draft.product_id,
        referral_id=draft.referral_id,
        case_id=draft.case_id,
        recipient=draft.recipient,
        purpose=draft.purpose,
        colour=draft.colour,
        disposal=draft.disposal,
        urgent=draft.urgent,
        items=items,
        signposts=signposts,
    )
    after = Approved(case_id=draft.case_id, owners=_owners(draft), decided=draft.decided)
    return Outcome(after, (*decisions, approved))


def _allowed(decided: Decided | None, at: dt.datetime, policy: Policy) -> bool:
    """Whether its owner let it leave, and is still under the agreement by which it did."""
    return (
        decided is not None
        and decided.digest is not None
        and _may_decide(decided.owner, at, policy)
    )


def _approved_item(item: DraftItem, decided: Decided) -> ApprovedItem:
    assert decided.digest is not None
    return ApprovedItem(
        item_id=item.item_id,
        owner=item.owner,
        text=item.original if decided.choice is Choice.RELEASE_ORIGINAL else item.sanitised,
        digest=decided.digest,
        decided_by=decided.decided_by,
    )


def _held_back(items: Iterable[DraftItem], by_item: dict[str, Decided]) -> Iterator[str]:
    """Owners of items that do not leave and who let themselves be named, with the item and with the
    decision (R34).
    """
    for item in items:
        decided = by_item.get(item.item_id)
        if item.signpost and (decided is None or decided.signpost):
            yield item.owner


def _signposts(owners: Iterable[str], policy: Policy) -> Iterator[Signpost]:
    for owner in dict.fromkeys(owners):
        partner = policy.partners.get(owner)
        if partner is not None:
            yield Signpost(owner=owner, contact=partner.signpost_contact)


def _void(state: State | None, voided: ProductVoided) -> Outcome[State]:
    """What waits is refused; what was approved is the release step's to stop or recall."""
    if state is None:
        return Outcome(state=Void(reason=voided.reason))
    return _refused(state, voided.reason, voided=True) if isinstance(state, Draft) else Outcome()


def _refused(draft: Draft, reason: str, *decisions: Fact, voided: bool = False) -> Outcome[State]:
    refused = ProductRefused(
        product_id=draft.product_id,
        referral_id=draft.referral_id,
        case_id=draft.case_id,
        recipient=draft.recipient,
        colour=draft.colour,
        urgent=draft.urgent,
        voided=voided,
        reason=reason,
    )
    after = Refused(case_id=draft.case_id, owners=_owners(draft), decided=draft.decided)
    return Outcome(after, (*decisions, refused))


def _key(message: Message) -> str:
    match message.data:
        case ReleaseDecided(decision=decision):
            return decision.product_id
        case ProductDrafted() | ProductVoided() as about:
            return about.product_id
    raise TypeError(f"approve does not hear {message.type}")


STEP: Step[State] = Step(
    name="approve",
    hears=(ProductDrafted, ReleaseDecided, ProductVoided),
    state=State,
    key=_key,
    decide=decide,
)
