"""What one picture of a referral shows and another did not, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.look.picture_words import in_words
from schemas.picture import Picture


@dataclass(frozen=True, slots=True)
class Changed:
    """The lines that are new, and those that are there no more."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is otherwise."""
        return bool(self.new or self.gone)


def changed(before: Picture | None, now: Picture, names: Mapping[str, str]) -> Changed:
    """What is otherwise; nothing where there was none before."""
    if before is None:
        return Changed()
    old, new = (tuple(line.strip() for line in in_words(one, names)) for one in (before, now))
    return Changed(
        tuple(line for line in new if line not in old),
        tuple(line for line in old if line not in new),
    )
