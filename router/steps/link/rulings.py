"""What a human decision about links changes, as values: whose evidence is, who is not who, and all
of it taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from router.steps.link.register import Evidence, Mark, Move, PersonRecord, Register, Ruling, refold
from schemas.message import derived_id

Pair = tuple[str, str]


def carry_out(
    known: Register,
    id_: str,
    *,
    whose: Mapping[str, str],
    apart: Sequence[Pair] = (),
    merges: bool = False,
) -> Register:
    """The register once each piece of evidence in ``whose`` is held to be of that person.

    Each pair in ``apart`` is remembered as verified to be two children. A person left without
    evidence is succeeded by who got it: that one inherits its verified non-matches, and nothing
    says any more that the two are not one. Their families are one where two persons were merged
    (``merges``), or nobody else founded the family of the one left without evidence.
    """
    moves = tuple(_move(known.evidence[piece], person) for piece, person in whose.items())
    evidence = {
        one: _held(known, one, person_id=person, settled_by=id_) for one, person in whose.items()
    }
    people = {
        r.person_id: _rearranged(known, r, moved=evidence, merges=merges)
        for r in _concerned(known, moves)
    }
    heirs = [(known.known(id_), p.successor) for id_, p in people.items() if not p.evidence]
    lifted = [mark for old, heir in heirs for mark in _between(old, known.known(heir))]
    pairs = [(heir, other) for old, heir in heirs for other, _ in old.apart if other != heir]
    made = [
        mark
        for a, b in (*pairs, *apart)
        for mark in (_mark(a, b, decision_id=id_), _mark(b, a, decision_id=id_))
    ]
    before = {id_: known.known(id_).evidence for id_ in people}
    ruling = Ruling(id=id_, moves=moves, before=before, made=tuple(made), lifted=tuple(lifted))
    people |= _marked(known, people, add=made, lift=lifted)
    return Register(people=tuple(people.values()), evidence=evidence, rulings={id_: ruling})


def take_back(known: Register, ruling: Ruling) -> Register:
    """The register with what the ruling moved where it was, and without the non-matches that it
    made.
    """
    evidence = {
        m.evidence_id: _held(
            known, m.evidence_id, person_id=m.from_person_id, settled_by=m.settled_by
        )
        for m in ruling.moves
    }
    people = {
        r.person_id: _rearranged(known, r, moved=evidence, order=ruling.before[r.person_id])
        for r in _concerned(known, ruling.moves)
    }
    people |= _marked(known, people, add=ruling.lifted, lift=ruling.made)
    undone = ruling.model_copy(update={"undone": True})
    return Register(people=tuple(people.values()), evidence=evidence, rulings={ruling.id: undone})


def overtaken(known: Register, ruling: Ruling) -> bool:
    """Whether later decisions stand upon what this one changed, so that it cannot be taken back by
    itself.
    """
    settled = (known.evidence[move.evidence_id].settled_by == ruling.id for move in ruling.moves)
    standing = (
        (m.other_person_id, m.decision_id) in known.known(m.person_id).apart for m in ruling.made
    )
    return not (all(settled) and all(standing))


def _move(held: Evidence, to_person_id: str) -> Move:
    return Move(
        evidence_id=held.id,
        from_person_id=held.person_id,
        to_person_id=to_person_id,
        settled_by=held.settled_by,
    )


def _held(known: Register, id_: str, *, person_id: str, settled_by: str | None) -> Evidence:
    before = known.evidence[id_]
    profile = known.known(person_id).profile
    return before.held_as(profile, settled_by=settled_by, revision=before.revision + 1)


def _concerned(known: Register, moves: Iterable[Move]) -> list[PersonRecord]:
    ids = dict.fromkeys(id_ for move in moves for id_ in (move.from_person_id, move.to_person_id))
    return [known.known(id_) for id_ in ids]


def _rearranged(
    known: Register,
    record: PersonRecord,
    *,
    moved: Mapping[str, Evidence],
    order: Sequence[str] = (),
    merges: bool = False,
) -> PersonRecord:
    """The record with the evidence that is its own by now: what stays, then what comes, or in the
    order given.
    """
    place = {id_: number for number, id_ in enumerate(order)}
    stays = [
        id_
        for id_ in record.evidence
        if id_ not in moved or moved[id_].person_id == record.person_id
    ]
    comes = [
        id_
        for id_, held in moved.items()
        if held.person_id == record.person_id and id_ not in stays
    ]
    ids = sorted((*stays, *comes), key=lambda id_: place.get(id_, len(place)))
    if tuple(ids) == record.evidence:
        return record
    after = refold(
        record, [moved.get(id_) or known.evidence[id_] for id_ in ids], rules=known.rules
    )
    if ids:
        return replace(after, successor="", joined=False)
    joined = merges or record.profile.family_id == derived_id("family", record.evidence[0])
    return replace(after, successor=moved[record.evidence[-1]].person_id, joined=joined)


def _mark(person_id: str, other_person_id: str, *, decision_id: str) -> Mark:
    return Mark(person_id=person_id, other_person_id=other_person_id, decision_id=decision_id)


def _between(one: PersonRecord, other: PersonRecord) -> list[Mark]:
    pairs = ((one, other), (other, one))
    return [
        _mark(a.person_id, id_, decision_id=decision)
        for a, b in pairs
        for id_, decision in a.apart
        if id_ == b.person_id
    ]


def _marked(
    known: Register,
    people: Mapping[str, PersonRecord],
    *,
    add: Iterable[Mark],
    lift: Iterable[Mark],
) -> dict[str, PersonRecord]:
    """Everyone whose verified non-matches change, with those that hold now."""
    new, gone = list(add), set(map(_key, lift))
    changed = {}
    for id_ in dict.fromkeys(
        [*(mark.person_id for mark in new), *(key[0] for key in sorted(gone))]
    ):
        record = people.get(id_) or known.known(id_)
        stay = [
            (other, decision)
            for other, decision in record.apart
            if (id_, other, decision) not in gone
        ]
        fresh = [(mark.other_person_id, mark.decision_id) for mark in new if mark.person_id == id_]
        changed[id_] = record.kept_apart([*stay, *fresh])
    return changed


def _key(mark: Mark) -> tuple[str, str, str]:
    return mark.person_id, mark.other_person_id, mark.decision_id
