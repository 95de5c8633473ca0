"""The register after a link that is recorded, as linking left it: nothing is compared again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from router.linkage.rules import NEWEST
from router.steps.link.doubts import Doubt, asked
from router.steps.link.register import Evidence, PersonRecord, Register, first_record
from schemas.case import ChildLinked, LinkOutcome, OpenCaseLinked, RegisterEntryLinked

Linked = ChildLinked | OpenCaseLinked | RegisterEntryLinked


class NotKnown(Exception):
    """A recorded link is to a person who is not in this part of the register."""


def follow(
    known: PersonRecord | None,
    evidence: Evidence,
    *,
    linked: Linked,
    doubts: Sequence[Doubt],
    rules: int = NEWEST,
) -> Register:
    """What a notification, an open case or an entry changed by the link and the doubts that it led
    to, by these rules.

    ``known`` is the person linked to, as known before. Raises :class:`NotKnown`.
    """
    if known and evidence.id in known.evidence and isinstance(linked, RegisterEntryLinked):
        held = evidence.held_as(known.profile)  # it came before, and says something else now
        return Register(people=(known.entered(linked.known_to),), evidence={held.id: held})
    evidence = evidence.model_copy(update={"again": _again(known, linked, rules=rules)})
    record = _record(known, evidence, linked=linked, rules=rules)
    told = tuple(one.person_id for one in linked.candidates)
    if linked.outcome is LinkOutcome.LINKED or isinstance(linked, RegisterEntryLinked):
        record = asked(record, doubts)
    else:
        record = replace(
            record, raised=tuple((one.person_id, one.score) for one in linked.candidates)
        )
    held = evidence.held_as(record.profile, doubts=told, **_kept(linked))
    return Register(people=(record,), evidence={held.id: held})


def _again(known: PersonRecord | None, linked: Linked, *, rules: int) -> str | None:
    """The referral that told of the same concern first; of a version, as far as it is known."""
    if rules < 2 or not isinstance(linked, ChildLinked):
        return None
    first = known.evidence[0] if known and known.evidence and linked.version > 1 else None
    return linked.amends or linked.same_concern_as or first


def _record(
    known: PersonRecord | None, evidence: Evidence, *, linked: Linked, rules: int
) -> PersonRecord:
    record = _added(known, evidence, linked=linked, rules=rules)
    if isinstance(linked, OpenCaseLinked):
        return replace(record, worker=linked.worker)
    if isinstance(linked, RegisterEntryLinked):
        return record.entered(linked.known_to)
    return record.telling(evidence) if rules >= 2 else record


def _added(
    known: PersonRecord | None, evidence: Evidence, *, linked: Linked, rules: int
) -> PersonRecord:
    subject, referral = evidence.subject(rules), evidence.is_referral
    if linked.outcome is LinkOutcome.LINKED:
        if known is None:
            raise NotKnown
        counts = referral and evidence.again is None
        return known.with_evidence(evidence, subject, referral=counts)
    return first_record(
        evidence,
        subject,
        person_id=linked.person_id,
        family_id=linked.family_id,
        case_id=linked.case_id,
        referral=referral,
    )


def _kept(linked: Linked) -> dict[str, Any]:
    """What is kept of a referral that was handed over to an allocated worker."""
    if not isinstance(linked, ChildLinked) or linked.allocated_to is None:
        return {}
    kept = {"notification": linked.notification, "area": linked.area}
    return kept | {"letter": linked.letter_id}
