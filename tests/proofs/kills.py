"""F1: processes are killed at named points and at random moments while the hub works; then the
check looks.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.run.parts import STEPS
from tests.proofs.check import check
from tests.proofs.evidence import gather, noted
from tests.proofs.place import Place
from tests.proofs.points import POINTS, TAKEN_OVER, WORKER, point_of
from tests.proofs.processes import Agencies, Part, agencies, hub_part, kept, serves, wait_until
from tests.proofs.quiet import Quiet, await_quiet
from tests.proofs.stream import send_first, write_stream

_SECONDS_FOR_A_KILL = 2.5
"""The stream lasts so long for each: a process has to start, to get work and to die."""
_EDGE = ("relay", "http", "connectors", "clock")
APART = (*STEPS, "link", "rate")
"""Workers of a hub in production unless others are asked for: one for each step, two for some."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How big, how often, and what is dropped; the same seed gives the same points, counts and
    pauses.
    """

    notifications: int
    kills: int
    seed: int
    without: str = ""
    seconds: float = 240.0
    """For everything."""
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


@dataclass(slots=True)
class _Reaper:
    """Kills by plan, and starts again whatever ended."""

    place: Place
    parts: list[Part]
    wishes: dict[str, list[str]]
    random_kills: int
    chance: random.Random
    without: str
    gone: list[Part] = field(default_factory=list)
    kills: int = 0
    fired: list[str] = field(default_factory=list)
    by_itself: int = 0
    _next: float = 0.0

    @property
    def done(self) -> bool:
        """Whether every point has fired and every random kill was made. Nobody knows whether there
        will be anything to take over.
        """
        left = [wish for wishes in self.wishes.values() for wish in wishes]
        return self.random_kills <= 0 and all(wish.startswith(TAKEN_OVER) for wish in left)

    def replace(self, workers: Sequence[Part], by: Sequence[Part], plan: _Kills) -> None:
        """Kill workers, and go on with others by another plan."""
        self.kills += sum(part.running for part in workers)
        for part in workers:
            part.kill()
            self.parts.remove(part)
        self.gone += workers
        self.parts += by
        self.wishes, self.random_kills = plan

    def look(self) -> None:
        """Start again what ended, with its next point; kill one at random when it is time."""
        for part in self.parts:
            if part.process is None or not part.running:
                self._ended(part)
                self._start(part)
        now = time.monotonic()
        if self.random_kills > 0 and now >= self._next:
            self._kill_one(now)

    def _start(self, part: Part) -> None:
        wishes = self.wishes.get(part.name, [])
        wish = {"HUB_CRASH_AT": wishes[0], "HUB_CRASH_LOG": str(self._log(part))} if wishes else {}
        part.start(HUB_WITHOUT=self.without, **wish)

    def _ended(self, part: Part) -> None:
        """A point that fired is not wished for again; one whose process was killed before it fired
        is.
        """
        if part.process is None:
            return
        self.kills += part.process.returncode == -signal.SIGKILL
        self.by_itself += part.process.returncode != -signal.SIGKILL
        wishes, names = self.wishes.get(part.name, []), self._fired(part)
        if wishes and len(names) > self.fired.count(part.name):
            self.fired.append(part.name)
            wishes.pop(0)

    def _kill_one(self, now: float) -> None:
        if self._next:
            running = [part for part in self.parts if part.running]
            victim = self.chance.choice(running) if running else None
            if victim is not None:
                victim.kill()
                self.random_kills -= 1
        self._next = now + self.chance.uniform(0.5, 2.5)

    def points(self) -> list[str]:
        """Every point that fired."""
        return [name for part in (*self.gone, *self.parts) for name in self._fired(part)]

    def _fired(self, part: Part) -> list[str]:
        log = self._log(part)
        return log.read_text(encoding="utf-8").split() if log.exists() else []

    def _log(self, part: Part) -> Any:
        return self.place.file(f"fired-{part.name}.txt")


_Kills = tuple[dict[str, list[str]], int]
"""Which process is to reach which point how often, in the order in which it will try; and how many
are killed at random.
"""


def prove(place: Place, plan: Plan) -> dict[str, Any]:
    """Run it all; the figures of F1. Raises ``TooLate`` when the hub does not get done in time."""
    started, chance = time.monotonic(), random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
    edge, workers = _edge(place), _workers(place, plan.workers, "")
    then = _workers(place, plan.then, "then-")
    first, *later = _kills(place, plan, chance, (workers, then) if then else (workers,))
    reaper = _Reaper(place, [*edge, *workers], *first, chance, plan.without)
    stream = write_stream(place, plan.notifications)
    pace = plan.notifications / (_SECONDS_FOR_A_KILL * max(plan.kills, 1))
    with kept([*edge, *workers, *then]):
        _until(lambda: _all_up(reaper) and serves(place.url), plan, started, "the hub serves")
        with agencies(place, stream, "--per-second", f"{pace:.3f}", "--batch", "5") as running:
            if later:
                _until(lambda: _all_up(reaper) and reaper.done, plan, started, "half of the points")
                reaper.replace(workers, then, *later)
            _work(place, reaper, running, plan, started)
        codes = {part.name: part.terminate() for part in reaper.parts}
    return _figures(place, plan, reaper, codes, time.monotonic() - started)


def _edge(place: Place) -> list[Part]:
    """The processes that are no workers; an embedded hub is one."""
    module = "tests.proofs.part"
    if not place.production:
        return [hub_part(place, module=module)]
    return [hub_part(place, name, name, module=module) for name in _EDGE]


def _workers(place: Place, workers: Sequence[str], prefix: str) -> list[Part]:
    if not place.production:
        return []
    return [
        hub_part(place, _named(f"{prefix}{steps}", number), steps, module="tests.proofs.part")
        for steps, number in _numbered(workers)
    ]


def _numbered(workers: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each with how many of the same came before it."""
    for place, steps in enumerate(workers):
        yield steps, workers[:place].count(steps)


def _named(steps: str, number: int) -> str:
    """What a worker's log is called."""
    name = steps.replace(" ", "+")
    return f"{name}-{number + 1}" if number else name


def _kills(
    place: Place, plan: Plan, chance: random.Random, phases: Sequence[Sequence[Part]]
) -> Iterator[_Kills]:
    """What is killed in each phase, which its workers name: points as long as there are any."""
    points = [
        name
        for name, point in POINTS.items()
        if (point.production if place.production else point.embedded)
    ]
    chance.shuffle(points)
    points, kills = points[: plan.points], plan.kills
    for number, workers in enumerate(phases):
        share = sorted(points[number :: len(phases)], key=_seldom)
        if number:
            share.insert(0, TAKEN_OVER)
        wishes = _wishes(place, share, [part.name for part in workers], chance)
        left = kills // len(phases) - len(share)
        yield wishes, max(left, 0)


def _wishes(
    place: Place, points: Sequence[str], workers: Sequence[str], chance: random.Random
) -> dict[str, list[str]]:
    wishes: dict[str, list[str]] = {}
    for name in points:
        reaching = [one for part in point_of(name).parts for one in _parts_of(part, workers)]
        part = chance.choice(reaching) if place.production else "hub"
        count = 1 if _seldom(name) == 0 else chance.randint(1, 3)
        wishes.setdefault(part, []).append(f"{name}:{count}")
    return wishes


def _parts_of(part: str, workers: Sequence[str]) -> Sequence[str]:
    return workers if part == WORKER else [part]


def _seldom(point: str) -> int:
    """Files come seldom, and only while the stream lasts, and what was left only at first: their
    points have the first turn.
    """
    return 0 if point.startswith(("folder.", TAKEN_OVER)) else 1


def _work(place: Place, reaper: _Reaper, running: Agencies, plan: Plan, started: float) -> None:
    stop = threading.Event()
    first = threading.Thread(target=send_first, args=(place, stop), daemon=True)
    first.start()
    try:
        _until(
            lambda: _all_up(reaper) and reaper.done and not first.is_alive(),
            plan,
            started,
            "every point fires",
        )
        left = plan.seconds - (time.monotonic() - started)
        await_quiet(
            place,
            lambda: _all_up(reaper) and running.idle,
            seconds=left,
            quiet=Quiet(cursors=plan.without != "inbox"),
        )
    finally:
        stop.set()


def _until(reached: Callable[[], bool], plan: Plan, started: float, what: str) -> None:
    left = plan.seconds - (time.monotonic() - started)
    wait_until(reached, seconds=left, what=what)


def _all_up(reaper: _Reaper) -> bool:
    reaper.look()
    return all(part.running for part in reaper.parts)


def _figures(
    place: Place, plan: Plan, reaper: _Reaper, codes: Mapping[str, int], seconds: float
) -> dict[str, Any]:
    evidence = gather(place.store, place.key, place.path, ledgers=("sent.jsonl", "first.jsonl"))
    verdict = check(evidence)
    streamed = len(noted(place.file("notifications.jsonl")))
    unnoted = streamed - sum("sent" in note for note in evidence.sent)
    return {
        "id": "F1",
        "runtime": "production" if place.production else "embedded",
        "workers": [*plan.workers, *(f"then {one}" for one in plan.then)]
        if place.production
        else None,
        "seed": plan.seed,
        "n": streamed,
        "without": plan.without or None,
        "kills": reaper.kills,
        "points": sorted(set(reaper.points())),
        "facts": len(evidence.journal),
        "lost": len(verdict.lost) + unnoted,
        "duplicated": len(verdict.duplicated),
        "wrong": len(verdict.wrong),
        "redelivered": verdict.redelivered,
        "ended_by_itself": reaper.by_itself,
        "stopped_cleanly": not any(codes.values()),
        "seconds": round(seconds, 1),
        "findings": (verdict.lost + verdict.duplicated + verdict.wrong)[:20],
    }
