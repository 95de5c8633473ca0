"""Who belongs to a family now, for whoever shows it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from router.memory.hanging import members
from router.memory.register import EVERYBODY, persons_of
from router.steps.link.register import PersonRecord
from stores import people
from stores.database import View


def members_of(view: View, family_ids: Collection[str]) -> dict[str, tuple[PersonRecord, ...]]:
    """The persons who belong to each of these families now, in the order of their ids."""

    def filed(keys: Collection[int]) -> set[int]:
        blocks = people.filed_under(view, keys, most=EVERYBODY).values()
        return {number for block in blocks for number in block or ()}

    def read(numbers: Collection[int]) -> Iterable[PersonRecord]:
        return [record for _, record in persons_of(view, numbers).values()]

    return members(family_ids, filed=filed, read=read)
