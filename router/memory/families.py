"""Who belongs to a family now, for whoever shows it; linking itself never asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from router.memory.register import persons_of
from router.steps.link.register import PersonRecord, family_key, heir_key
from stores import people
from stores.database import View

_EVERYBODY: Final = 1_000_000


def members_of(view: View, family_ids: Collection[str]) -> dict[str, tuple[PersonRecord, ...]]:
    """The persons who belong to each of these families now, in the order of their ids.

    Where a person was found to be one of another family, the two families are one. Whoever has no
    evidence any more belongs to none. Two queries for families that hang together with no others,
    however many.
    """
    found = _hanging_together(view, family_ids)
    one = _joined(found)
    members: defaultdict[str, list[PersonRecord]] = defaultdict(list)
    for _, record in sorted(found.items()):
        if record.evidence:
            members[one[record.profile.family_id]].append(record)
    return {id_: tuple(members[one.get(id_, id_)]) for id_ in family_ids}


def _hanging_together(view: View, family_ids: Collection[str]) -> dict[str, PersonRecord]:
    """Whoever is filed under these families, or under those that became one with them."""
    found: dict[str, PersonRecord] = {}
    families, heirs, asked = set(family_ids), set[str](), set[int]()
    while keys := {*map(family_key, families), *map(heir_key, found)} - asked:
        asked |= keys
        filed = people.filed_under(view, keys, most=_EVERYBODY)
        numbers = {number for block in filed.values() for number in block or ()}
        numbers |= set(map(people.number_of, heirs))
        new = _load(view, numbers - set(map(people.number_of, found)))
        found |= {record.person_id: record for record in new}
        families |= {record.profile.family_id for record in new}
        heirs = {record.successor for record in new if record.joined} - found.keys()
    return found


def _load(view: View, numbers: Collection[int]) -> Iterable[PersonRecord]:
    return [record for _, record in persons_of(view, numbers).values()]


def _joined(found: dict[str, PersonRecord]) -> dict[str, str]:
    """For each family, the one that stands for all that are one with it."""
    one = {record.profile.family_id: record.profile.family_id for record in found.values()}
    for record in found.values():
        if record.joined and record.successor in found:
            mine, heirs = record.profile.family_id, found[record.successor].profile.family_id
            kept, gone = one[heirs], one[mine]
            one |= {family: kept for family, stands in one.items() if stands == gone}
    return one
