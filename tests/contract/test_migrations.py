"""Stores of earlier versions on SQLite and PostgreSQL: known, refused, and brought to this one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, select, text

from ops.demo.simulation.stream import sample_lines
from ops.look.record import last_checkpoint
from ops.look.verify import verify
from router.handle import Adopted, Offsets, handle
from router.one_pass import Delivery
from router.topology import bound_steps, unit_of
from schemas.base import Fact
from schemas.message import Message
from schemas.notification import MessageRefused
from schemas.safety import LetterHeld, SafetySettled
from stores import cursors, journal, queues, reference_parts, references, schema
from stores.database import Database
from stores.migrations import revisions
from stores.schema import OtherRevision
from stores.tables import METADATA
from stores.tree.growing import Growing
from stores.vault import HUB_KEY
from tests.support import given
from tests.support.production import fresh_database
from tests.support.stored import load, vault
from tests.support.upgrading import later_versions

KINDS = ("sqlite", "postgresql")
DEADLINE = 30.0


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "postgresql":
        with fresh_database(request.getfixturevalue("postgres_url")) as made:
            yield made
    else:
        yield f"sqlite:///{tmp_path}/hub.db"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url, vault())
    yield made
    made.close()


def upgrade(database: Database, *, to: str | None = None) -> None:
    """Every revision that the store lacks, up to one."""
    with database.reading() as connection:
        found = schema.found(connection)
    for revision in revisions.after(found):
        if to is None or revision.id <= to:
            with database.transaction() as transaction:
                revisions.apply(transaction, revision, progress=lambda _: None)


def differences(database: Database) -> list[Any]:
    """What alembic would still change, columns' types and defaults included."""
    with database.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, METADATA))


def shape(database: Database) -> dict[str, Any]:
    """Every table as the database itself describes it."""
    with database.reading() as connection:
        inspector = inspect(connection)
        return {
            name: (
                [{**one, "type": str(one["type"])} for one in inspector.get_columns(name)],
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(inspector.get_indexes(name), key=str),
                sorted(inspector.get_unique_constraints(name), key=str),
                _without_rowid(connection, name),
            )
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }


def _without_rowid(connection: Connection, name: str) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    table = text("SELECT wr FROM pragma_table_list(:name)")
    return bool(connection.execute(table, {"name": name}).scalar_one())


def test_the_first_revision_is_what_the_first_hubs_made(database: Database, url: str) -> None:
    load(url)
    first = shape(database)
    with database.transaction() as transaction:
        found = MetaData()
        found.reflect(transaction.connection)
        found.drop_all(transaction.connection)
    upgrade(database, to="0001")
    assert shape(database) == first


def test_an_upgraded_store_has_the_tables_of_a_new_one(database: Database) -> None:
    upgrade(database)
    assert differences(database) == []


def test_each_revision_follows_the_one_before() -> None:
    """Alembic knows more than one head, and gaps; this program takes one after the other."""
    scripts = ScriptDirectory(schema.VERSIONS, version_locations=[schema.VERSIONS])
    newest_first = list(scripts.walk_revisions())
    assert [script.revision for script in reversed(newest_first)] == schema.known()
    befores = [script.down_revision for script in newest_first]
    assert befores == [script.revision for script in newest_first[1:]] + [None]


def test_hubs_that_start_at_once_make_one_store_of_the_newest_revision(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "VERSIONS", later_versions(tmp_path / "versions"))
    hubs = [Database(url, vault()) for _ in range(8)]
    begin = threading.Barrier(len(hubs))

    def start(hub: Database) -> str | None:
        begin.wait(DEADLINE)
        hub.create_tables()
        with hub.reading() as connection:
            return schema.found(connection)

    with ThreadPoolExecutor(len(hubs)) as executor:
        assert list(executor.map(start, hubs)) == ["9002"] * len(hubs)
    for hub in hubs:
        hub.close()


def test_an_older_store_is_made_no_tables_in(
    url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(url)
    before = shape(database)
    monkeypatch.setattr(schema, "VERSIONS", later_versions(tmp_path / "versions"))
    with pytest.raises(OtherRevision, match="0001, older than this program's 9002"):
        database.create_tables()
    assert shape(database) == before


# Single revisions


def column(connection: Connection, query: str) -> list[Any]:
    return list(connection.execute(text(query)).scalars())


def test_what_deduplication_kept_in_documents_counts_as_versions(
    url: str, database: Database
) -> None:
    """The fourth notification of the sample came three times, under marked references too."""
    load(url)
    told = json.loads(sample_lines(4)[3])
    upgrade(database, to="0003")
    with database.transaction() as transaction:
        reference = f"{told['source_agency']}/{told['source_reference']}"
        assert [one.number for one in references.load(transaction, [reference])] == [1, 2, 3]
        accepted = (
            "SELECT causation_id FROM journal WHERE type = 'mash.notification.accepted.v1' "
            "ORDER BY causation_id"
        )
        moved = "SELECT referral_id FROM reference_versions ORDER BY referral_id"
        assert column(transaction.connection, moved) == column(transaction.connection, accepted)
        left = "SELECT key FROM states WHERE step = 'deduplicate'"
        assert column(transaction.connection, left) == []


def test_each_product_leads_to_the_case_that_it_was_drafted_for(
    url: str, database: Database
) -> None:
    """Those of an erased case cannot be read, and keep nobody else's from being noted."""
    load(url)
    drafts = (
        "SELECT DISTINCT key_id FROM journal WHERE type = 'mash.product.drafted.v1' ORDER BY key_id"
    )
    with database.transaction() as transaction:
        erased, *cases = column(transaction.connection, drafts)
        gone = text("UPDATE keys SET wrapped = NULL, destroyed_at = 1 WHERE key_id = :erased")
        transaction.connection.execute(gone, {"erased": erased})
    upgrade(database, to="0004")
    with database.reading() as connection:
        noted = column(connection, "SELECT DISTINCT case_id FROM products ORDER BY case_id")
        assert noted == cases
        assert len(column(connection, "SELECT product_id FROM products")) > 60


def test_every_entry_of_an_older_store_has_its_leaf_and_the_hub_signs_them(
    url: str, database: Database
) -> None:
    load(url)
    upgrade(database)
    hub = SimpleNamespace(database=database, settings=SimpleNamespace(area="e1"))
    entries = "SELECT count(*) FROM journal"
    with database.reading() as connection:
        assert column(connection, "SELECT count(*) FROM leaves") == column(connection, entries)
    growing = Growing(database, "mash-hub/e1")
    while growing.once():  # what is recorded of the rows of other tables
        pass
    verified = verify(hub, contents=False)
    assert (verified.flaws, verified.pending) == ([], 0)
    assert verified.leaves == verified.entries + verified.changes > verified.entries
    assert last_checkpoint(hub)[1].text.split()[1] == str(verified.leaves)


def test_a_letter_is_sealed_anew_where_it_was_put_and_one_that_was_altered_waits(
    url: str, database: Database
) -> None:
    load(url)
    upgrade(database, to="0017")
    with database.transaction() as transaction:
        connection = transaction.connection
        two = "SELECT id, agency, body FROM letters ORDER BY id LIMIT 2"
        placed, altered = connection.execute(text(two)).all()
        hub = database.vault.keys(connection, [HUB_KEY], create=False)[HUB_KEY]
        said = hub.open(placed.body, bound_to=placed.id)
        body = hub.seal(said, bound_to=f"{placed.agency}/{placed.id}")
        change = text("UPDATE letters SET body = :body WHERE id = :id")
        connection.execute(change, {"id": placed.id, "body": body})
        connection.execute(change, {"id": altered.id, "body": bytes(40)})
    upgrade(database)
    with database.view() as view:
        letters = METADATA.tables["letters"]
        both = select(letters).where(letters.c.id.in_([placed.id, altered.id]))
        rows = view.connection.execute(both).all()
        assert queues.opened(view, rows) == {placed.id: said, altered.id: b""}
        assert {row.id: row.key_id for row in rows} == {placed.id: placed.id, altered.id: None}


def test_a_dead_letter_may_be_a_red_as_the_record_said_when_it_was_refused(
    url: str, database: Database
) -> None:
    load(url)
    upgrade(database, to="0019")
    with database.transaction() as transaction:
        transaction.changes.is_upgrade = True
        row = text(
            "INSERT INTO dead_letters (id, agency, connector, step, reason, state, content_type, "
            "created_at, key_id, original) VALUES (:id, 'school', 'http', 'intake', "
            "'unknown.type', 'open', 'text/plain', 1, :id, :body)"
        )
        for id_ in ("red", "quiet", "unknown"):
            transaction.connection.execute(row, {"id": id_, "body": b"x"})
    for id_ in ("red", "quiet"):
        told = {"dead_letter_id": id_, "agency": "school", "reason": "unknown.type"}
        fact = MessageRefused(**told, step="intake", may_be_red=id_ == "red")
        recorded(database, given.message(fact), by_an_older_hub=True)
    upgrade(database)
    asked = "SELECT id FROM dead_letters WHERE may_be_red = 1 AND id IN ('red','quiet','unknown')"
    with database.reading() as connection:
        assert column(connection, asked) == ["red"]


NEVER_THERE = {
    "mash.change.fetched.v1",
    "mash.configuration.ended.v1",
    "mash.handover.given.v1",
    "mash.product.unsent.v1",
}
"""Facts that no store of those revisions had."""


def test_a_new_step_has_had_all_that_there_was_of_what_it_hears() -> None:
    """Of what one hears only later, a later revision says so."""
    scripts = ScriptDirectory(schema.VERSIONS, version_locations=[schema.VERSIONS])
    modules = {one.revision: one.module for one in scripts.walk_revisions()}
    later = modules["0016"]._HEARD_TOO
    had = {step: (*types, *later.get(step, ())) for step, types in modules["0014"]._HEARD.items()}
    hears = {bound.step.name: bound.step.hears for bound in bound_steps()}
    heard = {step: {fact.type for fact in hears[step]} - NEVER_THERE for step in had}
    assert {step: set(types) for step, types in had.items()} == heard


def held(letter_id: str) -> LetterHeld:
    return LetterHeld(
        referral_id="ref-1",
        case_id="case-1",
        hold_id=f"hold of {letter_id}",
        letter_id=letter_id,
        letter="mash.product.v1",
        product_id="product-1",
        recipient="csc_duty_team",
        urgent=True,
        hits=(),
    )


def settled(letter_id: str) -> SafetySettled:
    said = {"choice": "do_not_send", "decided_by": "D. Sample", "rationale": "As seen."}
    return SafetySettled.model_validate(held(letter_id).shared(SafetySettled) | said)


@pytest.mark.parametrize(
    ("step", "topic", "told"),
    [
        ("release", "letters.held", held),
        ("release", "safety.settled", settled),
        ("check", "safety.settled", settled),
    ],
)
def test_a_step_that_hears_a_topic_only_now_acts_on_nothing_that_was_in_it_before(
    url: str, database: Database, step: str, topic: str, told: Callable[[str], Fact]
) -> None:
    """From Kafka it is given all of the topic, from the first message on."""
    load(url)
    upgrade(database, to="0013")
    before, after = given.message(told("letter-1")), given.message(told("letter-2"))
    recorded(database, before, by_an_older_hub=True)
    upgrade(database)
    recorded(database, after)
    with database.transaction() as transaction:
        fresh = handle(
            unit_of(step),
            [Delivery(0, before), Delivery(1, after)],
            consumer=f"{step}/{topic}/0",
            transaction=transaction,
            policy=Adopted(1, given.policy()),
            offsets=Offsets.TOPIC,
        )
    assert fresh == 1, "what came since is heard"


def recorded(database: Database, message: Message, *, by_an_older_hub: bool = False) -> None:
    with database.transaction() as transaction:
        transaction.changes.is_upgrade = by_an_older_hub  # it had no table to record rows in
        cursor = cursors.lock(transaction, "queues/csc_duty_team")
        journal.append(transaction, cursor, messages=[message])
        cursors.store(transaction, cursor)


def test_references_of_old_are_found_in_part(url: str, database: Database) -> None:
    """By the very parts that are kept of new ones."""
    load(url)
    upgrade(database)
    received = "SELECT subject FROM journal WHERE type = 'mash.notification.received.v1'"
    kept = "SELECT part || ' ' || subject FROM reference_parts"
    with database.reading() as connection:
        called = set(column(connection, received))
        parts = {f"{part} {one}" for one in called for part in reference_parts.parts_of(one)}
        assert set(column(connection, kept)) == parts
    assert parts
