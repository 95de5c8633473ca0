"""Which steps hear what, and which process of a replay decides for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from router.step import Step
from router.topology import bound_steps
from router.unit import serves, unit_of_chain
from schemas.topics import FACTS

Names = tuple[str, ...]

_ALL: Names = tuple(bound.step.name for bound in bound_steps())
_FIRST: Names = ("deduplicate", "link", "answer")
_BEHIND: Names = tuple(name for name in _ALL if name not in _FIRST)
SHARES: tuple[tuple[Names, ...], ...] = (
    ((*_FIRST, *_BEHIND),),
    (_FIRST, _BEHIND),
)
"""The steps in the order of the flow, by how many processes have them. Linking alone takes half of
the time and stays in one, as its candidates come from everybody known: a third would not pay.
Answering is with it, as the two hear each other.
"""


class Share:
    """The steps of one process, with what there is before and behind it. It is asked for every
    message, so each answer is kept.
    """

    def __init__(self, shares: Sequence[Names], number: int) -> None:
        self._every: dict[str, Step[Any]] = {one.step.name: one.step for one in bound_steps()}
        self._own = shares[number]
        self._before = [name for share in shares[:number] for name in share]
        self._behind = [name for share in shares[number + 1 :] for name in share]
        self.has_steps_of = cache(self._has_steps_of)
        self.hearing = cache(self._hearing)
        self.tells_of = cache(self._tells_of)
        self.wrote = cache(self._wrote)
        self.is_by_steps = cache(self._is_by_steps)
        self.is_heard_later = cache(self._is_heard_later)
        self.is_handed_on = cache(self._is_handed_on)
        self.is_heard_behind = cache(self._is_heard_behind)

    @property
    def steps(self) -> dict[str, Step[Any]]:
        """Its steps by name, in the order of the flow."""
        return {name: self._every[name] for name in self._own}

    def _wrote(self, source: str) -> bool:
        """Whether one of its steps wrote what has this source; the first has what nobody owns."""
        name = source.rpartition("/")[2]
        return name in self._own or (name not in self._every and not self._before)

    def _has_steps_of(self, unit: str) -> bool:
        """Whether the unit serves any of its steps."""
        return any(serves(unit, name) for name in self._own)

    def _hearing(self, unit: str, type_: str, *, had_by: Names = ()) -> tuple[Step[Any], ...]:
        """The own steps of the unit that hear facts of this type, without those that had had it."""
        return tuple(
            self._every[name]
            for name in self._heard_by(type_, self._own)
            if serves(unit, name) and not any(serves(one, name) for one in had_by)
        )

    def _tells_of(self, type_: str) -> bool:
        """Whether it is for this process to tell of what came from outside: for the first one that
        hears it.
        """
        if self._heard_by(type_, self._before):
            return False
        return bool(self._heard_by(type_, self._own)) or not (
            self._before or self._heard_by(type_, self._behind)
        )

    def _is_by_steps(self, chain: str) -> bool:
        """Whether a chain is one of steps, and not of a way in."""
        return any(serves(unit_of_chain(chain), name) for name in self._every)

    def _is_heard_later(self, unit: str, type_: str) -> bool:
        """Whether another unit than the one that wrote it may hear it in a pass of its own."""
        return any(not serves(unit, name) for name in self._heard_by(type_, self._own))

    def _is_handed_on(self, type_: str) -> bool:
        """Whether the process behind needs to know of it: as it hears it, or what it causes."""
        return bool(self._behind and self._heard_by(type_, self._every))

    def _is_heard_behind(self, type_: str) -> bool:
        """Whether a step of the processes behind hears it."""
        return bool(self._heard_by(type_, self._behind))

    def _heard_by(self, type_: str, names: Iterable[str]) -> list[str]:
        fact = FACTS.get(type_)
        return [name for name in names if fact in self._every[name].hears]
