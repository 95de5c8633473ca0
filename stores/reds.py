"""The referrals of which something may be a Red: whatever is about one of them goes ahead."""

from __future__ import annotations

from collections.abc import Collection

from stores.database import Transaction, View
from stores.rows import Clash, look_up
from stores.tables import reds


def among(view: View, referral_ids: Collection[str]) -> set[str]:
    """Those of these referrals that may be a Red."""
    if not referral_ids:
        return set()
    rows = look_up(
        view.connection, (reds.c.referral_id,), by=reds.c.referral_id, values=referral_ids
    )
    return {row.referral_id for row in rows}


def note(transaction: Transaction, referral_ids: Collection[str]) -> None:
    """From now on these may be a Red; a referral stays one whatever it is rated later."""
    rows = [{"referral_id": id_, "since": transaction.now} for id_ in sorted(referral_ids)]
    transaction.insert(reds, rows, clash=Clash.KEEP)
