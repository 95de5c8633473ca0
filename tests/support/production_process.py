"""What :class:`tests.support.production.Process` runs: one worker or relay until SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import Any

from router.runtimes.faust_worker import run_worker
from router.runtimes.relay import Relay
from router.step import Outcome
from router.unit import BoundStep, alone
from stores.database import Database
from stores.topics import TopicProducer
from stores.vault import Vault
from tests.support.production import KEY, adopted, deduplication


def main() -> None:
    """Run what the first argument names, as the environment says."""
    told = json.loads(os.environ["HUB_TEST_PROCESS"])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = Database(told["database"], Vault(KEY), keeps_outbox=True)
    if sys.argv[1] == "relay":
        _Slow(database, TopicProducer(told["topics"]), told.get("pause", 0.0)).run(stop)
    else:
        bound = _slowed(deduplication(), told.get("pause", 0.0))
        settings = {name: told[name] for name in ("batch", "patience") if name in told}
        run_worker(
            alone(bound),
            url=told["topics"],
            database=database,
            policy=adopted(),
            stop=stop,
            **settings,
        )


class _Slow(Relay):
    """A relay that rests between send and mark, to be killed there."""

    def __init__(self, database: Database, producer: TopicProducer, pause: float) -> None:
        super().__init__(database, _Resting(producer, pause))  # type: ignore[arg-type]


class _Resting:
    def __init__(self, producer: TopicProducer, pause: float) -> None:
        self._producer, self._pause = producer, pause

    def send(self, batch: Any) -> None:
        """Send, then rest before the caller can mark anything."""
        self._producer.send(batch)
        if self._pause:
            print("sent", flush=True)  # noqa: T201
            time.sleep(self._pause)

    def close(self) -> None:
        """As the producer."""
        self._producer.close()


def _slowed(bound: BoundStep, pause: float) -> BoundStep:
    """The step, taking its time over each message so that a kill finds it in the middle of a
    batch.
    """
    decide = bound.step.decide

    def slow(state: Any, message: Any, policy: Any) -> Outcome[Any]:
        print("deciding", flush=True)  # noqa: T201
        time.sleep(pause)
        return decide(state, message, policy)

    return bound if not pause else replace(bound, step=replace(bound.step, decide=slow))


if __name__ == "__main__":
    main()
