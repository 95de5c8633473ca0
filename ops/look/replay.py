"""Decide everything again, from what came in, into an empty register in memory, and compare with
what is recorded.

A replay gets a connection that refuses writes, and nothing else: no intake, no queue, no
transaction. Each step's inputs come in the order in which it had them, each under the policy that
decided then; ids of what follows are derived, so every fact decided again is found in the journal
by its id and compared by envelope and keyed digest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from ops.look.reading import Readable
from ops.look.replay_case import replay_case
from ops.look.replay_found import Found
from ops.look.replay_processes import Advance, Alone, first, second
from ops.look.replay_report import VERDICTS, EarlierRules, Report, Wanted, as_json
from schemas.policy import DECIDED_AGAIN
from stores import overview, policies
from stores.database import Database

__all__ = ["VERDICTS", "Report", "Wanted", "as_json", "replay"]

Watching = Callable[[], AbstractContextManager[Advance]]


_SMALL = 5_000
"""Entries of the journal; in one process they take about as long as it takes to start another."""


def replay(
    hub: Readable,
    wanted: Wanted,
    *,
    processes: int | None = None,
    most: int = 2,
    watching: Watching = lambda: nullcontext(lambda _: None),
) -> Report:
    """Decide everything again and compare, in one process or two; None: as many as pay, at
    ``most`` so many, and where one case is wanted, only that one if that is enough to tell.

    ``watching`` is entered before the first input; what it gives hears how many more were decided.
    Raises ``EarlierRules``.
    """
    _refuse_earlier_rules(hub.database)
    started = time.monotonic()
    report = None
    if processes is None:
        processes = min(most, _as_many_as_pay(hub.database))
        report = replay_case(hub.database, wanted) if wanted.about else None
    if report is None:
        report = _found(hub.database, wanted, processes=processes, watching=watching).settled()
    report.seconds = time.monotonic() - started
    return report


def _refuse_earlier_rules(database: Database) -> None:
    """Decisions stand on each other: of a store that an earlier program began, none can be made
    again by this one (decision 021).
    """
    with database.reading() as connection:
        adopted = policies.all_adopted(connection)
        numbers = policies.deciding(connection) & adopted.keys()
    if any(adopted[number].rules < DECIDED_AGAIN for number in numbers):
        raise EarlierRules(
            "this store was begun by an earlier version of the hub, which decided by other rules: "
            "that version decides it again; `hub replay --verify` looks whether all is as it was "
            "written, and `hub audit verify` whether anything was changed"
        )


def _found(database: Database, wanted: Wanted, *, processes: int, watching: Watching) -> Found:
    if processes == 1 or not _can_share(database):
        with watching() as advance:
            return first(database, wanted, other=Alone(), advance=advance)
    with second(database, wanted) as other, watching() as advance:
        return first(database, wanted, other=other, advance=advance)


def _as_many_as_pay(database: Database) -> int:
    if (os.cpu_count() or 1) == 1:
        return 1
    with database.reading() as connection:
        return 1 if overview.last_position(connection) < _SMALL else 2


def _can_share(database: Database) -> bool:
    """Whether another process can read the same store, and can be started as a copy of this one."""
    return hasattr(os, "fork") and not database.is_in_memory
