"""The tree beside the steps: gives what is committed its leaf, and signs what there is."""

from __future__ import annotations

import threading

from stores.database import Conflict, Database
from stores.keep_trying import Failure, keep_working, logged
from stores.tree.growing import Growing

_REST_SECONDS = 0.5
_CONFLICTS = 5
"""In a row. Two that grow the same tree are not in each other's way that often; what is planted in
the tree's tables always is.
"""


def keep_growing(database: Database, stop: threading.Event, *, origin: str) -> None:
    """Take in what is committed, until told to stop; several may do so, an entry has one leaf.

    Raises ``Damaged`` where what is kept of the tree does not lead to what was signed, and
    ``Conflict`` where somebody was first again and again: nothing grows then.
    """
    growing, log = Growing(database, origin), logged("store.unavailable", part="tree")

    def work() -> float:
        return _REST_SECONDS if growing.once() < growing.at_once else 0

    def failed(failure: Failure) -> None:
        log(failure)
        if isinstance(failure.error, Conflict) and failure.count >= _CONFLICTS:
            raise failure.error

    keep_working(work, stop, failed=failed)
