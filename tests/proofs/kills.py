"""F1: processes are killed at named points and at random moments while the hub works, and all of
them at once when it is done; then the check looks.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.proofs.check import check
from tests.proofs.evidence import Evidence, gather, noted
from tests.proofs.place import Place
from tests.proofs.plan import Plan, plan_kills
from tests.proofs.processes import (
    Agencies,
    agencies,
    edge_parts,
    kept,
    serves,
    terminated,
    wait_until,
    worker_parts,
)
from tests.proofs.progress import doing
from tests.proofs.quiet import await_quiet
from tests.proofs.reaper import Reaper
from tests.proofs.stream import send_first, send_more, trickle, write_stream

_SECONDS_FOR_A_KILL = 2.5
"""The stream lasts so long for each: a process has to start, to get work and to die."""
_LEDGERS = ("sent.jsonl", "first.jsonl", "more.jsonl", "last.jsonl")


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of a plan, against time."""

    place: Place
    plan: Plan
    reaper: Reaper
    says: Callable[[str], None]
    """Called with what it waits for."""
    started: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.plan.seconds - (time.monotonic() - self.started)

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Kill and start until it is so and everything runs. Raises ``TooLate``."""
        up = self._up(what)
        wait_until(lambda: up() and reached(), seconds=self.left, what=what)

    def quiet(self, running: Agencies) -> None:
        """Wait until nobody has anything left to do."""
        up = self._up("nothing is left to do")
        await_quiet(self.place, lambda: up() and running.idle, seconds=self.left)

    def _up(self, what: str) -> Callable[[], bool]:
        """Whether everything runs, asked while one waits for something."""

        def up() -> bool:
            self.says(f"until {what}: {self.reaper.kills} kills of {self.plan.kills}")
            return self.reaper.all_up()

        return up


Beside = Callable[[Place], AbstractContextManager[Callable[[], bool]]]
"""What else is sent, and whether it has been."""


@contextmanager
def _nothing(_: Place) -> Iterator[Callable[[], bool]]:
    yield lambda: True


def prove(
    place: Place,
    plan: Plan,
    *,
    beside: Beside = _nothing,
    judged: Callable[[Place, Plan, Evidence], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Run it all; the figures of F1, with what is ``judged`` of its evidence in their place.

    Raises ``TooLate`` when the hub does not get done in time.
    """
    chance = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
    edge, workers = edge_parts(place), worker_parts(place, plan.workers)
    then = worker_parts(place, plan.then, prefix="then-")
    phases = [plan.workers, plan.then] if then else [plan.workers]
    first, *later = plan_kills(plan, chance, production=place.production, phases=phases)
    reaper = Reaper(place=place, parts=[*edge, *workers], chance=chance, without=plan.without)
    with doing() as says, kept([*edge, *workers, *then]):
        run = _Run(place, plan, reaper, says)
        reaper.follow(first)
        run.until(lambda: serves(place.url), "the hub serves")
        with (
            _stream(place, plan) as running,
            trickle(place, lambda: running.sent) as enough,
            beside(place) as also,
        ):
            for kills in later:
                run.until(lambda: reaper.done, "half of the kills")
                reaper.replace(workers, by=then)
                reaper.follow(kills)
            _work(run, running, enough=enough, also=also)
            _power_failure(run, running)
        codes = terminated(reaper.parts)
    figures = _figures(run, codes)
    if judged is not None:
        figures |= judged(place, plan, _evidence(place))
    return figures


def _stream(place: Place, plan: Plan) -> AbstractContextManager[Agencies]:
    """Agencies that send for about as long as the kills take."""
    stream = write_stream(place, plan.notifications)
    pace = plan.notifications / (_SECONDS_FOR_A_KILL * max(plan.kills, 1))
    return agencies(place, stream, "--per-second", f"{pace:.3f}", "--batch", "5")


def _work(
    run: _Run, running: Agencies, *, enough: Callable[[], None], also: Callable[[], bool]
) -> None:
    """Until all that is planned has happened, however long it takes, and nothing is left to do."""
    stop = threading.Event()
    first = threading.Thread(target=send_first, args=(run.place, stop), daemon=True)
    first.start()
    try:
        done = run.reaper
        run.until(lambda: done.done and also() and not first.is_alive(), "every point fires")
        enough()
        run.quiet(running)
    finally:
        stop.set()


def _power_failure(run: _Run, running: Agencies) -> None:
    """Everything ends at once and begins anew with nothing left to do, but for a notification that
    shows when it has begun.
    """
    run.reaper.cut_power()
    run.until(lambda: serves(run.place.url), "the hub serves again")
    send_more(run.place, [0], ledger="last.jsonl", stop=threading.Event())
    run.quiet(running)


def _evidence(place: Place) -> Evidence:
    return gather(place.store, place.key, folder=place.path, ledgers=_LEDGERS)


def _figures(run: _Run, codes: Mapping[str, int]) -> dict[str, Any]:
    place, plan, reaper = run.place, run.plan, run.reaper
    evidence = _evidence(place)
    verdict = check(evidence)
    sent = sum(len(noted(place.file(name))) for name in ("notifications.jsonl", "more.jsonl")) + 1
    workers = [*plan.workers, *(f"then {one}" for one in plan.then)]
    return {
        "id": "F1",
        "runtime": "production" if place.production else "embedded",
        "workers": workers if place.production else None,
        "seed": plan.seed,
        "n": sent,
        "without": plan.without or None,
        "kills": reaper.kills,
        "points": sorted(set(reaper.points())),
        "facts": len(evidence.journal),
        "lost": len(verdict.lost) + sent - sum("sent" in note for note in evidence.sent),
        "duplicated": len(verdict.duplicated),
        "wrong": len(verdict.wrong),
        "redelivered": verdict.redelivered,
        "ended_by_itself": reaper.by_itself,
        "stopped_cleanly": not any(codes.values()),
        "seconds": round(time.monotonic() - run.started, 1),
        "findings": (verdict.lost + verdict.duplicated + verdict.wrong)[:20],
    }
