"""Which of the persons found under a child's keys are compared: the same from every store and in
memory (R12).

A key with too many persons names a crowd, not a child: 'Smith, Jack' in a large town. It is passed
over, which the decision says, and the child is found by its other keys, each of which pairs other
things. Of the persons found, those come first who share the most and the rarest keys; counts alone
would let twelve namesakes hide the one at this home.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

OVERSIZED: Final = 100
"""A key with more persons than this is passed over."""
CANDIDATES: Final = 12
"""Persons compared with each child."""
_WHOLE: Final = 1 << 20
"""Points that the persons under one key share, as each is as likely the child; whole, to add up the
same anywhere.
"""


def ranked(
    keys: Collection[int],
    filed: Mapping[int, Collection[int] | None],
    *,
    most: int = CANDIDATES,
    oversized: int = OVERSIZED,
) -> tuple[list[int], frozenset[int]]:
    """The numbers of the persons to compare, best first, ties by number; and the keys that were
    passed over.

    ``filed`` has the persons under each key, None where a store found them to be too many to read.
    """
    points: dict[int, int] = {}
    passed = []
    for key in keys:
        persons = filed.get(key, ())
        if persons is None or len(persons) > oversized:
            passed.append(key)
        elif persons:
            worth = _WHOLE // len(persons)
            for number in persons:
                points[number] = points.get(number, 0) + worth
    best = sorted((-worth, number) for number, worth in points.items())
    return [number for _, number in best[:most]], frozenset(passed)


def passed_over(oversized: Collection[int]) -> tuple[str, ...]:
    """Said with a decision, where keys were passed over: a child known by nothing else would not
    have been found.
    """
    if not oversized:
        return ()
    return (
        f"{len(oversized)} of the ways to look this child up fit more than {OVERSIZED} children "
        "and were not used",
    )
