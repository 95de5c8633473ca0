"""Known persons and the blocking keys under which linking finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b

from sqlalchemy import select

from stores.database import Conflict, Transaction
from stores.rows import Clash
from stores.tables import people, person_keys
from stores.vault import HUB_KEY

_BOUND = 5000
"""Bind variables in one statement; SQLite takes 32,766."""


def number_of(person_id: str) -> int:
    """A person's row number: 63 bits of a hash of the id, the same on every machine."""
    return int.from_bytes(blake2b(person_id.encode(), digest_size=8).digest(), "big") >> 1


def filed_under(transaction: Transaction, keys: Collection[int]) -> dict[int, list[int]]:
    """Row numbers of the persons under each key, in ascending order."""
    found: dict[int, list[int]] = defaultdict(list)
    for part in _parts(keys):
        query = select(person_keys.c.key, person_keys.c.number).where(person_keys.c.key.in_(part))
        for key, number in transaction.connection.execute(query.order_by(person_keys.c.number)):
            found[key].append(number)
    return found


def load(transaction: Transaction, numbers: Collection[int]) -> dict[int, tuple[int, bytes]]:
    """Version and encoded profile of the persons with these row numbers."""
    seal = transaction.vault.keys(transaction.connection, [HUB_KEY], create=True)[HUB_KEY]
    found = {}
    for part in _parts(numbers):
        query = select(people).where(people.c.number.in_(part))
        for row in transaction.connection.execute(query):
            found[row.number] = (row.version, seal.open(row.body, bound_to=str(row.number)))
    return found


def save(transaction: Transaction, profiles: Mapping[int, tuple[int, bytes]]) -> None:
    """Write profiles whose version is one more than was loaded; raises ``Conflict`` where another did so first."""
    seal = transaction.vault.keys(transaction.connection, [HUB_KEY], create=True)[HUB_KEY]
    rows = [
        {"number": number, "version": version, "body": seal.seal(body, bound_to=str(number))}
        for number, (version, body) in sorted(profiles.items())
    ]
    if transaction.insert(people, rows, Clash.SUCCEED) != len(rows):
        raise Conflict("another worker changed the same person")


def file(transaction: Transaction, entries: Iterable[tuple[int, int]]) -> None:
    """File persons under keys, as (key, number); those filed already stay."""
    rows = [{"key": key, "number": number} for key, number in sorted(entries)]
    transaction.insert(person_keys, rows, Clash.KEEP)


def unfile(transaction: Transaction, numbers: Collection[int]) -> None:
    """Take persons out of every block; they are filed anew under what they are known by now."""
    for part in _parts(numbers):
        transaction.connection.execute(person_keys.delete().where(person_keys.c.number.in_(part)))


def _parts(values: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(values)
    return (ordered[start : start + _BOUND] for start in range(0, len(ordered), _BOUND))
