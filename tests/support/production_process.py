"""What :class:`tests.support.production.Process` runs until SIGTERM: a relay, a worker of one step,
or one of every step of the hub that a configuration describes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ops.run.serve import end_process
from ops.run.wiring import open_hub
from router.runtimes.faust_worker import run_worker
from router.runtimes.relay import Relay
from router.step import Outcome
from router.topology import whole_hub
from router.unit import BoundStep, Unit
from stores.database import Database
from stores.topics import TopicProducer
from stores.vault import Vault
from tests.support.production import KEY, adopted, alone, deduplication


def main() -> None:
    """Run what the first argument names, as the environment says."""
    told = json.loads(os.environ["HUB_TEST_PROCESS"])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _RUNS[sys.argv[1]](told, stop)
    end_process(0)


def _relay(told: dict[str, Any], stop: threading.Event) -> None:
    database = Database(told["database"], Vault(KEY), keeps_outbox=True)
    _Slow(database, TopicProducer(told["topics"]), told.get("pause", 0.0)).run(stop)


def _worker(told: dict[str, Any], stop: threading.Event) -> None:
    database = Database(told["database"], Vault(KEY), keeps_outbox=True)
    unit = alone(_slowed(deduplication(), told.get("pause", 0.0)))
    _work(unit, told, url=told["topics"], database=database, policy=adopted(), stop=stop)


def _unit(told: dict[str, Any], stop: threading.Event) -> None:
    hub = open_hub(Path(told["config"]), told["named"])
    whole = whole_hub()
    first, *others = whole.steps
    unit = Unit(whole.name, (_slowed(first, told["pause"]), *others))
    url = told["named"]["HUB_TOPICS"]
    _work(unit, told, url=url, database=hub.database, policy=hub.policy, stop=stop)


def _work(unit: Unit, told: dict[str, Any], **given: Any) -> None:
    settings = {name: told[name] for name in ("batch", "patience") if name in told}
    run_worker(unit, **given, **settings)


_RUNS = {"relay": _relay, "worker": _worker, "unit": _unit}


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
