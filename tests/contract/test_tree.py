"""Every entry gets its leaf, whoever writes at the same time; and what was changed since is named,
also where whoever changed it knew how all of it is made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text, update

from ops.look.record import last_checkpoint
from ops.look.verify import Verified, verify
from router.runtimes.tree import keep_growing
from stores import cursors, journal
from stores.database import Conflict, Database
from stores.journal import Flaw
from stores.ports import Unavailable
from stores.tables import checkpoints, leaves, subtrees
from stores.tables import cursors as heads
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint
from stores.tree.growing import Growing
from stores.tree.kept import Damaged
from stores.tree.keys import LogKey
from stores.tree.looking import Claim, claim_of
from stores.tree.merkle import CompactRange
from stores.tree.notes import Kind, SignerKey
from stores.tree.proofs import consistency, inclusion, verify_consistency, verify_inclusion
from stores.vault import Vault
from tests.support import given
from tests.support.production import fresh_database
from tests.support.tampering import (
    chain_anew,
    change,
    delete_chain,
    delete_entries,
    plant_tree_anew,
)

pytestmark = pytest.mark.usefixtures("entries_alone")

ORIGIN = "mash-hub/e1"
DEADLINE = 30.0


def place(database: Database) -> Any:
    """The hub, as far as looking at it takes one."""
    return SimpleNamespace(database=database, settings=SimpleNamespace(area="e1"))


def append(database: Database, count: int, *, chain: str = "rate") -> None:
    """Entries at the end of a chain."""
    messages = [given.message(given.linked()) for _ in range(count)]
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, chain)
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)


def grow(database: Database) -> Growing:
    """All that is committed has its leaf, and is signed."""
    growing = Growing(database, ORIGIN)
    while growing.once():
        pass
    return growing


def looked(database: Database, *claims: Claim) -> Verified:
    return verify(place(database), contents=False, claims=claims)


def told(database: Database, *claims: Claim) -> list[tuple[str, int | None]]:
    """What is amiss, and at which leaf."""
    return [(flaw.what, flaw.leaf) for flaw in looked(database, *claims).flaws]


def by_the_chains_alone(database: Database) -> list[Flaw]:
    """What was found before there was a tree."""
    with database.reading() as connection:
        return [flaw for flaw in journal.verify(connection) if isinstance(flaw, Flaw)]


def kept_elsewhere(database: Database) -> Claim:
    """The last checkpoint, as somebody took it away."""
    key, note = last_checkpoint(place(database))
    return claim_of(note, key, whose="police")


@pytest.fixture
def signed(database: Database) -> Database:
    """Six entries in two chains, all of them in the tree and signed."""
    for chain in ("rate", "compose", "rate"):
        append(database, 2, chain=chain)
    grow(database)
    return database


# How it grows


def test_every_entry_has_its_leaf_and_the_tree_of_them_is_signed(signed: Database) -> None:
    found = looked(signed)
    assert (found.entries, found.leaves, found.pending, found.flaws) == (6, 6, 0, [])
    claim = kept_elsewhere(signed)
    assert claim.checkpoint == Checkpoint(ORIGIN, 6, found.root)
    assert claim.time is not None
    with signed.reading() as connection:
        rows = connection.execute(select(leaves).order_by(leaves.c.leaf)).all()
    assert [row.position for row in rows] == sorted(row.position for row in rows)
    assert len({row.salt for row in rows}) == 6


def test_what_comes_later_is_taken_in_behind_it(signed: Database) -> None:
    before = kept_elsewhere(signed)
    append(signed, 300, chain="compose")
    assert looked(signed).pending == 300
    grow(signed)
    after = kept_elsewhere(signed)
    assert (after.checkpoint.size, told(signed, before, after)) == (306, [])
    with signed.reading() as connection:
        proof = consistency(6, 306, node=kept.nodes(connection))
        place = inclusion(4, 306, node=kept.nodes(connection))
        leaf = connection.execute(select(leaves.c.hash).where(leaves.c.leaf == 4)).scalar_one()
    roots = {"old_root": before.checkpoint.root, "new_root": after.checkpoint.root}
    verify_consistency(6, 306, proof=proof, **roots)
    verify_inclusion(4, 306, leaf=leaf, proof=place, root=after.checkpoint.root)


def test_a_pass_that_finds_nothing_writes_nothing(signed: Database) -> None:
    growing = grow(signed)
    growing.once()
    with signed.reading() as connection:
        before = connection.execute(select(checkpoints)).all()
        stands = connection.execute(text("SELECT progressed_at FROM cursors")).all()
    assert growing.once() == 0
    with signed.reading() as connection:
        assert connection.execute(select(checkpoints)).all() == before
        assert connection.execute(text("SELECT progressed_at FROM cursors")).all() == stands


def test_of_checkpoints_that_are_near_each_other_the_last_is_kept(database: Database) -> None:
    seconds = [0, 10, 20, 400, 410, 900]
    growing = Growing(database, ORIGIN)
    for second in seconds:
        database.clock = lambda now=second: now * 1_000_000 + 1_790_000_000_000_000  # type: ignore[misc]
        append(database, 1)
        growing.once()
    with database.reading() as connection:
        sizes = connection.execute(select(checkpoints.c.size).order_by(checkpoints.c.size))
        assert sizes.scalars().all() == [1, 4, 6]
    assert told(database) == []


def test_a_page_at_a_time_comes_to_the_same_tree(database: Database) -> None:
    append(database, 25)
    growing = Growing(database, ORIGIN, at_once=10)
    assert [growing.once() for _ in range(4)] == [10, 10, 5, 0]
    assert looked(database).leaves == 25
    assert told(database, kept_elsewhere(database)) == []


def test_another_process_goes_on_where_one_ended(database: Database) -> None:
    for count in (3, 254, 1, 260):
        append(database, count)
        grow(database)
    with database.reading() as connection:
        hashes = connection.execute(select(leaves.c.hash).order_by(leaves.c.leaf)).scalars().all()
        full = connection.execute(select(subtrees.c.number)).scalars().all()
    plain = CompactRange()
    plain.extend(hashes)
    assert kept_elsewhere(database).checkpoint == Checkpoint(ORIGIN, 518, plain.root())
    assert (full, told(database)) == ([0, 1], [])


def test_whatever_several_write_while_several_take_it_in_has_one_leaf(database: Database) -> None:
    over = threading.Event()

    def write(chain: str) -> None:
        for _ in range(15):
            append(database, 3, chain=chain)

    def take_in() -> None:
        growing = Growing(database, ORIGIN)
        while not over.is_set():
            try:
                growing.once()
            except Unavailable:
                continue

    with ThreadPoolExecutor(6) as executor:
        growing = [executor.submit(take_in) for _ in range(2)]
        for written in [executor.submit(write, f"chain{number}") for number in range(4)]:
            written.result(DEADLINE)
        over.set()
        for one in growing:
            one.result(DEADLINE)
    grow(database)
    found = looked(database)
    assert (found.entries, found.leaves, found.flaws) == (180, 180, [])


def stands(database: Database) -> int:
    """The position from which on entries may still be without a leaf."""
    with database.view() as view:
        return cursors.read(view, "tree").next_offset


def go_back(database: Database, stood: Sequence[Any]) -> None:
    """Undo all that came later, as where an older copy of the database is put in its place."""
    last = sum(row.sequence for row in stood)
    with database.transaction() as transaction:
        for later in (
            "DELETE FROM journal WHERE position > :last",
            "DELETE FROM outbox WHERE position > :last",
            "DELETE FROM leaves WHERE leaf >= :last",
            "DELETE FROM checkpoints WHERE size > :last",
        ):
            transaction.connection.execute(text(later), {"last": last})
        for row in stood:
            mine = heads.c.name == row.name
            transaction.connection.execute(update(heads).where(mine).values(row._mapping))
        if transaction.connection.dialect.name == "postgresql":
            given_out = text("SELECT setval('journal_position_seq', :last)")
            transaction.connection.execute(given_out, {"last": last})


@pytest.fixture
def production(postgres_url: str) -> Iterator[Database]:
    """A store whose writers do not wait for each other."""
    with fresh_database(postgres_url) as url:
        made = Database(url, Vault(bytes(32)), keeps_outbox=True)
        made.create_tables()
        yield made
        made.close()


def test_an_entry_that_is_committed_late_is_not_passed_over(production: Database) -> None:
    """Its position was given out before those of entries that have their leaves by now."""
    growing = Growing(production, ORIGIN)
    append(production, 1, chain="first")
    growing.once()
    late = [given.message(given.linked())]
    with production.transaction() as transaction:
        cursor = cursors.lock(transaction, "late")
        journal.append(transaction, cursor, messages=late)
        cursors.store(transaction, cursor)
        with ThreadPoolExecutor(1) as executor:
            executor.submit(append, production, 2, chain="first").result(DEADLINE)
            counts = [executor.submit(growing.once).result(DEADLINE) for _ in range(4)]
    assert counts == [2, 0, 0, 0]
    assert growing.once() == 1
    found = looked(production)
    assert (found.leaves, found.pending, found.flaws) == (4, 0, [])


def test_positions_that_were_rolled_back_keep_nobody(production: Database) -> None:
    growing = Growing(production, ORIGIN)
    with suppress(ZeroDivisionError), production.transaction() as transaction:
        cursor = cursors.lock(transaction, "undone")
        journal.append(transaction, cursor, messages=[given.message(given.linked())])
        raise ZeroDivisionError
    append(production, 2)
    until = time.monotonic() + DEADLINE
    while stands(production) < 4 and time.monotonic() < until:
        growing.once()
    assert stands(production) == 4
    assert told(production) == []


def test_a_database_that_went_back_is_gone_on_from_where_it_stands(production: Database) -> None:
    """As after a restore, or where a standby took over that did not have all of it yet."""
    growing = Growing(production, ORIGIN)
    append(production, 2)
    while stands(production) < 3:
        growing.once()
    with production.reading() as connection:
        stood = connection.execute(select(heads)).all()
    append(production, 3)
    while stands(production) < 6:
        growing.once()
    go_back(production, stood)
    growing.once()
    append(production, 3, chain="late")
    until = time.monotonic() + DEADLINE
    while stands(production) < 6 and time.monotonic() < until:
        growing.once()
    assert stands(production) == 6
    assert told(production) == []


def test_whoever_could_not_reach_the_store_trusts_nothing_that_it_remembers(
    signed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = grow(signed)
    with signed.transaction() as transaction:
        changed = update(leaves).where(leaves.c.leaf == 2).values(hash=bytes(32))
        transaction.connection.execute(changed)

    def away(*_: object, **__: object) -> None:
        raise Unavailable("OperationalError")

    with monkeypatch.context() as patched:
        patched.setattr(kept, "newest", away)
        with pytest.raises(Unavailable):
            growing.once()
    with pytest.raises(Damaged):
        growing.once()


def test_what_can_never_be_taken_in_makes_the_part_fail(signed: Database) -> None:
    """And so `hub status` shows it: it was said in the log alone."""
    append(signed, 300)
    with signed.transaction() as transaction:
        planted = {"level": 8, "number": 0, "hash": bytes(32)}
        transaction.insert(subtrees, [planted])
    stop = threading.Event()
    end = threading.Timer(DEADLINE, stop.set)
    end.start()
    with pytest.raises(Conflict):
        keep_growing(signed, stop, origin=ORIGIN)
    end.cancel()


# What is named, though the chains are whole


def test_an_entry_that_was_rewritten_is_named_though_all_behind_it_was_chained_anew(
    signed: Database,
) -> None:
    change(signed, 2, subject="another child")
    chain_anew(signed)
    assert by_the_chains_alone(signed) == []
    flaws = looked(signed).flaws
    first = flaws[0]
    assert (first.what, first.chain, first.sequence, first.position) == ("rewritten", "rate", 2, 2)
    assert first.leaf == 1
    assert {flaw.what for flaw in flaws} == {"rewritten"}


def test_an_entry_that_was_dated_back_is_named(signed: Database) -> None:
    """Whoever appends it after the fact gets it into the tree, but behind what was signed."""
    now = signed.clock()
    signed.clock = lambda: now - 3600_000_000
    append(signed, 1)
    assert by_the_chains_alone(signed) == []
    assert told(signed) == [("back-dated", None)]
    signed.clock = lambda: now + 1
    grow(signed)
    assert told(signed) == [("back-dated", 6)]


def test_a_clock_that_went_back_is_said_once(signed: Database) -> None:
    """What comes then is not dated back: each of it was named, for as long as it was behind."""
    now = signed.clock()
    for seconds in range(5):
        signed.clock = lambda seconds=seconds: now + (seconds - 3600) * 1_000_000  # type: ignore[misc]
        grow(signed)
        append(signed, 1)
    grow(signed)
    found = [flaw for flaw, _ in told(signed)]
    assert found.count("clock went back") == 1
    assert (found.count("back-dated"), len(found)) == (1, 3)


def test_a_checkpoint_without_its_time_is_altered(signed: Database) -> None:
    key, note = last_checkpoint(place(signed))
    with signed.transaction() as transaction:
        without = update(checkpoints).values(note=str(note.only([key])))
        transaction.connection.execute(without)
    assert told(signed) == [("checkpoint altered", None)]


def test_entries_that_were_taken_out_are_named_though_the_rest_was_chained_anew(
    signed: Database,
) -> None:
    delete_entries(signed, [5, 6])
    assert by_the_chains_alone(signed) == []
    assert told(signed) == [("deleted", 4), ("deleted", 5)]


def test_a_chain_that_was_taken_out_with_its_head_is_named(signed: Database) -> None:
    delete_chain(signed, "compose")
    assert by_the_chains_alone(signed) == []
    assert [(f.what, f.position, f.leaf) for f in looked(signed).flaws] == [
        ("deleted", 3, 2),
        ("deleted", 4, 3),
    ]


def test_an_entry_that_was_put_in_where_all_have_their_leaves_is_named(
    database: Database,
) -> None:
    append(database, 3)
    change(database, 2, position=9)
    grow(database)
    append(database, 1)
    with database.reading() as connection:
        (new,) = kept.without_leaf(connection, after=0, most=10)
    change(database, new.position, position=2)
    assert ("not in the tree", None) in told(database)


@pytest.mark.parametrize("position", [0, -7])
def test_an_entry_before_the_first_position_is_named(signed: Database, position: int) -> None:
    append(signed, 1)
    change(signed, 7, position=position)
    (flaw,) = [flaw for flaw in looked(signed).flaws if flaw.what == "inserted"]
    assert (flaw.chain, flaw.sequence, flaw.position) == ("rate", 5, position)


def test_an_entry_that_was_put_into_a_gap_and_got_a_leaf_is_named(database: Database) -> None:
    """The cursor of the tree was set back, so that the hub itself gave it one."""
    now = database.clock()
    append(database, 3)
    change(database, 3, position=9)
    grow(database)
    database.clock = lambda: now + 301 * 1_000_000
    append(database, 1, chain="compose")
    with database.transaction() as transaction:
        (new,) = kept.without_leaf(transaction.connection, after=0, most=10)
        cursors.rewind(transaction, "tree", offset=0)
    change(database, new.position, position=5)
    grow(database)
    assert looked(database).pending == 0
    (flaw,) = looked(database).flaws
    assert (flaw.what, flaw.chain, flaw.position) == ("newer than what is behind it", "compose", 5)


def test_entries_that_never_got_a_leaf_are_named_once_others_are_much_newer(
    database: Database,
) -> None:
    """As after somebody has emptied all that is kept of the tree, or where nothing grows it."""
    now = database.clock()
    for seconds in (0, 10, 299):
        database.clock = lambda seconds=seconds: now + seconds * 1_000_000  # type: ignore[misc]
        append(database, 2)
    assert (told(database), looked(database).pending) == ([], 6)
    database.clock = lambda: now + 301 * 1_000_000
    append(database, 1)
    (flaw,) = looked(database).flaws
    assert (flaw.what, flaw.chain, flaw.sequence, flaw.position) == (
        "not in the tree",
        "rate",
        1,
        1,
    )
    grow(database)
    assert told(database) == []


@pytest.mark.parametrize(("level", "number"), [(8, 1), (16, 0), (3, 0), (30_000, 7), (-1, -1)])
def test_subtrees_that_no_leaves_fill_are_named(signed: Database, level: int, number: int) -> None:
    append(signed, 300)
    grow(signed)
    with signed.transaction() as transaction:
        planted = {"level": level, "number": number, "hash": bytes(32)}
        transaction.insert(subtrees, [planted])
    assert told(signed) == [("subtrees without leaves", None)]


def test_entries_of_different_chains_that_changed_places_are_named(signed: Database) -> None:
    """Their order is by whose facts replay decides again."""
    for old, new in ((2, 0), (3, 2), (0, 3)):
        change(signed, old, position=new)
    assert by_the_chains_alone(signed) == []
    assert told(signed) == [("rewritten", 1), ("rewritten", 2)]


def test_a_cut_tail_is_named_beside_what_was_signed_of_it(signed: Database) -> None:
    claim = kept_elsewhere(signed)
    delete_entries(signed, [5, 6])
    with signed.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM leaves WHERE leaf >= 4"))
    assert told(signed) == [("cut off", 4)]
    with signed.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM checkpoints"))
    assert told(signed) == []
    (flaw,) = looked(signed, claim).flaws
    assert (flaw.what, flaw.leaf, flaw.upto, flaw.against) == ("cut off", 4, 5, "police")


def test_an_older_copy_of_the_whole_store_is_named_beside_a_later_checkpoint(
    signed: Database,
) -> None:
    """The copy is whole in itself; it is taken here by undoing all that came later."""
    with signed.reading() as connection:
        stood = connection.execute(select(heads)).all()
    append(signed, 4)
    grow(signed)
    claim = kept_elsewhere(signed)
    go_back(signed, stood)
    assert told(signed) == []
    assert told(signed, claim) == [("cut off", 6)]


def test_a_tree_that_was_planted_anew_is_named_beside_what_was_signed_before(
    signed: Database,
) -> None:
    """Whoever has the whole store and the hub's key makes all of it anew: it shows nowhere."""
    claim = kept_elsewhere(signed)
    append(signed, 3)
    change(signed, 2, subject="another child")
    chain_anew(signed)
    plant_tree_anew(signed, ORIGIN)
    assert told(signed) == []
    (flaw,) = looked(signed, claim).flaws
    assert (flaw.what, flaw.leaf, flaw.upto, flaw.against) == ("tree rewritten", 0, 5, "police")


def test_leaves_that_were_made_anew_are_named_by_what_the_hub_signed(signed: Database) -> None:
    append(signed, 300)
    grow(signed)
    with signed.transaction() as transaction:
        changed = update(leaves).where(leaves.c.leaf == 7).values(hash=bytes(32))
        transaction.connection.execute(changed)
    found = told(signed)
    assert found[0] == ("rewritten", 7)
    assert ("subtree altered", 0) in found
    assert ("tree rewritten", 6) in found


@pytest.mark.parametrize(
    ("tampering", "what"),
    [
        ("UPDATE subtrees SET number = number + 1", "subtree altered"),
        ("DELETE FROM subtrees", "subtree altered"),
        ("UPDATE checkpoints SET note = replace(note, '306', '305')", "checkpoint altered"),
        ("UPDATE checkpoints SET note = 'nothing'", "checkpoint altered"),
        ("DELETE FROM leaves WHERE leaf = 3", "leaf missing"),
        ("DELETE FROM keys WHERE key_id = 'checkpoints'", "key of the checkpoints missing"),
    ],
)
def test_whatever_is_kept_of_the_tree_is_compared(
    signed: Database, tampering: str, what: str
) -> None:
    append(signed, 300)
    grow(signed)
    with signed.transaction() as transaction:
        transaction.connection.execute(text(tampering))
    signed.vault.forget()
    assert what in {found for found, _ in told(signed)}


def test_the_hub_signs_nothing_behind_a_tree_that_is_not_what_it_signed(signed: Database) -> None:
    append(signed, 1)
    with signed.transaction() as transaction:
        changed = update(leaves).where(leaves.c.leaf == 2).values(hash=bytes(32))
        transaction.connection.execute(changed)
    with pytest.raises(Damaged):
        grow(signed)
    assert kept_elsewhere(signed).checkpoint.size == 6


EMPTIED = (
    "DELETE FROM leaves",
    "DELETE FROM subtrees",
    "DELETE FROM checkpoints",
    "DELETE FROM cursors WHERE name = 'tree'",
)


@pytest.mark.parametrize("is_running", [True, False])
def test_a_tree_that_was_emptied_is_not_signed_anew(signed: Database, *, is_running: bool) -> None:
    growing = grow(signed)
    change(signed, 2, subject="another child")
    with signed.transaction() as transaction:
        for emptied in EMPTIED:
            transaction.connection.execute(text(emptied))
    with pytest.raises(Damaged):
        (growing if is_running else Growing(signed, ORIGIN)).once()
    with signed.reading() as connection:
        assert kept.newest(connection) is None


def test_a_checkpoint_that_another_key_signed_is_none_of_the_hubs(signed: Database) -> None:
    """Whoever may write the store could give it a tree of their own, signed by themselves."""
    key = LogKey(
        SignerKey(ORIGIN, Kind.NOTE, bytes(32)), SignerKey(ORIGIN, Kind.COSIGNATURE, bytes(32))
    )
    forged = key.sign(Checkpoint(ORIGIN, 6, looked(signed).root), time=1_790_000_000)
    with signed.transaction() as transaction:
        transaction.connection.execute(update(checkpoints).values(note=str(forged)))
    append(signed, 1)
    with pytest.raises(Damaged):
        Growing(signed, ORIGIN).once()


def test_a_value_of_another_kind_gets_its_leaf_and_is_named(sqlite: Database) -> None:
    """SQLite keeps whatever it is given; nothing behind it waits for it."""
    append(sqlite, 3)
    with sqlite.transaction() as transaction:
        transaction.connection.execute(text("UPDATE journal SET time = 1.5 WHERE position = 2"))
    grow(sqlite)
    assert looked(sqlite).leaves == 3
    assert ("rewritten", 1) in told(sqlite)
