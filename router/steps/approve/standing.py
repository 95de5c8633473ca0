"""What an owner releases beforehand: in its agreement, or by a dated message of its own (R29, R30).

Each owner's messages are remembered in a state of their own, which stands beside every referral's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.step import Outcome, referral_or_message, refuse
from router.steps import gate
from router.steps.approve.state import Approvals, Draft, Standing, State
from router.steps.identity import NOT_DECIDED
from router.steps.now import Now
from router.steps.sanitising.residue import residue
from schemas.decisions import StandingFact, StandingReleased, StandingWithdrawn
from schemas.identity import IdentityBlock, LeftOut
from schemas.message import Message
from schemas.policy import ItemKind, StandingRelease
from schemas.product import DraftItem, OfConcern, ProductDrafted
from schemas.rating import TimerElapsed
from schemas.safety import SafetySettled

STANDING = "standing/"
"""Before an owner's code: under what its own is remembered."""


def key(message: Message) -> str:
    """The referral, of an amended notification that of its version 1: what an owner says of one
    version is of all. Or the owner that releases something beforehand.
    """
    data = message.data
    if isinstance(data, StandingFact):
        return STANDING + data.agency
    if isinstance(data, TimerElapsed):
        return data.key
    if isinstance(data, OfConcern | SafetySettled) and data.concern_id is not None:
        return data.concern_id
    return referral_or_message(message)


def beside(message: Message) -> tuple[str, ...]:
    """What owners release beforehand bears on what waits for nobody, or not for long; and what they
    withhold of the same words elsewhere on all.
    """
    data = message.data
    if isinstance(data, StandingFact):
        return (key(message),)
    if not isinstance(data, ProductDrafted):
        return ()
    owners = (STANDING + item.owner for item in data.items) if data.goes_beforehand else ()
    others = (id_ for id_ in data.said_before if id_ != key(message))
    return tuple(dict.fromkeys((*owners, *others)))


def join(own: State | None, others: Mapping[str, State]) -> State | None:
    """The referral's state with what its owners release beforehand, and say of the same words."""
    if isinstance(own, Standing):
        return own
    found = {
        name.removeprefix(STANDING): one
        for name, one in others.items()
        if isinstance(one, Standing)
    }
    elsewhere = tuple(one for one in others.values() if isinstance(one, Approvals))
    return (own or Approvals()).model_copy(update={"standing": found, "elsewhere": elsewhere})


def change(
    standing: Standing | None, told: StandingReleased | StandingWithdrawn, *, now: Now
) -> Outcome[State]:
    """Note an owner's standing release, or that it takes one back; by its decision makers alone."""
    decision, known = told.decision, standing or Standing()
    if not now.may_decide(told.agency, decision.decided_by):
        return refuse("refused.decision-maker", "decided_by")
    if isinstance(told, StandingReleased):
        release = StandingRelease(**told.decision.shared(StandingRelease))
        changed = {**known.releases, decision.standing_id: release}
        return Outcome(Standing(releases=changed))
    if decision.standing_id not in known.releases:
        return refuse("refused.unknown-subject", "standing_id")
    left = {id_: one for id_, one in known.releases.items() if id_ != decision.standing_id}
    return Outcome(Standing(releases=left))


def released(
    known: Approvals, item: DraftItem, *, draft: Draft, now: Now
) -> tuple[StandingRelease, ItemKind] | None:
    """By what its owner has released such an item to this recipient for this purpose, if it has,
    and as what.

    Never what it flagged as restricted, nor what another agency says is its own; nor anything
    without an agreement in force (R50), nor unsigned where its owner signs what it lets leave; nor
    words in which the sanitiser may have left somebody in.
    """
    if item.restricted or item.held_by is not None:
        return None
    found = _covered(known, item, draft=draft, now=now)
    may_stay = gate.stays(_told(draft), notice=draft.school_notice, now=now)
    if found is None or residue(item.sanitised, stays=may_stay, day=now.today):
        return None
    return found


def _covered(
    known: Approvals, item: DraftItem, *, draft: Draft, now: Now
) -> tuple[StandingRelease, ItemKind] | None:
    for release in _releases(known, item.owner, now=now):
        for kind in _kinds(item, draft):
            if release.covers(kind, draft.recipient, purpose=draft.purpose, day=now.today):
                return release, kind
    return None


def _told(draft: Draft) -> IdentityBlock | None:
    """Whom it is about, as far as that is told where nobody is asked."""
    if draft.identity is None:
        return None
    asks = (LeftOut(field=field, reason=NOT_DECIDED) for field in draft.identity.asks)
    return draft.identity.block.leaving_out((*draft.untold, *asks))


def given(release: StandingRelease, kind: ItemKind, *, now: Now) -> dict[str, Any]:
    """What is remembered of how it let an item leave; where nobody signs yet, nothing."""
    if release.envelope is None:
        return {"decided_at": now.at} if now.policy.signed else {}
    return {"decided_at": now.at, "envelope": release.envelope, "standing": kind.value}


def _kinds(item: DraftItem, draft: Draft) -> Iterator[ItemKind]:
    """What it is; whoever releases a notification has released less of it, too."""
    if draft.school_notice:
        yield ItemKind.SCHOOL_NOTICE
    yield ItemKind.NOTIFICATION if item.notification else ItemKind.INFORMATION


def _releases(known: Approvals, owner: str, *, now: Now) -> Iterator[StandingRelease]:
    agreement = now.agreement_with(owner)
    if agreement is None:
        return
    told = list(agreement.standing_release if agreement.text_sha256 is not None else ())
    if owner in known.standing:
        told += known.standing[owner].releases.values()
    yield from (one for one in told if is_given(one, owner, now=now))


def is_given(release: StandingRelease, owner: str, *, now: Now) -> bool:
    """Whether it counts: signed in these very words, or by an owner that does not sign yet."""
    if release.envelope is None:
        return gate.may_go_unsigned(owner, now)
    told = gate.standing_holds(release.envelope, owner, made_at=now.at, now=now)
    return told is not None and told.release == release.model_copy(update={"envelope": None})
