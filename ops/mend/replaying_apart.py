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
from typing import Any, Final

from ops.look.reading import Readable
from ops.look.replay import as_json, replay
from ops.look.replay_processes import Advance
from ops.mend import replays, sending_again
from ops.mend.dead_letters import Person
from ops.mend.replays import CANCELLED, FAILED, Progress
from ops.mend.sending_again import AT_ONCE, Asked, Outcome
from ops.run.wiring import Hub
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


def send(hub: Hub, job_id: str) -> None:
    """Do a job to live that was started, in this process: some products at a time, until all are
    done or somebody cancels it; and record what became of it. Raises ``Refused``.

    Where it fails, what was sent is sent: started again, it begins at the first, and whoever had it
    knows it again by its id.
    """
    found, place = (
        replays.job(hub, hub.folder, job_id),
        replays.place_of(hub, hub.folder, job_id),
    )
    with hub.database.view() as view:
        asked = sending_again.of(view, job_id)
    sending_again.refuse_to_start(asked)
    beating = _Beating(place, replace(found.progress, inputs=len(asked.product_ids), done=0))
    try:
        outcome = _sent(hub, asked, beating)
        who = found.progress.started_by or found.plan.by
        sending_again.done(hub, asked, outcome, by=Person(who, found.plan.why))
    except Exception as error:
        beating.say(FAILED, type(error).__name__)
        raise
    replays.write_report(place, _told(asked, outcome))


def _sent(hub: Hub, asked: Asked, beating: _Beating) -> Outcome:
    outcome, ids = Outcome(), asked.product_ids
    for start in range(0, len(ids), AT_ONCE):
        if (beating.place / "cancel").exists():
            break
        page = ids[start : start + AT_ONCE]
        sending_again.send(hub, asked, ids=page, outcome=outcome)
        beating.progress = replace(beating.progress, done=start + len(page))
        beating.say()
    return outcome


def _told(asked: Asked, outcome: Outcome) -> dict[str, Any]:
    left = len(asked.product_ids) - len(outcome.sent) - len(outcome.not_sent)
    return {
        "sent": len(outcome.sent),
        "not_sent": outcome.counted(),
        "left": left,
        "cancelled": left > 0,
        "products": outcome.sent,
        "products_not_sent": outcome.not_sent,
        "well": not (left or outcome.not_sent),
    }
