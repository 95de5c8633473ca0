"""``python -m tests.proofs.part …`` is ``hub …`` with faults let in, as the environment says; only
proofs start it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from connectors import deliver, http
from ops import cli
from ops.run import log
from tests.proofs.points import arm
from tests.proofs.rules import RULES

_LEASE_SECONDS = 3.0
"""Short: what a killed process held is to come again while the proof still runs."""


def main() -> None:
    """Let in what is asked for, then be the hub."""
    http.LEASE_SECONDS = deliver.LEASE_SECONDS = _LEASE_SECONDS
    if wish := os.environ.get("HUB_CRASH_AT"):
        arm(wish, Path(os.environ["HUB_CRASH_LOG"]))
    for rule in filter(None, os.environ.get("HUB_WITHOUT", "").split(",")):
        RULES[rule]()
    if os.environ.get("HUB_LOG_ALL"):
        configure = log.configure
        log.configure = lambda *_given, **_named: configure(level=logging.DEBUG)
    cli.main()


if __name__ == "__main__":
    main()
