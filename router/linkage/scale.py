"""Levels of agreement: what they have in common."""

from __future__ import annotations


class Scale:
    """How far two values agree, in levels numbered from 0.

    Plain numbers: to look an enum's member up takes ten times as long, and each pair needs thirty.
    """

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """What the levels are called, by number."""
        return tuple(name.lower() for name in vars(cls) if name.isupper())
