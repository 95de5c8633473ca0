"""A folder held open by its handle, so that nothing in it leads anywhere else.

Names are looked up in the folder that was opened, whatever its path has become since, and no link
is ever followed: whoever can write in a folder could point one at somebody else's files.
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Goes through a folder; its contents need not be readable."""
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_MAKE = "make it, owned by the agency's account, in which nobody else may write (mode 0700)"
_READ_IT = "let the hub's account read it"
_NAME_IT = "name the folder that the link leads to"
_NO_WRITING = "chmod go-w"
_OWN_IT = "chown it"
_ACCOUNT = "make it, or correct it"
CURES = frozenset({_MAKE, _READ_IT, _NAME_IT, _NO_WRITING, _OWN_IT, _ACCOUNT})
"""All that is ever said of what to change: words of the hub's own, for its log."""


class FolderUnsafe(Exception):
    """Others than its account can reach into a folder, or it is not there; and what to change."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what}: {instead}")
        self.what, self.instead = what, instead


@dataclass(frozen=True, slots=True)
class Directory:
    """An open folder."""

    handle: int
    uid: int
    """The account whose folder it is."""
    takes: frozenset[int]
    """The accounts whose files count there."""

    def identity(self) -> str:
        """Which folder it is, wherever its path leads since."""
        info = os.fstat(self.handle)
        return f"{info.st_dev}:{info.st_ino}"

    def names(self) -> list[str]:
        """Everything in it."""
        return os.listdir(self.handle)

    def info(self, name: str) -> os.stat_result:
        """What is there under that name; of a link, the link itself."""
        return os.stat(name, dir_fd=self.handle, follow_symlinks=False)

    def counts(self, info: os.stat_result) -> bool:
        """Whether it is a file of an account that counts, and not everybody may write it."""
        theirs = info.st_uid in self.takes
        return theirs and stat.S_ISREG(info.st_mode) and not info.st_mode & stat.S_IWOTH

    def read(self, name: str) -> BinaryIO:
        """A file that counts; raises ``OSError`` for a link, a pipe or a file of somebody else."""
        stream = os.fdopen(os.open(name, _READ, dir_fd=self.handle), "rb")
        if self.counts(os.fstat(stream.fileno())):
            return stream
        stream.close()
        raise PermissionError(errno.EPERM, "no file of this account")

    @contextmanager
    def written(self, name: str) -> Iterator[BinaryIO]:
        """A file that is there, whole and lasting, at the end; readable by the account alone."""
        unfinished = f".{name}.part"
        with suppress(FileNotFoundError):  # left by a process that was killed
            self.remove(unfinished)
        with os.fdopen(os.open(unfinished, _NEW, 0o600, dir_fd=self.handle), "wb") as stream:
            self._give_away(stream.fileno())
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        self.move(unfinished, self, new=name)

    def move(self, name: str, to: Directory, *, new: str) -> None:
        """Rename a file, within a file system; it lasts through a loss of power."""
        os.rename(name, new, src_dir_fd=self.handle, dst_dir_fd=to.handle)
        to.sync()

    def moved(self, name: str, to: Directory, *, new: str) -> bool:
        """Rename it, or where that cannot be, on another file system, have the same bytes there.

        Answers whether it was renamed; a copied one is still here, for the caller to deal with.
        """
        try:
            self.move(name, to, new=new)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self.copy(name, to, new=new)
            return False
        return True

    def copy(self, name: str, to: Directory, *, new: str) -> None:
        """Have the same bytes there too, whole or not at all."""
        with self.read(name) as source, to.written(new) as copied:
            shutil.copyfileobj(source, copied)

    def remove(self, name: str) -> None:
        """Delete a file or a link."""
        os.unlink(name, dir_fd=self.handle)

    def sync(self) -> None:
        """Make renames in it last."""
        os.fsync(self.handle)

    @contextmanager
    def inner(self, name: str, *, make: bool = True) -> Iterator[Directory]:
        """A folder in it, made if it is not there. Raises ``FolderUnsafe``."""
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=self.handle)
        with _closed(_opened(name, _LIST, within=self.handle)) as handle:
            _require_safe(os.fstat(handle), self.uid)
            self._give_away(handle)
            yield replace(self, handle=handle)

    def remove_empty(self, name: str) -> None:
        """Delete a folder in it, unless something is there still."""
        with suppress(OSError):
            os.rmdir(name, dir_fd=self.handle)

    def _give_away(self, handle: int) -> None:
        """What the hub makes in a folder of somebody else is theirs."""
        if os.fstat(handle).st_uid != self.uid:
            os.fchown(handle, self.uid, -1)


@contextmanager
def opened(path: Path, owner: str | None) -> Iterator[Directory]:
    """The folder of that account, None for the hub's own; no part of its path may be a link.

    Raises ``FolderUnsafe`` where it is not there, or others can write to it.
    """
    uid = uid_of(owner)
    with _closed(_walked(path)) as handle:
        _require_safe(os.fstat(handle), uid)
        yield Directory(handle, uid, frozenset([uid]))


@contextmanager
def own(path: Path, *, sender: int) -> Iterator[Directory]:
    """A folder of the hub's alone, made if it is not there, for files of the hub and a sender.

    Where a link leads to it, the hub's administrator has made that. Raises ``FolderUnsafe``.
    """
    for folder in (path.parent, path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opened(path.resolve(), None) as found:
        yield replace(found, takes=frozenset([found.uid, sender]))


def to_disk(folder: Path) -> None:
    """What was made or renamed in a folder is still in it after a loss of power."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def uid_of(owner: str | None) -> int:
    """The number of an account, None: the hub's own. Raises ``FolderUnsafe`` where it has none."""
    if owner is None:
        return os.geteuid()
    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        raise FolderUnsafe(
            "there is no account of the name that stands as its owner", _ACCOUNT
        ) from None


def _walked(path: Path) -> int:
    """A handle of the folder at an absolute path, gone down to without following any link."""
    at = os.open("/", _PASS)
    *parents, last = path.parts[1:] or (".",)
    for part in parents:
        with _closed(at) as within:
            at = _opened(part, _PASS, within=within)
    with _closed(at) as within:
        return _opened(last, _LIST, within=within)


def _opened(name: str, flags: int, *, within: int) -> int:
    try:
        return os.open(name, flags, dir_fd=within)
    except FileNotFoundError:
        said = "there is no such folder", _MAKE
    except OSError as error:
        said = f"it cannot be opened ({error.strerror})", _READ_IT
        if error.errno in {errno.ENOTDIR, errno.ELOOP}:
            said = _no_folder(os.stat(name, dir_fd=within, follow_symlinks=False))
    raise FolderUnsafe(*said)


def _no_folder(info: os.stat_result) -> tuple[str, str]:
    if stat.S_ISLNK(info.st_mode):
        return "there is a link in its path", _NAME_IT
    return "this is no folder", _MAKE


def _require_safe(info: os.stat_result, uid: int) -> None:
    """Nobody else may write there, nor own it and let others."""
    if info.st_mode & _OTHERS:
        raise FolderUnsafe("the folder can be written by its group or by everybody", _NO_WRITING)
    if info.st_uid not in {uid, os.geteuid()}:
        raise FolderUnsafe("the folder belongs to another account than the agency's", _OWN_IT)


@contextmanager
def _closed(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)
