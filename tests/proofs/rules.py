"""Rules of the hub that a control run drops, each in the one place that keeps it. The checks then
have to fail.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as changed
from typing import Any
from uuid import uuid4

from router.intake import StoredIntake
from router.unit import ALL
from stores.ports import Arrival
from tests.proofs.points import replace

_LATE_SECONDS = 0.5


class _Undone(Exception):
    """Rolls a transaction back."""


def _commit_before_receipt() -> None:
    """Agencies get their receipts first, and what they sent is recorded a moment later."""

    def early(take: Callable[[StoredIntake, Sequence[Arrival]], Any]) -> Callable[..., Any]:
        def answer(intake: StoredIntake, arrivals: Sequence[Arrival]) -> Any:
            later = threading.Timer(_LATE_SECONDS, take, (intake, arrivals))
            later.daemon = True
            later.start()
            return _receipts_only(intake, arrivals)

        return answer

    replace("router.intake:StoredIntake.take", early)


def _receipts_only(intake: StoredIntake, arrivals: Sequence[Arrival]) -> Any:
    from router.intake import take_in

    receipts = None
    try:
        with intake._database.transaction() as transaction:
            receipts = take_in(transaction, arrivals)
            raise _Undone
    except _Undone:
        return receipts


def _inbox() -> None:
    """A hub does not remember what it had or where it was, and ids are new each time."""
    replace("stores.inbox:had", lambda _: lambda *_: defaultdict(set))
    replace("stores.inbox:note", lambda _: lambda *_, **__: None)
    replace(
        "router.one_pass:caused_by",
        lambda made: lambda *given: changed(made(*given), id=str(uuid4())),
    )
    replace("stores.cursors:store", _chain_only)


def _chain_only(store: Callable[..., None]) -> Callable[..., None]:
    """The chain goes on; the place in the topic is forgotten."""

    def forgetful(transaction: Any, cursor: Any) -> None:
        steps = cursor.name.partition("/")[0] in (ALL, "deduplicate")
        store(transaction, changed(cursor, next_offset=0) if steps else cursor)

    return forgetful


def _originals() -> None:
    """A dead letter says why, and holds nothing of what came."""

    def empty(bury: Callable[..., None]) -> Callable[..., None]:
        return lambda transaction, dead: bury(
            transaction, [changed(letter, original=b"") for letter in dead]
        )

    replace("stores.dead_letters:bury", empty)


def _steady_store() -> None:
    """Every seventh time the database refuses what the intake writes, in an error that repeats the
    message itself.
    """
    count = [0]

    def failing(take: Callable[..., Any]) -> Callable[..., Any]:
        def sometimes(transaction: Any, arrivals: Sequence[Arrival]) -> Any:
            count[0] += 1
            if count[0] % 7 == 0:
                said = arrivals[0].original.decode("utf-8", "replace")
                transaction.connection.exec_driver_sql(f"INSERT INTO nowhere VALUES ({said!r})")  # noqa: S608 - as meant
            return take(transaction, arrivals)

        return sometimes

    replace("router.intake:take_in", failing)


UNDECIDABLE = "cannot be decided"
"""A narrative with these words is some steps' undoing, where the rule of sound steps is dropped."""


def _sound_steps() -> None:
    """Steps fail on some notifications, in an error that repeats the narrative."""

    def failing(suggest: Callable[..., Any]) -> Callable[..., Any]:
        def sometimes(notification: Any, **given: Any) -> Any:
            if UNDECIDABLE in notification.narrative:
                raise ValueError(notification.narrative)
            return suggest(notification, **given)

        return sometimes

    replace("router.steps.thresholds:suggest", failing)


RULES: Mapping[str, Callable[[], None]] = {
    "commit-before-receipt": _commit_before_receipt,
    "inbox": _inbox,
    "originals": _originals,
    "sound-steps": _sound_steps,
    "steady-store": _steady_store,
}
"""By name, what drops each."""
