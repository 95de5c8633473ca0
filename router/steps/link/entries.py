"""Entries of registers that the hub keeps: each is linked to a child like any other evidence, and
what they say goes with every link of a referral (R7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from router.steps.link.doubts import Doubt
from router.steps.link.register import PersonRecord, Register
from schemas.base import Fact
from schemas.case import LinkCorrected, MergeSuggested, RegistersChanged
from schemas.policy import Policy
from schemas.registers import KnownTo


def said_of(record: PersonRecord, people: Iterable[PersonRecord]) -> tuple[KnownTo, ...]:
    """What registers say of a child, and of whoever it may be too, as far as humans are asked."""
    maybe = (one for one in people if _in_question(one, record))
    possible = (entry for one in maybe for entry in one.known_to)
    doubtful = (entry.model_copy(update={"possible": True}) for entry in possible)
    return (*record.known_to, *doubtful)


def _in_question(one: PersonRecord, other: PersonRecord) -> bool:
    """Whether humans are asked if these two are one child, and have not said no."""
    if one.person_id == other.person_id or one.person_id in other.profile.not_same:
        return False
    asked = {id_ for id_, _ in (*one.raised, *other.raised)}
    return not asked.isdisjoint((one.person_id, other.person_id))


def in_question(
    known: Register, doubts: Iterable[Doubt], said: KnownTo
) -> Iterator[RegistersChanged]:
    """For the latest referrals of whoever may be the child of an entry, as a human is asked."""
    possible = said.model_copy(update={"possible": True})
    for doubt in doubts:
        if isinstance(doubt, MergeSuggested):
            other = known.known(doubt.other_person_id)
            yield from _told(other, (*other.known_to, possible))


def changed(
    before: Register, after: Sequence[PersonRecord], policy: Policy, *, but: Collection[str] = ()
) -> Iterator[RegistersChanged]:
    """For the latest referrals of each person of whom registers may say something else than before.

    ``but``: referrals of which another fact says it. Nothing where the borough has no checks.
    """
    for record in after if policy.checks else ():
        was = before.person(record.person_id)
        if was is not None and _bears(was) != _bears(record):
            yield from _told(record, said_of(record, _now(before, after)), but=but)


def _bears(record: PersonRecord) -> tuple[object, ...]:
    return record.known_to, record.worker, record.apart


def with_registers(fact: Fact, known: Register, after: Register) -> Fact:
    """A correction of a link with what registers say of the child that it is about now."""
    if not isinstance(fact, LinkCorrected):
        return fact
    people = _now(known, after.people)
    record = next(one for one in people if one.person_id == fact.person_id)
    said = {"allocated_to": record.worker, "known_to": said_of(record, people)}
    return fact.model_copy(update=said)


def _now(before: Register, after: Sequence[PersonRecord]) -> list[PersonRecord]:
    """Everybody at hand as they are now."""
    people = {record.person_id: record for record in (*before.people, *after)}
    return list(people.values())


def _told(
    record: PersonRecord, known_to: tuple[KnownTo, ...], *, but: Collection[str] = ()
) -> Iterator[RegistersChanged]:
    for referral_id in (id_ for id_, _, _ in record.told if id_ not in but):
        yield RegistersChanged(
            referral_id=referral_id,
            case_id=record.profile.case_id,
            allocated_to=record.worker,
            known_to=known_to,
        )
