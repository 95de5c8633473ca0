"""Whether what left had been signed by its owners: each approved product of the journal (R27, R47).

By the policy that was in force when it was recorded. Whoever has the store and the hub's key can
write that an owner approved; only who has that owner's key can sign it.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from router.steps import gate
from router.steps.now import Now
from schemas.policy import Policy
from schemas.product import ProductApproved
from stores import codec, journal, policies
from stores.database import View
from stores.journal import Flaw

UNSIGNED = "approved without its owner's signature"


class Signed:
    """Looks at approved products among rows of the journal."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._adopted = policies.by_time(view.connection)

    def check(self, rows: Sequence[Any]) -> Iterator[Flaw]:
        """Those of these rows that no owner's signature stands behind."""
        found = [row.message_id for row in rows if row.type == ProductApproved.type]
        for row in journal.rows_of(self._view.connection, found):
            policy = self._policy_at(row.recorded_at)
            if policy is not None and self._is_unsigned(row, policy):
                yield Flaw(row.chain, row.sequence, row.position, UNSIGNED, row.message_id)

    def _policy_at(self, micros: int) -> Policy | None:
        at = bisect_right(self._adopted, micros, key=lambda one: one[0])
        return self._adopted[at - 1][1] if at else None

    def _is_unsigned(self, row: Any, policy: Policy) -> bool:
        keys = self._view.vault.readable(self._view.connection, [row.key_id])
        message = journal.opened(row, keys)
        if not isinstance(message.data, ProductApproved):  # it was erased, or is named otherwise
            return False
        at: dt.datetime = codec.from_micros(row.recorded_at)
        now = Now(max(at, message.time), policy)
        return gate.fault(message.data, approved_at=message.time, now=now) is not None
