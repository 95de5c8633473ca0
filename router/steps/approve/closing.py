"""When a product waits for nobody any more: what leaves of it, and who is named instead (R34)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from router.step import Outcome
from router.steps.approve.guarding import OWNER_LEFT_OUT, about, dangers, held, untold
from router.steps.approve.likeness import others_words, without_others
from router.steps.approve.signing import approvals, has_run_out, statements
from router.steps.approve.state import (
    Approvals,
    Approved,
    Closed,
    Decided,
    Draft,
    Refused,
    deciders,
    words_of,
)
from router.steps.approve.words import told_by
from router.steps.asking import UNTOLD, WORDLESS, as_it_stands
from router.steps.identity import rung, told_to_owners
from router.steps.now import Now
from schemas.base import Fact
from schemas.decisions import ReleaseDecision
from schemas.identity import IdentityBlock, IdentityField, LeftOut
from schemas.letter import Letter
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.policy import Policy
from schemas.product import (
    ApprovedItem,
    DraftItem,
    Item,
    ItemDecided,
    OwnerSilent,
    ProductApproved,
    ProductHead,
    ProductRefused,
    ProductWithout,
    Signpost,
    items_of_notification,
)
from schemas.sharing import names_to

Awaited = Collection[tuple[str, str]]
"""Items, each with an agency that decides about it."""


def awaited(draft: Draft, now: Now) -> set[tuple[str, str]]:
    """The items about which an agency under an agreement in force (R50) has not decided.

    Nobody waits for others, and nothing of theirs leaves; nor for the second of two once the first
    keeps the item in.
    """
    return {
        (item.item_id, agency)
        for item in draft.items
        for agency in deciders(item)
        if draft.decision(item.item_id, agency) is None
        and not draft.kept_in(item.item_id)
        and now.agreement_with(agency) is not None
    }


def requests(draft: Draft, wanted: Awaited, *, now: Now) -> Iterator[Letter]:
    """These items, each put before who decides about it.

    What one agency says is another's is shown to that one only once who told it lets it leave, and
    in no other words.
    """
    for item in draft.items:
        told = draft.shared(ApprovalRequest)
        told |= {"referral_id": draft.concern_id or draft.referral_id}
        for agency in deciders(item):
            if (item.item_id, agency) in wanted and may_be_shown(draft, item, agency=agency):
                basis = basis_of(draft, agency, now=now)
                shown = _shown(draft, agency, policy=now.policy) | basis
                sign = statements(draft, item, agency=agency, basis=basis, now=now)
                shown |= _called(item, agency)
                notice = ApprovalRequest(statements=sign, **told | shown)
                name = f"approval-request/{draft.product_id}/{item.item_id}/{agency}"
                yield Letter(name, agency=agency, notice=notice)


def _called(item: DraftItem, agency: str) -> dict[str, Any]:
    """The item, and what the agency itself calls it: others are not told that."""
    own = item.reference if agency == told_by(item) else None
    return {"item": item.model_copy(update={"reference": None}), "your_reference": own}


_STANDS = "A rating of this colour stands on its own legal basis though consent was refused."
_NO_BASIS = "Consent was refused, and nobody has given another legal basis."


ANSWERED = "You have withheld this item, so you need not decide about this product as well."


def basis_of(draft: Draft, agency: str, *, now: Now) -> dict[str, Any]:
    """On what an owner is asked; where consent was refused that too, with what was given instead
    and why (L5).
    """
    notices, rule = now.profile.school_notices, now.rule(draft.colour)
    if draft.school_notice and notices is not None:
        return {"legal_basis": notices.legal_basis}
    refused = draft.without_consent
    if refused is None:
        return {"legal_basis": rule.legal_basis}
    told = {"legal_basis": rule.legal_basis, "consent": "refused"}
    if rule.without_consent:
        return told | {"basis_reason": _STANDS}
    given = (one for one in refused.instead if one.agency in (None, agency))
    instead = next((one for one in given if one.legal_basis), None)
    if instead is None:
        return told | {"basis_reason": _NO_BASIS}
    return told | {"legal_basis": instead.legal_basis, "basis_reason": instead.rationale}


def cancellations(draft: Draft, now: Now) -> Iterator[Letter]:
    """To each agency that was asked and has not decided: nothing is awaited of it any more."""
    for agency in sorted({agency for _, agency in _asked(draft, now)}):
        name = f"approval-cancelled/{draft.product_id}/{agency}"
        yield Letter(name, agency=agency, notice=_not_awaited(draft, now))


def answered(draft: Draft, item_id: str, *, agency: str, now: Now) -> Iterator[Letter]:
    """To an agency that was asked about an item and has withheld it elsewhere since: that has
    answered this too.
    """
    if (item_id, agency) in _asked(draft, now):
        notice = _not_awaited(draft, now).model_copy(update={"item_id": item_id, "says": ANSWERED})
        name = f"approval-answered/{draft.product_id}/{item_id}/{agency}"
        yield Letter(name, agency=agency, notice=notice)


WITHHELD_BEFORE = (
    "You told this in the same words before and withhold those, so this item is withheld as well. "
    "If you do not mean it of this concern, lift it by a mash.item-decision.v1."
)


def withheld_before(draft: Draft, item: Item, *, now: Now) -> Letter:
    """To an owner of which nothing is asked about an item, as it withholds the same words."""
    says = {"item_id": item.item_id, "says": WITHHELD_BEFORE}
    notice = _not_awaited(draft, now).model_copy(update=says)
    name = f"approval-withheld-before/{draft.product_id}/{item.item_id}"
    return Letter(name, agency=item.owner, notice=notice)


def _asked(draft: Draft, now: Now) -> set[tuple[str, str]]:
    """What agencies were asked and have not decided: an urgent product asks nobody."""
    unasked = draft.held.items if draft.held else ()
    by_id = {item.item_id: item for item in draft.items}
    return {
        (id_, agency)
        for id_, agency in (awaited(draft, now) if draft.waits else ())
        if id_ not in unasked and may_be_shown(draft, by_id[id_], agency=agency)
    }


def _not_awaited(draft: Draft, now: Now) -> ApprovalCancellation:
    told = draft.shared(ApprovalCancellation)
    told |= {"referral_id": draft.concern_id or draft.referral_id}
    return ApprovalCancellation(about=_told_of(draft, now), **told)


def voided(
    known: Approvals, draft: Draft, reason: str, *decisions: Fact, now: Now
) -> Outcome[Approvals]:
    """Nothing of it leaves, and who has not decided need not any more."""
    outcome = refused(known, draft, reason, *decisions, voided=True)
    told = {"voided": reason, "about": _told_of(draft, now)}
    after = Refused(deciders=draft.deciders, **draft.shared(Closed) | told)
    return replace(outcome, state=known.with_product(draft.product_id, after))


def too_late(stage: Refused, decision: ReleaseDecision, *, by: str) -> Outcome[Approvals]:
    """It crossed the word that nobody need decide any more: that is no fault of whoever sent it."""
    notice = ApprovalCancellation(
        product_id=decision.product_id,
        referral_id=decision.referral_id or stage.referral_id,
        case_id=stage.case_id,
        recipient=stage.recipient,
        purpose=stage.purpose,
        about=stage.about,
        item_id=decision.item_id,
        says=f"Your decision is kept, and came too late: {stage.voided}"[:500],
    )
    name = f"approval-too-late/{decision.product_id}/{decision.item_id}"
    return Outcome(letters=(Letter(name, agency=by, notice=notice),))


def _told_of(draft: Draft, now: Now) -> IdentityBlock | None:
    block = draft.identity and draft.identity.block.leaving_out(draft.untold)
    return told_to_owners(rung(block, now.policy), now.policy) if block else None


def _shown(draft: Draft, owner: str, *, policy: Policy) -> dict[str, Any]:
    """Whom it is about, for an owner: where the child is, is shown to who told it alone."""
    if draft.identity is None:
        return {}
    block = rung(draft.identity.block.leaving_out(draft.untold), policy)
    if owner == draft.identity.owner:
        shown = {"about": block, "asks": draft.identity.asks}
    else:
        shown = {"about": told_to_owners(block, policy)}
    return shown | {"about_digest": draft.identity_digest}


def may_be_shown(draft: Draft, item: DraftItem, *, agency: str) -> bool:
    """Whether the item may be put before an agency that decides about it: who told it in that
    one's name decides first.
    """
    if item.held_by is None or agency == item.held_by:
        return True
    first = draft.decision(item.item_id, item.held_by)
    return first is not None and first.digest is not None


def item_decided(draft: Draft, decided: Decided) -> ItemDecided:
    """The fact of a decision about an item of a product."""
    return ItemDecided(**draft.shared(ItemDecided), **decided.shared(ItemDecided))


def settled(known: Approvals, draft: Draft, *decisions: Fact, now: Now) -> Outcome[Approvals]:
    """The draft as far as it is decided: closed where it waits for nobody, as an urgent one never
    does (R19), or for none but owners whose time is over, where the profile has it go without.
    """
    waits = awaited(draft, now) if draft.waits else ()
    if any(agency not in passed_over(draft, now) for _, agency in waits):
        return Outcome(known.with_product(draft.product_id, draft), decisions)
    return _closed(known, draft, *decisions, now=now)


def passed_over(draft: Draft, now: Now) -> tuple[str, ...]:
    """Owners for whose decision it does not wait any longer; what follows waits for its own."""
    wait = now.silent_owner(draft.colour).then == "wait" or draft.follows is not None
    return () if wait else draft.late


def silent_in(draft: Draft, agency: str, *, now: Now) -> Iterator[OwnerSilent]:
    """That a draft waits for an owner whose time is over."""
    items = _undecided(draft, now, by=(agency,))
    if items:
        told = draft.shared(OwnerSilent) | {"items": items}
        yield OwnerSilent(owner=agency, **told)


def _undecided(draft: Draft, now: Now, *, by: Collection[str] | None = None) -> tuple[Item, ...]:
    """What is still awaited, each with who is to decide."""
    waits = awaited(draft, now)
    return tuple(
        Item(item_id=item.item_id, owner=agency)
        for item in draft.items
        for agency in deciders(item)
        if (item.item_id, agency) in waits and (by is None or agency in by)
    )


def _closed(known: Approvals, draft: Draft, *decisions: Fact, now: Now) -> Outcome[Approvals]:
    """Approve what may leave, or refuse for lack of it; where nothing would leave but what is still
    awaited, it waits.

    What an owner let leave does so only while its agreement is in force. Owners of other items are
    named if they let themselves be, with the item and with the decision.
    """
    draft = _telling_of_risks(known, draft)
    found = [(item, _approved(known, draft, item=item, now=now)) for item in draft.items]
    items = tuple(approved for _, approved in found if approved is not None)
    hits = dangers(draft, {f"items.{item.item_id}": item.text for item in items}, now=now)
    if hits:
        return held(known, draft, hits, *decisions, now=now)
    kept = (item for item, approved in found if approved is None)
    named = (agency for item in kept for agency in _named(draft, item, now=now))
    told = known.named_before(draft)
    others = (one for one in (*named, *draft.left_out) if one not in told)
    signposts, open_ = tuple(signposts_to(others, now)), _undecided(draft, now)
    if not items and not signposts and draft.alleged is None:
        return _empty(known, draft, *decisions, waits=bool(open_) and draft.waits, now=now)
    fact = ProductApproved(
        items=items,
        signposts=signposts,
        untold=untold(draft),
        about=about(draft, now),
        approvals=tuple(approvals(draft, items)),
        **draft.shared(ProductHead) | _said(known, draft, now=now),
    )
    after = known.with_product(draft.product_id, _as_approved(draft, fact, without=open_))
    return Outcome(after, (*decisions, fact, *_without(draft, open_)))


def _said(known: Approvals, draft: Draft, *, now: Now) -> dict[str, str | None]:
    """What it says in the hub's own words."""
    return {"alleged": _alleged(known, draft, now=now), "not_released": _not_released(known, draft)}


def _not_released(known: Approvals, draft: Draft) -> str | None:
    """That the notifier's words are not released to its recipient; not where they are by now, nor
    where it wants nobody to know that it withholds them.
    """
    if draft.not_released is None or draft.identity is None:
        return None
    narrative, *_ = items_of_notification(draft.concern_id or draft.referral_id, 0)
    withheld = known.withheld_by(narrative, draft.identity.owner)
    silent = withheld is not None and not names_to(withheld, draft.recipient)
    told = any(
        one.recipient == draft.recipient and narrative in {*one.left} - {*one.withdrawn}
        for _, one in known.in_stage(Approved)
    )
    return None if silent or told else draft.not_released


def _empty(
    known: Approvals, draft: Draft, *decisions: Fact, waits: bool, now: Now
) -> Outcome[Approvals]:
    """Nothing would leave now: it waits for who has not decided, or is refused."""
    if waits:
        silent = (one for agency in draft.late for one in silent_in(draft, agency, now=now))
        after = known.with_product(draft.product_id, draft)
        return Outcome(after, (*decisions, *silent))
    nothing = "Nothing is proportionate to the rating."
    why = "No owner lets anything leave." if draft.items else nothing
    return refused(known, draft, why, *decisions)


def _alleged(known: Approvals, draft: Draft, *, now: Now) -> str | None:
    """What the concern is about, unless who notified it withholds its words: signs of it, and who
    read them, tell what they say. Nobody tells another agency's words as its own.
    """
    if draft.alleged is None or draft.identity is None:
        return draft.alleged
    told_by = now.agreement_with(draft.identity.owner)
    untold = as_it_stands(UNTOLD, unconfirmed=draft.unconfirmed)
    if _keeps(known, draft) or told_by is None:
        return untold
    said = without_others(known, draft, draft.alleged, by=now.policy.lead_agency)
    return said or as_it_stands(WORDLESS, unconfirmed=draft.unconfirmed)


def _keeps(known: Approvals, draft: Draft) -> bool:
    """Whether who notified it withholds its words, in whatever version."""
    concerns = filter(None, (draft.referral_id, draft.concern_id))
    owner = draft.identity.owner if draft.identity else None
    return known.keeps_notification(*concerns, owner=owner)


def _telling_of_risks(known: Approvals, draft: Draft) -> Draft:
    """The draft; where who notified it withholds its words and lets none of its own leave with it,
    without who is a risk to the child.
    """
    identity, risks = draft.identity, IdentityField.RISKS
    if identity is None or not identity.block.leaving_out(untold(draft)).told(risks):
        return draft
    # What was released beforehand says nothing of words that its owner withholds since.
    released = draft.waits and any(
        one.owner == identity.owner and one.digest for one in draft.decided
    )
    if released or not _keeps(known, draft):
        return draft
    left_out = LeftOut(field=risks, reason=OWNER_LEFT_OUT)
    return draft.model_copy(update={"untold": (*draft.untold, left_out)})


def _without(draft: Draft, items: tuple[Item, ...]) -> Iterator[ProductWithout]:
    if items:
        told = draft.shared(ProductWithout) | {"items": items}
        yield ProductWithout(because="silent" if draft.waits else "urgent", **told)


def _as_approved(draft: Draft, fact: ProductApproved, *, without: Iterable[Item]) -> Approved:
    later: dict[str, str | None] = {one.item_id: None for one in without}
    risks = fact.about is not None and fact.about.told(IdentityField.RISKS)
    tells = risks or fact.alleged is not None
    told_of = (one.item_id for one in draft.items if one.notification and one.item_id in later)
    return Approved(
        deciders=draft.deciders,
        left=tuple(item.item_id for item in fact.items),
        silent=tuple(item.item_id for item in draft.items if not item.signpost),
        without=later,
        hushed=tuple(one for one in draft.late if later and one not in draft.clocks),
        named=tuple(one.owner for one in fact.signposts) if later else (),
        tells_of=tuple(told_of) if tells else (),
        **draft.shared(Closed),
    )


def _approved(known: Approvals, draft: Draft, *, item: DraftItem, now: Now) -> ApprovedItem | None:
    """The item in the words that all who decide about it have approved, if they have; not where
    another agency has withheld since what an owner put into words of its own.
    """
    decided = [draft.decision(item.item_id, agency) for agency in deciders(item)]
    first = decided[0]
    if first is None or first.digest is None or len({one and one.digest for one in decided}) > 1:
        return None
    if not item.decided_by and any(now.agreement_with(agency) is None for agency in deciders(item)):
        return None
    if first.kept_back:
        return None
    if any(one and one.digest and has_run_out(one, now) for one in decided):
        return None
    if first.wording and others_words(known, item, agency=first.owner, text=first.wording.text):
        return None
    return ApprovedItem(text=words_of(item, first), **first.shared(ApprovedItem))


def _named(draft: Draft, item: DraftItem, *, now: Now) -> Iterator[str]:
    """Who is named in an item's place: who told it, if it lets itself be; and another agency whose
    the item is said to be only once that has said so itself. Of who was silent the profile says.
    """
    unnamed = now.silent_owner(draft.colour).then == "without" and draft.waits
    for agency in deciders(item):
        decided = draft.decision(item.item_id, agency)
        if decided is None and unnamed and agency in draft.late:
            continue
        told_it = agency == (item.held_by or item.owner)
        agrees = names_to(decided, draft.recipient) if decided else told_it
        if item.signpost and agrees:
            yield agency


def signposts_to(owners: Iterable[str], now: Now) -> Iterator[Signpost]:
    """Whom to contact at each of these owners."""
    for owner in dict.fromkeys(owners):
        partner = now.policy.partners.get(owner)
        if partner is not None:
            yield Signpost(owner=owner, contact=partner.signpost_contact)


def refused(
    known: Approvals, draft: Draft, reason: str, *decisions: Fact, voided: bool = False
) -> Outcome[Approvals]:
    """Nothing of the product leaves."""
    fact = ProductRefused(voided=voided, reason=reason, **draft.shared(ProductRefused))
    after = Refused(deciders=draft.deciders, **draft.shared(Closed))
    return Outcome(known.with_product(draft.product_id, after), (*decisions, fact))
