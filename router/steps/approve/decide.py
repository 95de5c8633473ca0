"""Hop 6: each owner decides about its own items, bound to bytes and recipient (R27 to R31, L1).

A referral's products are decided about together: what an owner withholds of one, no other product,
recipient, purpose, rating or standing release lets out, until that owner lifts it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from router.step import Outcome, Step, refuse
from router.steps import gate
from router.steps.approve import consent, signing, standing
from router.steps.approve.amending import (
    AMENDED,
    in_other_words,
    told_of_no_more,
    withdrawn,
)
from router.steps.approve.closing import (
    awaited,
    basis_of,
    cancellations,
    item_decided,
    refused,
    requests,
    settled,
    too_late,
    voided,
    withheld_before,
)
from router.steps.approve.guarding import (
    STOPPED,
    allowed,
    at_once,
    dangers,
    held,
    proposed,
    waits,
    without,
)
from router.steps.approve.likeness import heard, others_words, said_before, says_others
from router.steps.approve.owing import elapsed, watched
from router.steps.approve.rulings import Word, has_reason, rule, told_of, withheld_again, withhold
from router.steps.approve.state import (
    Approvals,
    Approved,
    Closed,
    Decided,
    Draft,
    Merged,
    Refused,
    Standing,
    State,
    Void,
    Withheld,
    deciders,
)
from router.steps.approve.wording import wording
from router.steps.now import Now
from schemas.base import Fact
from schemas.consent import ConsentRecorded
from schemas.decisions import (
    ItemRuled,
    ReleaseDecided,
    ReleaseDecision,
    StandingReleased,
    StandingWithdrawn,
)
from schemas.identity import IdentityField
from schemas.letter import Letter
from schemas.message import Message
from schemas.policy import Policy
from schemas.product import (
    ApprovalsCancelled,
    Choice,
    DraftItem,
    Item,
    ProductDrafted,
    ProductEnded,
    ProductVoided,
    release_digest,
)
from schemas.rating import TimerElapsed
from schemas.refusals import Refusal
from schemas.safety import Danger, Hit, SafetyChoice, SafetySettled


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Put a draft before its owners, or take an owner's decision about an item.

    Refuses what is not that owner's to decide so.
    """
    now = Now(message.time, policy)
    if isinstance(message.data, StandingReleased | StandingWithdrawn):
        before = state if isinstance(state, Standing) else None
        return standing.change(before, message.data, now=now)
    known = state if isinstance(state, Approvals) else Approvals()
    return watched(known, _heard(known, message, now=now), key=standing.key(message), now=now)


def _heard(known: Approvals, message: Message, *, now: Now) -> Outcome[Approvals]:
    match message.data:
        case ProductDrafted() as drafted:
            return _open(known, drafted, now=now)
        case ReleaseDecided() as decided:
            return _take(known, decided, now=now)
        case ItemRuled() as ruled:
            return rule(known, ruled, now=now)
        case ProductVoided() as gone:
            return _cancel(known, (gone.product_id,), reason=gone.reason, now=now)
        case ApprovalsCancelled() as cancelled:
            return _cancel(known, cancelled.product_ids, reason=cancelled.reason, now=now)
        case ProductEnded() as ended:
            return _cancel(known, (ended.product_id,), reason=ended.reason, now=now)
        case ConsentRecorded() as word:
            return consent.heard(known, word, now=now)
        case SafetySettled() as found:
            return _go_on(known, found, now=now)
        case TimerElapsed(due_at=due_at):
            return elapsed(known, due_at, now=now)
    return Outcome()


# --- drafts


def _open(known: Approvals, drafted: ProductDrafted, *, now: Now) -> Outcome[Approvals]:
    draft, before = _draft(drafted), known.products.get(drafted.product_id)
    if isinstance(before, Void):
        return refused(known, draft, before.reason, voided=True)
    if before is not None:
        return Outcome()
    carried = tuple(said_before(known, draft))
    for one in carried:
        known = known.withholding(one)
    told = tuple(
        told_of(Word(one, draft.referral_id, draft.case_id, draft.product_id)) for one in carried
    )
    letters = tuple(withheld_before(draft, one, now=now) for one in carried if not one.ask_again)
    outcome = _opened(heard(known, draft), drafted, draft=draft, now=now)
    return replace(outcome, facts=(*told, *outcome.facts), letters=(*letters, *outcome.letters))


def _opened(
    known: Approvals, drafted: ProductDrafted, *, draft: Draft, now: Now
) -> Outcome[Approvals]:
    if drafted.supersedes is None:
        if drafted.follows is not None:
            return _follow(known, draft, now=now)
        return _put(known, draft, items=draft.deciders, now=now)
    items = {one.item_id for one in drafted.weighing}
    known, told_less = told_of_no_more(known, items - {*draft.deciders})
    outcome = _supersede(known, draft, items=items, of=drafted.supersedes, now=now)
    return replace(outcome, facts=(*told_less, *outcome.facts))


def _put(known: Approvals, draft: Draft, *, items: Collection[str], now: Now) -> Outcome[Approvals]:
    """Put these items of a draft before who decides about them, as far as they have not.

    Where somebody would be at risk a human is asked first (L7).
    """
    items = {*items, *(draft.held.items if draft.held else ())}
    new = [one for one in _decided_before(known, draft, now=now) if one.item_id in items]
    new += _written(known, draft.with_decided(*new), items=items, now=now)
    after = draft.with_decided(*new)
    hits = dangers(after, proposed(after), now=now)
    if waits(draft, hits):
        return held(known, draft, hits, items=sorted(items), now=now)
    after, facts = after.model_copy(update={"held": None}), list[Fact]()
    if hits:
        after, fact = at_once(after, hits, now=now)
        facts.append(fact)
    facts += (item_decided(after, one) for one in new if one in after.decided)
    outcome = settled(known, after, *facts, now=now)
    wanted = {one for one in awaited(after, now) if one[0] in items}
    return replace(outcome, letters=tuple(requests(after, wanted, now=now)) if draft.waits else ())


def _follow(known: Approvals, draft: Draft, *, now: Now) -> Outcome[Approvals]:
    """What a product went without is put before its owner once more, which may have decided since.

    Whose whole chain was told already has no further clock.
    """
    before_id = known.standing_as(draft.follows or "")
    before = known.products.get(before_id)
    if not isinstance(before, Approved):
        # Nothing of it went: what is lifted is a product of its own, unless it waits for nobody.
        own = draft if draft.urgent else draft.model_copy(update={"follows": None})
        return _put(known, own, items=draft.deciders, now=now)
    later = before.without | dict.fromkeys(draft.deciders, draft.product_id)
    early = [one for one in before.early if one.decision.item_id in draft.deciders]
    left = tuple(one for one in before.early if one not in early)
    followed = before.going_without(draft).model_copy(update={"without": later, "early": left})
    waits = draft.model_copy(update={"late": before.hushed})
    outcome = _put(known.with_product(before_id, followed), waits, items=draft.deciders, now=now)
    for one in early:
        taken = _take(outcome.state or known, one, now=now)
        if taken.refusal is None and taken.state is not None:
            outcome = replace(taken, facts=(*outcome.facts, *taken.facts))
    return outcome


def _supersede(
    known: Approvals, draft: Draft, *, items: set[str], of: str, now: Now
) -> Outcome[Approvals]:
    """Items in other words: in the earlier product while that waits, else in one of their own."""
    earlier = known.product(of)
    if isinstance(earlier, Draft):
        merged = known.with_product(draft.product_id, Merged(into=earlier.product_id))
        after, asked = in_other_words(earlier, draft, items=items)
        return _put(merged, after, items=asked, now=now)
    if earlier is None:
        return Outcome(known.with_product(draft.product_id, Void(reason=AMENDED)))
    if not isinstance(earlier, Approved):
        return _put(known, draft, items=draft.deciders, now=now)
    product_id, left = known.standing_as(of), items.intersection(earlier.left)
    known, taken_back = withdrawn(known, product_id, product=earlier, items=left)
    if not draft.items:
        gone = known.with_product(draft.product_id, Void(reason=AMENDED))
        return Outcome(gone, tuple(taken_back))
    outcome = _put(known, draft, items=draft.deciders, now=now)
    return replace(outcome, facts=(*taken_back, *outcome.facts))


def _go_on(known: Approvals, found: SafetySettled, *, now: Now) -> Outcome[Approvals]:
    """A human has decided about what was held back here."""
    draft = known.products.get(found.product_id or "")
    if not isinstance(draft, Draft) or draft.held is None or draft.held.hold_id != found.hold_id:
        return Outcome()
    if found.choice is SafetyChoice.DO_NOT_SEND:
        return refused(known, draft, STOPPED)
    after, items = allowed(draft, found), draft.held.items
    return _put(known, after, items=items, now=now) if items else settled(known, after, now=now)


def _draft(drafted: ProductDrafted) -> Draft:
    return Draft(
        left_out=tuple(
            one.held_by or one.owner
            for one in drafted.weighing
            if one.signpost and not one.included
        ),
        **drafted.shared(Draft),
    )


def _decided_before(known: Approvals, draft: Draft, *, now: Now) -> Iterator[Decided]:
    """What owners have decided already: what they withhold; and for an urgent product, which never
    waits, or a notice to a school, what they release beforehand. What they leave open is signposted
    (R19, R34).
    """
    for item in draft.items:
        for agency in deciders(item):
            withheld = known.withheld_by(item.item_id, agency)
            if withheld is None and draft.goes_beforehand:
                yield from _released_before(known, item, draft=draft, now=now)
            elif withheld is not None and (not draft.waits or not withheld.ask_again):
                yield withheld_again(withheld)


def _written(known: Approvals, draft: Draft, *, items: Collection[str], now: Now) -> list[Decided]:
    """Who of its owner wrote an item for this product lets it leave by that; but where it says what
    another agency told and has not let leave, or its owner signs what it lets leave, it is put
    before its owner.
    """
    return [
        Decided(
            choice=Choice.RELEASE_ORIGINAL,
            digest=item.original_digest,
            reason="It was written for whoever is told at once.",
            signpost=item.signpost,
            leaves_out=draft.identity.asks if draft.identity else (),
            decided_by=item.decided_by,
            decided_at=now.at if now.policy.signed else None,
            **item.shared(Item),
        )
        for item in draft.items
        if item.decided_by
        and item.item_id in items
        and draft.decision(item.item_id, item.owner) is None
        and gate.may_go_unsigned(item.owner, now)
        and not says_others(known, draft, item=item, text=item.original)
    ]


def _released_before(
    known: Approvals, item: DraftItem, *, draft: Draft, now: Now
) -> Iterator[Decided]:
    found = standing.released(known, item, draft=draft, now=now)
    if found is not None:
        release, kind = found
        yield Decided(
            choice=Choice.RELEASE_SANITISED,
            digest=item.sanitised_digest,
            reason=release.reason,
            signpost=item.signpost,
            decided_by=release.decided_by,
            leaves_out=tuple(_untold_beforehand(known, item.owner, draft=draft, now=now)),
            **standing.given(release, kind, now=now),
            **item.shared(Item),
        )


def _untold_beforehand(
    known: Approvals, owner: str, *, draft: Draft, now: Now
) -> Iterator[IdentityField]:
    """What of the child is not told with what its owner releases beforehand. Who is a risk stands
    in the words of the notification: they are let leave with these.
    """
    its = (one for one in draft.items if one.notification and one.owner == owner)
    goes = any(standing.released(known, one, draft=draft, now=now) for one in its)
    for field in draft.identity.asks if draft.identity else ():
        if not (goes and field is IdentityField.RISKS):
            yield field


# --- owners' decisions about an item of one product


def _take(known: Approvals, decided: ReleaseDecided, *, now: Now) -> Outcome[Approvals]:
    decision = decided.decision
    later = known.follower(decision.product_id, decision.item_id)
    if later != decision.product_id:
        decision = decision.model_copy(update={"product_id": later})
        decided = decided.model_copy(update={"decision": decision})
    if decision.referral_id is None:
        return refuse("missing.field", "referral_id")
    stage = known.product(decision.product_id)
    if stage is None or not _decides_there(stage, decided.agency):
        return refuse("refused.unknown-subject", "product_id")
    if refusal := _not_theirs(stage, decided) or _not_so(stage, decided, now=now):
        return Outcome(refusal=refusal)
    if _says_others(known, stage, decided=decided):
        return refuse("refused.others-words", "item_id")
    return _taken(known, stage, decided, now=now)


def _taken(
    known: Approvals, stage: Draft | Closed, decided: ReleaseDecided, *, now: Now
) -> Outcome[Approvals]:
    """What comes of an owner's decision that may be followed."""
    decision = decided.decision
    assert decision.referral_id is not None
    new = _decided(stage, decision, owner=decided.agency)
    # Whoever guesses at what another agency withholds is not to hear that the guess is right.
    new = new.model_copy(update={"kept_back": _others_words(known, stage, decided=decided)})
    if decision.choice is not Choice.WITHHOLD:
        new = new.model_copy(update=signing.at(now, decided))
    if decision.choice is Choice.WITHHOLD:
        withheld = Withheld(ask_again=decision.ask_again, **new.shared(Withheld))
        product_id = known.standing_as(decision.product_id)
        word = Word(withheld, decision.referral_id, decision.case_id, product_id)
        return withhold(known, word, now=now)
    if isinstance(stage, Approved) and decision.item_id in stage.without:
        after = stage.model_copy(update={"early": (*stage.early, decided)})
        return Outcome(known.with_product(known.standing_as(decision.product_id), after))
    if isinstance(stage, Refused) and stage.voided:
        return too_late(stage, decision, by=decided.agency)
    return _release(known, stage, new=new, now=now)


def _decides_there(stage: Draft | Closed, agency: str) -> bool:
    """Whether an agency decides about anything of a product; to others there is none."""
    return any(agency in deciding for deciding in stage.deciders.values())


def _not_theirs(stage: Draft | Closed, decided: ReleaseDecided) -> Refusal | None:
    """Only its owner decides about an item (R30); who sends is what the credential says. To others
    nothing tells whether there is such an item.
    """
    if decided.agency not in stage.deciders.get(decided.decision.item_id, ()):
        return Refusal("refused.unknown-subject", "item_id")
    if decided.decision.case_id != stage.case_id:
        return Refusal("refused.unknown-subject", "case_id")
    return None


def _not_so(stage: Draft | Closed, decided: ReleaseDecided, *, now: Now) -> Refusal | None:
    """Whether the owner may decide, and did so about what it was shown, for whom and what for."""
    decision = decided.decision
    if now.agreement_with(decided.agency) is None:
        return Refusal("refused.agreement")
    if not now.may_decide(decided.agency, decision.decided_by):
        return Refusal("refused.decision-maker", "decided_by")
    if decision.recipient != stage.recipient:
        return Refusal("refused.recipient", "recipient")
    if decision.purpose != stage.purpose:
        return Refusal("refused.purpose", "purpose")
    if decision.choice is Choice.WITHHOLD:
        return None if has_reason(decision.reason) else Refusal("refused.reason-missing", "reason")
    if decision.choice is Choice.RELEASE_REWORDED and not has_reason(decision.text):
        return Refusal("missing.field", "text")
    return _not_shown(stage, decided, now=now) if isinstance(stage, Draft) else None


def _not_shown(stage: Draft, decided: ReleaseDecided, *, now: Now) -> Refusal | None:
    """Whether it is about what its owner was shown, and signed by who has to sign."""
    decision = decided.decision
    if decision.leaves_out and (stage.identity is None or stage.identity.owner != decided.agency):
        return Refusal("refused.not-yours", "leaves_out")
    item = stage.item(decision.item_id)
    reworded = decision.choice is Choice.RELEASE_REWORDED
    if reworded and decision.instead_of != item.original_digest:
        return Refusal("refused.digest", "instead_of")
    if decision.digest == _digest(stage, decision):
        basis = basis_of(stage, decided.agency, now=now)
        return signing.refusal(stage, decided, basis=basis, now=now)
    return Refusal("refused.digest", "digest")


def _others_words(known: Approvals, stage: Draft | Closed, *, decided: ReleaseDecided) -> bool:
    """Whether the owner's own words say what another agency withholds."""
    decision = decided.decision
    if decision.choice is not Choice.RELEASE_REWORDED or not isinstance(stage, Draft):
        return False
    return others_words(
        known, stage.item(decision.item_id), agency=decided.agency, text=decision.text or ""
    )


def _says_others(known: Approvals, stage: Draft | Closed, *, decided: ReleaseDecided) -> bool:
    """Whether words of the lead agency's own say what another agency has not let leave."""
    decision = decided.decision
    if decision.choice is Choice.WITHHOLD or not isinstance(stage, Draft):
        return False
    item = stage.item(decision.item_id)
    text = decision.text if decision.choice is Choice.RELEASE_REWORDED else item.original
    return bool(item.decided_by) and says_others(known, stage, item=item, text=text or "")


def _digest(draft: Draft, decision: ReleaseDecision) -> str:
    """Of the bytes that the owner chooses, for whom, what for and about whom."""
    item = draft.item(decision.item_id)
    if decision.choice is Choice.RELEASE_REWORDED:
        return release_digest(
            item_id=item.item_id,
            recipient=decision.recipient,
            purpose=decision.purpose,
            text=decision.text or "",
            about=draft.identity_digest,
        )
    original = decision.choice is Choice.RELEASE_ORIGINAL
    return item.original_digest if original else item.sanitised_digest


def _decided(stage: Draft | Closed, decision: ReleaseDecision, *, owner: str) -> Decided:
    withheld = decision.choice is Choice.WITHHOLD
    words = None
    if isinstance(stage, Draft) and decision.choice is Choice.RELEASE_REWORDED:
        words = wording(stage.item(decision.item_id).original, decision.text or "")
    return Decided(
        item_id=decision.item_id,
        owner=owner,
        choice=decision.choice,
        digest=None if withheld else decision.digest,
        reason=decision.reason or "Its owner releases it.",
        signpost=decision.signpost,
        signpost_to=decision.signpost_to,
        decided_by=decision.decided_by,
        wording=words,
        leaves_out=decision.leaves_out,
    )


def _release(
    known: Approvals, stage: Draft | Closed, *, new: Decided, now: Now
) -> Outcome[Approvals]:
    """What its owner withholds it has to lift first, unless it wanted to be asked."""
    about = [one for one in stage.decided if one.item_id == new.item_id]
    earlier = next((one for one in about if one.owner == new.owner), None)
    ours = {"wording": None, "kept_back": False}  # what the hub makes of it
    if earlier and new.unsigned.model_copy(update=ours) == earlier.unsigned.model_copy(update=ours):
        return Outcome()
    if earlier is not None and known.withheld_by(new.item_id, new.owner):
        return refuse("refused.withheld", "item_id")
    if earlier is not None or not isinstance(stage, Draft):
        return refuse("refused.closed", "item_id")
    if any(other.digest not in (None, new.digest) for other in about):
        return refuse("refused.other-words", "digest")
    after = stage.with_decided(new)
    if new.kept_back:
        kept = without(after, (_kept(new),), written_by=new.owner, now=now)
        return settled(known, after, item_decided(after, new), kept, now=now)
    if len(stage.deciders[new.item_id]) == 1:
        return settled(known, after, item_decided(after, new), now=now)
    after = after.agreed(new)
    outcome = settled(known, after, item_decided(after, new), now=now)
    other = {one for one in awaited(after, now) if one[0] == new.item_id}
    return replace(outcome, letters=tuple(requests(after, other, now=now)))


def _kept(decided: Decided) -> Hit:
    """For the human who is told that an owner's own words are not let leave."""
    return Hit(
        danger=Danger.WITHHELD_WORDS,
        whose="another agency",
        where=f"items.{decided.item_id}",
        says="Its owner's own words for it say what another agency does not let be told: the rest "
        "goes without them. Have its owner say it in other words, and do not tell why.",
    )


def _cancel(
    known: Approvals, product_ids: Collection[str], *, reason: str, now: Now
) -> Outcome[Approvals]:
    """What waits is refused, and who was asked is told; what was approved is the release step's."""
    before, facts, letters = known, list[Fact](), list[Letter]()
    for product_id in product_ids:
        stage = known.products.get(product_id)
        if stage is None:
            known = known.with_product(product_id, Void(reason=reason))
        elif isinstance(stage, Draft):
            outcome = voided(known, stage, reason, now=now)
            known = outcome.state or known
            facts += outcome.facts
            letters += cancellations(stage, now)
    return Outcome(known if known is not before else None, tuple(facts), tuple(letters))


STEP: Step[State] = Step(
    name="approve",
    hears=(
        ProductDrafted,
        ReleaseDecided,
        ItemRuled,
        StandingReleased,
        StandingWithdrawn,
        ProductVoided,
        ProductEnded,
        ApprovalsCancelled,
        ConsentRecorded,
        SafetySettled,
        TimerElapsed,
    ),
    state=State,
    key=standing.key,
    mostly_by="referral",
    decide=decide,
    beside=standing.beside,
    join=standing.join,
)
