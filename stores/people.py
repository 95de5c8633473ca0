"""Known persons and the blocking keys under which linking finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b

from stores.database import Conflict, Transaction
from stores.rows import Clash, look_up
from stores.tables import people, person_keys
from stores.vault import HUB_KEY


def number_of(person_id: str) -> int:
    """A person's row number: 63 bits of a hash of the id, the same on every machine."""
    return int.from_bytes(blake2b(person_id.encode(), digest_size=8).digest(), "big") >> 1


def filed_under(transaction: Transaction, keys: Collection[int]) -> dict[int, set[int]]:
    """Row numbers of the persons under each key."""
    found: dict[int, set[int]] = defaultdict(set)
    columns = (person_keys.c.key, person_keys.c.number)
    for row in look_up(transaction.connection, columns, person_keys.c.key, keys):
        found[row.key].add(row.number)
    return found


def load(transaction: Transaction, numbers: Collection[int]) -> dict[int, tuple[int, bytes]]:
    """Version and encoded profile of the persons with these row numbers."""
    if not numbers:
        return {}
    seal = transaction.vault.keys(transaction.connection, [HUB_KEY], create=True)[HUB_KEY]
    columns = (people.c.number, people.c.version, people.c.body)
    rows = look_up(transaction.connection, columns, people.c.number, numbers)
    return {row.number: (row.version, seal.open(row.body, bound_to=str(row.number))) for row in rows}


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
