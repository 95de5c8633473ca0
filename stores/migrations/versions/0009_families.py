"""Every known person is filed under the family that they belong to, too."""

from __future__ import annotations

import json
from hashlib import blake2b

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work
from stores.vault import HUB_KEY

revision = "0009"
down_revision = "0008"

_people = sa.table("people", *map(sa.column, ("number", "body")))
_person_keys = sa.table("person_keys", *map(sa.column, ("key", "number")))
_EVERYBODY = sa.select(_people.c.number, _people.c.body)

goes_through = (_EVERYBODY,)


def upgrade(op: Operations, work: Work) -> None:
    """Whoever has no evidence any more belongs to no family."""
    seal = work.vault.keys(work.connection, [HUB_KEY], create=True)[HUB_KEY]
    for page in work.pages(_EVERYBODY, [_people.c.number]):
        filed = []
        for row in page:
            head, _, profile = seal.open(row.body, bound_to=str(row.number)).partition(b"\n")
            if json.loads(head)[0]:
                filed.append({"key": _family_key(json.loads(profile)[2]), "number": row.number})
        if filed:
            work.connection.execute(sa.insert(_person_keys), filed)


def _family_key(family_id: str) -> int:
    first = _signed(_hash(family_id) * 0x9E3779B97F4A7C15)
    return first ^ _signed(_hash("fam")) ^ _signed(_hash("") * 0xC2B2AE3D27D4EB4F)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _signed(number: int) -> int:
    low = number & ((1 << 64) - 1)
    return low - (1 << 64) if low >> 63 else low
