"""The register of children: who is known, by which evidence, and who is allocated to whom. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from router.linkage import Profile, Subject, describe, extend, found, profile_keys
from schemas.base import Code, Identity, Instant, Shape
from schemas.case import Worker
from schemas.notification import Notification
from schemas.person import Person


class Evidence(Shape):
    """What one message said of a child, and whose it is held to be: a profile is the sum of its evidence."""

    id: Identity
    """The referral, or the open case's message."""
    agency: Code
    reference: Identity
    observed_at: Instant
    child: Person
    narrative: str = ""
    notification: Notification | None = None
    """Kept while the referral is with an allocated worker: should the link prove wrong, it must be rated after all."""
    area: str = ""
    person_id: str = ""
    """Empty until decided, as family and case."""
    family_id: str = ""
    case_id: str = ""
    doubts: tuple[Identity, ...] = ()
    """Persons that were put to a human as candidates."""

    def held_as(self, profile: Profile, *, doubts: Sequence[str] = ()) -> Evidence:
        """The same evidence, held to be about this person."""
        return self.model_copy(
            update={
                "person_id": profile.person_id,
                "family_id": profile.family_id,
                "case_id": profile.case_id,
                "doubts": tuple(doubts),
            }
        )

    def subject(self) -> Subject:
        """The child as linkage compares them."""
        return describe(
            self.child,
            observed_at=self.observed_at,
            narrative=self.narrative,
            agency=self.agency,
            reference=self.reference,
        )


@dataclass(frozen=True, repr=False)
class PersonRecord:
    """A known person: the profile, the evidence that it is made of, and the allocated worker."""

    profile: Profile
    evidence: tuple[str, ...] = ()
    referrals: int = 0
    worker: Worker | None = None

    @property
    def person_id(self) -> str:
        """The person's id."""
        return self.profile.person_id

    @cached_property
    def keys(self) -> frozenset[int]:
        """The blocking keys under which the person is filed."""
        return frozenset(profile_keys(self.profile))

    def encode(self) -> bytes:
        """One line of JSON for the record, then the profile."""
        worker = self.worker.model_dump_json() if self.worker else None
        head = json.dumps([self.evidence, self.referrals, worker], separators=(",", ":"))
        return head.encode() + b"\n" + self.profile.encode()

    @classmethod
    def decode(cls, data: bytes) -> PersonRecord:
        """The record that :meth:`encode` wrote."""
        head, _, profile = data.partition(b"\n")
        evidence, referrals, worker = json.loads(head)
        return cls(
            Profile.decode(profile),
            tuple(evidence),
            referrals,
            Worker.model_validate_json(worker) if worker else None,
        )

    def with_evidence(self, id_: str, subject: Subject, *, referral: bool) -> PersonRecord:
        """The record with one more piece of evidence."""
        return replace(
            self,
            profile=extend(self.profile, subject),
            evidence=(*self.evidence, id_),
            referrals=self.referrals + referral,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Register:
    """The part of the register that one message needs; as a step's answer, the part that changes."""

    subject: Subject | None = None
    people: Sequence[PersonRecord] = ()
    """Candidates for the subject, most shared keys first; and the persons that the message names."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    def person(self, person_id: str) -> PersonRecord | None:
        """A person by id, if it is in this part."""
        return next((record for record in self.people if record.person_id == person_id), None)


def refold(record: PersonRecord, evidence: Sequence[Evidence]) -> PersonRecord:
    """The record as it would be of this evidence alone; verified non-matches stay."""
    old = record.profile
    profile = Profile(old.person_id, old.family_id, old.case_id, not_same=old.not_same)
    for piece in evidence:
        profile = extend(profile, piece.subject())
    return replace(record, profile=profile, evidence=tuple(piece.id for piece in evidence), referrals=len(evidence))


def first_record(
    id_: str, subject: Subject, *, person_id: str, family_id: str, case_id: str, referral: bool
) -> PersonRecord:
    """The record of a person of whom this is the first evidence."""
    profile = found(subject, person_id=person_id, family_id=family_id, case_id=case_id)
    return PersonRecord(profile, (id_,), int(referral))
