"""Which processes of a hub are killed where, planned by chance from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.run.parts import WORKERS
from tests.proofs.points import PASS_DONE, POINTS, RECEIPT_FIRST, TAKEN_OVER, WORKER, point_of

_PASSES = 4
APART = (*WORKERS, "link", "rate")
"""Workers of a hub in production unless others are asked for: one for each step, two for some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How big, how often, and what is dropped; the same seed gives the same points, counts and
    pauses.
    """

    notifications: int
    kills: int
    seed: int
    without: str = ""
    seconds: float = 600.0
    """For everything, on a machine that has other work too."""
    workers: tuple[str, ...] = APART
    """In production, each as ``hub run`` is told; the same again is a second worker of it."""
    then: tuple[str, ...] = ()
    """Workers that take their place after half of the kills, while everything goes on."""

    @property
    def points(self) -> int:
        """How many of the kills are at a named point, if there are so many; the others come at
        random moments.
        """
        return -(-self.kills * 2 // 3)


@dataclass(frozen=True, slots=True)
class Kills:
    """What is killed while the same workers run."""

    wishes: Mapping[str, Sequence[str]]
    """Points and how often each is to be reached first, by kind of process, in the order of
    trying.
    """
    at_random: int


def plan_kills(
    plan: Plan, chance: random.Random, *, production: bool, phases: Sequence[Sequence[str]]
) -> Iterator[Kills]:
    """The kills of each phase, which is told as its workers: at points as long as there are any,
    the others at random.
    """
    points = sorted(_points(plan, chance, production=production), key=_turn)
    early = [one for one in points if _turn(one) == 0]
    for number, workers in enumerate(phases):
        share = points[len(early) + number :: len(phases)]
        if number == 0:
            share = early + share
        else:
            share.insert(0, TAKEN_OVER)
        parts = (_reaching(name, workers) if production else ["hub"] for name in share)
        wishes: dict[str, list[str]] = {}
        for name, reaching in zip(share, parts, strict=True):
            wish = _wish(name, chance, forgets=plan.without == "inbox")
            wishes.setdefault(chance.choice(reaching), []).append(wish)
        yield Kills(wishes, max(0, plan.kills // len(phases) - len(share)))


def _points(plan: Plan, chance: random.Random, *, production: bool) -> list[str]:
    """The points of the plan; a control that drops a rule begins where this shows."""
    points = [
        name
        for name, point in POINTS.items()
        if (point.production if production else point.embedded)
    ]
    chance.shuffle(points)
    shows = {"commit-before-receipt": [RECEIPT_FIRST], "inbox": [PASS_DONE[production]]}
    first = shows.get(plan.without, [])
    return [*first, *(one for one in points if one not in first)][: plan.points]


def _reaching(point: str, workers: Sequence[str]) -> Sequence[str]:
    """The kinds of process that reach it."""
    parts = point_of(point).parts
    return workers if parts == (WORKER,) else parts


def _wish(point: str, chance: random.Random, *, forgets: bool) -> str:
    """Who is to forget what it had must have had something."""
    count = 1 if _turn(point) == 0 else chance.randint(1, 3)
    return f"{point}:{_PASSES if forgets and point in PASS_DONE.values() else count}"


def _turn(point: str) -> int:
    """Files come seldom, and only while the stream lasts, and what was left only at first: their
    points have the first turn.
    """
    return 0 if point.startswith(("folder.", TAKEN_OVER, RECEIPT_FIRST)) else 1
