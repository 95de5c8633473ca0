"""What was linked, found in the journal by referral."""

from __future__ import annotations

from collections.abc import Collection

from schemas.case import ChildLinked
from schemas.message import Message
from stores import journal
from stores.database import View
from stores.rows import look_up
from stores.tables import journal as table


def load(view: View, referral_ids: Collection[str]) -> dict[str, Message]:
    """The message by which each of these referrals was linked, the latest where there are several.

    One that cannot be opened any more, as its key was destroyed, is left out.
    """
    if not referral_ids:
        return {}
    rows = look_up(
        view.connection,
        tuple(table.columns),
        by=table.c.correlation_id,
        values=referral_ids,
        within=(table.c.type, ChildLinked.type),
    )
    keys = view.vault.keys(view.connection, {row.key_id for row in rows}, create=False)
    messages = (
        journal.opened_once(view, row, keys=keys)
        for row in sorted(rows, key=lambda row: row.position)
    )
    return {m.data.referral_id: m for m in messages if isinstance(m.data, ChildLinked)}
