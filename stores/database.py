"""Where the hub's rows are: one SQLite file (or memory), or one PostgreSQL database."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import (
    Connection,
    Engine,
    Result,
    Table,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.pool import StaticPool

from stores import bound, schema
from stores.decoded import DecodedByKind
from stores.ports import Unavailable
from stores.recent import Recent
from stores.rows import Clash, insert
from stores.traces import Noted, Traces
from stores.turns import Turns
from stores.vault import Vault


class Conflict(Unavailable):
    """Another transaction wrote the same rows first; nothing was recorded, so do it again."""


class Unstorable(Exception):
    """The database takes no such value; nothing was recorded, and it never will be.

    What holds the value is to be set apart. Nobody may take it for a store that is away.
    """


@dataclass(slots=True)
class View:
    """One consistent state of the store, and the keys to what is sealed in it."""

    connection: Connection
    vault: Vault
    decoded: DecodedByKind


@dataclass(slots=True)
class Transaction(View):
    """An open transaction, all or nothing; ``now`` is its time in microseconds."""

    now: int
    keeps_outbox: bool
    appended: list[Any] = field(default_factory=list)
    has_red: bool = False
    """Whether something of it goes ahead of all else."""
    changes: bound.Changes = field(default_factory=bound.Changes)
    """What of the tables it leaves changed, which is recorded as it ends."""
    traces: Traces | None = None
    noted: Noted | None = None
    """For its spans; None while nobody is told them."""

    def insert(
        self, table: Table, rows: Sequence[Mapping[str, Any]], *, clash: Clash = Clash.FAIL
    ) -> int:
        """Insert all rows, which name the same columns, if any; answers how many were written."""
        written = insert(self.connection, table, rows=rows, clash=clash)
        if table.name in bound.TABLES:
            others_first = clash is Clash.KEEP and written != len(rows)
            mine = bound.ours(self.connection, table, rows=rows) if others_first else rows
            self.changes.put(table, mine)
        return written

    def bind(self, table: Table, changed: Result[Any]) -> None:
        """Rows that a statement has changed are what it returns: all columns of the table."""
        self.changes.put(table, [row._mapping for row in changed])

    def serialise(self, name: str) -> None:
        """Wait until no other transaction holds ``name``, and hold it until this one ends.

        SQLite has one writer anyway.
        """
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name}
            )


class Database:
    """One database, safe to share between threads.

    Errors are :class:`Unavailable` or :class:`Unstorable`, without what the driver said.
    """

    def __init__(
        self, url: str, vault: Vault, *, keeps_outbox: bool = False, reads_only: bool = False
    ) -> None:
        """Open the database at an SQLAlchemy URL; SQLite's file is made if it is not there.

        ``keeps_outbox`` where a relay sends on.

        With ``reads_only`` nothing is made, and the database itself refuses every write of this
        process.
        """
        self.reads_only = reads_only
        self.engine = _reading_engine(url) if reads_only else _engine(url)
        self.vault = vault
        self.keeps_outbox = keeps_outbox
        self.recent = Recent()
        self.decoded = DecodedByKind()
        self.changed = threading.Condition()
        self.clock: Callable[[], int] = _micros
        """The time in microseconds: what times transactions, and when timers are due."""
        self.red_came = threading.Event()
        """Set when this process has written what goes ahead; who hears it clears that first."""
        self.reds_are_heard = threading.Event()
        """Cleared while this process puts Reds through its steps."""
        self.reds_are_heard.set()
        self.traces: Traces | None = None
        self._refused: tuple[str, float] | None = None
        self._thread = threading.local()
        self._sqlite = self.engine.dialect.name == "sqlite"
        self._turns = Turns()
        self._alone = threading.RLock()

    @property
    def is_in_memory(self) -> bool:
        """Whether only this process has it, and only as long as it is open."""
        return self.engine.pool.__class__ is StaticPool

    def create_tables(self) -> None:
        """Make the tables of an empty database; processes that start at once wait for each other.

        Raises :class:`stores.schema.OtherRevision` where tables of another version are.
        """
        with self.reading() as connection:
            if schema.is_there(connection):
                return
        with self.transaction() as transaction:
            transaction.serialise("create tables")
            if not schema.is_there(transaction.connection):
                schema.create(transaction.connection)

    @contextmanager
    def transaction(self, *, first: bool = False) -> Iterator[Transaction]:
        """Begin, and commit at the end; anything raised inside rolls everything back.

        Where there can be one writer only, who is ``first`` goes before all others that wait.
        Whoever begins one owns it and passes it on: a thread that begins another inside it is told
        so by ``RuntimeError``, whatever the database.
        """
        if getattr(self._thread, "in_transaction", False):
            raise RuntimeError("this thread has a transaction open: pass that one on")
        with self._turn(first=first):
            self._thread.in_transaction = True
            try:
                with self._begin() as transaction:
                    yield transaction
            finally:
                self._thread.in_transaction = False
        with self.changed:
            self.changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from: it sees one state, and writes nothing that lasts."""
        lock = self._alone if self.is_in_memory else nullcontext()
        # Said before it begins, so that SQLite gives a reader its snapshot without waiting for the
        # writer's lock.
        with (
            self._errors_without_data(),
            lock,
            self.engine.connect().execution_options(reading=True) as connection,
        ):
            yield connection

    @contextmanager
    def view(self, *, of_damaged: bool = False) -> Iterator[View]:
        """What :meth:`reading` gives, with the keys. ``of_damaged``: what is text no more, by an
        altered byte, is read with a sign in its place, where that is an error otherwise.
        """
        with self.reading() as connection:
            raw: Any = connection.connection.driver_connection
            if of_damaged and self._sqlite:
                raw.text_factory = _text_of_damaged
            try:
                yield View(connection, self.vault, self.decoded)
            finally:
                if of_damaged and self._sqlite:
                    raw.text_factory = str

    def _turn(self, *, first: bool) -> AbstractContextManager[object]:
        if self.is_in_memory:  # who reads waits for who writes, too
            return self._alone
        return self._turns.turn(first=first) if self._sqlite else nullcontext()

    def give_way(self, seconds: float) -> float:
        """Let others write who do or wait to, where there is one writer, at most so long; the
        seconds that it took.
        """
        return self._turns.give_way(seconds)

    def lets_reds_pass(self) -> None:
        """Wait while this process hears Reds; for a moment at most."""
        self.reds_are_heard.wait(_MOMENT)

    @property
    def refuses(self) -> str:
        """Why the database takes nothing, in its own place: such as a full disk. As this process
        was told within the last minute, unless something was recorded since; "" otherwise.
        """
        said = self._refused
        return said[0] if said and time.monotonic() - said[1] < _TOLD_FOR else ""

    def try_room(self) -> None:
        """Have a database server put something on its disk for a moment, so that :attr:`refuses`
        is right where nobody sends anything. Of a file whoever looks sees how much room is left.
        """
        if self._sqlite or self.reads_only:
            return
        with suppress(Unavailable):
            with self.transaction() as transaction:
                transaction.connection.execute(_FOR_A_MOMENT)
            self._refused = None

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[Transaction]:
        with self._errors_without_data(), self.engine.begin() as connection:
            transaction = Transaction(
                connection, self.vault, self.decoded, self.clock(), self.keeps_outbox
            )
            if self.traces is not None:
                transaction.traces, transaction.noted = self.traces, self.traces.noting()
            yield transaction
            transaction.changes.write(connection, self.vault)
        self.vault.committed(connection)
        if transaction.appended:
            self._refused = None
        if self._sqlite:
            self.recent.extend(transaction.appended)
        if transaction.has_red:
            self.red_came.set()
        if transaction.noted is not None:
            transaction.noted.committed(transaction.appended)

    @contextmanager
    def _errors_without_data(self) -> Iterator[None]:
        """Drivers name values in their errors (design, section 7): only the kind is passed on."""
        try:
            yield
        except DBAPIError as error:
            if why := _why_nothing(error):
                self._refused = why, time.monotonic()
            raise _kind(error)(type(error.orig).__name__) from None
        # Drivers raise these two as they are: half a surrogate pair, and a number beyond 64 bits.
        except (StatementError, UnicodeEncodeError, OverflowError) as error:
            raise Unstorable(type(error).__name__) from None
        except SQLAlchemyError as error:
            raise Unavailable(type(error).__name__) from None


def _text_of_damaged(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _micros() -> int:
    return time.time_ns() // 1000


_OVERTAKEN = ("23505", "40", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE")
"""How the database's codes begin that say that another transaction was first.

That is: a key that is there already, a deadlock or a serialisation failure (SQLSTATE of
PostgreSQL, error names of SQLite).
"""
_NEVER_TAKEN = ("22", "23", "54", "SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH")
"""How codes begin that say that the value is at fault: data exceptions, constraints, limits."""


_TAKES_NOTHING = {
    "SQLITE_FULL": "its disk is full",
    "SQLITE_READONLY": "it may only be read",
    "53100": "its disk is full",
    "53200": "it is out of memory",
    "53300": "it has too many connections",
    "25006": "it may only be read",
}
"""How codes begin that say that nothing can be stored until somebody mends the database."""
_TOLD_FOR: Final = 60.0
"""Seconds: who sends tries again sooner."""
_FOR_A_MOMENT = text(
    "CREATE TEMPORARY TABLE room ON COMMIT DROP AS "
    "SELECT md5(CAST(n AS TEXT)) FROM generate_series(1, 4096) AS n"
)
"""Half a megabyte."""


def _code(error: DBAPIError) -> str:
    driver: Any = error.orig
    return str(getattr(driver, "sqlstate", None) or getattr(driver, "sqlite_errorname", ""))


def _why_nothing(error: DBAPIError) -> str:
    code = _code(error)
    return next((why for begins, why in _TAKES_NOTHING.items() if code.startswith(begins)), "")


def _kind(error: DBAPIError) -> type[Conflict | Unstorable | Unavailable]:
    """What an error of the driver means for whoever wanted something stored."""
    code = _code(error)
    if code.startswith(_OVERTAKEN):
        return Conflict
    if isinstance(error, DataError) or code.startswith(_NEVER_TAKEN):
        return Unstorable
    return Unavailable


def _engine(url: str) -> Engine:
    return (
        _sqlite_engine(url)
        if make_url(url).get_backend_name() == "sqlite"
        else _postgres_engine(url)
    )


def _reading_engine(url: str) -> Engine:
    """An engine whose connections refuse writes, and see one state while they read."""
    sqlite_ = make_url(url).get_backend_name() == "sqlite"
    # Without it PostgreSQL would show a long reading, such as a replay, later pages of a journal
    # that has grown since.
    postgres: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "hide_parameters": True}
    engine = create_engine(
        url, **({"connect_args": {"check_same_thread": False}} if sqlite_ else postgres)
    )

    @event.listens_for(engine, "connect")
    def _refuse_writes(connection: Any, _record: Any) -> None:
        if sqlite_:
            connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(
            "PRAGMA query_only=ON" if sqlite_ else "SET default_transaction_read_only = on"
        )
        cursor.close()
        connection.commit()

    if sqlite_:

        @event.listens_for(engine, "begin")
        def _snapshot(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    return engine


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file in (None, "", ":memory:"):
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        _make_private(Path(str(file)))
        engine = create_engine(url, connect_args={"timeout": _PATIENCE, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        _keep_a_write_ahead_log(cursor)
        # FULL: with NORMAL the last commits are lost when the power fails (design, section 3).
        for pragma in (
            "synchronous=FULL",
            "wal_autocheckpoint=8000",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _write_lock_first(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql("BEGIN" if options.get("reading") else "BEGIN IMMEDIATE")

    return engine


_MOMENT: Final = 0.05
"""Seconds for which who has time lets others pass."""
_CONNECTIONS: Final = 20
_PATIENCE: Final = 30.0
"""Seconds that a connection to SQLite waits for others."""


def _keep_a_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """Set the journal mode; who opens a new file beside others waits its turn.

    SQLite refuses at once, without its own timeout, while another connection changes the mode.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _make_private(file: Path) -> None:
    """A file for its owner alone, unless it is there; SQLite makes those beside it alike.

    One that is there is not opened: to close it would give up what SQLite has locked of it in this
    process, and another would take the store for its own, and what is beside it away.
    """
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


_FAILED = psycopg.pq.TransactionStatus.INERROR
_WAITS = {
    # A frozen process must not hold its cursor for ever: its heir would wait, and the partition
    # with it (F3).
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "5s",
}
_UNLESS_SET = "SELECT set_config(%s, %s, false) WHERE current_setting(%s) = '0'"


def _postgres_engine(url: str) -> Engine:
    # Each connection is checked before use, and opened when it is needed first. Those over the
    # pool's size would be opened and closed again at every look of the deliverers, of which there
    # is one for each agency.
    engine = create_engine(url, pool_pre_ping=True, pool_size=_CONNECTIONS, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        # Arrays of sealed bytes would be sent as text in hexadecimal.
        connection.adapters.register_dumper(list, ListBinaryDumper)
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            # A plan that was made while a table was empty reads all of it for as long as it is
            # kept.
            cursor.execute("SET plan_cache_mode = force_custom_plan")
            for setting, default in _WAITS.items():
                cursor.execute(_UNLESS_SET, (setting, default, setting))
        connection.commit()
        # Only a superuser may; for any other account the runbook sets it, with log_error_verbosity,
        # on the server.
        with suppress(psycopg.errors.InsufficientPrivilege), connection.cursor() as cursor:
            cursor.execute("SET log_min_error_statement = panic")
        if connection.info.transaction_status == _FAILED:
            connection.rollback()
        else:
            connection.commit()

    return engine
