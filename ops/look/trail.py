"""The trail of a case: its facts in order, without personal data until revealed (R46, R47)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.access.acting import AT_THE_MACHINE, Asker
from ops.look.reading import Guarded
from ops.look.revealing import looked_at, see
from ops.run.wiring import Hub
from router.refuse import parts_to_tell
from schemas.access import Resource
from schemas.alarms import AlarmEnded, AlarmRaised, AlarmRepeated, AlarmTaken
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    MergeSuggested,
    OpenCaseLinked,
    RegisterEntryLinked,
    SplitSuggested,
)
from schemas.checks import ChecksRequested, ChecksRevised
from schemas.information import InformationRequested, RequestsPrepared
from schemas.owed import ClockChased, ClockClosed, ClockEscalated, ClockWarned
from schemas.product import (
    ApprovalsCancelled,
    ApprovalsEnded,
    ProductDrafted,
    ProductEnded,
    ProductNotTaken,
)
from schemas.rating import RatingAssigned, RatingSuggested
from schemas.safety import LetterHeld, ProductHeld
from schemas.school import SchoolNotTold
from stores import codec, trail
from stores.trail import Entry

_IDS = (
    "absorbed_case_id",
    "absorbed_person_id",
    "alarm_id",
    "amended_by",
    "amends",
    "case_id",
    "changed_by",
    "change_id",
    "concern_id",
    "dead_letter_id",
    "decision_id",
    "disagreement_id",
    "entry_id",
    "family_id",
    "first_referral_id",
    "follows",
    "from_case_id",
    "from_person_id",
    "hold_id",
    "id",
    "instead_of",
    "item_id",
    "letter_id",
    "message_id",
    "message_ids",
    "other_case_id",
    "other_person_id",
    "person_id",
    "picture_id",
    "product_id",
    "product_ids",
    "recall_id",
    "referral_id",
    "referral_ids",
    "request_id",
    "resent_from",
    "same_concern_as",
    "subject_id",
    "supersedes",
    "to_person_id",
    "adult_id",
    "other_adult_id",
    "undone_decision_id",
)
_OF_THE_HUB = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODES = (
    "action",
    "agency",
    "answer",
    "area",
    "cause",
    "ask_again",
    "because",
    "choice",
    "clock",
    "code",
    "colour",
    "confirmed",
    "danger",
    "disposal",
    "disputes",
    "found",
    "included",
    "kind",
    "known",
    "late",
    "leaves_out",
    "letter",
    "level",
    "may_be_revealed",
    "may_leave",
    "may_overrule",
    "model",
    "newer",
    "outcome",
    "owed_by",
    "owner",
    "possible",
    "previous",
    "profile",
    "recall",
    "recipient",
    "rest_goes",
    "restricted",
    "ruling",
    "same",
    "school_notice",
    "sensitivity",
    "settled_by",
    "signpost",
    "signpost_to",
    "status",
    "step",
    "system",
    "taken_for",
    "team",
    "urgent",
    "verdict",
    "version",
    "voided",
    "was",
)
_MEASURES = (
    "answered_at",
    "asked_at",
    "decision_due_at",
    "digest",
    "due_at",
    "earlier_referrals",
    "item_digests",
    "months",
    "next_at",
    "of_child",
    "of_family",
    "original_digest",
    "product_due_at",
    "refused",
    "revision",
    "sanitised_digest",
    "score",
    "signposts",
    "since",
    "times",
)
_PARTS = (
    "allocated_to",
    "candidates",
    "counted",
    "decision",
    "disagreement",
    "hits",
    "items",
    "known_to",
    "checks",
    "not_asked",
    "overrules",
    "plan",
    "receipt",
    "reply",
    "requests",
    "response",
    "result",
    "results",
    "saw",
    "weighing",
    "withdrawal",
    "worker",
)
_SHOWN = frozenset({*_IDS, *_CODES, *_MEASURES, *_PARTS})
"""All that is shown unrevealed: ids, codes, digests, times, numbers, and parts that hold them."""

_ALARM = frozenset({"why"})
_IN_OUR_WORDS: Mapping[type[Fact], frozenset[str]] = {
    ChildLinked: frozenset({"reasons"}),
    OpenCaseLinked: frozenset({"reasons"}),
    RegisterEntryLinked: frozenset({"reasons"}),
    ChecksRequested: frozenset({"reason", "legal_basis", "purpose"}),
    ChecksRevised: frozenset({"reason", "legal_basis", "purpose"}),
    MergeSuggested: frozenset({"reasons"}),
    SplitSuggested: frozenset({"reasons"}),
    RatingSuggested: frozenset({"reasons"}),
    AlarmRaised: _ALARM,
    AlarmRepeated: _ALARM,
    AlarmTaken: _ALARM,
    AlarmEnded: _ALARM | {"reason"},
    ProductNotTaken: frozenset({"why"}),
    RequestsPrepared: frozenset({"reason", "legal_basis", "fact", "against", "agencies"}),
    InformationRequested: frozenset({"reasons", "reason", "purpose", "fact", "against"}),
    RatingAssigned: frozenset({"agencies"}),
    ApprovalsCancelled: frozenset({"reason"}),
    ApprovalsEnded: frozenset({"reason"}),
    ProductDrafted: frozenset({"reason", "purpose"}),
    ProductEnded: frozenset({"reason"}),
    ProductHeld: frozenset({"says", "purpose"}),
    ClockWarned: frozenset({"owed"}),
    ClockChased: frozenset({"owed"}),
    ClockEscalated: frozenset({"owed"}),
    ClockClosed: frozenset({"owed"}),
    LetterHeld: frozenset({"says", "purpose"}),
    SchoolNotTold: frozenset({"explanation"}),
}
"""Fields whose text the hub itself wrote in these facts; in others, people wrote them."""


@dataclass(frozen=True, slots=True, repr=False)
class Event:
    """One fact of a trail; ``shown``: no personal data, ``content``: all, None unless revealed."""

    position: int
    at: str
    recorded_at: str
    type: str
    by: str
    message_id: str
    causation_id: str | None
    shown: dict[str, Any]
    content: dict[str, Any] | None = None
    masked: bool = False
    """Whether its contents are not for whoever looks, though others' are."""


def of(hub: Guarded, wanted: str, *, asker: Asker = AT_THE_MACHINE) -> list[Event]:
    """The trail of a case, referral or product, or ``agency/reference``. Raises ``Unavailable``."""
    with hub.database.reading() as connection:
        entries = trail.about(connection, hub.database.vault, wanted=wanted)
    now = hub.database.clock()
    return [_event(entry) for entry in looked_at(hub, entries, asker=asker, now=now)]


def reveal(hub: Hub, wanted: str, *, asker: Asker) -> list[Event]:
    """The trail with its contents, as far as the access rules let somebody see them; who looked, at
    what and why, is recorded first, and told to each agency of which there is something in it.

    Raises ``Denied`` or ``NobodyReviews``.
    """
    with hub.database.transaction() as transaction:
        entries = trail.about(transaction.connection, transaction.vault, wanted=wanted)
        seen = see(
            hub, transaction, entries=entries, wanted=wanted, asker=asker, resource=Resource.CASE
        )
    return [_event(entry, revealed=shown) for entry, shown in seen.or_refused().entries]


def _event(entry: Entry, *, revealed: bool | None = None) -> Event:
    """``revealed`` None: nobody asked for contents."""
    message = entry.message
    content = json.loads(codec.encode(message.data))
    also = _IN_OUR_WORDS.get(type(message.data), frozenset())
    code = {"reason": content["reason"]} if message.type == "mash.message.refused.v1" else {}
    return Event(
        position=entry.position,
        at=message.time.isoformat(),
        recorded_at=codec.from_micros(entry.recorded_at).isoformat(),
        type=message.type,
        by=entry.chain,
        message_id=message.id,
        causation_id=message.causation_id,
        shown=_without_personal_data(content, _SHOWN | also) | code | _warnings(message.data),
        content=content if revealed else None,
        masked=revealed is False,
    )


def _warnings(fact: Fact) -> dict[str, Any]:
    """How many parts of a message could not be used, and which as far as they were agreed.

    A name that nobody agreed is its sender's own, and may be anybody's.
    """
    parts = parts_to_tell(fact)
    if not parts:
        return {}
    agreed = [part.field for part in parts if part.reason not in _OWN_NAMES]
    return {"warnings": {"count": len(parts), "fields": agreed}}


_OWN_NAMES = ("invalid.unknown-field", "unreadable.repeated-key")


def _without_personal_data(value: Any, shown: frozenset[str]) -> Any:
    if isinstance(value, dict):
        told = ((key, part) for key, part in value.items() if key in shown)
        kept = {
            key: _id(part) if key in _IDS else _without_personal_data(part, shown)
            for key, part in told
        }
        return {key: part for key, part in kept.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [_without_personal_data(part, shown) for part in value]
    return value


def _id(value: Any) -> Any:
    """An id of the hub's own; what agencies call their items may name anybody."""
    if isinstance(value, list):
        return [_id(part) for part in value]
    return value if value is None or _OF_THE_HUB.fullmatch(value) else "(not the hub's)"


def in_words(event: Event) -> str:
    """What an event shows, on one line: ``colour=red, due_at=…``."""
    return ", ".join(f"{key}={_word(value)}" for key, value in event.shown.items())


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key}={_word(part)}" for key, part in value.items()) + ")"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + "; ".join(map(_word, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
