"""Kills the processes of a hub by plan, and starts again whatever ended."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.proofs.place import Place
from tests.proofs.plan import Kills
from tests.proofs.points import TAKEN_OVER
from tests.proofs.processes import Part


@dataclass(slots=True, kw_only=True)
class Reaper:
    """What it has still to do, and what became of it."""

    place: Place
    parts: list[Part]
    chance: random.Random
    without: str
    """The rule that a control drops."""
    wishes: dict[str, list[str]] = field(default_factory=dict)
    """By kind of process: whichever of a kind reaches the first point fulfils the wish."""
    random_kills: int = 0
    gone: list[Part] = field(default_factory=list)
    kills: int = 0
    armed: dict[str, str] = field(default_factory=dict)
    """What each process, by name, was started with."""
    by_itself: int = 0
    _next: float = 0.0

    def follow(self, kills: Kills) -> None:
        """Kill by this plan from now on; what runs is killed where it is to begin with a wish."""
        self.wishes = {kind: list(wishes) for kind, wishes in kills.wishes.items()}
        self.random_kills = kills.at_random
        for part in self.parts:
            if self.wishes.get(part.kind):
                part.kill()

    @property
    def done(self) -> bool:
        """Whether every point has fired and every random kill was made. Nobody knows whether there
        will be anything to take over.
        """
        left = [wish for wishes in self.wishes.values() for wish in wishes]
        return self.random_kills <= 0 and all(wish.startswith(TAKEN_OVER) for wish in left)

    def all_up(self) -> bool:
        """Do what is due; answers whether every process runs."""
        self._look()
        return all(part.running for part in self.parts)

    def replace(self, workers: Sequence[Part], *, by: Sequence[Part]) -> None:
        """Kill workers, and go on with others."""
        self.kills += sum(part.running for part in workers)
        for part in workers:
            part.kill()
            self.parts.remove(part)
        self.gone += workers
        self.parts += by

    def cut_power(self) -> None:
        """Kill everything at once, counted as no kill; the next look starts it again."""
        self.wishes.clear()
        for part in self.parts:
            part.kill()
            part.process = None

    def points(self) -> list[str]:
        """Every point that fired."""
        return [name for part in (*self.gone, *self.parts) for name in self._fired(part)]

    def _look(self) -> None:
        """Start again what ended, with its next point; kill one at random when it is time."""
        for part in self.parts:
            if part.process is None or not part.running:
                self._ended(part)
                self._start(part)
        now = time.monotonic()
        if self.random_kills > 0 and now >= self._next:
            self._kill_one(now)

    def _start(self, part: Part) -> None:
        extra = {"HUB_WITHOUT": self.without}
        if wishes := self.wishes.get(part.kind):
            self.armed[part.name] = wishes[0]
            extra |= {"HUB_CRASH_AT": wishes[0], "HUB_CRASH_LOG": str(self._log(part))}
        part.start(**extra)

    def _ended(self, part: Part) -> None:
        """A point that fired is not wished for again; one whose process was killed before it fired
        is.
        """
        if part.process is None:
            return
        self.kills += part.process.returncode == -signal.SIGKILL
        self.by_itself += part.process.returncode != -signal.SIGKILL
        wish, wishes = self.armed.pop(part.name, ""), self.wishes.get(part.kind, [])
        if wish in wishes and wish.partition(":")[0] in self._fired(part):
            wishes.remove(wish)

    def _kill_one(self, now: float) -> None:
        if self._next:
            running = [part for part in self.parts if part.running]
            victim = self.chance.choice(running) if running else None
            if victim is not None:
                victim.kill()
                self.random_kills -= 1
        self._next = now + self.chance.uniform(0.5, 2.5)

    def _fired(self, part: Part) -> list[str]:
        log = self._log(part)
        return log.read_text(encoding="utf-8").split() if log.exists() else []

    def _log(self, part: Part) -> Path:
        return self.place.file(f"fired-{part.name}.txt")
