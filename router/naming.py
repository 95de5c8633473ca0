"""Letters that only have ids say whom they are about, as they are handed out.

As a picture, this shows what is known then. What owners approve, and what agencies are asked, says
it from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import from_json, to_json

from router.around import around
from router.steps.identity import identity_of, told_of
from router.steps.link.register import STEP_NAME, Evidence, PersonRecord
from router.steps.now import Now
from router.steps.safety import guarded
from schemas.alarms import AlarmNotice
from schemas.changes import ProductChange
from schemas.disagreements import DisagreementEnded, DisagreementOpened
from schemas.handoff import OpenAgainForCases, OutcomeForCases
from schemas.handover import HandoverNews, HandoverNotTaken, HandoverRecall
from schemas.identity import ChildAbout, IdentityBlock
from schemas.notices import (
    AnswerOverdue,
    DueTimeWarning,
    Handover,
    LinksChanged,
    MergeReview,
    OutOfArea,
    PauseReminder,
    RequestCancellation,
    RequestChange,
    RequestsPlanned,
    SplitReview,
    WordsKeptBack,
)
from schemas.outcome import OpenAgainForReferrer, ReferralOpenAgain, ReferralOutcome
from schemas.owed import OwedNotice
from schemas.policy import Policy
from schemas.referrer import ReferralDecision
from schemas.safety import Around
from schemas.school import SchoolToTell
from stores import codec, people, states
from stores.database import Transaction, View
from stores.ports import Leased

_ABOUT_ONE: Final = frozenset(
    notice.type
    for notice in (
        AlarmNotice,
        AnswerOverdue,
        DisagreementEnded,
        DisagreementOpened,
        DueTimeWarning,
        Handover,
        HandoverNews,
        HandoverNotTaken,
        HandoverRecall,
        OutOfArea,
        OpenAgainForCases,
        OpenAgainForReferrer,
        OutcomeForCases,
        OwedNotice,
        PauseReminder,
        ProductChange,
        ReferralDecision,
        ReferralOpenAgain,
        ReferralOutcome,
        RequestCancellation,
        RequestChange,
        RequestsPlanned,
        SchoolToTell,
        WordsKeptBack,
    )
)
_ABOUT_SEVERAL: Final = frozenset({LinksChanged.type, MergeReview.type, SplitReview.type})
_PERSONS: Final = ("person_id", "other_person_id")


def with_names(
    transaction: Transaction, leased: Sequence[Leased], *, policy: Policy
) -> list[Leased]:
    """The letters of one agency, those that have only ids with whom they are about."""
    named = _ABOUT_ONE | _ABOUT_SEVERAL
    events = {one.id: from_json(one.body) for one in leased if one.type in named}
    if not events:
        return list(leased)
    now = Now(codec.from_micros(transaction.now), policy)
    told = [event["data"] for event in events.values()]
    naming = _naming(transaction, told, agency=leased[0].agency, now=now)
    return [
        replace(one, body=to_json(naming.named(events[one.id]))) if one.id in events else one
        for one in leased
    ]


def _naming(view: View, told: Sequence[Mapping[str, Any]], *, agency: str, now: Now) -> _Naming:
    persons = _persons(view, {data[name] for data in told for name in _PERSONS if name in data})
    latest = {id_: record.evidence[-1] for id_, record in persons.items() if record.evidence}
    ids = {*latest.values(), *(id_ for data in told for id_ in _referrals(data))}
    evidence = {
        id_: Evidence.model_validate_json(body)
        for id_, (_, body) in states.load(view, STEP_NAME, keys=ids).items()
    }
    return _Naming(evidence, latest, around(view, ids), agency, now)


def _persons(view: View, person_ids: set[str]) -> dict[str, PersonRecord]:
    numbers = {people.number_of(id_) for id_ in person_ids}
    records = [PersonRecord.decode(body) for _, body in people.load(view, numbers).values()]
    return {record.person_id: record for record in records}


def _referrals(data: Mapping[str, Any]) -> Iterator[str]:
    if "referral_id" in data:
        yield data["referral_id"]
    yield from data.get("referral_ids", ())
    yield from (one["referral_id"] for one in data.get("moved", ()))


@dataclass(frozen=True, slots=True, repr=False)
class _Naming:
    """What is known of the children of some letters to one agency."""

    evidence: Mapping[str, Evidence]
    latest: Mapping[str, str]
    """Of each person, what was told last."""
    around: Mapping[str, Sequence[Around]]
    agency: str
    now: Now

    def named(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The letter with whom it is about."""
        data = event["data"]
        if event["type"] == AlarmNotice.type and "referral_id" not in data:
            return dict(event)
        if event["type"] in _ABOUT_ONE:
            worker = data.get("worker") or {}
            about = self._block(data["referral_id"], known_as=worker.get("case_reference"))
            more: dict[str, Any] = {"about": about.model_dump(mode="json") if about else None}
        else:
            children = [one.model_dump(mode="json") for one in self._children(data)]
            more = {"children": children}
        return {**event, "data": {**data, **more}}

    def _children(self, data: Mapping[str, Any]) -> Iterator[ChildAbout]:
        """Each referral's child as it was told of; where there are none, each person's."""
        for id_ in _referrals(data):
            if (about := self._block(id_)) is not None:
                yield ChildAbout(referral_id=id_, about=about)
        for person_id in (data[name] for name in _PERSONS if name in data):
            if (about := self._block(self.latest.get(person_id, ""))) is not None:
                yield ChildAbout(person_id=person_id, about=about)

    def _block(self, id_: str, *, known_as: str | None = None) -> IdentityBlock | None:
        piece = self.evidence.get(id_)
        if piece is None:
            return None
        own = piece.reference if piece.agency == self.agency else None
        identity = identity_of(
            piece.child,
            owner=piece.agency,
            recipient=self.agency,
            now=self.now,
            protected=guarded(self.around.get(id_, ())),
            your_reference=known_as or own,
        )
        return told_of(identity, self.now.policy)
