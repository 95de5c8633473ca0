"""A backup is opened, looked through and put back."""

from __future__ import annotations

import base64
import datetime as dt
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from connectors.directory import to_disk
from ops.backup.making import Manifest, key_file
from ops.backup.sealed_file import Damaged, Opened
from ops.look.reading import Readable
from ops.look.verify import Verified, verify
from ops.mend.upgrade import Watch
from ops.run import erased, keys
from ops.run.configuration import Fault, Misconfigured
from ops.run.wiring import placed, store_file
from schemas.settings import HubSettings
from stores import schema
from stores.database import Database
from stores.migrations import backup
from stores.migrations.alone import alone
from stores.ports import Unavailable
from stores.tree.looking import Claim
from stores.vault import Vault
from stores.wrapping import HeldKeys, Wrapping, name_of


class NotPutBack(Exception):
    """Nothing was put back; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a backup. ``verified``: the record in it, entry by entry; None where that
    can be told only once it is put back (PostgreSQL) or upgraded.
    """

    manifest: Manifest
    bytes: int
    verified: Verified | None

    @property
    def amiss(self) -> list[str]:
        """What is not as it should be; nothing where all is well."""
        found = self.verified
        if found is None:
            return []
        told = [f"{len(found.flaws)} flaws of the record"] if found.flaws else []
        if found.entries != self.manifest.entries:
            told.append(f"{found.entries} entries where {self.manifest.entries} were")
        return told


@dataclass(frozen=True, slots=True)
class _Held:
    """A store that is looked at, with the settings of the hub whose it is."""

    settings: HubSettings
    database: Database


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup's file, the private half of the key that it is sealed to, and whose it is."""

    file: Path
    private: Mapping[str, Any]
    settings: HubSettings
    folder: Path
    """The configuration's."""
    environment: Mapping[str, str]

    @contextmanager
    def opened(self) -> Iterator[tuple[Manifest, Iterator[bytes]]]:
        """What it says of itself, and its bytes; raises ``Damaged`` or ``NotOpened``."""
        with self.file.open("rb") as source:
            found = Opened(source, [self.private])
            yield Manifest.of(found.told), found.parts()

    def wrapping(self, manifest: Manifest) -> Wrapping:
        """What opens the keys in it: the sealed files beside it, or the service that wraps them."""
        if manifest.keys:
            return HeldKeys(*self.held(manifest))
        return keys.wrapping(self.settings, self.environment, folder=self.folder)

    def held(self, manifest: Manifest) -> list[bytes]:
        """The key-encryption keys; raises ``Damaged`` where one's file is not there any more."""
        return [self._key(name) for name in manifest.keys]

    def _key(self, name: str) -> bytes:
        file = key_file(self.file.parent, name)
        try:
            with file.open("rb") as source:
                raw = base64.b64decode(b"".join(Opened(source, [self.private]).parts()))
        except FileNotFoundError:
            said = "without it nothing can be read; put it beside the backup"
            raise Damaged(f"the file of its key, {file.name}, is not there: {said}") from None
        if name_of(raw) != name:
            raise Damaged(f"{file.name} holds another key")
        return raw


def look(found: Backup, *, watch: Watch) -> Looked:
    """Open a backup, read all of it, and verify the record in it (``hub audit verify``)."""
    with found.opened() as (manifest, parts), tempfile.TemporaryDirectory() as folder:
        if manifest.database == "postgresql":
            with backup.reading_through() as process:
                size = _into(process.stdin, parts, watch)
            return Looked(manifest, size, None)
        store = Path(folder) / "hub.db"
        with _new(store) as opened:
            size = _into(opened, parts, watch)
        url, vault = f"sqlite:///{store}", Vault(found.wrapping(manifest))
        return Looked(manifest, size, _verified(found.settings, url, vault, manifest, (), watch))


def _verified(
    settings: HubSettings,
    url: str,
    vault: Vault,
    manifest: Manifest,
    claims: tuple[Claim, ...],
    watch: Watch,
) -> Verified | None:
    if manifest.revision != schema.known()[-1]:
        return None
    database = Database(url, vault, reads_only=True)
    try:
        with watch("verifying", manifest.position) as advance:
            hub: Readable = _Held(settings, database)
            return verify(hub, contents=False, claims=claims, advance=advance)
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class PutBack:
    """What was put back: ``aside`` is where the store lies that was there before; ``key`` the key
    file that was written; ``seconds`` how long all of it took.
    """

    looked: Looked
    aside: Path | None
    key: Path | None
    erased_again: int
    seconds: float


def put_back(found: Backup, *, in_place: bool, erasures: Path | None, watch: Watch) -> PutBack:
    """Put a backup in the place of the store that the configuration names, look through it, and
    erase in it again what was erased since. Raises ``NotPutBack``, ``Damaged``, ``NoBackup``.

    ``in_place``: a store that is there is kept aside; else it is refused.
    """
    began = time.monotonic()
    url = placed(found.settings.runtime.store, found.folder)
    with found.opened() as (manifest, parts):
        if url.partition("+")[0].partition(":")[0] != manifest.database:
            raise NotPutBack(f"it is of a store on {manifest.database}; name such a runtime.store")
        raw = found.held(manifest)
        _refuse_another_key(found, manifest)
        file = store_file(found.settings, found.folder)
        aside = None
        if file is None:
            size = _into_server(url, parts, watch)
        else:
            size, aside = _into_file(file, parts, in_place=in_place, watch=watch)
    key = _key_put_back(found, raw)
    vault = Vault(found.wrapping(manifest))
    verified = _verified(found.settings, url, vault, manifest, (), watch)
    again = _erased_again(found, url, vault, erasures) if verified else 0
    looked = Looked(manifest, size, verified)
    return PutBack(looked, aside, key, again, time.monotonic() - began)


def _into_file(
    file: Path, parts: Iterator[bytes], *, in_place: bool, watch: Watch
) -> tuple[int, Path | None]:
    """Written beside it, and put in its place once it is whole."""
    beside = [path for end in ("-wal", "-shm") if (path := Path(f"{file}{end}")).exists()]
    if file.exists() and not in_place:
        raise NotPutBack(f"{file} is there: move it away, or say --in-place, which keeps it aside")
    if file.exists():
        _refuse_while_open(file)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        with _new(part) as opened:
            size = _into(opened, parts, watch)
        aside = _aside(file, beside) if file.exists() else None
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    to_disk(file.parent)
    return size, aside


def _refuse_while_open(file: Path) -> None:
    """Raises ``InUse`` where a hub would go on writing into what was moved aside; a file that is
    damaged nobody can have open so.
    """
    with suppress(Unavailable), alone(f"sqlite:///{file}", Vault(bytes(32))):
        pass


def _aside(file: Path, beside: list[Path]) -> Path:
    moment = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    aside = file.with_name(f"{file.name}.before-{moment}")
    file.rename(aside)
    for path in beside:  # what of it is in its log only goes with it
        path.rename(f"{aside}{path.name.removeprefix(file.name)}")
    return aside


def _into_server(url: str, parts: Iterator[bytes], watch: Watch) -> int:
    database = Database(url, Vault(bytes(32)), reads_only=True)
    try:
        with database.reading() as connection:
            if schema.found(connection) is not None:
                raise NotPutBack(
                    "the database holds a hub's store: make an empty one (createdb), and name that "
                    "in runtime.store or HUB_STORE"
                )
    finally:
        database.close()
    with backup.restoring(database.engine.url) as process:
        return _into(process.stdin, parts, watch)


def _refuse_another_key(found: Backup, manifest: Manifest) -> None:
    """A key that is there is not written over, and has to be the one that opens the backup."""
    runtime = found.settings.runtime
    there = (
        found.environment.get(runtime.key_variable) or (found.folder / runtime.key_file).exists()
    )
    if runtime.key_service or not there:
        return
    held = keys.held(found.settings, found.environment, folder=found.folder)
    if not {*manifest.keys} <= {*map(name_of, held)}:
        where = f"{runtime.key_variable} or runtime.key_file"
        instead = "take it away: the backup brings its own; or put both keys there, a space between"
        raise Misconfigured(Fault(where, "is not the key of this backup", instead))


def _key_put_back(found: Backup, raw: list[bytes]) -> Path | None:
    runtime = found.settings.runtime
    file = found.folder / runtime.key_file
    if not raw or found.environment.get(runtime.key_variable) or file.exists():
        return None
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.write_new(file, raw)
    return file


def _erased_again(found: Backup, url: str, vault: Vault, erasures: Path | None) -> int:
    listed = erased.file_of(found.settings, found.folder)
    known = {one.id for one in erased.listed(listed)}
    for one in erased.listed(erasures) if erasures else ():
        if one.id not in known:
            erased.note(listed, one)
    database = Database(url, vault)
    try:
        return erased.apply(database, listed)
    finally:
        database.close()


@contextmanager
def _new(file: Path) -> Iterator[IO[bytes]]:
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(made, "wb") as opened:
        yield opened
        opened.flush()
        os.fsync(opened.fileno())


def _into(to: IO[bytes] | None, parts: Iterator[bytes], watch: Watch) -> int:
    assert to is not None
    written = 0
    with watch("reading", 0) as advance:
        for part in parts:
            to.write(part)
            advance(len(part))
            written += len(part)
    return written
