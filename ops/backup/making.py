"""A backup is made while the hub works: one state of the store, and the keys that open it."""

from __future__ import annotations

import base64
import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from connectors.directory import to_disk
from ops.backup import sealed_file
from ops.look.reading import Reader
from ops.mend.upgrade import Watch
from ops.run.keys import held
from ops.run.wiring import store_file
from schemas.sealed import EncryptionKey
from stores import overview, schema
from stores.database import View
from stores.migrations import backup
from stores.migrations.backup import NoBackup
from stores.tree import kept
from stores.wrapping import name_of

SUFFIX = ".backup"
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself, sealed with it.

    ``entries`` of the journal up to ``position``, ``leaves`` of the tree, and the last checkpoint
    that was signed of it. ``keys``: the names of the key-encryption keys by which it is opened,
    each in a file of its own beside it; none where a service wraps the keys.
    """

    made_at: str
    program: str
    area: str
    database: str
    revision: str
    entries: int
    position: int
    leaves: int
    checkpoint: str | None
    keys: tuple[str, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Manifest:
        """As it was written; raises ``Damaged`` for what another program wrote."""
        try:
            return cls(**{**told, "keys": tuple(told["keys"])})
        except (KeyError, TypeError):
            raise sealed_file.Damaged("its head says nothing that is known here") from None


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: its file, the files of its keys, its bytes and how long it took."""

    file: Path
    keys: tuple[Path, ...]
    bytes: int
    seconds: float
    manifest: Manifest


def make(
    hub: Reader, to: Path, key: EncryptionKey, *, environment: Mapping[str, str], watch: Watch
) -> Made:
    """Write a backup to a new file, or into a folder under a name of its own; raises ``NoBackup``.

    Each key-encryption key goes into a file of its own beside it, by its name, unless that is
    there: whoever destroys that file, and the key, ends what all backups hold that it opens
    (decision 42).
    """
    began = time.monotonic()
    if to.is_dir():
        to /= f"mash-hub-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}{SUFFIX}"
    if to.exists():
        raise NoBackup(f"{to} is there already: name another file, or a folder")
    keys = [] if hub.settings.runtime.key_service else [*_keys(hub, environment)]
    with _state(hub, watch) as (view, parts):
        manifest = _manifest(hub, view, [name_of(raw) for raw in keys])
        written = _written(to, asdict(manifest), parts(), key)
    files = tuple(_key_file(to.parent, raw, key) for raw in keys)
    return Made(to, files, written, time.monotonic() - began, manifest)


def key_file(folder: Path, name: str) -> Path:
    """Where the sealed key-encryption key of this name lies."""
    return folder / f"mash-hub-key-{name}.sealed"


def _keys(hub: Reader, environment: Mapping[str, str]) -> Sequence[bytes]:
    return held(hub.settings, environment, folder=hub.folder)


def _key_file(folder: Path, raw: bytes, key: EncryptionKey) -> Path:
    file = key_file(folder, name_of(raw))
    if not file.exists():
        _written(file, {"key": name_of(raw)}, iter([base64.b64encode(raw)]), key)
    return file


_Parts = Callable[[], Iterator[bytes]]


@contextmanager
def _state(hub: Reader, watch: Watch) -> Iterator[tuple[View, _Parts]]:
    """One state of the store, seen by whoever asks, and its bytes."""
    with ExitStack() as stack:
        view = stack.enter_context(hub.database.view())
        connection = view.connection
        if connection.dialect.name == "postgresql":
            snapshot = f"--snapshot={backup.is_in_snapshot(connection)}"
            url = hub.database.engine.url
            yield view, lambda: _dumped(stack.enter_context(backup.dumping(url, snapshot)))
            return
        file = store_file(hub.settings, hub.folder)
        if file is None:
            raise NoBackup("the store is in memory, and ends with the hub")
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent))
        copy = Path(made) / "hub.db"
        with watch("copying", backup.pages(connection)) as advance:
            backup.copy(connection, copy, progress=advance, times=1)
        opened = stack.enter_context(copy.open("rb"))
        yield view, lambda: _read(opened, copy.stat().st_size, watch)


def _read(opened: IO[bytes], size: int, watch: Watch) -> Iterator[bytes]:
    with watch("sealing", size) as advance:
        while part := opened.read(_READ):
            yield part
            advance(len(part))


def _dumped(process: Any) -> Iterator[bytes]:
    while part := process.stdout.read(_READ):
        yield part
    if process.wait():  # before the file is taken for whole
        raise NoBackup(f"pg_dump ended with {process.returncode}, and said above why")


def _manifest(hub: Reader, view: View, keys: Sequence[str]) -> Manifest:
    connection = view.connection
    revision = schema.found(connection) or ""
    ours = revision == schema.known()[-1]
    signed = kept.newest(connection) if ours else None
    return Manifest(
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        program=version("mash-hub"),
        area=hub.settings.area,
        database=connection.dialect.name,
        revision=revision,
        entries=overview.entries(connection),
        position=overview.last_position(connection),
        leaves=kept.size_of(connection) if ours else 0,
        checkpoint=str(signed.note) if signed else None,
        keys=tuple(keys),
    )


def _written(
    file: Path, told: Mapping[str, Any], parts: Iterator[bytes], key: EncryptionKey
) -> int:
    """The file with this in it, whole and on the disk, or none of it."""
    part = file.with_name(f".{file.name}.part")
    try:
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NoBackup(f"{part} cannot be made: {error.strerror}") from None
    try:
        with os.fdopen(made, "wb") as opened:
            written = sealed_file.write(opened, told, parts, key)
            opened.flush()
            os.fsync(opened.fileno())
        part.rename(file)
    except OSError as error:
        raise NoBackup(f"{file} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    to_disk(file.parent)
    return written
