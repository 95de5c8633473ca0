"""The embedded hub: end-to-end rate, latency at a steady rate, and memory, on SQLite in WAL mode
with FULL sync.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ops.look.replay import Wanted, replay
from ops.run.garbage import collect_seldom
from ops.run.wiring import Hub, assemble
from router.intake import message_id
from schemas.information import InformationRequested
from schemas.message import Message
from schemas.rating import RatingSuggested
from schemas.settings import HubSettings
from stores.ports import Arrival
from stores.recent import Placed, Recent
from tests.bench.limit import Written, bare_seconds, recorded
from tests.bench.stream import arrivals

_BATCH = 200
_DONE = (RatingSuggested, InformationRequested)


def embedded(settings: HubSettings, folder: Path, *, number: int, seconds: float) -> dict[str, Any]:
    """All figures of the embedded hub, by what they are of."""
    collect_seldom()
    return {
        "end_to_end": end_to_end(settings, folder, number),
        "steady": steady(settings, folder, per_second=100, seconds=seconds),
        "replay": replayed(settings, folder),
        "memory": memory(settings, folder, number),
    }


def replayed(settings: HubSettings, folder: Path) -> dict[str, Any]:
    """Facts per second that :func:`end_to_end` recorded and a replay decides again and compares."""
    hub = assemble(_at(settings, folder / "run.db"), {}, folder=folder)
    report = replay(hub, Wanted())
    hub.database.close()
    return {
        "facts": report.facts,
        "equal": report.total("equal"),
        "given": report.total("given"),
        "otherwise": 0
        if report.well
        else report.facts - report.total("equal") - report.total("given"),
        "seconds": round(report.seconds, 3),
        "facts_per_second": round(report.facts / report.seconds, 1),
    }


def memory(settings: HubSettings, folder: Path, number: int) -> dict[str, Any]:
    """Megabytes resident after each quarter of a run, in a process of its own: flat as the log
    grows.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(_quarters, settings, folder, number).result()


def _quarters(settings: HubSettings, folder: Path, number: int) -> dict[str, Any]:
    collect_seldom()
    hub = assemble(_at(settings, folder / "memory.db"), {}, folder=folder)
    steps, resident = hub.embedded(), {}
    for quarter in range(1, 5):
        came = arrivals(hub.settings, number // 4 * quarter)[-(number // 4) :]
        for start in range(0, len(came), _BATCH):
            hub.intake.take(came[start : start + _BATCH])
            steps.drain()
        resident[f"mb_after_{quarter}_quarters"] = _resident()
    hub.database.close()
    return resident | {"mb_peak": peak()}


def end_to_end(settings: HubSettings, folder: Path, number: int) -> dict[str, Any]:
    """Notifications per second from intake until all are rated and requested, and everything they
    caused is done.
    """
    hub = assemble(_at(settings, folder / "run.db"), {}, folder=folder)
    came = arrivals(hub.settings, number)
    with recorded(hub.database) as written:
        seconds = _timed(hub, came)
    facts = _facts(hub)
    hub.database.close()
    bare = _bare(settings, folder, written)
    return {
        "notifications": number,
        "seconds": round(seconds, 3),
        "notifications_per_second": round(number / seconds, 1),
        "facts_per_second": round(facts / seconds, 1),
        "transactions": written.commits,
        "rows": written.rows,
        "bare_limit_notifications_per_second": round(number / bare, 1),
        "share_of_bare_limit": round(bare / seconds, 3),
    }


def steady(
    settings: HubSettings, folder: Path, *, per_second: float, seconds: float
) -> dict[str, Any]:
    """Milliseconds from handing a notification over until it is durably rated and requested, at a
    steady rate.
    """
    hub = assemble(_at(settings, folder / "steady.db"), {}, folder=folder)
    came = arrivals(hub.settings, int(per_second * seconds))
    watch = _Watch()
    hub.database.recent = watch
    stop = threading.Event()
    steps = threading.Thread(target=hub.embedded().run, args=(stop,))
    steps.start()
    _send_steadily(hub, came, watch, per_second)
    watch.await_all(timeout=30)
    stop.set()
    steps.join()
    hub.database.close()
    return {"per_second": per_second, "seconds": seconds, **quantiles(watch.milliseconds())}


def quantiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and worst."""
    ordered = sorted(milliseconds)
    of = {"p50_ms": 0.5, "p99_ms": 0.99, "worst_ms": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
        for name, share in of.items()
    }


class _Watch(Recent):
    """Notes when each referral's rating and request were committed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, float] = {}
        self._seen: dict[str, int] = {}
        self._done: dict[str, float] = {}
        self._changed = threading.Condition()

    def extend(self, appended: Sequence[Placed]) -> None:
        super().extend(appended)
        now = time.perf_counter()
        with self._changed:
            for _, _, message in appended:
                self._note(message, now)
            self._changed.notify_all()

    def await_all(self, timeout: float) -> None:
        """Wait until everything sent is done; what was a duplicate never is, and is left out."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._done) >= len(self.sent), timeout)

    def milliseconds(self) -> list[float]:
        """From sending to both being durable."""
        return [(done - self.sent[id_]) * 1000 for id_, done in self._done.items()]

    def _note(self, message: Message, now: float) -> None:
        if message.type == "mash.notification.duplicated.v1":
            self.sent.pop(str(message.causation_id), None)
        if isinstance(message.data, _DONE):
            self._seen[message.correlation_id] = self._seen.get(message.correlation_id, 0) + 1
            if self._seen[message.correlation_id] == len(_DONE):
                self._done[message.correlation_id] = now


def _send_steadily(hub: Hub, came: Sequence[Arrival], watch: _Watch, per_second: float) -> None:
    started = time.perf_counter()
    for number, arrival in enumerate(came):
        pause = started + number / per_second - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        watch.sent[message_id(arrival)] = time.perf_counter()
        hub.intake.take([arrival])


def _timed(hub: Hub, came: Sequence[Arrival]) -> float:
    steps = hub.embedded()
    started = time.perf_counter()
    for start in range(0, len(came), _BATCH):
        hub.intake.take(came[start : start + _BATCH])
        steps.drain()
    return time.perf_counter() - started


def _bare(settings: HubSettings, folder: Path, written: Written) -> float:
    empty = assemble(_at(settings, folder / "bare.db"), {}, folder=folder).database
    try:
        return bare_seconds(written, empty)
    finally:
        empty.close()


def _at(settings: HubSettings, file: Path) -> HubSettings:
    return settings.model_copy(
        update={
            "runtime": settings.runtime.model_copy(update={"store": f"sqlite:///{file.resolve()}"})
        }
    )


def _facts(hub: Hub) -> int:
    with hub.database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one())


def _resident() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    return peak()


def peak() -> float:
    """Megabytes that this process has had resident at most."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
