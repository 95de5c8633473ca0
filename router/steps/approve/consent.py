"""What is said of consent while owners decide: they are asked anew, knowing it (R10, L5)."""

from __future__ import annotations

from router.step import Outcome
from router.steps.approve.closing import awaited, requests
from router.steps.approve.state import Approvals, Draft
from router.steps.now import Now
from schemas.consent import ConsentAnswer, ConsentRecorded
from schemas.gathering import Overrule, RuledOut, WithoutConsent
from schemas.letter import Letter


def heard(known: Approvals, word: ConsentRecorded, *, now: Now) -> Outcome[Approvals]:
    """Who has not decided about what waits is told on what it stands now; no clock begins anew."""
    after, letters = known, list[Letter]()
    for product_id, draft in known.in_stage(Draft):
        if draft.referral_id != word.referral_id or draft.school_notice:
            continue
        stands = since(draft.without_consent, word)
        if stands == draft.without_consent:
            continue
        changed = draft.model_copy(update={"without_consent": stands})
        after = after.with_product(product_id, changed)
        if changed.waits and changed.held is None:
            letters += requests(changed, awaited(changed, now), now=now)
    return Outcome(after if after is not known else None, letters=tuple(letters))


def since(before: WithoutConsent | None, word: ConsentRecorded) -> WithoutConsent | None:
    """An overriding, and asking, leave what they said as it was."""
    if word.answer is ConsentAnswer.ASKED_FOR:
        return before
    if word.answer is ConsentAnswer.REFUSED:
        return before or WithoutConsent()
    if word.answer is not ConsentAnswer.OVERRIDDEN:
        return None
    if before is None or not word.reason or not word.legal_basis:
        return before
    new = Overrule(
        reason=RuledOut.CONSENT_REFUSED, rationale=word.reason, legal_basis=word.legal_basis
    )
    return WithoutConsent(instead=(*before.instead, new))
