"""What the hub has about the child of a case, wherever it lies: what erasing it has to reach."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.memory.register import EVERYBODY, persons_of
from router.steps.link.register import STEP_NAME as LINKING
from router.steps.link.register import Evidence, heir_key
from schemas.case import ChildLinked, LinkCorrected, OpenCaseLinked, RegisterEntryLinked
from schemas.enquiries import EnquiryMatched
from schemas.erasure import CaseErased
from schemas.notification import NotificationDuplicated
from stores import erasing, linking, people, states
from stores.database import View

_LINKS = {one.type for one in (ChildLinked, LinkCorrected, OpenCaseLinked, RegisterEntryLinked)}
_OF_CASES = "cases.linked"


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """By what a file or letter shows that it is about the child."""

    any_of: frozenset[str]
    """References, ids and numbers: one of them is enough."""
    names: frozenset[tuple[str, ...]]
    """Names of which all parts have to be there."""

    def are_in(self, content: bytes) -> bool:
        """Whether the content speaks of the child, in UTF-8 or UTF-16."""
        texts = [content.lower(), content.replace(b"\0", b"").lower()]
        return any(self._are_in(text) for text in texts)

    def _are_in(self, text: bytes) -> bool:
        if any(word.lower().encode() in text for word in self.any_of):
            return True
        return any(all(part.lower().encode() in text for part in name) for name in self.names)


@dataclass(slots=True, repr=False)
class Reach:
    """What is about a child: ``told`` is all that told of it, by its id."""

    case_ids: set[str]
    told: Mapping[str, Evidence] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)
    """What started something else about it: decisions, receipts, resends, enquiries."""
    products: set[str] = field(default_factory=set)
    persons: set[int] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    entries: int = 0
    left: int = 0
    """Entries about it that somebody else's key seals."""

    @property
    def words(self) -> Words:
        """What it is known by in files and letters."""
        told = self.told.values()
        numbers = {one.value for piece in told for one in piece.child.identifier}
        references = {piece.reference for piece in told}
        names = {
            (*given, *family)
            for piece in told
            for name in piece.child.name
            if (given := name.given_name[:1]) and (family := name.family_name)
        }
        return Words(
            frozenset({*self.told, *self.products, *numbers, *references}), frozenset(names)
        )


def reach(view: View, case_id: str) -> Reach:
    """All that is about the child of a case, also of cases that became one with it."""
    found = Reach({case_id})
    while more := _became_one(view, found):
        found.case_ids |= more
    found.products = erasing.products_of(view.connection, found.case_ids)
    found.persons = _persons(view, {piece.person_id for piece in found.told.values()})
    found.loose = _loose(view, found) | _enquiries(view, found)
    _seal(view, found)
    return found


def _became_one(view: View, found: Reach) -> set[str]:
    """Note what told of these cases, and answer with other cases of which all is now in these."""
    rows = erasing.entries(view.connection, subjects=found.case_ids)
    known = _evidence(view, {row.correlation_id for row in rows})
    found.told = {id_: one for id_, one in known.items() if one.case_id in found.case_ids}
    linked = erasing.entries(view.connection, about=found.told)
    former = {row.subject for row in linked if row.type in _LINKS} - found.case_ids
    return {one for one in former if _all_in(view, one, case_ids=found.case_ids)}


def _all_in(view: View, case_id: str, *, case_ids: Collection[str]) -> bool:
    rows = erasing.entries(view.connection, subjects=[case_id])
    told = _evidence(view, {row.correlation_id for row in rows if row.type in _LINKS})
    return all(piece.case_id in case_ids for piece in told.values())


def _evidence(view: View, ids: Collection[str]) -> dict[str, Evidence]:
    found = states.load(view, LINKING, keys=ids)
    return {id_: Evidence.model_validate_json(body) for id_, (_, body) in found.items()}


def _persons(view: View, person_ids: Collection[str]) -> set[int]:
    """The persons, and whoever was found to be one of them."""
    numbers, wanted = set[int](), set(person_ids)
    while wanted:
        new = set(map(people.number_of, wanted)) - numbers
        filed = people.filed_under(view, set(map(heir_key, wanted)), most=EVERYBODY)
        heirs = {number for block in filed.values() for number in block or ()} - numbers
        records = [record for _, record in persons_of(view, heirs).values()]
        numbers |= new
        wanted = {one.person_id for one in records if one.successor in wanted}
        wanted -= {id_ for id_ in wanted if people.number_of(id_) in numbers}
    return numbers


def _loose(view: View, found: Reach) -> set[str]:
    """What is no evidence and about nobody else, by what it names, came under, or caused."""
    connection, subjects = view.connection, {*found.case_ids, *found.products}
    rows = erasing.entries(connection, about=found.told, subjects=subjects)
    known = {row.message_id for row in rows}
    causes = {row.causation_id for row in rows if row.causation_id} - known
    rows += erasing.of_messages(connection, causes)
    loose = {row.correlation_id for row in rows}
    loose -= {*found.told, *_evidence(view, loose)}
    return {id_ for id_ in loose if _is_theirs(view, id_, found=found)} | _resent(view, found)


def _resent(view: View, found: Reach) -> set[str]:
    """What came again under a reference, where that was used for nobody else."""
    references = {f"{piece.agency}/{piece.reference}" for piece in found.told.values()}
    rows = erasing.entries(view.connection, subjects=references)
    known = _evidence(view, {row.correlation_id for row in rows})
    others = {row.subject for row in rows if row.correlation_id in known.keys() - found.told}
    again = {row.correlation_id: row.subject in others for row in rows}
    return {
        id_
        for id_, shared in again.items()
        if id_ not in known and _is_theirs(view, id_, found=found, repeats=shared)
    }


def _is_theirs(view: View, id_: str, *, found: Reach, repeats: bool = False) -> bool:
    """Whether nothing that it started is about anybody else; ``repeats``: only if that is said."""
    rows = erasing.entries(view.connection, about=[id_])
    cases = {row.subject for row in rows if row.topic == _OF_CASES}
    if any(row.type == CaseErased.type for row in rows) or cases - found.case_ids:
        return False
    again = linking.about(view.connection, view.vault, ids=[id_], types=[NotificationDuplicated])
    facts = [one.message.data for one in again]
    said = [one.duplicate_of for one in facts if isinstance(one, NotificationDuplicated)]
    return set(said) <= found.told.keys() and (bool(said) or not repeats)


def _enquiries(view: View, found: Reach) -> set[str]:
    """Enquiries that were answered with this child, and no other."""
    ids = set()
    for entry in linking.every(view.connection, view.vault, type_=EnquiryMatched):
        match entry.message.data:
            case EnquiryMatched(enquiry_id=id_, matches=(one,)) if one.case_id in found.case_ids:
                ids |= {id_, entry.message.correlation_id}
    return ids


def _seal(view: View, found: Reach) -> None:
    """Note by which keys all of it is sealed."""
    own = {*found.told, *found.loose}
    rows = erasing.entries(view.connection, about=own, subjects=found.products)
    mine = [row for row in rows if row.correlation_id in own]
    found.keys = {*own, *found.case_ids, *found.products}
    found.keys |= set(map(people.key_id_of, found.persons))
    found.keys |= {row.key_id for row in mine if row.key_id == row.message_id}
    words, messages = found.words, {row.message_id for row in mine}
    found.keys |= set(_letters(view, words, messages=messages))
    found.keys |= erasing.made_afterwards(view.connection, found.keys)
    found.keys -= erasing.NEVER
    sealed = [row for row in mine if row.key_id in found.keys]
    found.entries, found.left = len(sealed), len(mine) - len(sealed)


def _letters(view: View, words: Words, *, messages: Collection[str]) -> Iterator[str]:
    """The keys of letters and dead letters about the child that have one of their own."""
    for one in erasing.waiting(view):
        about = one.message_id in messages or any(map(words.are_in, one.plain))
        if about and _is_own(view, one):
            yield one.key_id


def _is_own(view: View, one: Any) -> bool:
    """Whether its key seals no entry of anybody's."""
    return not erasing.entries(view.connection, about=[one.key_id])
