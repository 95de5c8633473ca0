"""Children are filed under the numbers and telephones of the adults beside them, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from schemas.person import NHS_NUMBER, nhs_number
from stores.migrations.revisions import Work

revision = "0012"
down_revision = "0011"

_HUB_KEY = "hub"
_MOST = 12
_CHILDREN = {"sibling", "brother", "sister", "half_sibling", "twin"}
_states = sa.table("states", *map(sa.column, ("step", "key", "body")))
_people = sa.table("people", *map(sa.column, ("number", "body")))
_person_keys = sa.table("person_keys", *map(sa.column, ("key", "number")))
_EVIDENCE = sa.select(_states.c.key, _states.c.body).where(_states.c.step == "link")
_EVERYBODY = sa.select(_people.c.number, _people.c.body)
Said = dict[str, Any]

goes_through = (_EVIDENCE, _EVERYBODY)


def upgrade(op: Operations, work: Work) -> None:
    """From the evidence that each child is made of."""
    key = work.vault.keys(work.connection, [_HUB_KEY], create=True)[_HUB_KEY]
    told: dict[str, list[str]] = {}
    for page in work.pages(_EVIDENCE, [_states.c.key]):
        for row in page:
            evidence = json.loads(key.open(row.body, bound_to=f"link/{row.key}"))
            if marks := [mark for one in _adults(evidence) for mark in _marks(one)]:
                told[row.key] = marks
    for page in work.pages(_EVERYBODY, [_people.c.number]):
        for row in page:
            _file(work, row.number, key.open(row.body, bound_to=str(row.number)), told, key)


def _file(work: Work, number: int, body: bytes, told: dict[str, list[str]], key: Any) -> None:
    head, _, profile = body.partition(b"\n")
    marks = dict.fromkeys(mark for id_ in json.loads(head)[0] for mark in told.get(id_, ()))
    if not marks:
        return
    known = list(marks)
    kept = known if len(known) <= _MOST else [known[0], *known[1 - _MOST :]]
    written = json.dumps([*json.loads(profile), kept], separators=(",", ":")).encode()
    sealed = key.seal(head + b"\n" + written, bound_to=str(number))
    work.connection.execute(
        sa.update(_people).where(_people.c.number == number).values(body=sealed)
    )
    keys = {_mark_key(mark) for mark in kept}
    filed = [{"key": one, "number": number} for one in sorted(keys)]
    work.connection.execute(sa.insert(_person_keys), filed)


def _adults(evidence: Said) -> Iterator[Said]:
    return (
        one
        for one in evidence["child"].get("related_person", ())
        if one["relationship"] not in _CHILDREN
    )


def _marks(one: Said) -> Iterator[str]:
    for told in one.get("identifier", ()):
        value = "".join(told["value"].split()).upper()
        value = nhs_number(value) if told["system"] == NHS_NUMBER else value
        if value:
            yield f"{told['system']}|{value}"
    for contact in one.get("contact", ()):
        for telephone in contact.get("telephone", ()):
            digits = "".join(c for c in telephone if c in "0123456789")
            if len(digits) >= 10:
                yield f"tel|{digits[-10:]}"


def _mark_key(mark: str) -> int:
    first = _signed(_hash(mark) * 0x9E3779B97F4A7C15)
    return first ^ _signed(_hash("am")) ^ _signed(_hash("") * 0xC2B2AE3D27D4EB4F)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _signed(number: int) -> int:
    low = number & ((1 << 64) - 1)
    return low - (1 << 64) if low >> 63 else low
