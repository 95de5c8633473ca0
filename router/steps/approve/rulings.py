"""What an owner says of its item for every product of a referral: withheld, lifted, recalled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from router.step import Outcome, refuse
from router.steps.approve.amending import AMENDED
from router.steps.approve.closing import (
    answered,
    awaited,
    item_decided,
    requests,
    settled,
    signposts_to,
)
from router.steps.approve.likeness import alike
from router.steps.approve.state import Approvals, Approved, Decided, Draft, Refused, Withheld
from router.steps.now import Now
from schemas.base import Fact
from schemas.decisions import ItemRuled, Ruling
from schemas.letter import Letter
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    Item,
    ItemAmended,
    ItemLifted,
    ItemWithheld,
    ProductWithout,
    item_of_school_notice,
)
from schemas.sharing import names_to


@dataclass(frozen=True, slots=True, repr=False)
class Word:
    """What an owner withholds from now on, and how it said so.

    ``product_id``: about which product it was asked, if it was. ``recall``: recipients that have
    the item are to give it back.
    """

    withheld: Withheld
    referral_id: str
    case_id: str
    product_id: str | None = None
    recall: bool = False


def rule(known: Approvals, ruled: ItemRuled, *, now: Now) -> Outcome[Approvals]:
    """Follow an owner's ruling, which says why; to others nothing tells whether there is such an
    item.
    """
    decision, agency = ruled.decision, ruled.agency
    if not known.decides(decision.item_id, agency):
        return refuse("refused.unknown-subject", "item_id")
    if not now.may_decide(agency, decision.decided_by):
        return refuse("refused.decision-maker", "decided_by")
    if decision.ruling is Ruling.LIFT:
        return _lift(known, ruled, now=now)
    if decision.ruling is Ruling.AMEND:
        return _amend(known, ruled, now=now)
    if not has_reason(decision.reason):
        return refuse("refused.reason-missing", "reason")
    word = Word(
        Withheld(owner=agency, **decision.shared(Withheld)),
        decision.referral_id,
        decision.case_id,
        recall=decision.ruling is Ruling.RECALL,
    )
    return withhold(known, word, now=now)


def _amend(known: Approvals, ruled: ItemRuled, *, now: Now) -> Outcome[Approvals]:
    """Composing puts the item in its new words before its owner again, wherever it is in."""
    decision = ruled.decision
    if now.agreement_with(ruled.agency) is None:
        return refuse("refused.agreement")
    if decision.text is None or not has_reason(decision.text):
        return refuse("missing.field", "text")
    if decision.item_id in map(item_of_school_notice, known.referrals_with(decision.item_id)):
        return refuse("refused.closed", "item_id")  # the profile words it; it can be withheld
    given = {"reason": decision.reason or AMENDED, "owner": ruled.agency}
    facts = (
        ItemAmended(**decision.shared(ItemAmended) | given | {"referral_id": referral_id})
        for referral_id in known.referrals_with(decision.item_id)
    )
    return Outcome(facts=tuple(facts))


def has_reason(reason: str | None) -> bool:
    """Whether it says anything."""
    return bool(reason and reason.strip())


def withheld_again(withheld: Withheld) -> Decided:
    """What its owner's lasting word makes of the item in one more product."""
    return Decided(choice=Choice.WITHHOLD, digest=None, **withheld.shared(Decided))


def withhold(known: Approvals, word: Word, *, now: Now) -> Outcome[Approvals]:
    """Take the item, and what is the same to its owner, out of every draft and back from every
    product: recalled where its owner says so, else only where the recipient has not fetched it.
    """
    after, facts, letters = known, list[Fact](), list[Letter]()
    for item_id in alike(known, word.withheld.item_id, agency=word.withheld.owner):
        one = word.withheld.model_copy(update={"item_id": item_id})
        outcome = _withhold(after, replace(word, withheld=one), now=now)
        after, facts = outcome.state or after, [*facts, *outcome.facts]
        letters += outcome.letters
    return Outcome(after, tuple(facts), tuple(letters)) if facts else Outcome()


def _withhold(known: Approvals, word: Word, *, now: Now) -> Outcome[Approvals]:
    withheld, after, facts, letters = word.withheld, known, list[Fact](), list[Letter]()
    if known.withheld_by(withheld.item_id, withheld.owner) != withheld:
        after = known.withholding(withheld)
        facts.append(told_of(word))
    for draft in _holding(known, word):
        left = draft.with_decided(withheld_again(withheld))
        outcome = settled(after, left, item_decided(left, withheld_again(withheld)), now=now)
        after, facts = outcome.state or after, [*facts, *outcome.facts]
        if draft.product_id != word.product_id:
            letters += answered(draft, withheld.item_id, agency=withheld.owner, now=now)
    for product_id, product in known.in_stage(Approved):
        changed = product.taking_back(withheld.item_id, recall=word.recall)
        if changed != product:
            after = after.with_product(product_id, changed)
            facts.append(_withdrawn(product, word, product_id=product_id, now=now))
    return Outcome(after, tuple(facts), tuple(letters)) if facts else Outcome()


def told_of(word: Word) -> ItemWithheld:
    """The fact of what an owner withholds."""
    return ItemWithheld(
        referral_id=word.referral_id,
        case_id=word.case_id,
        **word.withheld.shared(ItemWithheld),
    )


def _holding(known: Approvals, word: Word) -> Iterator[Draft]:
    """The drafts that the item is taken out of: all, unless its owner wants to be asked; then those
    for which it had released the item, and the one that it decides about.
    """
    withheld = word.withheld
    for product_id, draft in known.in_stage(Draft):
        if withheld.owner not in draft.deciders.get(withheld.item_id, ()):
            continue
        before = draft.decision(withheld.item_id, withheld.owner)
        asked = before is None and withheld.ask_again and product_id != word.product_id
        if not asked and before != withheld_again(withheld):
            yield draft


def _withdrawn(product: Approved, word: Word, *, product_id: str, now: Now) -> ApprovalWithdrawn:
    withheld = word.withheld
    agrees = names_to(withheld, product.recipient)
    named = agrees and withheld.item_id not in product.silent
    signposts = signposts_to([withheld.owner] if named else [], now)
    told = {"signpost": next(signposts, None), "recall": word.recall}
    return ApprovalWithdrawn(
        product_id=product_id,
        **withheld.shared(ApprovalWithdrawn) | product.shared(ApprovalWithdrawn) | told,
    )


def _lift(known: Approvals, ruled: ItemRuled, *, now: Now) -> Outcome[Approvals]:
    """Its owner is asked anew about every draft that waits, and about what is to follow each that
    went without it; nothing leaves by lifting alone.
    """
    decision = ruled.decision
    if now.agreement_with(ruled.agency) is None:
        return refuse("refused.agreement")
    ours = {(id_, ruled.agency) for id_ in alike(known, decision.item_id, agency=ruled.agency)}
    withheld = sorted(one for one in ours if known.withheld_by(*one))
    if not withheld:
        return Outcome()
    given = {"reason": decision.reason or "Its owner withholds it no longer."}
    given |= {"owner": ruled.agency}
    told = decision.shared(ItemLifted) | given
    outcome = Outcome(known, tuple(ItemLifted(**told | {"item_id": id_}) for id_, _ in withheld))
    for one in withheld:
        outcome = replace(outcome, state=(outcome.state or known).lifted(*one))
    for product_id, draft in known.in_stage(Draft):
        open_again = draft.without(*withheld).asking_again(ruled.agency)
        if {id_ for id_, _ in withheld}.intersection(draft.deciders):
            after = (outcome.state or known).with_product(product_id, open_again)
            letters = requests(open_again, awaited(open_again, now) & ours, now=now)
            outcome = replace(outcome, state=after, letters=(*outcome.letters, *letters))
    follow = tuple(_to_follow(known, withheld))
    return replace(outcome, facts=(*outcome.facts, *follow))


def _to_follow(known: Approvals, lifted: Sequence[tuple[str, str]]) -> Iterator[ProductWithout]:
    """For each product that its recipient had, or was to have, without what is lifted."""
    for product_id, product in (*known.in_stage(Approved), *known.in_stage(Refused)):
        gone = {*product.left} - {*product.withdrawn} if isinstance(product, Approved) else set()
        items = tuple(
            Item(item_id=id_, owner=owner)
            for id_, owner in lifted
            if owner in product.deciders.get(id_, ()) and id_ not in gone
        )
        voided = isinstance(product, Refused) and product.voided is not None
        if items and product.colour and not voided:
            told = product.shared(ProductWithout) | {"product_id": product_id, "items": items}
            yield ProductWithout(because="lifted", **told)
