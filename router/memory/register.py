"""What linking remembers: candidates found by shared keys, persons, and the evidence that they are
made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.linkage import Subject, keys
from router.linkage.ranking import OVERSIZED, ranked
from router.memory.decoded import Decoded
from router.step import Step
from router.steps.link.decide import evidence_of
from router.steps.link.register import Evidence, PersonRecord, Register, Ruling
from router.steps.link.settling import own_person
from schemas.base import Fact
from schemas.decisions import LinkDecided, PersonsDecided, Settled, SplitDecided, UndoDecided
from schemas.message import Message
from schemas.notification import NotificationAccepted
from stores import people, states
from stores.database import Transaction

_DECODED = 5000
RULINGS = "link/rulings"
"""The name under which human decisions are kept, beside the evidence."""


class DecodedPeople(Decoded[int, PersonRecord]):
    """Persons by row number, as last decoded or written in this process."""

    def __init__(self) -> None:
        super().__init__(_DECODED)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A child as a message describes them, with the keys to look under: computed once per
    message.
    """

    evidence: Evidence
    subject: Subject
    keys: frozenset[int]


class PeopleMemory:
    """The register in the store, as one batch sees it (:class:`router.memory.documents.Memory`)."""

    def __init__(self, step: Step[Any], transaction: Transaction, decoded: DecodedPeople) -> None:
        self._step = step
        self._transaction = transaction
        self._decoded = decoded
        self._incoming: dict[str, _Incoming] = {}
        self._blocks: defaultdict[int, set[int] | None] = defaultdict(set)
        self._records: dict[int, PersonRecord] = {}
        self._versions: dict[int, int] = {}
        self._evidence: dict[str, Evidence] = {}
        self._evidence_versions: dict[str, int] = {}
        self._rulings: dict[str, Ruling] = {}
        self._ruling_versions: dict[str, int] = {}
        self._changed_rulings: set[str] = set()
        self._filed: set[tuple[int, int]] = set()
        self._unfiled: set[tuple[int, int]] = set()
        self._touched: set[int] = set()
        self._rankings: dict[str, tuple[list[int], frozenset[int]]] = {}
        self._changed: set[int] = set()
        self._changed_evidence: set[str] = set()

    def prefetch(self, messages: Sequence[Message]) -> None:
        """Load the blocks of every child, the best candidates in them, and the evidence that
        messages speak of.
        """
        self._describe(messages)
        wanted = {key for incoming in self._incoming.values() for key in incoming.keys}
        self._read_blocks(wanted)
        self._rankings = {
            id_: ranked(incoming.keys, self._blocks) for id_, incoming in self._incoming.items()
        }
        self._load(number for numbers, _ in self._rankings.values() for number in numbers)
        self._load_evidence(filter(None, (_spoken_of(message.data) for message in messages)))

    def recall(self, message: Message) -> Register:
        """Candidates for the child that the message describes, or the persons and evidence that it
        decides about.
        """
        if isinstance(message.data, Settled):
            return self._for_decision(message.data)
        incoming = self._incoming[message.id]
        numbers, oversized = self._rankings[message.id]
        if not self._touched.isdisjoint(incoming.keys):
            numbers, oversized = ranked(incoming.keys, self._blocks)
            self._load(numbers)
        first = self._evidence.get(_spoken_of(message.data) or "")
        records = [self._records[number] for number in numbers if number in self._records]
        if first is not None:
            records += self._persons([first.person_id])
        return Register(
            incoming.subject,
            records,
            {first.id: first} if first else {},
            incoming=incoming.evidence,
            oversized=oversized,
        )

    def remember(self, message: Message, state: Register) -> None:  # noqa: ARG002 - the protocol's
        """Keep changed persons and evidence, and file the persons under what they are known by
        now.
        """
        for record in state.people:
            self._remember_person(record)
        for id_, evidence in state.evidence.items():
            self._evidence[id_] = evidence
            self._changed_evidence.add(id_)
        self._rulings.update(state.rulings)
        self._changed_rulings.update(state.rulings)

    def flush(self) -> None:
        """Write changed persons, their keys and evidence."""
        profiles = {
            number: (self._versions.get(number, 0) + 1, self._written(number))
            for number in self._changed
        }
        people.save(self._transaction, profiles)
        self._write_keys()
        states.save(
            self._transaction,
            self._step.name,
            {
                id_: (
                    self._evidence_versions.get(id_, 0) + 1,
                    self._evidence[id_].model_dump_json().encode(),
                )
                for id_ in self._changed_evidence
            },
        )
        states.save(
            self._transaction,
            RULINGS,
            {
                id_: (
                    self._ruling_versions.get(id_, 0) + 1,
                    self._rulings[id_].model_dump_json().encode(),
                )
                for id_ in self._changed_rulings
            },
        )

    def _written(self, number: int) -> bytes:
        body = self._records[number].encode()
        self._decoded.put(number, body, self._records[number])
        return body

    def _describe(self, messages: Sequence[Message]) -> None:
        told = [(one.id, evidence_of(one.data, one.id)) for one in messages]
        told = [(id_, evidence) for id_, evidence in told if evidence is not None]
        subjects = [evidence.subject() for _, evidence in told]
        under = [keys(subject) for subject in subjects]
        for (id_, evidence), subject, found in zip(told, subjects, under, strict=True):
            self._incoming[id_] = _Incoming(evidence, subject, found)

    def _read_blocks(self, keys: Collection[int]) -> None:
        self._blocks.update(people.filed_under(self._transaction, keys, most=OVERSIZED))

    def _load(self, numbers: Iterable[int]) -> None:
        missing = {number for number in numbers if number not in self._records}
        for number, (version, body) in people.load(self._transaction, missing).items():
            self._versions[number] = version
            self._records[number] = self._decoded.get(number, body, PersonRecord.decode)

    def _load_evidence(self, ids: Iterable[str]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._evidence}
        for id_, (version, body) in states.load(
            self._transaction, self._step.name, missing
        ).items():
            self._evidence_versions[id_] = version
            self._evidence[id_] = Evidence.model_validate_json(body)

    def _persons(self, person_ids: Collection[str]) -> list[PersonRecord]:
        numbers = [people.number_of(person_id) for person_id in person_ids]
        self._load(numbers)
        return [self._records[number] for number in numbers if number in self._records]

    def _load_rulings(self, ids: Iterable[str]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._rulings}
        for id_, (version, body) in states.load(self._transaction, RULINGS, missing).items():
            self._ruling_versions[id_] = version
            self._rulings[id_] = Ruling.model_validate_json(body)

    def _for_decision(self, decided: Settled) -> Register:
        """Whom the decision names or takes evidence from, with all of theirs, and whom they are
        verified not to be.
        """
        ruling = self._ruling_of(decided)
        named = self._standing(_persons_of(decided, self._evidence, ruling))
        others = {other for record in named for other, _ in record.apart} - {
            record.person_id for record in named
        }
        needed = {id_ for record in named for id_ in record.evidence} | {_spoken_of(decided) or ""}
        needed |= {move.evidence_id for move in ruling.moves} if ruling else set()
        self._load_evidence(needed)
        return Register(
            people=[*named, *self._persons(sorted(others))],
            evidence={id_: self._evidence[id_] for id_ in needed if id_ in self._evidence},
            rulings={ruling.id: ruling} if ruling else {},
        )

    def _ruling_of(self, decided: Settled) -> Ruling | None:
        if not isinstance(decided, UndoDecided):
            return None
        self._load_rulings([decided.decision.decision_id])
        return self._rulings.get(decided.decision.decision_id)

    def _standing(self, person_ids: Iterable[str]) -> list[PersonRecord]:
        """These persons, and whoever has their evidence since."""
        found: dict[str, PersonRecord] = {}
        wanted = list(dict.fromkeys(person_ids))
        while wanted:
            records = self._persons(wanted)
            found |= {record.person_id: record for record in records}
            wanted = [
                record.successor for record in records if record.successor not in {"", *found}
            ]
        return list(found.values())

    def _remember_person(self, record: PersonRecord) -> None:
        number = people.number_of(record.person_id)
        known = self._records.get(number)
        before = known.keys if known else frozenset()
        self._refile(number, record.keys - before, before - record.keys)
        self._records[number] = record
        self._changed.add(number)

    def _refile(self, number: int, new: Collection[int], gone: Collection[int]) -> None:
        """Persons stay filed under what is known of them, no more: the same whatever batches they
        came in.
        """
        self._touched.update(new, gone)
        for key in new:
            self._filed.add((key, number))
            self._unfiled.discard((key, number))
            if (block := self._blocks[key]) is not None:
                block.add(number)
        for key in gone:
            self._unfiled.add((key, number))
            self._filed.discard((key, number))
            if (block := self._blocks[key]) is not None:
                block.discard(number)
        if crowds := [key for key in gone if self._blocks[key] is None]:
            # One less may be few enough: only the store can tell.
            self._write_keys()
            self._read_blocks(crowds)

    def _write_keys(self) -> None:
        people.unfile(self._transaction, self._unfiled)
        people.file(self._transaction, self._filed)
        self._unfiled.clear()
        self._filed.clear()


def file_everybody(transaction: Transaction) -> int:
    """File every known person anew, as what names a child is read otherwise since an upgrade;
    answers with the keys.
    """
    known = ((number, PersonRecord.decode(body)) for number, body in people.everybody(transaction))
    return people.file_anew(
        transaction, ((key, number) for number, record in known for key in record.keys)
    )


def _spoken_of(fact: Fact) -> str | None:
    """The evidence that a message refers back to: an amendment to its first version, a decision to
    its referral.
    """
    match fact:
        case NotificationAccepted(first_referral_id=first):
            return first
        case LinkDecided(decision=decision):
            return decision.referral_id
        case _:
            return None


def _persons_of(
    decided: Settled, evidence: Mapping[str, Evidence], ruling: Ruling | None
) -> Iterable[str]:
    match decided:
        case LinkDecided(decision=link):
            held = evidence.get(link.referral_id)
            if held is not None:
                yield from (held.person_id, own_person(held.id), *held.doubts)
            if link.person_id is not None:
                yield link.person_id
        case PersonsDecided(decision=persons):
            yield from (persons.person_id, persons.other_person_id)
        case SplitDecided(decision=split):
            yield from (split.person_id, *filter(None, [split.to_person_id]))
        case UndoDecided():
            yield from ruling.persons if ruling else ()
