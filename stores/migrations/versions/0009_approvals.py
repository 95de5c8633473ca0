"""What owners decided is remembered by referral; whoever is still awaited is asked again."""

from __future__ import annotations

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0009"
down_revision = "0008"

_HUB_KEY = "hub"
_ASKS = "mash.approval-request.v1"
_states = sa.table("states", *map(sa.column, ("step", "key", "version", "body")))
_journal = sa.table(
    "journal", *map(sa.column, ("position", "message_id", "type", "key_id", "payload"))
)
_letters = sa.table(
    "letters",
    *map(sa.column, ("id", "agency", "type", "attempts", "leased_until", "created_at", "body")),
)
_APPROVALS = sa.select(_states.c.key, _states.c.body).where(_states.c.step == "approve")
_TOLD = ("mash.product.drafted.v1", "mash.product.voided.v1")
_PRODUCTS = sa.select(
    _journal.c.position, _journal.c.message_id, _journal.c.key_id, _journal.c.payload
).where(_journal.c.type.in_(_TOLD))

goes_through = (_APPROVALS, _PRODUCTS)
Said = dict[str, Any]


def upgrade(op: Operations, work: Work) -> None:
    """An owner that withheld an item withholds it from now on; one that has let it go to somebody
    besides wants to be asked. What became of an erased case's products cannot be read any more.
    """
    key = work.vault.keys(work.connection, [_HUB_KEY], create=True)[_HUB_KEY]
    told = dict(_told(work))
    referrals: defaultdict[str, Said] = defaultdict(dict)
    for page in work.pages(_APPROVALS, [_states.c.key]):
        for row in page:
            stage = json.loads(key.open(row.body, bound_to=f"approve/{row.key}"))
            if row.key in told:
                referrals[told[row.key]["referral_id"]][row.key] = _stage(stage, told[row.key])
    work.connection.execute(_states.delete().where(_states.c.step == "approve"))
    work.connection.execute(_letters.delete().where(_letters.c.type == _ASKS))
    for referral_id, products in referrals.items():
        document = {"kind": "approvals", "products": products, "withheld": _withheld(products)}
        body = key.seal(json.dumps(document).encode(), bound_to=f"approve/{referral_id}")
        state = {"step": "approve", "key": referral_id, "version": 1, "body": body}
        work.connection.execute(_states.insert(), state)
        if letters := [_letter(*one, key=key) for one in _awaited(products)]:
            work.connection.execute(_letters.insert(), letters)


def _told(work: Work) -> Iterator[tuple[str, Said]]:
    """What the journal says of each product: drafted, or voided and never drafted."""
    for page in work.pages(_PRODUCTS, [_journal.c.position]):
        keys = work.vault.keys(work.connection, {row.key_id for row in page}, create=False)
        for row in page:
            if row.key_id in keys:
                fact = json.loads(keys[row.key_id].open(row.payload, bound_to=row.message_id))
                yield fact["product_id"], fact


def _stage(stage: Said, told: Said) -> Said:
    if stage["kind"] in ("draft", "void"):
        return stage
    owners = stage.pop("owners")
    left = [one["item_id"] for one in stage["decided"] if one["digest"]]
    told = told if "items" in told else told | {"recipient": "unknown", "purpose": "unknown"}
    more: Said = {name: told[name] for name in ("referral_id", "recipient", "purpose")}
    more["deciders"] = {item_id: [owner] for item_id, owner in owners.items()}
    if stage["kind"] == "approved":
        silent = [one["item_id"] for one in told.get("items", ()) if not one["signpost"]]
        more |= {"left": left, "silent": silent}
    return stage | more


def _withheld(products: Mapping[str, Said]) -> list[Said]:
    decided = [one for stage in products.values() for one in stage.get("decided", ())]
    released = {one["item_id"] for one in decided if one["digest"]}
    names = ("item_id", "owner", "reason", "signpost", "decided_by")
    found = {
        one["item_id"]: {name: one[name] for name in names}
        | {"ask_again": one["item_id"] in released}
        for one in decided
        if not one["digest"]
    }
    return list(found.values())


def _awaited(products: Mapping[str, Said]) -> Iterator[tuple[Said, Said]]:
    """Every item that its owner has not decided about, with its product."""
    for stage in products.values():
        if stage["kind"] == "draft":
            decided = {one["item_id"] for one in stage["decided"]}
            yield from ((stage, item) for item in stage["items"] if item["item_id"] not in decided)


def _letter(draft: Said, item: Said, *, key: Any) -> Said:
    now = time.time()
    about = f"{draft['product_id']}/{item['item_id']}/approval-request"
    id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, about))
    names = ("product_id", "case_id", "recipient", "referral_id", "purpose", "colour")
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": "mash-hub",
        "type": _ASKS,
        "subject": item["owner"],
        "time": datetime.fromtimestamp(now, UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {name: draft[name] for name in names} | {"item": item},
    }
    return {
        "id": id_,
        "agency": item["owner"],
        "type": _ASKS,
        "attempts": 0,
        "leased_until": 0,
        "created_at": int(now * 1_000_000),
        "body": key.seal(json.dumps(event).encode(), bound_to=id_),
    }
