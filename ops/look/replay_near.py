"""What is recorded of a case, and of whoever linking may have met when it decided about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from router.linkage import keys
from router.linkage.rules import FIRST, NEWEST
from router.steps.deduplicate.decide import key as reference_of
from router.steps.link.decide import evidence_of
from router.steps.link.doubts import Doubt
from router.steps.link.following import Linked
from router.steps.link.register import PersonRecord
from router.steps.link.settling import HUMAN
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    ConcernFollowed,
    FamilyConcern,
    MergeSuggested,
    NotificationAmended,
    OpenCaseLinked,
    OpenCaseReceived,
    RegisterEntryLinked,
    RegistersChanged,
    SplitSuggested,
)
from schemas.decisions import StandingReleased
from schemas.enquiries import EnquiryAdmitted
from schemas.message import Message
from schemas.notification import NotificationAccepted, NotificationReceived
from schemas.product import ProductDrafted
from schemas.registers import RegisterEntryReceived
from stores import people, references, replaying
from stores.database import View
from stores.replaying import Recorded

_LINKS = ChildLinked.topic
_OTHERS = ("from_case_id", "absorbed_case_id", "other_case_id")
"""Where facts about human decisions name a further case."""
_MOST = 3_000
"""Persons. Of more it takes as long to read what is recorded as to decide everything again."""


class Beyond(Exception):
    """What is recorded near a case does not tell by itself how it was decided."""


class Followed(NamedTuple):
    """A recorded link of what else tells of a child, which is not decided again."""

    position: int
    evidence_of: Message
    """What says of a child what was linked."""
    linked: Linked
    doubts: Sequence[Doubt]


class Near(NamedTuple):
    """What it takes to decide one case again."""

    recorded: Sequence[Recorded]
    """What is decided again, and what decides it, in the order of the journal."""
    followed: Sequence[Followed]
    """In the order of linking."""
    linked_at: dict[str, int]
    """Where the journal has what linking made of a message."""


def near(view: View, about: str) -> Near:
    """What is recorded about a case or referral, with all else that its decisions stood on.

    Raises :class:`Beyond`.
    """
    recorded = _of_case(view, about)
    if not any(one.row.type in _OF_LINKING for one in recorded):  # what it stood on is not there
        raise Beyond
    persons = _compared(view, recorded)
    links = _links(view, {one.profile.case_id for one in persons})
    _refuse_gaps(persons, [*recorded, *links])
    settling = {one.row.causation_id for one in links if _by_a_human(_opened(one).data)}
    ours = {one.row.message_id: one for one in recorded}
    rulings = [one for id_ in sorted(settling - ours.keys()) if (one := replaying.entry(view, id_))]
    standing = _standing(view, recorded)
    decided = {one.row.position: one for one in (*recorded, *links, *rulings, *standing)}
    ordered = [decided[at] for at in sorted(decided)]
    followed = _followed(view, links, besides=ours.keys() | settling)
    return Near(ordered, followed, _linked_at(ordered))


def _standing(view: View, recorded: Iterable[Recorded]) -> list[Recorded]:
    """What owners of items that might have left at once had released beforehand."""
    drafts = [_opened(one).data for one in recorded if one.row.type == ProductDrafted.type]
    urgent = [draft for draft in drafts if isinstance(draft, ProductDrafted) and draft.urgent]
    owners = {item.owner for draft in urgent for item in draft.items}
    topic = StandingReleased.topic
    return replaying.about(view, referrals=(), subjects=owners, topic=topic)


def _linked_at(ordered: Iterable[Recorded]) -> dict[str, int]:
    at: dict[str, int] = {}
    for one in ordered:
        if one.row.source.endswith("/link"):
            at.setdefault(one.row.causation_id, one.row.position)
    return at


_OF_LINKING = frozenset(
    one.type
    for one in (
        ChildLinked,
        ConcernFollowed,
        FamilyConcern,
        NotificationAmended,
        OpenCaseLinked,
        RegisterEntryLinked,
        RegistersChanged,
        MergeSuggested,
    )
)


def _of_case(view: View, about: str) -> list[Recorded]:
    """All about the referrals and cases that hang together with the one asked for."""
    referrals, cases, known = {about}, {about}, 0
    asked = replaying.entry(view, about)
    referrals |= {asked.row.correlation_id} if asked else set()
    while len(referrals) + len(cases) > known:
        known = len(referrals) + len(cases)
        recorded = replaying.about(view, referrals=referrals, subjects=cases)
        linked = [one.row for one in recorded if one.row.topic == _LINKS]
        referrals |= {row.correlation_id for row in linked}
        cases |= {row.subject for row in linked}
        referrals |= _told_anew(recorded)
        referrals |= _of_same_reference(view, recorded)
    return recorded


def _told_anew(recorded: Iterable[Recorded]) -> set[str]:
    """What changed what registers say of a referral's child, or what is known of its family: it is
    about another case, perhaps.
    """
    told = set[str]()
    for one in recorded:
        if one.row.type == RegistersChanged.type:
            told.add(one.row.causation_id)
        elif one.row.type == FamilyConcern.type:
            fact = _opened(one).data
            told |= {fact.further_referral_id} if isinstance(fact, FamilyConcern) else set()
    return told


def _of_same_reference(view: View, recorded: Iterable[Recorded]) -> set[str]:
    """Referrals that other versions of these notifications made."""
    received = [one for one in recorded if one.row.type == NotificationReceived.type]
    known = {reference_of(_opened(one)) for one in received}
    return {version.referral_id for version in references.load(view, known)}


def _compared(view: View, recorded: Iterable[Recorded]) -> list[PersonRecord]:
    """Persons who have by now a key in common with the children of these messages."""
    wanted: set[int] = set()
    for one in recorded:
        wanted |= _wanted(_opened(one)) if _tells(one) else set()
    filed = people.filed_under(view, wanted, most=_MOST)
    numbers: set[int] = set()
    for block in filed.values():
        numbers |= _few(block)
    if len(numbers) > _MOST:
        raise Beyond
    return [PersonRecord.decode(body) for _, body in people.load(view, numbers).values()]


def _wanted(message: Message) -> set[int]:
    """The keys of the child that a message describes, read by whatever rules, and of its words."""
    evidence = evidence_of(message.data, message.id, received_at=message.time)
    if evidence is None:
        return set()
    words = evidence.words_key()
    described = [keys(evidence.subject(rules)) for rules in range(FIRST, NEWEST + 1)]
    return {*(key for found in described for key in found), *([words] if words else [])}


def _few(block: set[int] | None) -> set[int]:
    if block is None:
        raise Beyond
    return block


def _tells(one: Recorded) -> bool:
    return one.row.type in _TELLING


_TELLING = {
    fact.type
    for fact in (NotificationAccepted, OpenCaseReceived, RegisterEntryReceived, EnquiryAdmitted)
}


def _refuse_gaps(persons: Iterable[PersonRecord], told: Sequence[Recorded]) -> None:
    """Whatever the register holds of these persons must be told of, or something was taken out."""
    evidence = {one.row.correlation_id for one in told}
    entries = (_opened(one).data for one in told if one.row.type == RegisterEntryLinked.type)
    evidence |= {entry.entry_id for entry in entries if isinstance(entry, RegisterEntryLinked)}
    if any(not evidence.issuperset(person.evidence) for person in persons):
        raise Beyond


def _links(view: View, cases: set[str]) -> list[Recorded]:
    """What linking recorded of these cases, and of others whose evidence was ever theirs."""
    referrals: set[str] = set()
    known = -1
    links: list[Recorded] = []
    while len(cases) + len(referrals) > known:
        known = len(cases) + len(referrals)
        links = replaying.about(view, referrals=referrals, subjects=cases, topic=_LINKS)
        referrals |= {one.row.correlation_id for one in links} | _told_anew(links)
        cases |= {one.row.subject for one in links}
        cases |= set(_other_cases(one for one in links if not _is_of_linking(one)))
    return links


def _other_cases(links: Iterable[Recorded]) -> Iterator[str]:
    for one in links:
        fact = _opened(one).data
        yield from (getattr(fact, name) for name in _OTHERS if hasattr(fact, name))


def _is_of_linking(one: Recorded) -> bool:
    return one.row.type in _OF_LINKING


def _by_a_human(fact: Fact) -> bool:
    """Whether a fact shows that it follows from a human's decision about links."""
    if isinstance(fact, Linked):
        return fact.model == HUMAN
    raised = MergeSuggested | SplitSuggested
    told = ConcernFollowed | FamilyConcern | NotificationAmended | RegistersChanged
    return not isinstance(fact, told | raised)


def _followed(
    view: View, links: Iterable[Recorded], *, besides: Collection[str | None]
) -> list[Followed]:
    by_cause: defaultdict[str, list[Recorded]] = defaultdict(list)
    for one in links:
        if one.row.causation_id not in besides:
            by_cause[one.row.causation_id].append(one)
    return [_one_followed(view, caused) for caused in by_cause.values()]


def _one_followed(view: View, caused: Sequence[Recorded]) -> Followed:
    first, facts = _opened(caused[0]), [_opened(one).data for one in caused]
    (linked,) = (one for one in facts if isinstance(one, Linked))
    doubts = [one for one in facts if isinstance(one, MergeSuggested | SplitSuggested)]
    said = first
    if not isinstance(linked, ChildLinked):
        cause = replaying.entry(view, str(first.causation_id))
        said = _opened(cause) if cause else first
    return Followed(caused[0].row.position, said, linked, doubts)


def _opened(one: Recorded) -> Message:
    message = one.open()
    if message is None:
        raise Beyond
    return message
