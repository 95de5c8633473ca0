"""What somebody could do who may write the whole store, and knows how it is made."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from stores.database import Database
from stores.entry_hash import COLUMNS, entry_hash
from stores.tables import checkpoints, cursors, journal, leaves, subtrees
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint
from stores.tree.growing import Growing
from stores.tree.keys import log_key
from stores.tree.leaf import LEAF_COLUMNS, hash_of
from stores.tree.merkle import CompactRange


def change(database: Database, position: int, /, **columns: object) -> None:
    """Alter an entry."""
    with database.transaction() as transaction:
        where = journal.c.position == position
        transaction.connection.execute(update(journal).where(where).values(columns))


def chain_anew(database: Database) -> None:
    """Number and hash every chain anew, with its head, as if it had always been so."""
    with database.transaction() as transaction:
        connection = transaction.connection
        names = connection.execute(select(cursors.c.name)).scalars().all()
        for name in names:
            mine, before, sequence = journal.c.chain == name, bytes(32), 0
            rows = connection.execute(select(journal).where(mine).order_by(journal.c.sequence))
            for sequence, row in enumerate(rows.all(), start=1):
                entry = {**row._mapping, "sequence": sequence}
                before = entry_hash(before, [entry[column] for column in COLUMNS])
                written = {"sequence": sequence, "hash": before, "hash_version": 2}
                at = journal.c.position == row.position
                connection.execute(update(journal).where(at).values(written))
            head = {"sequence": sequence, "hash": before}
            connection.execute(update(cursors).where(cursors.c.name == name).values(head))


def delete_entries(database: Database, positions: Sequence[int]) -> None:
    """Take entries out, and leave no trace of it in the chains."""
    with database.transaction() as transaction:
        gone = journal.c.position.in_(positions)
        transaction.connection.execute(delete(journal).where(gone))
    chain_anew(database)


def delete_chain(database: Database, name: str) -> None:
    """Take a whole chain out, with its head."""
    with database.transaction() as transaction:
        transaction.connection.execute(delete(journal).where(journal.c.chain == name))
        transaction.connection.execute(delete(cursors).where(cursors.c.name == name))


def plant_tree_anew(database: Database, origin: str) -> None:
    """Make the tree anew over whatever is there now, with the salts that there are, and sign that
    with the hub's key.
    """
    tree, full = CompactRange(), []
    with database.transaction() as transaction:
        connection = transaction.connection
        columns = (*(journal.c[name] for name in LEAF_COLUMNS), leaves.c.salt, leaves.c.leaf)
        joined = journal.join(leaves, leaves.c.position == journal.c.position)
        query = select(*columns).select_from(joined)
        for *row, salt, leaf in connection.execute(query).all():
            mine = leaves.c.leaf == leaf
            connection.execute(update(leaves).where(mine).values(hash=hash_of(salt, row)))
        for found in connection.execute(select(leaves.c.hash).order_by(leaves.c.leaf)).scalars():
            full += tree.append(found)
        for table in (subtrees, checkpoints):
            connection.execute(delete(table))
        kept.add(transaction, [], completed=full)
        key, now = (
            log_key(transaction.vault, connection, origin=origin, create=True),
            transaction.now,
        )
        assert key is not None
        note = key.sign(Checkpoint(origin, tree.size, tree.root()), time=now // 1_000_000)
        kept.publish(transaction, kept.Published(tree.size, now, note))
    growing = Growing(database, origin)
    while growing.once():
        pass
