"""What linking remembers: candidates found by shared keys, persons, and the evidence that they are
made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from router.linkage import Subject, keys
from router.linkage.another import may_be_one
from router.linkage.concerns import depends_on_words
from router.linkage.ranking import OVERSIZED, ranked
from router.linkage.rules import NEWEST
from router.memory.documents import read, written
from router.memory.hanging import members
from router.step import Step
from router.steps.link.again import near_in_time
from router.steps.link.decide import evidence_of
from router.steps.link.register import (
    AdultMarks,
    Evidence,
    PersonRecord,
    Register,
    Ruling,
    family_key,
    heir_key,
)
from router.steps.link.settling import own_person
from router.steps.safety import CHILD, cautioned
from schemas.base import Fact
from schemas.decisions import (
    AdultsDecided,
    LinkDecided,
    PersonsDecided,
    Settled,
    SplitDecided,
    UndoDecided,
)
from schemas.enquiries import EnquiryAdmitted
from schemas.message import Message, derived_id
from schemas.notification import NotificationAccepted
from schemas.registers import RegisterEntryReceived
from schemas.safety import Around
from stores import people, states
from stores.database import Transaction, View
from stores.decoded import Decoded

_DECODED = 5000
EVERYBODY = 1_000_000
"""More than are ever filed under a family."""
_SEVERAL = 2
"""Other families of whom the very same words are told: they are standard ones."""
GUARDED = "link/guarded"
"""The name under which is kept what a piece of evidence says that must be looked for before
anything is sent (L7); most say nothing of the kind.
"""
RULINGS = "link/rulings"
"""The name under which human decisions are kept, beside the evidence."""
ADULTS = "link/adults"
"""The name under which is kept what humans said of adults."""


def marks_of(view: View, adult_ids: Collection[str]) -> dict[str, AdultMarks]:
    """What humans said of these adults and others."""
    found = states.load(view, ADULTS, keys=adult_ids)
    return {id_: AdultMarks.model_validate_json(body) for id_, (_, body) in found.items()}


def persons_of(view: View, numbers: Collection[int]) -> dict[int, tuple[int, PersonRecord]]:
    """Version and record of the persons with these row numbers; decoded unless they just were."""
    if not numbers:
        return {}
    decoded, found = _decoded(view), people.load(view, numbers)
    return {
        number: (version, decoded.get(number, body, decode=PersonRecord.decode))
        for number, (version, body) in found.items()
    }


def _decoded(view: View) -> Decoded[int, PersonRecord]:
    return view.decoded.of(PersonRecord, most=_DECODED)


class _Incoming(NamedTuple):
    """A child as a message describes them, with the keys to look under: computed once per
    message.
    """

    evidence: Evidence
    subject: Subject
    keys: frozenset[int]


class PeopleMemory:
    """The register in the store, as one batch sees it (:class:`router.memory.documents.Memory`)."""

    def __init__(self, step: Step[Any], view: View) -> None:
        self.rules = NEWEST
        """By which rules children are described: the policy's, where what was decided is decided
        again.
        """
        self._step = step
        self._view = view
        self._incoming: dict[str, _Incoming] = {}
        self._blocks: defaultdict[int, set[int] | None] = defaultdict(set)
        self._read: set[int] = set()
        """Keys of which the store was asked who is filed under them."""
        self._records: dict[int, PersonRecord] = {}
        self._versions: dict[int, int] = {}
        self._evidence: dict[str, Evidence] = {}
        self._evidence_versions: dict[str, int] = {}
        self._rulings: dict[str, Ruling] = {}
        self._ruling_versions: dict[str, int] = {}
        self._changed_rulings: set[str] = set()
        self._adults: dict[str, AdultMarks] = {}
        self._adult_versions: dict[str, int] = {}
        self._changed_adults: set[str] = set()
        self._filed: set[tuple[int, int]] = set()
        self._unfiled: set[tuple[int, int]] = set()
        self._touched: set[int] = set()
        self._rankings: dict[str, tuple[list[int], frozenset[int]]] = {}
        self._changed: set[int] = set()
        self._changed_evidence: set[str] = set()

    def foresee(self, messages: Sequence[Message]) -> None:
        """Load the blocks of every child, the best candidates in them, and the evidence that
        messages speak of.
        """
        self._look_up(self._describe(messages))
        self._load_evidence(filter(None, (_spoken_of(message.data) for message in messages)))

    def recall(self, message: Message) -> Register:
        """Candidates for the child that the message describes, or the persons and evidence that it
        decides about.
        """
        if isinstance(message.data, Settled):
            self._load_evidence(filter(None, [_spoken_of(message.data)]))
            return self._for_decision(message.data)
        incoming = self._incoming_of(message)
        numbers, oversized = self._rankings[incoming.evidence.id]
        if not self._touched.isdisjoint(incoming.keys):
            numbers, oversized = ranked(incoming.keys, self._blocks)
            self._load(numbers)
        spoken_of = _spoken_of(message.data) or ""
        self._load_evidence(filter(None, [spoken_of]))
        first = self._evidence.get(spoken_of)
        records = [self._records[number] for number in numbers if number in self._records]
        if first is not None:
            records += self._persons([first.person_id])
        told, standard = self._told(message.data, incoming, records=records)
        evidence = told | ({first.id: first} if first else {})
        return Register(
            incoming.subject,
            records,
            evidence,
            incoming=incoming.evidence,
            oversized=oversized,
            rules=self.rules,
            standard=standard,
            kin=self,
        )

    def members(self, family_id: str) -> Sequence[PersonRecord]:
        """Everybody of the family as they are now (:class:`router.steps.link.register.Kin`)."""
        own = self._read_records(self._filed_under([family_key(family_id)]))
        heirs = self._filed_under([heir_key(record.person_id) for record in own])
        if not heirs and not any(record.joined for record in own):
            return sorted((one for one in own if one.evidence), key=lambda one: one.person_id)
        return members([family_id], filed=self._filed_under, read=self._read_records)[family_id]

    def told_of(self, people: Iterable[PersonRecord], *, since: int) -> list[Evidence]:
        """What may tell of concerns of their own, of this day or later."""
        ids = {id_ for person in people for id_ in person.may_be_concerns(since=since)}
        self._load_evidence(ids)
        return [self._evidence[id_] for id_ in sorted(ids) if id_ in self._evidence]

    def _filed_under(self, keys: Collection[int]) -> set[int]:
        self._read_blocks([key for key in keys if key not in self._read])
        crowds = [key for key in keys if self._blocks[key] is None]
        numbers = {number for key in keys for number in self._blocks[key] or ()}
        return numbers | self._crowd(crowds) if crowds else numbers

    def _crowd(self, keys: Collection[int]) -> set[int]:
        """A family that is too large to be one is read whole all the same."""
        stored = people.filed_under(self._view, keys, most=EVERYBODY)
        found = {(key, number) for key, block in stored.items() for number in block or ()}
        filed = {entry for entry in self._filed if entry[0] in stored}
        return {number for _, number in found - self._unfiled | filed}

    def _read_records(self, numbers: Collection[int]) -> list[PersonRecord]:
        self._load(numbers)
        return [self._records[number] for number in numbers if number in self._records]

    def _told(
        self, fact: Fact, incoming: _Incoming, *, records: Sequence[PersonRecord]
    ) -> tuple[dict[str, Evidence], frozenset[str]]:
        """For a concern what may have told it before; for an enquiry all that was told of these
        persons; for what is neither nothing.
        """
        if isinstance(fact, NotificationAccepted) and self.rules >= 2:
            return self._told_before(incoming, records)
        if not isinstance(fact, EnquiryAdmitted):
            return {}, frozenset()
        ids = {id_ for record in records for id_ in record.evidence}
        self._load_evidence(ids)
        return {id_: self._evidence[id_] for id_ in ids if id_ in self._evidence}, frozenset()

    def _told_before(
        self, incoming: _Incoming, records: Sequence[PersonRecord]
    ) -> tuple[dict[str, Evidence], frozenset[str]]:
        """What was told about the time of this, and may be of the same child; and of that, what is
        in words that are told of several families.
        """
        piece = incoming.evidence
        found: dict[str, PersonRecord] = {}
        for record in records:
            near = near_in_time(record, piece)
            if near and may_be_one(incoming.subject, record.profile):
                found |= dict.fromkeys(near, record)
        self._load_evidence(found)
        told = {id_: self._evidence[id_] for id_ in found if id_ in self._evidence}
        new = piece.account()
        hangs = [id_ for id_, one in told.items() if depends_on_words(new, one.account())]
        return told, frozenset(id_ for id_ in hangs if self._is_standard(told[id_], found[id_]))

    def _is_standard(self, piece: Evidence, record: PersonRecord) -> bool:
        """Whether the words of a piece are told of others' children too."""
        key = piece.words_key()
        if key is None:
            return True
        if key not in self._read:
            self._read_blocks({key})
        numbers = self._blocks[key]
        if numbers is None:
            return True
        self._load(numbers)
        others = {self._records[n].profile.family_id for n in numbers if n in self._records}
        return len(others - {record.profile.family_id}) >= _SEVERAL

    def _incoming_of(self, message: Message) -> _Incoming:
        """The child of a message; described now where nobody foresaw it."""
        id_ = _evidence_id(message)
        if id_ not in self._incoming:
            self._look_up(self._describe([message]))
        return self._incoming[id_]

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
        self._adults.update(state.adults)
        self._changed_adults.update(state.adults)

    def flush(self, transaction: Transaction) -> None:
        """Write changed persons, their keys and evidence."""
        profiles = {
            number: (self._versions.get(number, 0) + 1, self._written(number))
            for number in self._changed
        }
        people.save(transaction, profiles)
        people.unfile(transaction, self._unfiled)
        people.file(transaction, self._filed)
        evidence = {
            id_: (
                self._evidence_versions.get(id_, 0) + 1,
                written(self._view, id_, document=self._evidence[id_], state=Evidence),
            )
            for id_ in self._changed_evidence
        }
        states.save(transaction, self._step.name, documents=evidence)
        states.save(transaction, GUARDED, documents=dict(self._guarded()))
        for step, changed, known, versions in (
            (RULINGS, self._changed_rulings, self._rulings, self._ruling_versions),
            (ADULTS, self._changed_adults, self._adults, self._adult_versions),
        ):
            documents = {
                id_: (versions.get(id_, 0) + 1, known[id_].model_dump_json().encode())
                for id_ in changed
            }
            states.save(transaction, step, documents=documents)

    def _guarded(self) -> Iterator[tuple[str, tuple[int, bytes]]]:
        """Of evidence that is written for the first time."""
        for id_ in self._changed_evidence - self._evidence_versions.keys():
            found = cautioned(Around(who=CHILD, person=self._evidence[id_].child))
            if found is not None:
                yield id_, (1, found.person.model_dump_json().encode())

    def _written(self, number: int) -> bytes:
        body = self._records[number].encode()
        _decoded(self._view).put(number, body, value=self._records[number])
        return body

    def _describe(self, messages: Sequence[Message]) -> list[_Incoming]:
        """The children whom messages describe that were not described before."""
        found = []
        for message in messages:
            evidence = evidence_of(message.data, message.id, received_at=message.time)
            if evidence is not None and evidence.id not in self._incoming:
                subject = evidence.subject(self.rules)
                incoming = _Incoming(evidence, subject, keys(subject))
                self._incoming[evidence.id] = incoming
                found.append(incoming)
        return found

    def _look_up(self, described: Sequence[_Incoming]) -> None:
        """Read the blocks of these children, rank whoever is in them, and load the best."""
        self._read_blocks({key for one in described for key in one.keys} - self._read)
        rankings = {one.evidence.id: ranked(one.keys, self._blocks) for one in described}
        self._rankings |= rankings
        self._load(number for numbers, _ in rankings.values() for number in numbers)
        self._foresee_families(numbers[0] for numbers, _ in rankings.values() if numbers)

    def _foresee_families(self, best: Iterable[int]) -> None:
        """Read who belongs to the families of the likeliest candidates, as counting will ask."""
        known = (self._records[number] for number in set(best) if number in self._records)
        families = {record.profile.family_id for record in known}
        if families:
            members(families, filed=self._filed_under, read=self._read_records)

    def _read_blocks(self, keys: Collection[int]) -> None:
        """Who is filed under these keys, with what is not written yet."""
        if not keys:
            return
        self._read.update(keys)
        found = people.filed_under(self._view, keys, most=OVERSIZED + len(self._unfiled))
        if self._filed or self._unfiled:
            found = {key: self._as_changed(key, stored) for key, stored in found.items()}
        self._blocks |= found

    def _as_changed(self, key: int, stored: set[int] | None) -> set[int] | None:
        if stored is None:
            return None
        filed = {number for at, number in self._filed if at == key}
        unfiled = {number for at, number in self._unfiled if at == key}
        block = stored - unfiled | filed
        return block if len(block) <= OVERSIZED else None

    def _load(self, numbers: Iterable[int]) -> None:
        missing = {number for number in numbers if number not in self._records}
        for number, (version, record) in persons_of(self._view, missing).items():
            self._versions[number] = version
            self._records[number] = record

    def _load_evidence(self, ids: Iterable[str]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._evidence}
        found = read(self._view, self._step.name, keys=missing, state=Evidence)
        for id_, (version, evidence) in found.items():
            self._evidence_versions[id_] = version
            self._evidence[id_] = evidence

    def _persons(self, person_ids: Collection[str]) -> list[PersonRecord]:
        numbers = [people.number_of(person_id) for person_id in person_ids]
        self._load(numbers)
        return [self._records[number] for number in numbers if number in self._records]

    def _load_rulings(self, ids: Iterable[str]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._rulings}
        for id_, (version, body) in states.load(self._view, RULINGS, keys=missing).items():
            self._ruling_versions[id_] = version
            self._rulings[id_] = Ruling.model_validate_json(body)

    def _for_decision(self, decided: Settled) -> Register:
        """Whom the decision names or takes evidence from, with all of theirs, and whom they are
        verified not to be.
        """
        ruling = self._ruling_of(decided)
        named = self._standing(_persons_of(decided, self._evidence, ruling=ruling))
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
            adults=self._adults_of(decided, ruling),
            rules=self.rules,
            kin=self,
        )

    def _adults_of(self, decided: Settled, ruling: Ruling | None) -> dict[str, AdultMarks]:
        """What was said of the adults whom the decision is about."""
        ids: tuple[str, ...] = ()
        if isinstance(decided, AdultsDecided):
            ids = decided.decision.adult_id, decided.decision.other_adult_id
        elif ruling and ruling.adults:
            ids = ruling.adults.adult_id, ruling.adults.mark.other_adult_id
        self._load_adults(ids)
        return {id_: self._adults[id_] for id_ in ids if id_ in self._adults}

    def _load_adults(self, ids: Iterable[str]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._adults}
        for id_, (version, body) in states.load(self._view, ADULTS, keys=missing).items():
            self._adult_versions[id_] = version
            self._adults[id_] = AdultMarks.model_validate_json(body)

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
        if known is None:
            self._read.update(_founded(record))
        before = known.keys if known else frozenset()
        self._refile(number, record.keys - before, gone=before - record.keys)
        self._records[number] = record
        self._changed.add(number)

    def _refile(self, number: int, new: Collection[int], *, gone: Collection[int]) -> None:
        """Persons stay filed under what is known of them, no more: the same whatever batches they
        came in.
        """
        self._touched.update(new, gone)
        filed, unfiled = {(key, number) for key in new}, {(key, number) for key in gone}
        self._filed |= filed
        self._filed -= unfiled
        self._unfiled |= unfiled
        self._unfiled -= filed
        for key in new:
            if (block := self._blocks[key]) is not None:
                block.add(number)
        for key in gone:
            if (block := self._blocks[key]) is not None:
                block.discard(number)
        # One less may be few enough: only the store can tell.
        self._read_blocks([key for key in gone if self._blocks[key] is None])


def file_everybody(transaction: Transaction) -> int:
    """File every known person anew, as what names a child is read otherwise since an upgrade;
    answers with the keys.
    """
    known = ((number, PersonRecord.decode(body)) for number, body in people.everybody(transaction))
    return people.file_anew(
        transaction, ((key, number) for number, record in known for key in record.keys)
    )


def _evidence_id(message: Message) -> str:
    """What the evidence is called that a message brings, or would bring."""
    match message.data:
        case RegisterEntryReceived(entry_id=id_) | EnquiryAdmitted(enquiry_id=id_):
            return id_
        case other:
            return other.of_referral or message.id


def _founded(record: PersonRecord) -> Iterator[int]:
    """Keys of a person who is new, under which nobody can have been filed before."""
    yield heir_key(record.person_id)
    if record.evidence and record.profile.family_id == derived_id("family", record.evidence[0]):
        yield family_key(record.profile.family_id)


def _spoken_of(fact: Fact) -> str | None:
    """The evidence that a message refers back to: an amendment to its first version, an entry that
    came again to itself, a decision to its referral.
    """
    match fact:
        case NotificationAccepted(first_referral_id=first):
            return first
        case RegisterEntryReceived(entry_id=entry_id):
            return entry_id
        case LinkDecided(decision=decision) | AdultsDecided(decision=decision):
            return decision.referral_id
        case _:
            return None


def _persons_of(
    decided: Settled, evidence: Mapping[str, Evidence], *, ruling: Ruling | None
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
