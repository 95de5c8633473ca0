"""The hub's shapes as JSON Schema: facts, notices that it sends, what agencies may send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.events.facts import MESSAGE_TYPES
from schemas import (
    alarms,
    changes,
    checks,
    disagreements,
    enquiries,
    handoff,
    handover,
    information,
    notices,
    notification,
    outcome,
    owed,
    product,
    referrer,
    safety,
    school,
)
from schemas.base import Notice, Shape
from schemas.topics import TOPICS

NOTICES: tuple[type[Notice], ...] = (
    alarms.AlarmNotice,
    changes.ProductChange,
    checks.CheckRequest,
    disagreements.DisagreementEnded,
    disagreements.DisagreementOpened,
    enquiries.EnquiryReply,
    enquiries.EnquiryReview,
    handoff.OpenAgainForCases,
    handoff.OutcomeForCases,
    information.InformationRequest,
    handover.HandoverMade,
    handover.HandoverNews,
    handover.HandoverNotTaken,
    handover.HandoverRecall,
    notices.AdultMatter,
    notices.ApprovalCancellation,
    notices.AnswerOverdue,
    notices.ApprovalRequest,
    notices.ContentRevealed,
    notices.DueTimeWarning,
    notices.Handover,
    notices.LookReviewed,
    notices.MessageMended,
    notices.HeldBackNotice,
    notices.LinkReview,
    notices.LinksChanged,
    notices.MergeReview,
    notices.PauseReminder,
    notices.OutOfArea,
    notices.RatingRequest,
    notices.RecallAnswerNotice,
    notices.RequestCancellation,
    notices.RequestChange,
    notices.RequestsPlanned,
    notices.SplitReview,
    notices.WhatIsNew,
    notices.WordsKeptBack,
    notification.Receipt,
    outcome.OpenAgainForReferrer,
    outcome.ReferralOpenAgain,
    outcome.ReferralOutcome,
    owed.OwedNotice,
    product.Product,
    product.ProductRecall,
    referrer.ReferralDecision,
    safety.SafetyReview,
    school.SchoolNotice,
    school.SchoolToTell,
)
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Published:
    """A shape under its CloudEvents type; ``group``: its topic, ``notices`` or ``commands``."""

    group: str
    name: str
    shape: type[Shape]

    @property
    def version(self) -> str:
        """The last part of the type, such as ``v1``."""
        return self.name.rpartition(".")[2]

    @property
    def path(self) -> Path:
        """Where its schema and example stand below their folders."""
        return Path(self.group, self.version, f"{self.name}.json")

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema (2020-12)."""
        return {
            "$schema": _DIALECT,
            "$id": f"urn:mash-hub:{self.name}",
            **self.shape.model_json_schema(),
        }


def published() -> Iterator[Published]:
    """Every shape of the hub's messages."""
    for topic in TOPICS:
        yield from (Published(topic.name, fact.type, fact) for fact in topic.facts)
    yield from (Published("notices", notice.type, notice) for notice in NOTICES)
    yield from (Published("commands", type_, sent.shape) for type_, sent in MESSAGE_TYPES.items())


def export(folder: Path) -> list[Path]:
    """Write every schema below ``folder``; answers the files."""
    written = []
    for one in published():
        path = folder / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = json.dumps(one.schema(), indent=2, ensure_ascii=False)
        path.write_text(f"{schema}\n", encoding="utf-8")
        written.append(path)
    return written
