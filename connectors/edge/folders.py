"""The two folders between an edge and the agency's own system: a file is there whole, and once."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from typing import Any, Final
from uuid import uuid4

from connectors.directory import Directory, FolderUnsafe, opened
from connectors.edge.configured import Edge, NoEdge
from connectors.edge.hub import BATCH, STRUCTURED
from connectors.edge.store import NEW, PLACED, PLACING, Kept, Store
from connectors.file_names import is_unfinished

RECEIPTS: Final = "receipts"
_MOST = 100
"""Files taken at a time."""
_LARGEST = 20_000_000
_CLAIMED: Final = re.compile(r"\.sending-[0-9a-f]{32}-(.+)", re.DOTALL)
"""A file that is being taken, under a name of its own: nobody writes another one over it."""
_BEGINNING, _END = 100, 50
"""Bytes of a name that are kept; a file system takes 255 with what is put around it."""
MEDIA: Final = {
    ".xml": "application/xml",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".csv": "text/csv",
    ".hl7": "application/hl7-v2",
}
"""What a file is sent as, by the end of its name; an event in JSON says itself that it is one."""
_TO_DO: Final = (
    "Do not act on it. Ring the hub, by a number that you have from elsewhere; the letter is kept, "
    "and comes again until it is as its owners signed it."
)
_HUBS_WORD: Final = (
    "No owner's signature stands behind these parts: they are the hub's word alone. Before you act "
    "on them alone ring the hub, by a number that you have from elsewhere."
)


@dataclass(frozen=True, slots=True)
class Folders:
    """What lies between the store and the agency's system."""

    edge: Edge
    store: Store

    def place(self) -> int:
        """Put the letters that came into the folder of letters, a file each; how many.

        A file is written under a hidden name, which is remembered with its folder, and then
        renamed: whoever was killed in between knows that it was there already, though the agency's
        system took it. In another folder it was not: it is written again, as twice beats never.
        """
        letters = self.store.letters(NEW, PLACING)
        if letters:
            with self._letters() as folder:
                for one in letters:
                    self._place(one, folder)
        return len(letters)

    def _place(self, one: Kept, folder: Directory) -> None:
        name = f"{one.type}-{one.id}.json"
        here = folder.identity()
        if one.step == NEW:
            _say_unsigned(one, folder)
        if one.step == NEW or self.store.place_of(one.id) != here:
            with folder.written(f".{name}.placing") as stream:
                stream.write(one.body)
            self.store.placing(one.id, here)
        with suppress(FileNotFoundError):  # it was renamed before
            folder.move(f".{name}.placing", folder, new=name)
        self.store.at_step(one.id, PLACED)

    def say_refused(self) -> None:
        """A note in the folder of letters about each that is not handed on: without its content. It
        goes before the letter comes there as it was signed.
        """
        notes, over = self.store.unnoted_refused(), self.store.unnoted_well()
        if not notes and not over:
            return
        with self._letters() as folder:
            for letter_id in over:
                with suppress(FileNotFoundError):  # the agency's system took it
                    folder.remove(f"refused-{letter_id}.json")
                self.store.noted("refused", letter_id)
            for letter_id, kind, why in notes:
                told = {"letter": letter_id, "type": kind, "refused": why, "to_do": _TO_DO}
                with folder.written(f"refused-{letter_id}.json") as stream:
                    stream.write(json.dumps(told, ensure_ascii=False).encode())
                self.store.noted("refused", letter_id)

    def collect(self) -> int:
        """Take what the agency's system put there: kept before its file goes; how many files. One
        that cannot be taken stays, and no other waits for it; then the first trouble is raised.
        """
        taken, trouble = 0, list[OSError]()
        with self._to_send() as folder:
            for name in _to_go(folder):
                try:
                    taken += self._collect(name, folder)
                except FileNotFoundError:  # whoever put it there took it away
                    continue
                except OSError as error:
                    trouble.append(error)
                if taken == _MOST:
                    break
        if trouble:
            raise trouble[0]
        return taken

    def _collect(self, name: str, folder: Directory) -> bool:
        if why_not(name, folder):
            return False
        claimed = _CLAIMED.fullmatch(name)
        own, hidden = claimed[1] if claimed else in_bytes(name), name
        if claimed is None:
            hidden = f".sending-{uuid4().hex}-{own}"
            folder.move(name, folder, new=hidden)
        with folder.read(hidden) as stream:
            body = stream.read(_LARGEST + 1)
        if len(body) > _LARGEST:  # another came in its place in this moment
            return False
        media = media_of(own, body)
        digest = sha256(media.encode() + b"\0" + body).hexdigest()
        self.store.send(digest, body, name=own, media=media)
        folder.remove(hidden)
        return True

    def staying(self) -> Iterator[tuple[str, str]]:
        """What lies there and is not taken, by name, and why."""
        with self._to_send() as folder:
            for name in _to_go(folder):
                claimed = _CLAIMED.fullmatch(name)
                with suppress(FileNotFoundError):
                    if why := why_not(name, folder):
                        yield claimed[1] if claimed else in_bytes(name), why

    def say_receipts(self) -> None:
        """The hub's receipts beside what was sent, under its name. One that cannot be written keeps
        no other; then the first trouble is raised.
        """
        receipts, trouble = self.store.unnoted_receipts(), list[OSError]()
        if not receipts:
            return
        with self._to_send() as folder, folder.inner(RECEIPTS) as inner:
            for one, name, told in receipts:
                try:
                    with inner.written(f"{in_bytes(name)}.receipts.json") as stream:
                        stream.write(told.encode())
                except OSError as error:
                    trouble.append(error)
                    continue
                self.store.noted("sending", one)
        if trouble:
            raise trouble[0]

    @contextmanager
    def _letters(self) -> Iterator[Directory]:
        with self._opened(self.edge.settings.letters) as folder:
            yield folder

    @contextmanager
    def _to_send(self) -> Iterator[Directory]:
        with self._opened(self.edge.settings.to_send) as folder:
            yield folder

    @contextmanager
    def _opened(self, name: str) -> Iterator[Directory]:
        path = self.edge.path(name)
        try:
            with opened(path, self.edge.settings.account) as folder:
                yield folder
        except FolderUnsafe as error:
            raise NoEdge(f"{path}: {error}") from None


def _say_unsigned(one: Kept, folder: Directory) -> None:
    """Beside a product, before it is there, what of it no owner signed."""
    if one.unsigned is None:
        return
    told = {"letter": one.id, "type": one.type, "unsigned": json.loads(one.unsigned)}
    told |= {"says": _HUBS_WORD}
    with folder.written(f"unsigned-{one.id}.json") as stream:
        stream.write(json.dumps(told, ensure_ascii=False).encode())


def _to_go(folder: Directory) -> Iterator[str]:
    """What nobody writes any more, also what was being taken when somebody killed the edge; but no
    folders in it, which are other people's.
    """
    for name in sorted(folder.names()):
        if _CLAIMED.fullmatch(name) is None and is_unfinished(name):
            continue
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(folder.info(name).st_mode):
                yield name


def why_not(name: str, folder: Directory) -> str | None:
    """Why a file is not taken; None: it is. Raises ``FileNotFoundError``."""
    info = folder.info(name)
    if not folder.counts(info):
        return "it is no file of the agency's account alone"
    if info.st_size > _LARGEST:
        return f"it is larger than {_LARGEST // 1_000_000} MB: the hub would not take it"
    try:
        folder.read(name).close()
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return None


def in_bytes(name: str) -> str:
    """A name in UTF-8 with room for what is put around it; beginning and suffix are kept."""
    raw = name.encode("utf-8", "replace")
    if len(raw) <= _BEGINNING + _END:
        return raw.decode()
    return (raw[:_BEGINNING] + raw[-_END:]).decode("utf-8", "ignore")


def media_of(name: str, body: bytes) -> str:
    """As what a file is sent."""
    suffix = PurePath(name).suffix.lower()
    told: Any = None
    if suffix == ".json":
        with suppress(ValueError):
            told = json.loads(body)
    if isinstance(told, dict) and "specversion" in told:
        return STRUCTURED
    if isinstance(told, list):
        return BATCH
    return MEDIA.get(suffix, "application/octet-stream")
