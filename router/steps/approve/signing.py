"""What an owner is to sign, and whether what it sent is that, signed with a key of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from router.steps import gate
from router.steps.approve.state import Decided, Draft, deciders
from router.steps.now import Now
from schemas.decisions import ReleaseDecided, ReleaseDecision
from schemas.envelope import NotSigned
from schemas.policy import ApprovalKey
from schemas.product import (
    ApprovedItem,
    Choice,
    DraftItem,
    Item,
    OwnerApproval,
    Redaction,
    release_digest,
)
from schemas.refusals import Refusal
from schemas.statement import ReleaseStatement, redaction_map, text_digest

_OWN: Final = frozenset({"decided_by", "rationale", "profile", "not_before", "expires"})
"""What of a statement its owner adds, or is of the moment at which it was asked."""


def statements(
    draft: Draft, item: DraftItem, *, agency: str, basis: Mapping[str, Any], now: Now
) -> tuple[ReleaseStatement, ...]:
    """What an agency with a key is to sign: of the sanitised words, and of the original ones."""
    if not gate.must_sign(agency, now):
        return ()
    asked = _Asked(draft, item, agency, basis, now)
    told = [(item.sanitised, item.redactions), (item.original, ())]
    each = (asked.statement(text, taken_out) for text, taken_out in told)
    return tuple({one.text_sha256: one for one in each}.values())


def refusal(
    draft: Draft, decided: ReleaseDecided, *, basis: Mapping[str, Any], now: Now
) -> Refusal | None:
    """Why an approval does not count: it has to be signed and is not, or something else is."""
    decision, agency = decided.decision, decided.agency
    if decision.envelope is None:
        allowed = gate.may_go_unsigned(agency, now)
        return None if allowed else Refusal("refused.unsigned", "envelope")
    try:
        keys, payload = gate.opened(decision.envelope, agency, made_at=now.at, now=now)
        told = ReleaseStatement.parse(payload)
    except NotSigned:
        return Refusal("refused.signature", "envelope")
    item = draft.item(decision.item_id)
    if _wrote(item, keys):
        return Refusal("refused.author", "envelope")
    if not gate.signed_by(told, keys, now=now):
        return Refusal("refused.signature", "decided_by")
    asked = _Asked(draft, item, agency, basis, now)
    wanted = asked.statement(*_chosen(item, decision))
    if (field := _otherwise(told, wanted, follows=draft.follows)) is not None:
        return Refusal("refused.statement", f"envelope.{field}")
    return _not_the_decision(told, decision, now=now)


def _wrote(item: DraftItem, keys: Sequence[ApprovalKey]) -> bool:
    """Whether one of who signed it wrote it."""
    return any(gate.same_name(item.decided_by, key.decided_by) for key in keys)


def at(now: Now, decided: ReleaseDecided) -> dict[str, Any]:
    """What is remembered of how an approval was given; where nobody signs yet, nothing."""
    envelope = decided.decision.envelope
    if envelope is None and not now.policy.signed:
        return {}
    return {"decided_at": now.at, "envelope": envelope}


def approvals(draft: Draft, items: tuple[ApprovedItem, ...]) -> Iterator[OwnerApproval]:
    """On what these items leave, each with every agency that decides about it."""
    for item in items:
        for agency in deciders(draft.item(item.item_id)):
            one = draft.decision(item.item_id, agency)
            if one is not None and one.decided_at is not None:
                yield OwnerApproval(agency=agency, **one.shared(OwnerApproval))


def has_run_out(decided: Decided, now: Now) -> bool:
    """Whether an approval that was given lets its item leave no more."""
    if decided.envelope is None and not gate.may_go_unsigned(decided.owner, now):
        return True
    if decided.decided_at is None:
        return False
    lasts = dt.timedelta(days=now.profile.approvals_last)
    if now.at >= decided.decided_at + lasts:
        return True
    return decided.envelope is not None and not _still_holds(decided, now)


def _still_holds(decided: Decided, now: Now) -> bool:
    """Whether its signatures hold now, as the gate will look at them: a key may have been revoked
    while the product waited, and what others let leave of it goes on without this item.
    """
    envelope, made_at = decided.envelope, decided.decided_at
    assert envelope is not None
    assert made_at is not None
    if decided.standing is not None:
        held = gate.standing_holds(envelope, decided.owner, made_at=made_at, now=now)
        until = held.release.until if held else None
        return held is not None and (until is None or now.today <= until)
    try:
        keys, payload = gate.opened(envelope, decided.owner, made_at=made_at, now=now)
        told = ReleaseStatement.parse(payload)
    except NotSigned:
        return False
    return gate.signed_by(told, keys, now=now) and not gate.is_over(told, now)


def _not_the_decision(
    told: ReleaseStatement, decision: ReleaseDecision, *, now: Now
) -> Refusal | None:
    """Whether who decided, why and when is what the message around it says."""
    if not gate.same_name(told.decided_by, decision.decided_by):
        return Refusal("refused.statement", "envelope.decided_by")
    if told.rationale not in (None, decision.reason):
        return Refusal("refused.statement", "envelope.rationale")
    over = gate.is_over(told, now)
    return Refusal("refused.run-out", "envelope.expires") if over else None


def _otherwise(
    told: ReleaseStatement, wanted: ReleaseStatement, *, follows: str | None
) -> str | None:
    """The first field that is not as it should be. Who was asked about a product signed for that
    one, and not for the one in which the item follows.
    """
    fields = (one for one in ReleaseStatement.model_fields if one not in _OWN)
    for name in fields:
        said, is_ = getattr(told, name), getattr(wanted, name)
        if name == "product_id" and said == follows:
            continue
        if said != is_:
            return name
    return None


def _chosen(item: DraftItem, decision: ReleaseDecision) -> tuple[str, tuple[Redaction, ...]]:
    if decision.choice is Choice.RELEASE_REWORDED:
        return decision.text or "", ()
    if decision.choice is Choice.RELEASE_ORIGINAL:
        return item.original, ()
    return item.sanitised, item.redactions


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """One item of a draft, put before one agency on a legal basis."""

    draft: Draft
    item: DraftItem
    agency: str
    basis: Mapping[str, Any]
    now: Now

    @property
    def _needs_two(self) -> bool:
        """Whether two people have to sign, by the profile and the item's class."""
        which = self.now.profile.two_people_for
        return which == "everything" or (which == "restricted" and self.item.restricted)

    def statement(self, text: str, taken_out: Sequence[Redaction]) -> ReleaseStatement:
        """What it signs to let these words leave."""
        draft, item, now = self.draft, self.item, self.now
        lasts = dt.timedelta(days=now.profile.approvals_last)
        told = release_digest(
            item_id=item.item_id,
            recipient=draft.recipient,
            purpose=draft.purpose,
            text=text,
            about=draft.identity_digest,
        )
        return ReleaseStatement(
            agency=self.agency,
            item_id=item.item_id,
            text_sha256=text_digest(text),
            digest=told,
            sources=tuple(Item(item_id=item.item_id, owner=one) for one in deciders(item)),
            about=draft.identity_digest or None,
            referral_id=draft.concern_id or draft.referral_id,
            product_id=draft.product_id,
            case_id=draft.case_id,
            recipient=draft.recipient,
            purpose=draft.purpose,
            legal_gateway=self.basis["legal_basis"],
            redactions_sha256=redaction_map(taken_out),
            people=2 if self._needs_two else 1,
            profile=now.profile.title,
            not_before=now.at,
            expires=now.at + lasts,
        )
