"""A hub of one process that kills itself at a commit: ``python -m tests.support.killed CONFIG N``.

It kills itself as it is about to commit for the ``N``-th time, or right behind that where ``after``
is said; until then it tells the time and works off what there is.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from ops.run.wiring import open_hub
from router.runtimes.clock import publish_due


def main(config: str, number: str, when: str) -> None:
    """Work until the commit of this number."""
    hub, left = open_hub(Path(config), {}), int(number)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def committing(_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0 and when == "before":
            die()

    def begun(_: object) -> None:
        if left <= 0:
            die()

    event.listen(hub.database.engine, "commit", committing)
    event.listen(hub.database.engine, "begin", begun)
    while True:
        publish_due(hub.database, limit=5)
        hub.embedded().drain()


if __name__ == "__main__":
    main(*sys.argv[1:])
