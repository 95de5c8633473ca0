"""What the process of a replay job does: it decides, says every second how far it is, and ends when
it is told to.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ops.look.reading import Readable
from ops.look.replay import as_json, replay
from ops.look.replay_processes import Advance
from ops.mend import replays
from ops.mend.replays import CANCELLED, FAILED, Progress
from stores.replaying import count

_NICE: Final = 10
"""So much the process gives way to the hub's own."""
_EVERY: Final = 1.0


@dataclass(slots=True)
class _Beating:
    """How far it is, which a thread says again and again."""

    place: Path
    progress: Progress

    def beat(self, ended: threading.Event) -> None:
        """Say it until it has ended; or end the process at once, which has changed nothing."""
        while not ended.is_set():
            if (self.place / "cancel").exists():
                self.say(CANCELLED)
                os._exit(0)
            self.say()
            ended.wait(_EVERY)

    def say(self, state: str | None = None, error: str | None = None) -> None:
        """Write how far it is."""
        state = state or self.progress.state
        now = dt.datetime.now(dt.UTC)
        self.progress = replace(self.progress, beat_at=now, state=state, error=error)
        replays.write_progress(self.place, self.progress)

    @contextmanager
    def watching(self) -> Iterator[Advance]:
        """Hears how many more were decided."""

        def advance(more: int) -> None:
            self.progress = replace(self.progress, done=self.progress.done + more)

        yield advance


def run(hub: Readable, folder: Path, job_id: str) -> None:
    """Do a job that was started, in this process. Raises ``Refused``."""
    with suppress(OSError):
        os.nice(_NICE)
    found = replays.job(hub, folder, job_id)
    place, ended = replays.place_of(hub, folder, job_id), threading.Event()
    with hub.database.reading() as connection:
        inputs = count(connection)
    beating = _Beating(place, replace(found.progress, inputs=inputs, done=0))
    thread = threading.Thread(target=beating.beat, args=(ended,), daemon=True)
    thread.start()
    try:
        report = replay(hub, found.plan.wanted, most=1, watching=beating.watching)
        replays.write_report(place, as_json(report) | {"well": report.well})
    except Exception as error:
        beating.say(FAILED, type(error).__name__)
        raise
    finally:
        ended.set()
        thread.join()
