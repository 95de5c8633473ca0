"""What linking remembers: candidates found by shared keys, persons, and the evidence that they are made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from router.decoded import Decoded
from router.linkage import Subject, keys
from router.outcome import Step
from router.register import Evidence, PersonRecord, Register
from router.steps.link import evidence_of
from schemas.decisions import LinkDecided
from schemas.message import Message, derived_id
from schemas.notification import NotificationAccepted
from stores import people, states
from stores.database import Transaction

_CANDIDATES = 12
"""Compared with each child; measured, 8, 12 and 50 found the same."""
_DECODED = 5000


class DecodedPeople(Decoded[int, PersonRecord]):
    """Persons by row number, as last decoded or written in this process."""

    def __init__(self) -> None:
        super().__init__(_DECODED)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A child as a message describes them, with the keys to look under: computed once per message."""

    evidence: Evidence
    subject: Subject
    keys: tuple[int, ...]


class PeopleMemory:
    """The register in the store, as one batch sees it (:class:`router.memory.Memory`)."""

    def __init__(self, step: Step[Any], transaction: Transaction, decoded: DecodedPeople) -> None:
        self._step = step
        self._transaction = transaction
        self._decoded = decoded
        self._incoming: dict[str, _Incoming] = {}
        self._blocks: dict[int, set[int]] = {}
        self._records: dict[int, PersonRecord] = {}
        self._versions: dict[int, int] = {}
        self._evidence: dict[str, Evidence] = {}
        self._evidence_versions: dict[str, int] = {}
        self._filed: dict[int, set[int]] = {}
        self._touched: set[int] = set()
        self._rankings: dict[str, list[int]] = {}
        self._changed: set[int] = set()
        self._changed_evidence: set[str] = set()

    def prefetch(self, messages: Sequence[Message]) -> None:
        """Load the blocks of every child, the best candidates in them, and the evidence that messages speak of."""
        self._describe(messages)
        wanted = {key for incoming in self._incoming.values() for key in incoming.keys}
        self._blocks = defaultdict(set, people.filed_under(self._transaction, wanted))
        self._rankings = {id_: self._ranked(incoming) for id_, incoming in self._incoming.items()}
        self._load(number for ranking in self._rankings.values() for number in ranking)
        self._load_evidence(filter(None, map(_spoken_of, messages)))

    def recall(self, message: Message) -> Register:
        """Candidates for the child that the message describes, or the persons and evidence that it decides about."""
        if isinstance(message.data, LinkDecided):
            return self._for_decision(message.data)
        incoming = self._incoming[message.id]
        ranked = self._rankings[message.id]
        if not self._touched.isdisjoint(incoming.keys):
            ranked = self._ranked(incoming)
            self._load(ranked)
        first = self._evidence.get(_spoken_of(message) or "")
        records = [self._records[number] for number in ranked if number in self._records]
        if first is not None:
            records += self._persons([first.person_id])
        return Register(incoming.subject, records, {first.id: first} if first else {})

    def remember(self, message: Message, state: Register) -> None:  # noqa: ARG002 - the protocol's
        """Keep changed persons and evidence, and file the persons under what they are known by now."""
        for record in state.people:
            self._remember_person(record)
        for id_, evidence in state.evidence.items():
            self._evidence[id_] = evidence
            self._changed_evidence.add(id_)

    def flush(self) -> None:
        """Write changed persons, their keys and evidence."""
        profiles = {number: (self._versions.get(number, 0) + 1, self._written(number)) for number in self._changed}
        people.save(self._transaction, profiles)
        people.file(self._transaction, ((key, number) for number, new in self._filed.items() for key in new))
        states.save(
            self._transaction,
            self._step.name,
            {
                id_: (self._evidence_versions.get(id_, 0) + 1, self._evidence[id_].model_dump_json().encode())
                for id_ in self._changed_evidence
            },
        )

    def _written(self, number: int) -> bytes:
        body = self._records[number].encode()
        self._decoded.put(number, body, self._records[number])
        return body

    def _describe(self, messages: Sequence[Message]) -> None:
        for message in messages:
            evidence = evidence_of(message.data, message.id)
            if evidence is not None:
                subject = evidence.subject()
                self._incoming[message.id] = _Incoming(evidence, subject, keys(subject))

    def _ranked(self, incoming: _Incoming) -> list[int]:
        shared = Counter(number for key in incoming.keys for number in self._blocks[key])
        return sorted(shared, key=lambda number: (-shared[number], number))[:_CANDIDATES]

    def _load(self, numbers: Iterable[int]) -> None:
        missing = {number for number in numbers if number not in self._records}
        for number, (version, body) in people.load(self._transaction, missing).items():
            self._versions[number] = version
            self._records[number] = self._decoded.get(number, body, PersonRecord.decode)

    def _load_evidence(self, ids: Iterable[str]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._evidence}
        for id_, (version, body) in states.load(self._transaction, self._step.name, missing).items():
            self._evidence_versions[id_] = version
            self._evidence[id_] = Evidence.model_validate_json(body)

    def _persons(self, person_ids: Collection[str]) -> list[PersonRecord]:
        numbers = [people.number_of(person_id) for person_id in person_ids]
        self._load(numbers)
        return [self._records[number] for number in numbers if number in self._records]

    def _for_decision(self, decided: LinkDecided) -> Register:
        held = self._evidence.get(decided.decision.referral_id)
        if held is None:
            return Register()
        own = derived_id("person", held.id)
        records = self._persons(list(dict.fromkeys([held.person_id, decided.decision.person_id or own])))
        needed = {id_ for record in records for id_ in record.evidence} | {held.id}
        self._load_evidence(needed)
        return Register(people=records, evidence={id_: self._evidence[id_] for id_ in needed if id_ in self._evidence})

    def _remember_person(self, record: PersonRecord) -> None:
        number = people.number_of(record.person_id)
        known = self._records.get(number)
        new = record.keys - known.keys if known else record.keys
        self._filed.setdefault(number, set()).update(new)
        self._touched |= new
        for key in new:
            self._blocks[key].add(number)
        self._records[number] = record
        self._changed.add(number)


def _spoken_of(message: Message) -> str | None:
    """The evidence that a message refers back to: an amendment to its first version, a decision to its referral."""
    match message.data:
        case NotificationAccepted(first_referral_id=first):
            return first
        case LinkDecided(decision=decision):
            return decision.referral_id
        case _:
            return None
