"""Rules of the hub that a control run drops, each in the one place that keeps it. The checks then
have to fail.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace as changed
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import uuid4

from router.handle import Offsets
from router.intake import StoredIntake
from router.one_pass import Delivery
from router.unit import Unit, serves, unit_of_chain
from schemas.notification import NotificationReceived
from stores import cursors, tables
from stores.cursors import Cursor
from stores.database import Database, Transaction
from stores.ports import Arrival
from stores.rows import Clash
from tests.proofs.points import replace

_LATE_SECONDS = 2.0


class _Undone(Exception):
    """Rolls a transaction back."""


def _commit_before_receipt() -> None:
    """Agencies get their receipts first, and what they sent is recorded a moment later."""

    def early(take: Callable[[StoredIntake, Sequence[Arrival]], Any]) -> Callable[..., Any]:
        def answer(intake: StoredIntake, arrivals: Sequence[Arrival]) -> Any:
            receipts = _receipts_only(intake, arrivals)
            later = threading.Timer(_LATE_SECONDS, record, (intake, arrivals))
            later.daemon = True
            later.start()
            return receipts

        def record(intake: StoredIntake, arrivals: Sequence[Arrival]) -> None:
            receipts_went_first()
            take(intake, arrivals)

        return answer

    replace("router.intake:StoredIntake.take", early)


def receipts_went_first() -> None:
    """Agencies have their receipts, and nothing of what they sent is recorded: a point of its
    own.
    """


def _receipts_only(intake: StoredIntake, arrivals: Sequence[Arrival]) -> Any:
    from router.intake import take_in

    receipts = None
    try:
        with intake._database.transaction() as transaction:
            receipts = take_in(transaction, arrivals)
            raise _Undone
    except _Undone:
        return receipts


_FORGETFUL = "deduplicate"
"""The one step that the control lets forget: the others' own states refuse what comes again."""


def _inbox() -> None:
    """A step forgets what it had, its unit where it was, and ids are new each time. It starts
    again with a page that reaches far enough to hold something for that step.
    """
    replace("stores.pace:Pace.size", lambda _: property(lambda pace: pace.most))
    replace("router.runtimes.embedded:cursors", _unknown)
    replace("router.runtimes.partition:cursors", _unknown)
    replace("stores.cursors:store", _never_back)
    replace("stores.inbox:note", lambda _: _noted_again)
    replace("router.handle:_due", _due_again)
    replace("router.handle:_unheard", _unheard_again)
    replace(
        "router.one_pass:caused_by",
        lambda made: lambda *given, **more: changed(made(*given, **more), id=str(uuid4())),
    )


def _unknown(module: ModuleType) -> SimpleNamespace:
    """Where the unit starts, or is given a partition, it asks in vain."""

    def forgetful(database: Database) -> dict[str, int]:
        found = cursors.next_offsets(database)
        return {
            name: at for name, at in found.items() if not serves(unit_of_chain(name), _FORGETFUL)
        }

    return SimpleNamespace(**vars(module) | {"next_offsets": forgetful})


def _never_back(store: Callable[..., None]) -> Callable[..., None]:
    """What the other steps of the unit had is not had again."""

    def forward(transaction: Transaction, cursor: Cursor) -> None:
        stood = cursors.lock(transaction, cursor.name).next_offset
        store(transaction, changed(cursor, next_offset=max(cursor.next_offset, stood)))

    return forward


def _noted_again(
    transaction: Transaction, unit: str, *, message_ids: Sequence[str], policy: int
) -> None:
    rows = [{"step": unit, "message_id": id_, "policy": policy} for id_ in message_ids]
    transaction.insert(tables.inbox, rows, clash=Clash.KEEP)


def _due_again(due: Callable[..., Sequence[Delivery]]) -> Callable[..., Sequence[Delivery]]:
    """What was done before is due again, for the forgetful step alone."""

    def forgetful(
        deliveries: Sequence[Delivery], offsets: Offsets, *, expected: int
    ) -> Sequence[Delivery]:
        before = [one for one in deliveries if one.offset < expected and _is_for_it(one)]
        return [*before, *due(deliveries, offsets, expected=expected)]

    return forgetful


def _unheard_again(unheard: Callable[..., Delivery]) -> Callable[..., Delivery]:
    def forgetful(unit: Unit, delivery: Delivery, *, had: Collection[str]) -> Delivery:
        return unheard(unit, delivery, had=() if _is_for_it(delivery) else had)

    return forgetful


def _is_for_it(delivery: Delivery) -> bool:
    return isinstance(delivery.message.data, NotificationReceived)


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
        def sometimes(transaction: Any, arrivals: Sequence[Arrival], **rest: Any) -> Any:
            count[0] += 1
            if count[0] % 7 == 0:
                said = arrivals[0].original.decode("utf-8", "replace")
                transaction.connection.exec_driver_sql(f"INSERT INTO nowhere VALUES ({said!r})")  # noqa: S608 - as meant
            return take(transaction, arrivals, **rest)

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


def _lane() -> None:
    """A Red waits its turn like everything else."""
    replace("router.lane:Lane.takes", lambda _: lambda *_: False)


def _rebuilding() -> None:
    """Topics that a broker lost are made again, and nothing else is done about it."""
    from stores.topics import create_topics

    def made(_: object) -> Callable[..., object]:
        return lambda _database, url, *, partitions: create_topics(url, partitions)

    replace("ops.run.parts:rebuild", made)


def _hearing() -> None:
    """Nobody hears that a process says nothing."""
    replace("ops.run.alive:Hearing.is_silent", lambda _: lambda _hearing: False)


RULES: Mapping[str, Callable[[], None]] = {
    "commit-before-receipt": _commit_before_receipt,
    "hearing": _hearing,
    "inbox": _inbox,
    "lane": _lane,
    "originals": _originals,
    "rebuilding": _rebuilding,
    "sound-steps": _sound_steps,
    "steady-store": _steady_store,
}
"""By name, what drops each."""
