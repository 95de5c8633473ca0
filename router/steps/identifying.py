"""Whether what is told of a child is enough for anybody to look for it."""

from __future__ import annotations

from schemas.person import Person


def can_be_found(child: Person) -> bool:
    """Whether who matches with care has enough: a number, or a name with a date; of who has no name
    yet, the mother's (R3).
    """
    if child.identifier:
        return True
    named = any(name.given_name or name.family_name for name in child.name)
    by_mother = any(one.name.family_name for one in child.related_person)
    return child.date_of_birth is not None and (named or by_mother)
