"""Hop 6: each owner decides about its own items, bound to bytes and recipient (R27 to R31, L1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.step import Outcome, Step, product_of, refuse
from router.steps.now import Now
from schemas.base import Code, Fact, Identity, Line, Shape
from schemas.decisions import ReleaseDecided, ReleaseDecision
from schemas.letter import Letter
from schemas.message import Message
from schemas.notices import ApprovalRequest
from schemas.notification import Digest
from schemas.policy import Policy, StandingRelease
from schemas.product import (
    ApprovedItem,
    Choice,
    DraftItem,
    Item,
    ItemDecided,
    ProductApproved,
    ProductDrafted,
    ProductHead,
    ProductRefused,
    ProductVoided,
    Signpost,
)
from schemas.refusals import Refusal


class Decided(Item):
    """What an item's owner decided; ``digest`` is of the text that may leave, None if withheld."""

    choice: Choice
    digest: Digest | None
    reason: Line
    signpost: bool
    decided_by: Line


class Draft(ProductHead):
    """Waits for its owners; the redactions of ``items`` are left to the draft's own fact."""

    kind: Literal["draft"] = "draft"
    items: tuple[DraftItem, ...]
    decided: tuple[Decided, ...] = ()
    left_out: tuple[Code, ...] = ()
    """Owners of items that were not proportionate and who may be named all the same."""

    @property
    def owners(self) -> dict[str, str]:
        """The owner of each item."""
        return {item.item_id: item.owner for item in self.items}


class Closed(Shape):
    """A product of which nothing is awaited any more."""

    case_id: Identity
    owners: dict[Identity, Code]
    decided: tuple[Decided, ...]


class Approved(Closed):
    """Every owner has decided, and something may leave."""

    kind: Literal["approved"] = "approved"


class Refused(Closed):
    """Nothing of it leaves: by its owners' decisions, or because it was voided."""

    kind: Literal["refused"] = "refused"


class Void(Shape):
    """Voided before its draft was heard."""

    kind: Literal["void"] = "void"
    reason: Line


State: TypeAlias = Annotated[Draft | Approved | Refused | Void, Field(discriminator="kind")]


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Put a draft before its owners, or take an owner's decision.

    Refuses what is not that owner's to decide so.
    """
    now = Now(message.time, policy)
    match message.data:
        case ProductDrafted() as drafted:
            return _open(state, drafted, now=now)
        case ReleaseDecided() as decided:
            return _take(state, decided, now=now)
        case ProductVoided() as voided:
            return _void(state, voided)
    return Outcome()


def _open(state: State | None, drafted: ProductDrafted, *, now: Now) -> Outcome[State]:
    draft = _draft(drafted)
    if isinstance(state, Void):
        return _refused(draft, state.reason, voided=True)
    if state is not None:
        return Outcome()
    if draft.urgent:
        return _at_once(draft, now)
    awaited = _awaited(draft, now)
    if not awaited:
        return _close(draft, now=now)
    letters = tuple(
        Letter(
            f"approval-request/{item.item_id}",
            agency=item.owner,
            notice=ApprovalRequest(item=item, **drafted.shared(ApprovalRequest)),
        )
        for item in drafted.items
        if item.item_id in awaited
    )
    return Outcome(state=draft, letters=letters)


def _draft(drafted: ProductDrafted) -> Draft:
    return Draft(
        items=tuple(item.model_copy(update={"redactions": ()}) for item in drafted.items),
        left_out=tuple(one.owner for one in drafted.weighing if one.signpost and not one.included),
        **drafted.shared(ProductHead),
    )


def _at_once(draft: Draft, now: Now) -> Outcome[State]:
    """An urgent product never waits: what standing releases leave open is signposted (R19, R34)."""
    decided = tuple(
        Decided(
            choice=Choice.RELEASE_SANITISED,
            digest=item.sanitised_digest,
            reason=release.reason,
            signpost=item.signpost,
            decided_by=release.decided_by,
            **item.shared(Item),
        )
        for item in draft.items
        if (release := _standing(item, draft, now=now)) is not None
    )
    facts = (_item_decided(draft, decision) for decision in decided)
    return _close(draft.model_copy(update={"decided": decided}), *facts, now=now)


def _standing(item: DraftItem, draft: Draft, *, now: Now) -> StandingRelease | None:
    """By what its owner's agreement releases a notification to this recipient for this purpose."""
    if not item.notification or now.agreement_with(item.owner) is None:
        return None
    wanted = (draft.recipient, draft.purpose)
    releases = now.policy.partners[item.owner].standing_release
    return next((one for one in releases if (one.recipient, one.purpose) == wanted), None)


def _awaited(draft: Draft, now: Now) -> set[str]:
    """The items about which an owner under an agreement in force (R50) has not decided.

    Nobody waits for other owners, and nothing of theirs leaves.
    """
    decided = {decision.item_id for decision in draft.decided}
    return {
        item.item_id
        for item in draft.items
        if item.item_id not in decided and now.agreement_with(item.owner) is not None
    }


def _take(state: State | None, decided: ReleaseDecided, *, now: Now) -> Outcome[State]:
    decision = decided.decision
    if state is None or isinstance(state, Void):
        return refuse("refused.unknown-subject", "product_id")
    if refusal := _not_theirs(state, decided):
        return Outcome(refusal=refusal)
    new = _decided(decision, decided.agency)
    earlier = next((known for known in state.decided if known.item_id == decision.item_id), None)
    if new == earlier:
        return Outcome()
    if not isinstance(state, Draft) or not (earlier is None or _withdraws(new, earlier)):
        return refuse("refused.closed", "item_id")
    if refusal := _not_so(state, decided, now=now):
        return Outcome(refusal=refusal)
    others = (known for known in state.decided if known is not earlier)
    after = state.model_copy(update={"decided": (*others, new)})
    fact = _item_decided(state, new)
    return Outcome(after, (fact,)) if _awaited(after, now) else _close(after, fact, now=now)


def _withdraws(new: Decided, earlier: Decided) -> bool:
    """Whether the owner takes back what it allowed, as it may until something has left (R27)."""
    return new.choice is Choice.WITHHOLD and earlier.choice is not Choice.WITHHOLD


def _not_theirs(state: Draft | Closed, decided: ReleaseDecided) -> Refusal | None:
    """Only its owner decides about an item (R30); who sends is what the credential says."""
    owner = state.owners.get(decided.decision.item_id)
    if owner is None:
        return Refusal("refused.unknown-subject", "item_id")
    if decided.agency != owner:
        return Refusal("refused.not-yours", "item_id")
    if decided.decision.case_id != state.case_id:
        return Refusal("refused.unknown-subject", "case_id")
    return None


def _not_so(draft: Draft, decided: ReleaseDecided, *, now: Now) -> Refusal | None:
    """Whether the owner may decide, and did so about what it was shown, for whom and what for."""
    decision = decided.decision
    if now.agreement_with(decided.agency) is None:
        return Refusal("refused.agreement")
    if decision.recipient != draft.recipient:
        return Refusal("refused.recipient", "recipient")
    if decision.purpose != draft.purpose:
        return Refusal("refused.purpose", "purpose")
    if decision.choice is Choice.WITHHOLD:
        told = decision.reason and decision.reason.strip()
        return None if told else Refusal("refused.reason-missing", "reason")
    item = next(item for item in draft.items if item.item_id == decision.item_id)
    original = decision.choice is Choice.RELEASE_ORIGINAL
    shown = item.original_digest if original else item.sanitised_digest
    return None if decision.digest == shown else Refusal("refused.digest", "digest")


def _decided(decision: ReleaseDecision, owner: str) -> Decided:
    given = {
        "digest": None if decision.choice is Choice.WITHHOLD else decision.digest,
        "reason": decision.reason or "Its owner releases it.",
    }
    return Decided(owner=owner, **decision.shared(Decided) | given)


def _item_decided(draft: Draft, decided: Decided) -> ItemDecided:
    return ItemDecided(**draft.shared(ItemDecided), **decided.shared(ItemDecided))


def _close(draft: Draft, *decisions: Fact, now: Now) -> Outcome[State]:
    """Every owner has decided as far as it will: approve what may leave, or refuse for lack of it.

    What an owner let leave does so only while its agreement is in force. Owners of other items are
    named if they let themselves be, with the item and with the decision (R34).
    """
    by_item = {decided.item_id: decided for decided in draft.decided}
    items, named = [], []
    for item in draft.items:
        decided = by_item.get(item.item_id)
        if decided and decided.digest and now.agreement_with(decided.owner):
            items.append(_approved_item(item, decided))
        elif item.signpost and (decided is None or decided.signpost):
            named.append(item.owner)
    signposts = tuple(_signposts([*named, *draft.left_out], now.policy))
    if not items and not signposts:
        nothing = "Nothing is proportionate to the rating."
        return _refused(
            draft, "No owner lets anything leave." if draft.items else nothing, *decisions
        )
    approved = ProductApproved(items=tuple(items), signposts=signposts, **draft.shared(ProductHead))
    after = Approved(owners=draft.owners, **draft.shared(Closed))
    return Outcome(after, (*decisions, approved))


def _approved_item(item: DraftItem, decided: Decided) -> ApprovedItem:
    text = item.original if decided.choice is Choice.RELEASE_ORIGINAL else item.sanitised
    return ApprovedItem(text=text, **decided.shared(ApprovedItem))


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
    refused = ProductRefused(voided=voided, reason=reason, **draft.shared(ProductRefused))
    after = Refused(owners=draft.owners, **draft.shared(Closed))
    return Outcome(after, (*decisions, refused))


STEP: Step[State] = Step(
    name="approve",
    hears=(ProductDrafted, ReleaseDecided, ProductVoided),
    state=State,
    key=product_of,
    decide=decide,
)
