"""The register after a link that is recorded, as linking left it: nothing is compared again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from router.steps.link.doubts import Doubt, asked
from router.steps.link.register import Evidence, PersonRecord, Register, first_record
from schemas.case import ChildLinked, LinkOutcome, OpenCaseLinked

Linked = ChildLinked | OpenCaseLinked


class NotKnown(Exception):
    """A recorded link is to a person who is not in this part of the register."""


def follow(
    known: PersonRecord | None, evidence: Evidence, *, linked: Linked, doubts: Sequence[Doubt]
) -> Register:
    """What a notification or an open case changed by the link and the doubts that it led to.

    ``known`` is the person linked to, as known before. Raises :class:`NotKnown`.
    """
    record = _record(known, evidence, linked)
    told = tuple(one.person_id for one in linked.candidates)
    if linked.outcome is LinkOutcome.LINKED:
        record = asked(record, doubts)
    else:
        record = replace(
            record, raised=tuple((one.person_id, one.score) for one in linked.candidates)
        )
    held = evidence.held_as(record.profile, doubts=told, **_kept(linked))
    return Register(people=(record,), evidence={held.id: held})


def _record(known: PersonRecord | None, evidence: Evidence, linked: Linked) -> PersonRecord:
    subject, referral = evidence.subject(), not evidence.open_case
    if linked.outcome is LinkOutcome.LINKED:
        if known is None:
            raise NotKnown
        record = known.with_evidence(evidence.id, subject, referral=referral)
    else:
        record = first_record(
            evidence.id,
            subject,
            person_id=linked.person_id,
            family_id=linked.family_id,
            case_id=linked.case_id,
            referral=referral,
        )
    return replace(record, worker=linked.worker) if isinstance(linked, OpenCaseLinked) else record


def _kept(linked: Linked) -> dict[str, Any]:
    """What is kept of a referral that was handed over to an allocated worker."""
    if isinstance(linked, OpenCaseLinked) or linked.allocated_to is None:
        return {}
    return {"notification": linked.notification, "area": linked.area}
