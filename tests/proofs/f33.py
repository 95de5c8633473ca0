"""F33: a database's administrator, who has every right on it and not the hub's key, rewrites the
whole record so that it verifies; one honest witness among several of the administrator's own tells.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import delete, func, select, update

from connectors.witness.asked import Request
from connectors.witness.folder import Folder
from connectors.witness.witness import Witness
from ops.look.record import claims_of, last_checkpoint
from ops.look.verify import verify
from stores import cursors, journal
from stores.database import Database
from stores.tables import checkpoints, keys, leaves, subtrees
from stores.tables import cursors as cursor_rows
from stores.tables import journal as entries
from stores.tree.keys import KEY_ID
from stores.tree.looking import Claim
from stores.vault import Vault
from tests.support import given
from tests.support.full_store import fill_all, grow, place
from tests.support.tampering import chain_anew

CONTROLS: Final = ("witness",)
_KEY: Final = bytes(32)
_DISHONEST: Final = 2
_ALTERED: Final = ("subject", "source", "correlation_id", "topic")
"""What lies in the clear of an entry: enough to give a decision to another case."""


@dataclass(slots=True)
class Store:
    """A store in a file, with the hub at work on it from time to time."""

    path: Path

    def opened(self) -> Database:
        return Database(f"sqlite:///{self.path}", Vault(_KEY))

    def work(self, count: int) -> None:
        """The hub starts, records entries, gives them their leaves and signs."""
        database = self.opened()
        with database.transaction() as transaction:
            cursor = cursors.lock(transaction, "rate/one")
            more = [given.message(given.linked()) for _ in range(count)]
            journal.append(transaction, cursor, messages=more)
            cursors.store(transaction, cursor)
        grow(database)
        database.close()


def prove(
    path: Path, *, rounds: int, seed: int, without: str | None, advance: Callable[[int], None]
) -> dict[str, Any]:
    """Rewrite so many records, and look at each without a witness, and with one honest one."""
    chance, caught, alone, unseen = Random(seed), 0, 0, list[str]()  # noqa: S311
    for number in range(rounds):
        name = chance.choice(sorted(_ATTACKS))
        seen_alone, seen = _round(path / str(number), _ATTACKS[name], chance=chance)
        alone += seen_alone
        caught += seen if without is None else seen_alone
        if not (seen if without is None else seen_alone):
            unseen.append(name)
        shutil.rmtree(path / str(number))
        advance(1)
    return {
        "id": "F33",
        "rewritten": rounds,
        "seed": seed,
        "without": without or "",
        "witnesses": 0 if without else _DISHONEST + 1,
        "honest": 0 if without else 1,
        "caught": caught,
        "not_caught": len(unseen),
        "caught_without_a_witness": alone,
        "examples": sorted(set(unseen)),
    }


def _round(
    path: Path, attack: Callable[[Store, Random], None], *, chance: Random
) -> tuple[bool, bool]:
    """Whether it is seen without a witness, and with the honest one."""
    path.mkdir()
    store = Store(path / "store.db")
    database = store.opened()
    database.create_tables()
    fill_all(database)
    database.close()
    _copy(store.path, path / "older.db")
    store.work(chance.randint(1, 20))
    honest = _witness(store, path / "honest")
    attack(store, chance)
    store.work(chance.randint(1, 40))
    others = [_witness(store, path / f"other{number}") for number in range(_DISHONEST)]
    return _is_seen(store, others), _is_seen(store, [*others, honest])


def _witness(store: Store, path: Path) -> Folder:
    """One that is shown the record as it is now, and cosigns it."""
    folder, database = Folder(path), store.opened()
    key, note = last_checkpoint(place(database))
    folder.make(f"{path.name}.example", [key])
    answer = Witness(folder).add(str(Request(0, (), note)))
    assert answer.status == 200, answer
    database.close()
    return folder


def _is_seen(store: Store, witnesses: list[Folder]) -> bool:
    database = store.opened()
    hub = place(database)
    claims: list[Claim] = [claim for folder in witnesses for claim in claims_of(hub, folder)]
    flaws = verify(hub, contents=False, claims=claims).flaws
    database.close()
    return bool(flaws)


def _copy(store: Path, to: Path) -> None:
    for beside in ("-wal", "-shm"):
        store.with_name(store.name + beside).unlink(missing_ok=True)
        to.with_name(to.name + beside).unlink(missing_ok=True)
    shutil.copy(store, to)


# What an administrator does, with SQL and hashes alone


def _put_back_an_older_copy(store: Store, _chance: Random) -> None:
    _copy(store.path.with_name("older.db"), store.path)


def _alter(store: Store, chance: Random) -> None:
    """An entry says something else, all chains are made anew, and so will the tree be."""
    database = store.opened()
    with database.transaction() as transaction:
        last = transaction.connection.execute(select(func.max(entries.c.position))).scalar_one()
        where = entries.c.position == chance.randint(1, last)
        altered = update(entries).where(where).values({chance.choice(_ALTERED): "another"})
        transaction.connection.execute(altered)
    _rewrite(database)


def _take_out(store: Store, chance: Random) -> None:
    """An entry was never there."""
    database = store.opened()
    with database.transaction() as transaction:
        last = transaction.connection.execute(select(func.max(entries.c.position))).scalar_one()
        gone = delete(entries).where(entries.c.position == chance.randint(1, last))
        transaction.connection.execute(gone)
    _rewrite(database)


def _rewrite(database: Database) -> None:
    """Chains anew, and no tree nor key of it: at its next start the hub makes another, and signs
    whatever is there.
    """
    chain_anew(database)
    with database.transaction() as transaction:
        for table in (leaves, subtrees, checkpoints):
            transaction.connection.execute(delete(table))
        transaction.connection.execute(delete(keys).where(keys.c.key_id == KEY_ID))
        of_tree = cursor_rows.c.name.in_(("tree", "tree/rows"))
        transaction.connection.execute(delete(cursor_rows).where(of_tree))
    database.close()


_ATTACKS: Final[dict[str, Callable[[Store, Random], None]]] = {
    "an entry altered, all chained and signed anew": _alter,
    "an entry taken out, all chained and signed anew": _take_out,
    "an older copy put back": _put_back_an_older_copy,
}
