"""The gate: what lets a product's words leave, looked at by itself (R27 to R31).

It believes no state: only the product as it would leave, what its owners signed, and the keys that
their agreements register. Releasing asks it, and so does whoever hands the product out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from router.steps.now import Now
from router.steps.passkeys import asserted
from router.steps.sanitising.residue import residue
from schemas.envelope import Envelope, NotSigned
from schemas.identity import IdentityBlock
from schemas.policy import ApprovalKey, ItemKind, Policy, is_shared, plain_name
from schemas.product import ApprovedItem, OwnerApproval, ProductApproved, release_digest
from schemas.statement import ReleaseStatement, StandingStatement, stated, text_digest

OTHER_BYTES: Final = "It is not what its owner approved."
UNSIGNED: Final = "Its owner has not signed it."
NOT_THEIRS: Final = "Its owner's signature does not hold."
OVER: Final = "Its owner's approval has run out."
REVOKED: Final = "The key with which its owner approved it was revoked."
LEFT_IN: Final = "It may tell who somebody is, and its owner has not looked at it."


@dataclass(frozen=True, slots=True)
class Fault:
    """Which item may not leave, as the product counts them, and why."""

    number: int
    why: str


def fault(approved: ProductApproved, *, approved_at: dt.datetime, now: Now) -> Fault | None:
    """Why the product may not leave now; None where every owner of everything in it lets it.

    ``approved_at``: when it was approved, for what says itself no time.
    """
    for number, item in enumerate(approved.items):
        if why := _fault(approved, item, approved_at=approved_at, now=now):
            return Fault(number, why)
    return None


def ended(approved: ProductApproved, *, approved_at: dt.datetime, now: Now) -> tuple[Fault, ...]:
    """The items that may leave no more though all was well as their owners decided: a key was
    revoked, or the approval has run out. None where anything else is wrong with any item.
    """
    found = list[Fault]()
    for number, item in enumerate(approved.items):
        why = _fault(approved, item, approved_at=approved_at, now=now)
        if why is None:
            continue
        if why not in (NOT_THEIRS, OVER):
            return ()
        given = (one for one in approved.approvals if one.item_id == item.item_id)
        then = max((one.decided_at for one in given), default=now.at)
        if _fault(approved, item, approved_at=approved_at, now=Now(then, _unrevoked(now))):
            return ()
        found.append(Fault(number, OVER if why == OVER else REVOKED))
    return tuple(found)


def must_sign(agency: str, now: Now) -> bool:
    """Whether what this agency lets leave has to be signed."""
    partner = now.policy.partners.get(agency)
    return bool(partner and partner.agreement and partner.agreement.signs(now.at))


def may_go_unsigned(agency: str, now: Now) -> bool:
    """Whether what this agency has approved counts without a signature. Once it has a key nothing
    does, whenever it was approved: that time is the hub's own word.
    """
    if must_sign(agency, now):
        return False
    partner = now.policy.partners.get(agency)
    until = partner.agreement.unsigned_until if partner and partner.agreement else None
    return not now.policy.signed or (until is not None and now.today <= until)


def opened(
    envelope: Envelope, agency: str, *, made_at: dt.datetime, now: Now
) -> tuple[tuple[ApprovalKey, ...], bytes]:
    """What the agency signed, and with whose keys; raises ``NotSigned``, also where any signature
    in the name of a key of its own is none. A key that is registered for two is nobody's.
    """
    named, every = {one.keyid for one in envelope.signatures}, [*_registered(now)]
    own = (key for code, key in every if code == agency and key.id in named)
    keys = tuple(
        key for key in own if key.counts(made_at, at=now.at) and not is_shared(key, agency, every)
    )
    told = {key.opens(envelope) for key in keys}
    if len(told) != 1:
        raise NotSigned
    for key in keys:
        asserted(envelope, key)
    return keys, told.pop()


def _registered(now: Now) -> Iterator[tuple[str, ApprovalKey]]:
    for code, partner in now.policy.partners.items():
        for key in partner.agreement.keys if partner.agreement else ():
            yield code, key


def _unrevoked(now: Now) -> Policy:
    """The policy as if nobody had revoked a key."""
    partners = dict(now.policy.partners)
    for code, partner in partners.items():
        if (agreement := partner.agreement) and agreement.keys:
            keys = tuple(one.model_copy(update={"revoked_at": None}) for one in agreement.keys)
            changed = agreement.model_copy(update={"keys": keys})
            partners[code] = partner.model_copy(update={"agreement": changed})
    return now.policy.model_copy(update={"partners": partners})


def signed_by(told: ReleaseStatement, keys: Sequence[ApprovalKey], *, now: Now) -> bool:
    """Whether who is said to decide is among who signed, and these are as many as have to, by what
    was signed and by the profile.
    """
    people = {plain_name(key.decided_by) for key in keys}
    wanted = max(told.people, people_for_everything(now))
    return plain_name(told.decided_by or "") in people and len(people) >= wanted


def people_for_everything(now: Now) -> int:
    """How many people of an owner have to sign whatever leaves."""
    return 2 if now.profile.two_people_for == "everything" else 1


def is_over(told: ReleaseStatement, now: Now) -> bool:
    """Whether an approval does not count yet or any more, or lasts longer than one may."""
    lasts = dt.timedelta(days=now.profile.approvals_last)
    return not told.not_before <= now.at < min(told.expires, told.not_before + lasts)


def standing_holds(
    envelope: Envelope | None, agency: str, *, made_at: dt.datetime, now: Now
) -> StandingStatement | None:
    """What the agency releases beforehand by this envelope, as far as it signed that."""
    if envelope is None:
        return None
    try:
        keys, payload = opened(envelope, agency, made_at=made_at, now=now)
        told = StandingStatement.parse(payload)
    except NotSigned:
        return None
    people = {plain_name(key.decided_by) for key in keys}
    named = plain_name(told.release.decided_by) in people
    enough = len(people) >= people_for_everything(now)
    return told if named and enough and told.agency == agency else None


def stays(about: IdentityBlock | None, *, notice: bool, now: Now) -> tuple[str, ...]:
    """What may stand in words that their owner has not looked at: names that are told beside them,
    and, in a notice to a school, the words of the profile.
    """
    names = about.names if about else ()
    called = [" ".join((*one.given_name, *one.family_name)) for one in names]
    called += [one.preferred_name for one in names if one.preferred_name]
    notices = now.profile.school_notices
    return (*called, *([notices.says] if notice and notices else []))


def same_name(one: str | None, other: str) -> bool:
    """Whether two names are one person's, whatever their case and spaces."""
    return one is not None and plain_name(one) == plain_name(other)


def _fault(
    approved: ProductApproved, item: ApprovedItem, *, approved_at: dt.datetime, now: Now
) -> str | None:
    digest = release_digest(
        item_id=item.item_id,
        recipient=approved.recipient,
        purpose=approved.purpose,
        text=item.text,
        about=approved.identity_digest,
    )
    if item.digest != digest:
        return OTHER_BYTES
    given = {one.agency: one for one in approved.approvals if one.item_id == item.item_id}
    said = {agency: told for agency, one in given.items() if (told := stated(one)) is not None}
    for owner in _owners(item, said=said, given=given):
        one = given.get(owner) or OwnerApproval(
            item_id=item.item_id, agency=owner, decided_at=approved_at
        )
        if why := _unapproved(approved, item, one=one, said=said.get(owner), now=now):
            return why
    return None


def _owners(
    item: ApprovedItem, *, said: dict[str, ReleaseStatement], given: Iterable[str]
) -> Iterator[str]:
    """All whose word is needed: its owner, who else approved, and who the signed say there is."""
    sources = (source.owner for one in said.values() for source in one.sources)
    yield from dict.fromkeys((item.owner, *given, *sources))


def _unapproved(
    approved: ProductApproved,
    item: ApprovedItem,
    *,
    one: OwnerApproval,
    said: ReleaseStatement | None,
    now: Now,
) -> str | None:
    if one.envelope is None:
        if not may_go_unsigned(one.agency, now):
            return UNSIGNED
        until = one.decided_at + dt.timedelta(days=now.profile.approvals_last)
        return OVER if now.policy.signed and now.at >= until else None
    if one.standing is not None:
        return _unreleased(approved, item, one=one, now=now)
    try:
        keys, _ = opened(one.envelope, one.agency, made_at=one.decided_at, now=now)
    except NotSigned:
        return NOT_THEIRS
    if said is None:
        return NOT_THEIRS
    if not (_is_of(said, approved, item=item) and said.agency == one.agency):
        return OTHER_BYTES
    if not signed_by(said, keys, now=now):
        return NOT_THEIRS
    in_time = said.not_before <= one.decided_at < said.expires
    return OVER if not in_time or is_over(said, now) else None


def _is_of(told: ReleaseStatement, approved: ProductApproved, *, item: ApprovedItem) -> bool:
    """Whether a statement is about these bytes, for this recipient and purpose."""
    wanted = (
        (told.item_id, item.item_id),
        (told.text_sha256, text_digest(item.text)),
        (told.digest, item.digest),
        (told.about or "", approved.identity_digest),
        (told.case_id, approved.case_id),
        (told.recipient, approved.recipient),
        (told.purpose, approved.purpose),
    )
    ours = told.product_id in (approved.product_id, approved.follows)
    return ours and all(said == is_ for said, is_ in wanted)


def _unreleased(
    approved: ProductApproved, item: ApprovedItem, *, one: OwnerApproval, now: Now
) -> str | None:
    """Why what was released beforehand does not let an item leave."""
    told = standing_holds(one.envelope, one.agency, made_at=one.decided_at, now=now)
    if told is None:
        return NOT_THEIRS
    kind, whom = _kind(one), approved.recipient
    if kind is None:
        return NOT_THEIRS
    for day in (now.day_of(one.decided_at), now.today):
        if not told.release.covers(kind, whom, purpose=approved.purpose, day=day):
            return OVER
    may_stay = stays(approved.about, notice=approved.school_notice, now=now)
    if residue(item.text, stays=may_stay, day=now.day_of(one.decided_at)):
        return LEFT_IN
    until = one.decided_at + dt.timedelta(days=now.profile.approvals_last)
    return OVER if now.at >= until else None


def _kind(one: OwnerApproval) -> ItemKind | None:
    return next((kind for kind in ItemKind if kind == one.standing), None)
