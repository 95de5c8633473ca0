"""The register of children: who is known, by which evidence, and who is allocated to whom. Values
only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from operator import not_
from typing import Any, Final, Protocol

from pydantic import Field

from router.linkage import Profile, Subject, describe, extend, found, profile_keys
from router.linkage.concerns import Account, account, words_key
from router.linkage.mixing import whole
from router.linkage.profile import from_json, to_json
from router.linkage.rules import NEWEST
from router.linkage.subject import WHICHEVER
from router.linkage.text import fold
from schemas.base import Code, Identity, Instant, Shape
from schemas.case import Worker
from schemas.notification import Notification
from schemas.person import Person
from schemas.registers import KnownTo

_KEYS: Final = 8192
"""Keys that are kept worked out: a batch asks for those of a family again and again."""
STEP_NAME: Final = "link"
"""Under which its documents are kept, and its letters named."""


class Evidence(Shape):
    """What one message said of a child, and whose it is held to be: a profile is the sum of its
    evidence.
    """

    id: Identity
    """The referral, the open case's message, or the entry of a register."""
    agency: Code
    reference: Identity
    observed_at: Instant
    child: Person
    narrative: str = ""
    notification: Notification | None = None
    """Kept while the referral is with an allocated worker: should the link prove wrong, it must be
    rated after all.
    """
    area: str = ""
    letter: Identity | None = None
    """That handed it over, to be taken back as long as it waits."""
    person_id: str = ""
    """Empty until decided, as family and case."""
    family_id: str = ""
    case_id: str = ""
    doubts: tuple[Identity, ...] = ()
    """Persons that were put to a human as candidates."""
    open_case: bool = False
    """Whether it is an open case and not a referral; ``worker`` is whom it is allocated to."""
    worker: Worker | None = None
    entry: KnownTo | None = Field(default=None, exclude_if=lambda entry: entry is None)
    """For an entry of a register, which is no referral either: what it says of the child."""
    kept_close: bool = Field(default=False, exclude_if=not_)
    """Whether its agency lets nothing of it leave: nobody outside hears that it is there."""
    settled_by: Identity | None = None
    """The last human decision about it that stands."""
    revision: int = 0
    """How many human decisions there were about it."""
    received_at: Instant | None = Field(default=None, exclude_if=lambda at: at is None)
    """When the hub heard."""
    again: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """The referral that told of this concern first, where this one is a version or a resend."""
    untimed: bool = Field(default=False, exclude_if=not_)
    """Whether its agency gave no time observed: it is taken to be when the hub heard."""

    @property
    def is_referral(self) -> bool:
        """Whether it tells of a concern, and not only of who is known to a system."""
        return not self.open_case and self.entry is None

    def held_as(self, profile: Profile, **changes: Any) -> Evidence:
        """The same evidence, held to be about this person."""
        ids = {
            "person_id": profile.person_id,
            "family_id": profile.family_id,
            "case_id": profile.case_id,
        }
        return self.model_copy(update=ids | changes)

    def account(self) -> Account:
        """What it tells of the concern."""
        return account(self.observed_at, self.narrative)

    def words_key(self) -> int | None:
        """What its words are filed under, whoever the child is; None where they are few."""
        called = (word for n in self.child.name for word in (*n.given_name, *n.family_name))
        return words_key(self.account(), frozenset(" ".join(map(fold, called)).split()))

    def subject(self, rules: int = NEWEST) -> Subject:
        """The child as linkage compares them, by these rules."""
        return describe(
            self.child,
            observed_at=self.observed_at,
            narrative=self.narrative,
            agency=self.agency,
            reference=self.reference,
            received_at=self.received_at,
            rules=rules,
        )


class Move(Shape):
    """One piece of evidence that a decision settled; where nothing but the decision is new, both
    persons are one.
    """

    evidence_id: Identity
    from_person_id: Identity
    to_person_id: Identity
    settled_by: Identity | None
    """The decision about it that stood before."""


class Mark(Shape):
    """A verified non-match: a decision said that ``person_id`` is not ``other_person_id``."""

    person_id: Identity
    other_person_id: Identity
    decision_id: Identity


class AdultMark(Shape):
    """What a human said of an adult and another: one, or verified to be two."""

    other_adult_id: Identity
    same: bool
    decision_id: Identity


class AdultMarks(Shape):
    """What humans said of an adult, as a notification names them, and others."""

    marks: tuple[AdultMark, ...] = ()


class AdultsRuled(Shape):
    """What a decision about two adults changed."""

    adult_id: Identity
    mark: AdultMark
    was: AdultMark | None
    """What was said of the two before."""
    case_id: Identity
    """Of the referral whose picture showed them."""


class Ruling(Shape):
    """What one human decision about links changed, kept so that it can be taken back."""

    id: Identity
    moves: tuple[Move, ...]
    before: dict[Identity, tuple[Identity, ...]]
    """The evidence of each person concerned as it was, in its order."""
    made: tuple[Mark, ...]
    lifted: tuple[Mark, ...]
    undone: bool = False
    adults: AdultsRuled | None = Field(default=None, exclude_if=lambda ruled: ruled is None)
    """Of a decision about adults: it moves nothing."""

    @property
    def persons(self) -> tuple[str, ...]:
        """Everyone whom it touched."""
        marked = (
            id_
            for mark in (*self.made, *self.lifted)
            for id_ in (mark.person_id, mark.other_person_id)
        )
        return tuple(dict.fromkeys((*self.before, *marked)))


@lru_cache(maxsize=_KEYS)
def family_key(family_id: str) -> int:
    """The key under which the members of a family are filed."""
    return whole("fam", family_id)


@lru_cache(maxsize=_KEYS)
def heir_key(person_id: str) -> int:
    """The key under which those are filed whose family became this person's, too."""
    return whole("heir", person_id)


_TOLD: Final = 8
"""Referrals of a person that a resend is looked for among."""
Said = tuple[int, str, str, str, str]
"""What one piece of evidence says of who a child is: accurate day of birth, sex, NHS number, UPN,
which twin.
"""


def who(subject: Subject) -> Said:
    """The part of a subject that no two pieces of evidence of one child should differ in."""
    return (
        0 if subject.estimated else subject.day,
        subject.sex,
        subject.nhs,
        subject.upn,
        subject.twin if subject.twin != WHICHEVER else "",
    )


@dataclass(frozen=True, repr=False)
class PersonRecord:
    """A known person: the profile, the evidence that it is made of, and the allocated worker."""

    profile: Profile
    evidence: tuple[str, ...] = ()
    referrals: int = 0
    worker: Worker | None = None
    apart: tuple[tuple[str, str], ...] = ()
    """Persons who are verified to be others, each with the decision that said so."""
    successor: str = ""
    """Of a person without evidence: who has it now. Decisions that name this person are about that
    one.
    """
    said: tuple[Said, ...] = ()
    """What each piece of evidence says of who it is."""
    raised: tuple[tuple[str, float], ...] = ()
    """What humans were asked already: whether it is another person (an id), or two (a field); and
    how strong it was.
    """
    told: tuple[tuple[str, int, int], ...] = ()
    """Of its latest referrals: the id, the day observed, and what its words are filed under (0:
    they are few).
    """
    known_to: tuple[KnownTo, ...] = ()
    """What registers say of the person, an entry of each reference."""
    days: tuple[int, ...] = ()
    """Of each of its latest evidence, the day to look for it by when concerns are counted (0: it
    tells of none, or of one that the person's evidence tells of already); of evidence before that
    nothing is known.
    """
    joined: bool = False
    """Of a person without evidence: whether its family is its successor's, too."""

    @property
    def person_id(self) -> str:
        """The person's id."""
        return self.profile.person_id

    @cached_property
    def keys(self) -> frozenset[int]:
        """The keys under which the person is filed: for blocking, of words, and of its family."""
        more = [key for _, _, key in self.told if key]
        if self.evidence or self.joined:
            more.append(family_key(self.profile.family_id))
        if self.joined:
            more.append(heir_key(self.successor))
        return profile_keys(self.profile).union(more)

    def encode(self) -> bytes:
        """One line of JSON for the record, then the profile."""
        worker = self.worker.model_dump_json() if self.worker else None
        rest: list[Any] = [self.apart, self.successor, self.said, self.raised, self.told]
        rest += [added] if (added := self._added()) else []
        head = to_json([self.evidence, self.referrals, worker, *rest])
        return head.encode() + b"\n" + self.profile.encode()

    def _added(self) -> dict[str, Any]:
        """What few records have: it stands behind the rest, by name."""
        known = {"known_to": [one.model_dump_json() for one in self.known_to]}
        added: dict[str, Any] = known if self.known_to else {}
        added |= {"days": self.days} if self.days else {}
        return added | ({"joined": True} if self.joined else {})

    @classmethod
    def decode(cls, data: bytes) -> PersonRecord:
        """The record that :meth:`encode` wrote."""
        head, _, profile = data.partition(b"\n")
        evidence, referrals, worker, apart, successor, said, raised, *later = from_json(head)
        return cls(
            Profile.decode(profile),
            tuple(evidence),
            referrals,
            Worker.model_validate_json(worker) if worker else None,
            tuple(map(tuple, apart)),
            successor,
            tuple(map(tuple, said)),
            tuple(map(tuple, raised)),
            tuple(map(tuple, later[0])) if later else (),
            _entries(later[1:]),
            next((tuple(added["days"]) for added in later[1:] if "days" in added), ()),
            any("joined" in added for added in later[1:]),
        )

    def with_evidence(self, piece: Evidence, subject: Subject, *, referral: bool) -> PersonRecord:
        """The record with one more piece of evidence; ``referral``: of a concern of its own."""
        return PersonRecord(
            profile=extend(self.profile, subject),
            evidence=(*self.evidence, piece.id),
            referrals=self.referrals + referral,
            worker=self.worker,
            apart=self.apart,
            successor=self.successor,
            said=(*self.said, who(subject)),
            raised=self.raised,
            told=self.told,
            known_to=self.known_to,
            days=(*self.days, _day(piece, self.evidence)),
        )

    def may_be_concerns(self, *, since: int = 0) -> Iterator[str]:
        """The evidence that may tell of a concern of its own, of this day or later."""
        unknown = len(self.evidence) - len(self.days)
        yield from self.evidence[:unknown]
        for id_, day in zip(self.evidence[unknown:], self.days, strict=True):
            if day and day >= since:
                yield id_

    def telling(self, piece: Evidence) -> PersonRecord:
        """The record that remembers when this piece was observed and what it says."""
        return replace(self, told=(*self.told, _said(piece))[-_TOLD:])

    def entered(self, *entries: KnownTo) -> PersonRecord:
        """The record with these entries of registers, in place of those of the same references."""
        by_reference = {(one.system, one.reference): one for one in (*self.known_to, *entries)}
        return replace(self, known_to=tuple(by_reference.values()))

    def kept_apart(self, apart: Iterable[tuple[str, str]]) -> PersonRecord:
        """The record with these verified non-matches and no others."""
        marks = tuple(dict.fromkeys(apart))
        others = tuple(dict.fromkeys(other for other, _ in marks))
        return replace(self, profile=self.profile._replace(not_same=others), apart=marks)


class Kin(Protocol):
    """Who belongs to a family, and what was told of them."""

    def members(self, family_id: str) -> Sequence[PersonRecord]:
        """Everybody of the family, and of families that are one with it."""
        ...

    def told_of(self, people: Iterable[PersonRecord], *, since: int) -> Sequence[Evidence]:
        """What may tell of concerns of their own, of this day (an ordinal) or later."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Register:
    """The part of the register that one message needs; as a step's answer, the part that
    changes.
    """

    subject: Subject | None = None
    """The child that the message describes, as compared."""
    people: Sequence[PersonRecord] = ()
    """Candidates for the subject, most shared keys first; and the persons that the message
    names.
    """
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    """What human decisions changed, by their ids."""
    adults: Mapping[str, AdultMarks] = field(default_factory=dict)
    """What humans said of adults, by their ids."""
    incoming: Evidence | None = None
    """What the message says of the child; whose it is held to be is not decided yet."""
    oversized: frozenset[int] = frozenset()
    """Keys of the subject that were passed over, as too many persons are filed under them."""
    rules: int = NEWEST
    """By which rules children are described here."""
    standard: frozenset[str] = frozenset()
    """Evidence whose words are told of several families: they do not show a resend."""
    kin: Kin | None = field(default=None, compare=False)
    """Who else belongs to the families at hand: read only for the one that it turns out to be."""

    def person(self, person_id: str) -> PersonRecord | None:
        """A person by id, if it is in this part."""
        return next((record for record in self.people if record.person_id == person_id), None)

    def known(self, person_id: str) -> PersonRecord:
        """A person by id, who must be in this part."""
        record = self.person(person_id)
        if record is None:
            raise KeyError(person_id)
        return record

    def standing(self, person_id: str) -> PersonRecord | None:
        """A person by id; where all evidence of that one went to another since, the other."""
        record = self.person(person_id)
        while record is not None and record.successor:
            record = self.person(record.successor)
        return record


def _entries(later: Sequence[Any]) -> tuple[KnownTo, ...]:
    written = next((part.get("known_to", ()) for part in later), ())
    return tuple(map(KnownTo.model_validate_json, written))


def _said(piece: Evidence) -> tuple[str, int, int]:
    return piece.id, piece.observed_at.toordinal(), piece.words_key() or 0


def _day(piece: Evidence, own: Collection[str]) -> int:
    """The day to look for it by; what a register says may change, and is looked at always."""
    if piece.entry is not None:
        return dt.date.max.toordinal()
    if not piece.is_referral or piece.again in own:
        return 0
    return piece.observed_at.toordinal()


def _concerns(evidence: Iterable[Evidence], ids: Collection[str]) -> Iterator[str]:
    """What told of each concern first, whether it is among this or not."""
    for piece in evidence:
        if piece.is_referral and piece.again not in ids:
            yield piece.again or piece.id


def refold(record: PersonRecord, evidence: Sequence[Evidence], *, rules: int) -> PersonRecord:
    """The record as it would be of this evidence alone, read by these rules; verified non-matches
    stay.
    """
    old = record.profile
    profile = Profile(old.person_id, old.family_id, old.case_id, not_same=old.not_same)
    workers: dict[str, Worker | None] = {}
    subjects, ids = [piece.subject(rules) for piece in evidence], {one.id for one in evidence}
    for piece, subject in zip(evidence, subjects, strict=True):
        profile = extend(profile, subject)
        if piece.open_case:
            workers[piece.reference] = piece.worker
    return replace(
        replace(record, known_to=()).entered(*(one.entry for one in evidence if one.entry)),
        profile=profile,
        evidence=tuple(piece.id for piece in evidence),
        referrals=len(set(_concerns(evidence, ids))),
        worker=next((worker for worker in reversed(workers.values()) if worker), None),
        said=tuple(map(who, subjects)),
        days=tuple(_day(piece, ids) for piece in evidence),
        told=tuple(_said(piece) for piece in evidence if piece.is_referral)[-_TOLD:]
        if rules >= 2
        else (),
    )


def first_record(
    piece: Evidence,
    subject: Subject,
    *,
    person_id: str,
    family_id: str,
    case_id: str,
    referral: bool,
) -> PersonRecord:
    """The record of a person of whom this is the first evidence."""
    profile = found(subject, person_id=person_id, family_id=family_id, case_id=case_id)
    said, days = (who(subject),), (_day(piece, ()),)
    return PersonRecord(profile, (piece.id,), int(referral), said=said, days=days)
