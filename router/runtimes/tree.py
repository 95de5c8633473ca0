"""The tree beside the steps: gives what is committed its leaf, and signs what there is."""

from __future__ import annotations

import threading

from stores.database import Database
from stores.keep_trying import keep_working, logged
from stores.tree.growing import Growing

_REST_SECONDS = 0.5


def keep_growing(database: Database, stop: threading.Event, *, origin: str) -> None:
    """Take in what is committed, until told to stop; several may do so, an entry has one leaf.

    Raises ``Damaged`` where what is kept of the tree does not lead to what was signed.
    """
    growing = Growing(database, origin)

    def work() -> float:
        return _REST_SECONDS if growing.once() < growing.at_once else 0

    keep_working(work, stop, failed=logged("store.unavailable", part="tree"))
