"""Where else the adults of a family are named: beside children of other families (R13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from router.linkage.adult_model import AdultModel, load_adult_model
from router.linkage.adults import split_adult
from router.linkage.ranking import OVERSIZED
from router.linkage.same_adult import KnownAdult, Verdict, adult_marks, may_be_called, weigh_adults
from router.memory.register import ADULTS, marks_of
from router.picture.adults import (
    NOBODY_SAID,
    Adult,
    RelatedAdult,
    SaidOfAdults,
    adults_of,
    comparable,
    related,
)
from router.picture.reading import Found, evidence_of, hidden_among
from router.steps.link.register import Evidence, PersonRecord
from stores import linked, people, states
from stores.database import View

_ROUNDS: Final = 3
"""What another family tells of an adult, such as a new surname, is looked for in its turn."""
_CHILDREN: Final = 40
"""Children elsewhere whose evidence is read for one adult: of whom something came last."""
_PIECES: Final = 20
"""Of each of them, so many of the latest."""


def with_adults(view: View, found: Found) -> Found:
    """The same with the adults of its families, and where else each of them is named.

    A few queries more, however many families.
    """
    model = load_adult_model()
    hidden = hidden_among(found.evidence.values(), found.linked)
    own = {
        family_id: adults_of(found.told(members), family_id=family_id, hidden=hidden, model=model)
        for family_id, members in found.families.items()
    }
    register = _Register(
        view,
        model,
        read=_numbers_of(found),
        people=dict(found.people),
        evidence=dict(found.evidence),
    )
    others = list(_others(register, own, model=model))
    said = _said(view, [*others, *(one for adults in own.values() for one in adults)])
    adults: dict[str, tuple[RelatedAdult, ...]] = {}
    for family_id, known in own.items():
        members = {one.person_id for one in found.families[family_id]}
        besides = [one for one in others if one.known.children.isdisjoint(members)]
        adults[family_id] = tuple(related(one, besides, model=model, said=said) for one in known)
    return replace(found, adults=adults, people=register.people, evidence=register.evidence)


def _said(view: View, adults: Sequence[Adult]) -> SaidOfAdults:
    """What humans have said of these; most hubs' have said nothing."""
    if not states.any_of(view, ADULTS):
        return NOBODY_SAID
    return SaidOfAdults(marks_of(view, {m.id for one in adults for m in one.mentions}))


def _others(
    register: _Register, own: Mapping[str, Sequence[Adult]], *, model: AdultModel
) -> Iterator[Adult]:
    """The adults of other families who may be one of these."""
    wanted = [one for adults in own.values() for one in adults]
    for _ in range(_ROUNDS):
        new = register.naming(wanted)
        yield from new
        wanted = [one for one in new if _is_any(one, wanted, model=model)]


def _numbers_of(found: Found) -> set[int]:
    """The children of one family alone: of several, one's may be the other's elsewhere."""
    members = [one.person_id for family in found.families.values() for one in family]
    return set(map(people.number_of, members)) if len(found.families) == 1 else set()


def _is_any(one: Adult, others: Sequence[Adult], *, model: AdultModel) -> bool:
    return any(
        weigh_adults(one.known, other.known, model=model).verdict is Verdict.SAME
        for other in comparable(one, others)
    )


@dataclass(repr=False)
class _Register:
    """The adults whom the register's children have beside them, read as they are asked for."""

    view: View
    model: AdultModel
    read: set[int]
    """Row numbers of children who are not read, or not again."""
    people: dict[str, PersonRecord]
    """The children who were read, and ..."""
    evidence: dict[str, Evidence]
    """... what was told of them."""
    asked: set[int] = field(default_factory=set)

    def naming(self, wanted: Sequence[Adult]) -> list[Adult]:
        """The adults beside children who may have one of these beside them."""
        keys = {key for one in wanted for key in one.keys} - self.asked
        if not keys:
            return []
        self.asked |= keys
        filed = people.filed_under(self.view, keys, most=OVERSIZED)
        numbers = {number for block in filed.values() for number in block or ()} - self.read
        self.read |= numbers
        return self._adults(self._children(numbers, [one.known for one in wanted]))

    def _children(self, numbers: set[int], wanted: Sequence[KnownAdult]) -> list[PersonRecord]:
        known = {people.number_of(id_): one for id_, one in self.people.items()}
        loaded = people.load(self.view, numbers - known.keys())
        records = [known[number] for number in numbers & known.keys()]
        records += [PersonRecord.decode(body) for _, body in loaded.values()]
        records.sort(key=lambda one: (-one.profile.seen, one.person_id))
        found: dict[str, PersonRecord] = {}
        for adult in wanted:
            named = (one for one in records if one.evidence and _names(one, adult))
            found |= {one.person_id: one for one in islice(named, _CHILDREN)}
        return [found[id_] for id_ in sorted(found)]

    def _adults(self, children: Sequence[PersonRecord]) -> list[Adult]:
        ids = {id_ for one in children for id_ in one.evidence[-_PIECES:]}
        self.people |= {one.person_id: one for one in children}
        self.evidence |= evidence_of(self.view, ids - self.evidence.keys())
        evidence = {id_: self.evidence[id_] for id_ in ids if id_ in self.evidence}
        close = [piece.id for piece in evidence.values() if piece.kept_close]
        hidden = hidden_among(evidence.values(), linked.load(self.view, close))
        families: defaultdict[str, list[str]] = defaultdict(list)
        for one in children:
            families[one.profile.family_id] += one.evidence
        return [
            adult
            for family_id, pieces in sorted(families.items())
            for adult in adults_of(
                [evidence[id_] for id_ in pieces if id_ in evidence],
                family_id=family_id,
                hidden=hidden,
                model=self.model,
            )
        ]


def _names(record: PersonRecord, wanted: KnownAdult) -> bool:
    """Whether a child has an adult beside it who may be this one."""
    if not set(record.profile.adult_marks).isdisjoint(adult_marks(wanted)):
        return True
    return any(may_be_called(wanted, adult) for adult in map(split_adult, record.profile.adults))
