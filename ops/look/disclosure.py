"""A case as a bundle for a court or an auditor: every entry with the proof that it is in the
record, to be verified by who has nothing of the hub but its public key (R48).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from ops.access.acting import Asker
from ops.look.disclosed import FORMAT
from ops.look.record import last_checkpoint
from ops.look.revealing import Seen, see
from ops.run.wiring import Hub
from schemas.access import Act, Resource
from stores import codec, trail
from stores.database import Transaction
from stores.entry_hash import COLUMNS
from stores.tree.checkpoints import Checkpoint
from stores.tree.disclosing import Proven, proven
from stores.vault import DataKey


def export(hub: Hub, wanted: str, *, asker: Asker) -> dict[str, Any]:
    """Everything that is recorded about a case, referral or product and that the access rules let
    somebody take away, with proofs; none of it before who took it and why is recorded, and told to
    each agency of which there is something in it.

    No entries where nothing is recorded under the id. Raises ``Denied``, ``NobodyReviews``,
    ``NothingSigned`` or ``NoLeafYet``.
    """
    key, note = last_checkpoint(hub)
    size = Checkpoint.parse(note.text).size
    with hub.database.transaction() as transaction:
        seen = _seen(hub, transaction, wanted=wanted, asker=asker)
        positions = [entry.position for entry, is_open in seen.entries if is_open]
        found = proven(transaction.connection, positions, size=size)
        ids = {one.row.key_id for one in found}
        keys = transaction.vault.readable(transaction.connection, ids)
    masked = [entry.position for entry, is_open in seen.or_refused().entries if not is_open]
    return {
        "format": FORMAT,
        "of": wanted,
        "exported_at": codec.from_micros(transaction.now).isoformat(),
        "exported_by": asker.who,
        "why": asker.why,
        "key": str(key),
        "checkpoint": str(note),
        "masked": masked,
        "keys": {id_: _text(data.raw) for id_, data in sorted(keys.items())},
        "entries": [_entry(one, keys.get(one.row.key_id)) for one in found],
    }


def _seen(hub: Hub, transaction: Transaction, *, wanted: str, asker: Asker) -> Seen:
    entries = trail.about(transaction.connection, transaction.vault, wanted=wanted)
    return see(
        hub,
        transaction,
        entries=entries,
        wanted=wanted,
        asker=asker,
        resource=Resource.CASE,
        act=Act.EXPORT,
    )


def _entry(one: Proven, key: DataKey | None) -> dict[str, Any]:
    row = one.row._mapping
    return {
        "position": row["position"],
        "leaf": one.leaf,
        "salt": _text(one.salt),
        "proof": _texts(one.proof),
        "hash_version": row["hash_version"],
        "hash": _text(row["hash"]),
        "entry": {name: _plain(row[name]) for name in COLUMNS},
        "content": _content(one, key),
    }


def _content(one: Proven, key: DataKey | None) -> Any:
    """What the entry says; None where its key was destroyed."""
    if key is None:
        return None
    return json.loads(key.open(one.row.payload, bound_to=one.row.message_id))


def _plain(value: Any) -> Any:
    return _text(value) if isinstance(value, bytes) else value


def _texts(values: Iterable[bytes]) -> list[str]:
    return [*map(_text, values)]


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
