"""Copies of the store: as it was before an upgrade, and what a backup is made of."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from stores.migrations.revisions import Progress

_PAGES = 2000


class NoBackup(Exception):
    """The copy could not be made, so nothing was begun; the message says why."""


def beside(file: Path, revision: str) -> Path:
    """Where the copy of a SQLite file goes, named by revision and time (UTC)."""
    moment = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    return file.with_name(f"{file.name}.{revision}-{moment}.backup")


def pages(connection: Connection) -> int:
    """How many pages a SQLite database has."""
    return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def copy(connection: Connection, to: Path, *, progress: Progress, times: int) -> None:
    """Copy a SQLite database as this connection sees it, whoever writes meanwhile, and check the
    copy; raises :class:`NoBackup`. There has to be room for so many ``times`` what the store holds.
    """
    pages(connection)  # from here on the connection sees one state, or each write would start anew
    source: Any = connection.connection.driver_connection
    with _new_file(to):
        _require_room(source, to.parent, times=times)
        with closing(sqlite3.connect(to)) as target:
            source.backup(target, pages=_PAGES, progress=_advancing(progress))
            found = target.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise NoBackup(f"{to} is damaged, and so may the store be; see `hub audit verify`")


def dump(url: URL, to: Path) -> None:
    """Let ``pg_dump`` write a PostgreSQL database to a file; raises :class:`NoBackup`."""
    with _new_file(to), dumping(url, f"--file={to}") as process:
        process.communicate()


@contextmanager
def dumping(url: URL, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``pg_dump`` in its custom format; raises :class:`NoBackup` where it did not end well."""
    with _client("pg_dump", url, ["--format=custom", *options]) as process:
        yield process


@contextmanager
def restoring(url: URL) -> Iterator[subprocess.Popen[bytes]]:
    """``pg_restore`` of what is written to it, whole or not at all; raises :class:`NoBackup`."""
    whole = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    with _client("pg_restore", url, whole) as process:
        yield process


@contextmanager
def reading_through() -> Iterator[subprocess.Popen[bytes]]:
    """``pg_restore`` that reads all of what is written to it, and puts it nowhere; raises
    :class:`NoBackup`.
    """
    with _client("pg_restore", None, [f"--file={os.devnull}"]) as process:
        yield process


def is_in_snapshot(connection: Connection) -> str:
    """The name of the state of a PostgreSQL database that this connection sees, for ``pg_dump``."""
    return str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())


@contextmanager
def _client(
    name: str, url: URL | None, options: Sequence[str]
) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which(name)
    if program is None:
        raise NoBackup(f"there is no {name} here: install PostgreSQL's client programs")
    environment, where = dict(os.environ), list[str]()
    if url is not None:
        _, told = url.get_dialect()().create_connect_args(url)
        told.pop("context", None)  # SQLAlchemy's own; the rest is libpq's
        # Command lines are readable by everybody; the password goes through the environment.
        if password := told.pop("password", ""):
            environment["PGPASSWORD"] = str(password)
        where = [f"--dbname={make_conninfo(**told)}"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [program, *options, *where]
    with (
        suppress(BrokenPipeError),  # it ended before it had taken everything, and says why
        subprocess.Popen(command, env=environment, **pipes) as process,  # noqa: S603 - ours
    ):
        try:
            yield process
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise NoBackup(f"{name} ended with {process.returncode}, and said above why")


@contextmanager
def _new_file(path: Path) -> Iterator[None]:
    """A file for its owner alone, never over another; gone again if it is not finished."""
    try:
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise NoBackup(f"{path} cannot be made: {error.strerror}") from None
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        path.unlink()
        raise NoBackup(f"{path} cannot be written ({type(error).__name__})") from None
    except NoBackup:
        path.unlink()
        raise


def _advancing(progress: Progress) -> Any:
    done = 0

    def copied(_: int, left: int, total: int) -> None:
        nonlocal done
        progress(total - left - done)
        done = total - left

    return copied


def _require_room(source: Any, folder: Path, *, times: int) -> None:
    size = times
    for what in ("page_count", "page_size"):
        size *= source.execute(f"PRAGMA {what}").fetchone()[0]
    free, needed = shutil.disk_usage(folder).free, size
    if free < needed:
        raise NoBackup(f"{folder} has {free:,} bytes free, and {needed:,} are needed")
