"""The edge queues of one database, for whoever takes letters away: each verb is a transaction."""

from __future__ import annotations

from collections.abc import Collection

from router import proven
from router.handing_out import handed_out, unsent
from router.picture.giving import with_pictures
from router.registered import Registered
from router.steps.now import Now
from schemas.policy import Policy
from stores import codec, queues
from stores.database import Database
from stores.pauses import Pauses
from stores.ports import Leased


class StoredQueues:
    """The edge queues of one database (:class:`stores.ports.EdgeQueues`)."""

    def __init__(self, database: Database, policy: Policy) -> None:
        self._database = database
        self._registered = Registered(policy)
        self._pauses = Pauses(database)

    def with_letters(self, agencies: Collection[str]) -> set[str]:
        """Those of the agencies that have a letter which nobody holds."""
        with self._database.reading() as connection:
            return queues.with_letters(connection, agencies, now=self._database.clock())

    def lease(self, agency: str, *, limit: int, seconds: float) -> list[Leased]:
        """Letters that nobody holds, Reds first, then the oldest, now held for ``seconds``; with
        their pictures.
        """
        # An empty queue, looked into all day long, costs no transaction.
        if not self.with_letters([agency]):
            return []
        paused = self._pauses.of("queue", [agency])
        if paused and paused.reds:
            return []
        with self._database.transaction() as transaction:
            reds = paused is not None
            leased = queues.lease(transaction, agency, limit=limit, seconds=seconds, reds=reds)
            policy = self._registered.policy(transaction)
            leased = handed_out(transaction, agency, leased=leased, policy=policy)
            if transaction.noted is not None:
                transaction.noted.handed = leased
            return with_pictures(transaction, leased, policy=policy)

    def may_go(self, letter: Leased) -> bool:
        """Whether a product in hand is still one that the record lets leave; where it was taken
        back meanwhile, what is left of it follows.
        """
        if letter.type not in proven.TYPES:
            return True
        at = codec.from_micros(self._database.clock())
        with self._database.view() as view:
            now = Now(at, self._registered.policy(view))
            kept = queues.in_hand(view, letter)
            if kept is not None and proven.looked_at(view, [kept], now=now).goes:
                return True
        with self._database.transaction() as transaction:
            unsent(transaction, letter)
        return False

    def acknowledge(self, agency: str, ids: Collection[str]) -> int:
        """Delete letters that arrived; answers how many there were."""
        with self._database.transaction() as transaction:
            return queues.acknowledge(transaction, agency, ids=ids)

    def give_back(self, agency: str, ids: Collection[str], *, after_seconds: float) -> None:
        """End the lease of letters that could not be sent, until ``after_seconds`` from now."""
        with self._database.transaction() as transaction:
            queues.give_back(transaction, agency, ids=ids, after_seconds=after_seconds)
