"""Whether what left had been signed by its owners: each approved product of the journal (R27, R47).

By the policy under which the unit that recorded it heard what caused it, as the inbox notes: a hub
that goes back to an older configuration decides by an older policy. Whoever has the store and the
hub's key can write that an owner approved; only who has that owner's key can sign it.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from router.steps import gate
from router.steps.now import Now
from router.unit import unit_of_chain
from schemas.policy import Policy
from schemas.product import ProductApproved
from stores import codec, inbox, journal, policies
from stores.database import View
from stores.journal import Flaw

UNSIGNED = "approved without its owner's signature"


class Signed:
    """Looks at approved products among rows of the journal."""

    def __init__(self, view: View) -> None:
        self._view = view

    def check(self, rows: Sequence[Any]) -> Iterator[Flaw]:
        """Those of these rows that no owner's signature stands behind."""
        ids = [row.message_id for row in rows if row.type == ProductApproved.type]
        found = journal.rows_of(self._view.connection, ids)
        numbers = self._heard_by(found)
        for row in sorted(found, key=lambda row: row.position):
            policy = self._policy(numbers.get(row.message_id), at=row.recorded_at)
            if policy is not None and self._is_unsigned(row, policy):
                yield Flaw(row.chain, row.sequence, row.position, UNSIGNED, row.message_id)

    def _policy(self, number: int | None, *, at: int) -> Policy | None:
        """The policy of this number; where nothing is noted, that which was adopted last by then:
        so it is with what nobody heard, and was put there by hand.
        """
        if number is not None and number in self._by_number:
            return self._by_number[number].policy
        last = bisect_right(self._adopted, at, key=lambda one: one.at)
        return self._adopted[last - 1].policy if last else None

    def _heard_by(self, rows: Sequence[Any]) -> Mapping[str, int]:
        """The numbers of the policies under which these came about, by message."""
        causes = self._causes(rows)
        noted = inbox.noted(self._view.connection, {row.message_id for row in causes.values()})
        found = {}
        for row in rows:
            unit, cause = unit_of_chain(row.chain), causes.get(row.message_id)
            if cause is not None:
                number = noted.get((unit, cause.message_id)) or self._in_pass(unit, cause.position)
                found[row.message_id] = number or 0
        return found

    def _causes(self, rows: Sequence[Any]) -> Mapping[str, Any]:
        """What the unit of each had heard from others: it notes nothing that it wrote itself."""
        wanted = {row.message_id: row for row in rows}
        found: dict[str, Any] = {}
        while wanted:
            ids = {row.causation_id for row in wanted.values() if row.causation_id}
            known = {row.message_id: row for row in journal.rows_of(self._view.connection, ids)}
            further: dict[str, Any] = {}
            for id_, row in wanted.items():
                if (cause := known.get(row.causation_id)) is None:
                    continue
                same = unit_of_chain(cause.chain) == unit_of_chain(row.chain)
                (further if same else found)[id_] = cause
            wanted = further
        return found

    def _in_pass(self, unit: str, position: int) -> int | None:
        passes = self._passes.get(unit, [])
        at = bisect_left(passes, position, key=lambda one: one.upto)
        within = at < len(passes) and passes[at].after < position
        return passes[at].policy if within else None

    @cached_property
    def _adopted(self) -> Sequence[policies.Adopted]:
        return policies.by_time(self._view.connection)

    @cached_property
    def _by_number(self) -> Mapping[int, policies.Adopted]:
        return {one.number: one for one in self._adopted}

    @cached_property
    def _passes(self) -> Mapping[str, Sequence[inbox.Pass]]:
        return inbox.passes(self._view.connection)

    def _is_unsigned(self, row: Any, policy: Policy) -> bool:
        keys = self._view.vault.readable(self._view.connection, [row.key_id])
        message = journal.opened(row, keys)
        if not isinstance(message.data, ProductApproved):  # it was erased, or is named otherwise
            return False
        at: dt.datetime = codec.from_micros(row.recorded_at)
        now = Now(max(at, message.time), policy)
        return gate.fault(message.data, approved_at=message.time, now=now) is not None
