"""How alike two children are called, whatever names each has (R14)."""

from __future__ import annotations

from router.linkage.adults import surnames
from router.linkage.names import Likeness, family_likeness, given_likeness
from router.linkage.profile import Profile
from router.linkage.subject import Subject


def compare_names(subject: Subject, profile: Profile) -> tuple[int, int]:
    """How the given and the family names agree, each or crosswise."""
    given = best_given(subject.givens, profile.givens)
    family = best_family(subject.families, profile.families)
    if given == Likeness.OTHER:
        if family == Likeness.OTHER and _swapped(subject, profile):
            return Likeness.TYPO, Likeness.TYPO
        if _by_middle(subject, profile):
            given = Likeness.MIDDLE
    if family == Likeness.OTHER and _by_parent(subject, profile):
        family = Likeness.PARENT
    return given, family


def best_given(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """The closest likeness of any two given names; NONE when either side has none."""
    best = Likeness.NONE
    for a in mine:
        if a in theirs:
            return given_likeness(a, a)
        for b in theirs:
            likeness = given_likeness(a, b)
            if likeness < best:
                best = likeness
    return best


def best_family(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """The closest likeness of any two family names; NONE when either side has none."""
    best = Likeness.NONE
    for a in mine:
        if a in theirs:
            return Likeness.SAME
        for b in theirs:
            likeness = family_likeness(a, b)
            if likeness < best:
                best = likeness
    return best


def is_sibling(subject: Subject, profile: Profile, *, most: int) -> bool:
    """Whether one side names the other as a brother or sister; of alike names only the very same
    one says so.
    """
    if subject.siblings and best_given(subject.siblings, profile.givens) <= most:
        return True
    return bool(profile.siblings) and best_given(profile.siblings, subject.givens) <= most


def _swapped(subject: Subject, profile: Profile) -> bool:
    return (
        best_family(subject.givens, profile.families) <= Likeness.PART
        and best_given(subject.families, profile.givens) <= Likeness.TYPO
    )


def _by_middle(subject: Subject, profile: Profile) -> bool:
    """Whether one side calls the child by a middle name that the other knows."""
    mine, theirs = subject.middles, profile.middles
    if mine and best_given(mine, profile.givens) == Likeness.SAME:
        return True
    return bool(theirs) and best_given(subject.givens, theirs) == Likeness.SAME


def _by_parent(subject: Subject, profile: Profile) -> bool:
    """Whether one side calls the child by the family name of a parent or guardian that the other
    knows.
    """
    return (
        best_family(subject.families, surnames(profile.adults)) <= Likeness.TYPO
        or best_family(surnames(subject.adults), profile.families) <= Likeness.TYPO
    )
