"""Who belongs to families now, wherever it is read that they are filed (R12, R14)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from router.steps.link.register import PersonRecord, family_key, heir_key
from stores import people

Filed = Callable[[Collection[int]], Collection[int]]
"""The row numbers of the persons under any of these keys."""
Read = Callable[[Collection[int]], Iterable[PersonRecord]]
"""The records with these row numbers."""


def members(
    family_ids: Collection[str], *, filed: Filed, read: Read
) -> dict[str, tuple[PersonRecord, ...]]:
    """The persons who belong to each of these families now, in the order of their ids.

    Where a person was found to be one of another family, the two families are one. Whoever has no
    evidence any more belongs to none. Two questions for families that hang together with no others,
    however many.
    """
    found = _hanging_together(family_ids, filed=filed, read=read)
    one = _joined(found)
    belong: defaultdict[str, list[PersonRecord]] = defaultdict(list)
    for _, record in sorted(found.items()):
        if record.evidence:
            belong[one[record.profile.family_id]].append(record)
    return {id_: tuple(belong[one.get(id_, id_)]) for id_ in family_ids}


def _hanging_together(
    family_ids: Collection[str], *, filed: Filed, read: Read
) -> dict[str, PersonRecord]:
    """Whoever is filed under these families, or under those that became one with them."""
    found: dict[str, PersonRecord] = {}
    families, heirs, asked = set(family_ids), set[str](), set[int]()
    while keys := {*map(family_key, families), *map(heir_key, found)} - asked:
        asked |= keys
        numbers = {*filed(keys), *map(people.number_of, heirs)}
        new = list(read(numbers - set(map(people.number_of, found))))
        found |= {record.person_id: record for record in new}
        families |= {record.profile.family_id for record in new}
        heirs = {record.successor for record in new if record.joined} - found.keys()
    return found


def _joined(found: dict[str, PersonRecord]) -> dict[str, str]:
    """For each family, the one that stands for all that are one with it."""
    one = {record.profile.family_id: record.profile.family_id for record in found.values()}
    for record in found.values():
        if record.joined and record.successor in found:
            mine, heirs = record.profile.family_id, found[record.successor].profile.family_id
            kept, gone = one[heirs], one[mine]
            one |= {family: kept for family, stands in one.items() if stands == gone}
    return one
