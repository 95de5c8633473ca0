"""What owners are told of consent when they are asked whether their words may leave (R10, L5)."""

from __future__ import annotations

from collections.abc import Iterator

from router.steps.compose.gathering import ConsentHeard, Gathering
from schemas.consent import ConsentAnswer
from schemas.gathering import Overrule, RuledOut, WithoutConsent


def without_consent(state: Gathering) -> WithoutConsent | None:
    """That parents refused, by the last word, with what was given instead; None where they did
    not.
    """
    refused, overridden = bool(state.notified and state.notified.consent_refused), None
    answered = (one for one in state.consents if one.answer is not ConsentAnswer.ASKED_FOR)
    for one in sorted(answered, key=lambda word: word.asked_at or word.at):
        if one.answer is ConsentAnswer.OVERRIDDEN:
            overridden = one
        else:
            refused, overridden = one.answer is ConsentAnswer.REFUSED, None
    if not refused:
        return None
    return WithoutConsent(instead=(*state.overrules, *_overruling(overridden)))


def _overruling(word: ConsentHeard | None) -> Iterator[Overrule]:
    if word is not None and word.reason and word.legal_basis:
        yield Overrule(
            reason=RuledOut.CONSENT_REFUSED, rationale=word.reason, legal_basis=word.legal_basis
        )
