"""Every policy that ever decided, by its number: what a replay years later decides with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from schemas.policy import Policy
from stores.codec import from_micros
from stores.database import Transaction
from stores.tables import inbox, policies


def adopt(transaction: Transaction, policy: Policy) -> int:
    """The policy's number, kept on first use; the same policy always has the same number."""
    body = policy.model_dump_json()
    digest = sha256(body.encode()).hexdigest()
    connection = transaction.connection
    transaction.serialise("policies")
    known = connection.execute(select(policies.c.number).where(policies.c.digest == digest))
    number = known.scalar()
    if number is None:
        number = (connection.execute(select(func.max(policies.c.number))).scalar() or 0) + 1
        row = {"number": number, "digest": digest, "adopted_at": transaction.now, "body": body}
        transaction.insert(policies, [row])
    return int(number)


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """A policy as it is kept; ``sound``: whether it is still what its digest says."""

    number: int
    digest: str
    adopted_at: str
    sound: bool
    policy: dict[str, Any] | None
    """None where somebody altered it until nothing can be read in it."""


def kept(connection: Connection, numbers: Sequence[int]) -> list[Kept]:
    """The policies of these numbers, as they were adopted."""
    rows = connection.execute(
        select(policies).where(policies.c.number.in_(numbers)).order_by(policies.c.number)
    )
    return [
        Kept(
            number=row.number,
            digest=row.digest,
            adopted_at=from_micros(row.adopted_at).isoformat(),
            sound=sha256(_bytes(row.body)).hexdigest() == row.digest,
            policy=_object(row.body),
        )
        for row in rows
    ]


def _bytes(body: Any) -> bytes:
    """SQLite keeps whatever it is given."""
    return body if isinstance(body, bytes) else str(body).encode()


def _object(body: Any) -> dict[str, Any] | None:
    try:
        found = json.loads(_bytes(body))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def deciding(connection: Connection) -> set[int]:
    """The numbers of the policies under which something was decided."""
    return {
        int(number) for number in connection.execute(select(inbox.c.policy).distinct()).scalars()
    }


def all_adopted(connection: Connection) -> dict[int, Policy]:
    """Every policy by its number."""
    return {
        row.number: Policy.model_validate_json(row.body)
        for row in connection.execute(select(policies.c.number, policies.c.body))
    }


@dataclass(frozen=True, slots=True, repr=False)
class Adopted:
    """When a policy was adopted first; ``policy`` None: somebody altered it until it is none."""

    number: int
    at: int
    policy: Policy | None


def by_time(connection: Connection) -> list[Adopted]:
    """Every policy in the order in which they were adopted first."""
    columns = (policies.c.number, policies.c.adopted_at, policies.c.body)
    rows = connection.execute(select(*columns).order_by(policies.c.adopted_at, policies.c.number))
    return [Adopted(row.number, row.adopted_at, _readable(row.body)) for row in rows]


def _readable(body: Any) -> Policy | None:
    try:
        return Policy.model_validate_json(_bytes(body))
    except ValidationError:
        return None
