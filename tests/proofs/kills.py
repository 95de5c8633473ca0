"""F1: processes are killed at named points and at random moments while the hub works; then the
check looks.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.proofs.check import check
from tests.proofs.evidence import gather, noted
from tests.proofs.place import Place
from tests.proofs.points import POINTS, STEPS
from tests.proofs.processes import Agencies, Part, agencies, hub_part, kept, serves, wait_until
from tests.proofs.quiet import Quiet, await_quiet
from tests.proofs.stream import send_first, write_stream

_SECONDS_FOR_A_KILL = 2.5
"""The stream lasts so long for each: a process has to start, to get work and to die."""
_TWICE = ("link", "rate")
"""Steps with two workers in production."""


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
    parts: Sequence[Part]
    wishes: dict[str, list[str]]
    random_kills: int
    chance: random.Random
    without: str
    kills: int = 0
    fired: list[str] = field(default_factory=list)
    by_itself: int = 0
    _next: float = 0.0

    @property
    def done(self) -> bool:
        """Whether every point has fired and every random kill was made."""
        return self.random_kills <= 0 and not any(self.wishes.values())

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
        return [name for part in self.parts for name in self._fired(part)]

    def _fired(self, part: Part) -> list[str]:
        log = self._log(part)
        return log.read_text(encoding="utf-8").split() if log.exists() else []

    def _log(self, part: Part) -> Any:
        return self.place.file(f"fired-{part.name}.txt")


def prove(place: Place, plan: Plan) -> dict[str, Any]:
    """Run it all; the figures of F1. Raises ``TooLate`` when the hub does not get done in time."""
    started, chance = time.monotonic(), random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
    parts = _parts(place)
    wishes = _wishes(place, plan, chance)
    planned = sum(map(len, wishes.values()))
    reaper = _Reaper(place, parts, wishes, plan.kills - planned, chance, plan.without)
    stream = write_stream(place, plan.notifications)
    pace = plan.notifications / (_SECONDS_FOR_A_KILL * max(plan.kills, 1))
    with kept(parts):
        _until(lambda: _all_up(reaper) and serves(place.url), plan, started, "the hub serves")
        with agencies(place, stream, "--per-second", f"{pace:.3f}", "--batch", "5") as running:
            _work(place, reaper, running, plan, started)
        codes = {part.name: part.terminate() for part in parts}
    return _figures(place, plan, reaper, codes, time.monotonic() - started)


def _parts(place: Place) -> list[Part]:
    module = "tests.proofs.part"
    if not place.production:
        return [hub_part(place, module=module)]
    names = [*STEPS, *_TWICE, "relay", "http", "connectors", "clock"]
    twice = {name: f"{name}-2" for name in _TWICE}
    return [
        hub_part(
            place,
            twice[name] if name in twice and name in names[:number] else name,
            name,
            module=module,
        )
        for number, name in enumerate(names)
    ]


def _wishes(place: Place, plan: Plan, chance: random.Random) -> dict[str, list[str]]:
    """Which process is to reach which point how often, in the order in which it will try."""
    points = [
        name
        for name, point in POINTS.items()
        if (point.production if place.production else point.embedded)
    ]
    chance.shuffle(points)
    wishes: dict[str, list[str]] = {}
    for name in sorted(points[: plan.points], key=_seldom):
        part = chance.choice(POINTS[name].parts) if place.production else "hub"
        wishes.setdefault(part, []).append(
            f"{name}:{1 if _seldom(name) == 0 else chance.randint(1, 3)}"
        )
    return wishes


def _seldom(point: str) -> int:
    """Files come seldom, and only while the stream lasts: their points have the first turn."""
    return 0 if point.startswith("folder.") else 1


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
