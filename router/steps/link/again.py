"""Is it a concern that was told before, under a new reference? Looked at after linking, and only
among what is told of the child: it is kept, rated and shown, and counts as no repeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from router.linkage import Linkage
from router.linkage.another import agrees, is_other_of_incident, told_apart
from router.linkage.concerns import LATEST, is_again
from router.linkage.resends import plain_reference
from router.steps.link.register import Evidence, PersonRecord, Register
from schemas.case import LinkOutcome, VersionMoved

_LATEST: Final = 5


def near_in_time(record: PersonRecord, piece: Evidence) -> list[str]:
    """The person's referrals that were observed about the time of this piece."""
    day = piece.observed_at.toordinal()
    return [id_ for id_, at, _ in record.told if abs(at - day) <= LATEST.days + 1]


def told_first(known: Register, decision: Linkage) -> str | None:
    """The referral that told of the same concern first; None for a new concern."""
    new = known.incoming
    if new is None:
        return None
    account = new.account()
    for piece in _of_the_child(known, decision):
        if piece.id not in known.standard and is_again(account, piece.account()):
            return piece.again or piece.id
    return None


def said_before(known: Register, decision: Linkage, *, piece: Evidence) -> dict[str, object]:
    """The child's latest concerns that its agency told in these very words (rules since 4); of one
    case, as what owners say of that is decided in its order.
    """
    if known.rules < 4 or decision.outcome is not LinkOutcome.LINKED:
        return {}
    words = piece.account().words
    same = [
        resent_from(known, one).get("resent_from") or one.again or one.id
        for one in _of_the_child(known, decision)
        if one.id != piece.id and one.agency == piece.agency and one.account().words == words
    ]
    others = [one for one in dict.fromkeys(same) if one not in (piece.id, piece.again)]
    return {"said_before": tuple(others[-_LATEST:])} if others else {}


def resent_from(known: Register, piece: Evidence) -> dict[str, str]:
    """Where what a piece amends, or tells again, told again itself: what told of the concern first,
    as its link says that (rules since 4). What owners say of it is said of all.
    """
    first, seen = piece.again, set[str]()
    while first and (before := known.evidence.get(first)) and before.again and first not in seen:
        seen.add(first)
        first = before.again
    return {"resent_from": first} if known.rules >= 4 and first and first != piece.again else {}


def told_again(known: Register, piece: Evidence) -> dict[str, str]:
    """Which concern a referral tells again that is linked anew: what its agency amends, or what it
    sends again (rules since 4).
    """
    if known.rules < 4 or piece.again is None:
        return {}
    first = known.evidence.get(piece.again)
    own = first is not None and first.agency == piece.agency
    version = own and first is not None and _plain(first) == _plain(piece)
    told = {"amends" if version else "same_concern_as": piece.again}
    return told | resent_from(known, piece)


def left_behind(
    known: Register, moved: Sequence[tuple[Evidence, Evidence]]
) -> Iterator[VersionMoved]:
    """The latest version with its child where a later one was moved to another (rules since 4)."""
    gone = {now.id for _, now in moved}
    for was, now in moved if known.rules >= 4 else ():
        order = known.known(was.person_id).evidence
        pieces = [known.evidence[id_] for id_ in order if id_ in known.evidence]
        stays = [one.id for one in pieces if one.id not in gone and _are_versions(one, was)]
        left = now.person_id != was.person_id and was.id in order and bool(stays)
        if left and order.index(stays[-1]) < order.index(was.id):
            yield VersionMoved(referral_id=stays[-1], case_id=was.case_id, moved=was.id)


def _are_versions(one: Evidence, other: Evidence) -> bool:
    """Whether both are of the same notification of the same agency."""
    same = (one.again or one.id) == (other.again or other.id)
    amends = one.again == other.id or other.again == one.id
    own = one.is_referral and one.agency == other.agency
    return own and (same or amends) and _plain(one) == _plain(other)


def _plain(piece: Evidence) -> str:
    return plain_reference(piece.reference)


def _of_the_child(known: Register, decision: Linkage) -> Iterator[Evidence]:
    """What is told of the child linked to, or, while a human is asked, of whoever has its name."""
    for record in known.people:
        if _may_be(known, record, decision=decision):
            for id_, _, _ in record.told:
                if id_ in known.evidence:
                    yield known.evidence[id_]


def _may_be(known: Register, record: PersonRecord, *, decision: Linkage) -> bool:
    assert known.subject is not None
    if is_other_of_incident(known.subject, record.profile):
        return False
    if decision.outcome is LinkOutcome.LINKED and decision.person is not None:
        return record.person_id == decision.person.person_id
    return agrees(known.subject, record.profile, named=True) and not told_apart(
        known.subject, record.profile
    )
