"""Units: the steps that one worker serves together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from router.memory.documents import Memory
from router.step import Step
from schemas.base import Fact
from stores.database import View

ALL = "all"
"""The unit of every step."""


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A step with the memory that serves it.

    ``serial``: its passes wait for each other across partitions.
    """

    step: Step[Any]
    memory: Callable[[Step[Any], View], Memory[Any]]
    serial: bool = False


@dataclass(frozen=True)
class Unit:
    """The steps that one worker serves, in the order of the flow.

    ``name`` begins the names of its cursors and chains: whoever reads the journal can tell from a
    fact's chain which steps have heard it already.
    """

    name: str
    steps: tuple[BoundStep, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its steps."""
        return frozenset(bound.step.name for bound in self.steps)

    @cached_property
    def heard(self) -> frozenset[str]:
        """The types of fact that any of its steps hears."""
        return frozenset(fact.type for bound in self.steps for fact in bound.step.hears)

    @cached_property
    def _hearers(self) -> dict[type[Fact], tuple[Step[Any], ...]]:
        return {}

    def hearing(self, fact: type[Fact]) -> tuple[Step[Any], ...]:
        """The steps that hear facts of this type."""
        known = self._hearers.get(fact)
        if known is None:
            known = self.hearing_any(lambda heard: heard is fact)
            self._hearers[fact] = known
        return known

    def hearing_any(self, wanted: Callable[[type[Fact]], bool]) -> tuple[Step[Any], ...]:
        """The steps that hear a type of fact that is wanted."""
        return tuple(bound.step for bound in self.steps if any(map(wanted, bound.step.hears)))


def unit_name(steps: Collection[str], *, of: int) -> str:
    """What the unit of these steps is called, out of so many."""
    return ALL if len(steps) == of else "+".join(steps)


def unit_of_chain(name: str) -> str:
    """The unit whose cursor or chain has this name; any other's first word serves no step."""
    return name.partition("/")[0]


def serves(unit: str, step: str) -> bool:
    """Whether the unit of this name serves the step."""
    return unit == ALL or step in unit.split("+")
