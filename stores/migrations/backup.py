"""A copy of the store as it was before an upgrade."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from stores.database import Database
from stores.migrations.revisions import Progress

_PAGES = 2000


class NoBackup(Exception):
    """The copy could not be made, so nothing was begun; the message says why."""


def beside(file: Path, revision: str) -> Path:
    """Where the copy of a SQLite file goes, named by revision and time (UTC)."""
    moment = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    return file.with_name(f"{file.name}.{revision}-{moment}.backup")


def pages(database: Database) -> int:
    """How many pages a SQLite database has."""
    with database.reading() as connection:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def copy(database: Database, to: Path, *, progress: Progress) -> None:
    """Copy a SQLite database and check the copy; raises :class:`NoBackup`.

    The upgrade may write as much again as the store holds, so there has to be room for that too.
    """
    with database.reading() as connection, _new_file(to):
        source: Any = connection.connection.driver_connection
        _require_room(source, to.parent)
        with closing(sqlite3.connect(to)) as target:
            source.backup(target, pages=_PAGES, progress=_advancing(progress))
            found = target.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise NoBackup(f"{to} is damaged, and so may the store be; see `hub audit verify`")


def dump(database: Database, to: Path) -> None:
    """Let ``pg_dump`` write a PostgreSQL database to a file; raises :class:`NoBackup`."""
    program = shutil.which("pg_dump")
    if program is None:
        raise NoBackup("there is no pg_dump here; back up by other means and say --backed-up")
    _, options = database.engine.dialect.create_connect_args(database.engine.url)
    options.pop("context", None)  # SQLAlchemy's own; the rest is libpq's
    # Command lines are readable by everybody; the password goes through the environment.
    password = options.pop("password", "")
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    command = [program, "--format=custom", f"--file={to}", f"--dbname={make_conninfo(**options)}"]
    with _new_file(to):
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - ours
        if code:
            raise NoBackup(f"pg_dump ended with {code}, and said above why")


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


def _require_room(source: Any, folder: Path) -> None:
    size = 1
    for what in ("page_count", "page_size"):
        size *= source.execute(f"PRAGMA {what}").fetchone()[0]
    free, needed = shutil.disk_usage(folder).free, 2 * size
    if free < needed:
        raise NoBackup(f"{folder} has {free:,} bytes free, and {needed:,} are needed")
