"""The hub as operations look at it: its settings, and its store, which refuses writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ops.run.configuration import (
    Fault,
    Misconfigured,
    read_access,
    read_settings,
    refuse,
)
from ops.run.erased import file_of as erased_file
from ops.run.erased import is_due
from ops.run.keys import wrapping
from ops.run.wiring import placed, refusing_another_key
from schemas.access import AccessRules
from schemas.settings import HubSettings
from stores import schema
from stores.database import Database
from stores.vault import HUB_KEY, Vault

_NOTHING_YET = Fault(
    "runtime.store", "holds nothing yet", "start the hub with `hub run`, or name another --config"
)


_PUT_BACK = Fault(
    "runtime.store",
    "was put back, and has what was erased since",
    "say `hub erase --again`, or start the hub: both erase it",
)


class Readable(Protocol):
    """What looking at a hub takes; a whole ``Hub`` has it, and so has a :class:`Reader`."""

    @property
    def settings(self) -> HubSettings:
        """The whole configuration."""
        ...

    @property
    def database(self) -> Database:
        """Where everything is."""
        ...


class Guarded(Readable, Protocol):
    """A hub that knows who may read or do what."""

    @property
    def access(self) -> AccessRules:
        """Who may read or do what."""
        ...

    @property
    def folder(self) -> Path:
        """The configuration's: relative paths in it start here."""
        ...


@dataclass(frozen=True, slots=True)
class Reader:
    """A hub to look at and not to change: no intake, no queues, a store that refuses writes."""

    settings: HubSettings
    database: Database
    access: AccessRules
    folder: Path


def open_reader(
    path: Path,
    environment: Mapping[str, str],
    *,
    of_any_revision: bool = False,
    reads_only: bool = True,
) -> Reader:
    """The store of a configuration file, for reading; makes neither store nor key. With
    ``reads_only`` False what people do can be recorded in it too.

    Raises ``Misconfigured``, ``Unavailable`` or, unless it may be ``of_any_revision``,
    ``OtherRevision``.
    """
    settings = read_settings(path, environment)
    access = read_access(settings, folder=path.parent)
    url = placed(settings.runtime.store, path.parent)
    refuse(_missing(settings, environment, folder=path.parent))
    vault = Vault(wrapping(settings, environment, folder=path.parent))
    database = Database(url, vault, reads_only=reads_only)
    with ExitStack() as unless_good:
        unless_good.callback(database.close)
        with database.reading() as connection, refusing_another_key(settings):
            if not (schema.found if of_any_revision else schema.is_there)(connection):
                raise Misconfigured(_NOTHING_YET)
            vault.keys(connection, [HUB_KEY], create=False)
        if not of_any_revision and is_due(database, erased_file(settings, path.parent)):
            raise Misconfigured(_PUT_BACK)
        unless_good.pop_all()
    return Reader(settings, database, access, path.parent)


def _missing(
    settings: HubSettings, environment: Mapping[str, str], *, folder: Path
) -> Iterator[Fault]:
    url = placed(settings.runtime.store, folder)
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).is_file():
        yield _NOTHING_YET
    key_file = folder / settings.runtime.key_file
    elsewhere = settings.runtime.key_service or environment.get(settings.runtime.key_variable)
    if not elsewhere and not key_file.is_file():
        what = "is not there, and without the hub's key nothing can be read"
        where = f"set {settings.runtime.key_variable}, or put the file where runtime.key_file says"
        yield Fault("runtime.key_file", what, where)
