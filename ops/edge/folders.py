"""The two folders between an edge and the agency's own system: a file is there whole, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from typing import Any, Final

from connectors.directory import Directory, FolderUnsafe, opened
from connectors.file_names import is_unfinished
from ops.edge.configured import Edge, NoEdge
from ops.edge.hub import BATCH, STRUCTURED
from ops.edge.store import NEW, PLACED, PLACING, Kept, Store

RECEIPTS: Final = "receipts"
_MOST = 100
"""Files taken at a time."""
_LARGEST = 20_000_000
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


@dataclass(frozen=True, slots=True)
class Folders:
    """What lies between the store and the agency's system."""

    edge: Edge
    store: Store

    def place(self) -> int:
        """Put the letters that came into the folder of letters, a file each; how many.

        A file is written under a hidden name, which is remembered, and then renamed: whoever was
        killed in between knows that it was there already, though the agency's system took it.
        """
        letters = self.store.letters(NEW, PLACING)
        if letters:
            with self._letters() as folder:
                for one in letters:
                    self._place(one, folder)
        return len(letters)

    def _place(self, one: Kept, folder: Directory) -> None:
        name = f"{one.type}-{one.id}.json"
        if one.step == NEW:
            with folder.written(f".{name}.placing") as stream:
                stream.write(one.body)
            self.store.at_step(one.id, PLACING)
        with suppress(FileNotFoundError):  # it was renamed before
            folder.move(f".{name}.placing", folder, new=name)
        self.store.at_step(one.id, PLACED)

    def say_refused(self) -> None:
        """A note in the folder of letters about each that is not handed on: without its content."""
        notes = self.store.unnoted_refused()
        if not notes:
            return
        with self._letters() as folder:
            for letter_id, kind, why in notes:
                told = {"letter": letter_id, "type": kind, "refused": why, "to_do": _TO_DO}
                with folder.written(f"refused-{letter_id}.json") as stream:
                    stream.write(json.dumps(told, ensure_ascii=False).encode())
                self.store.noted("refused", letter_id)

    def collect(self) -> int:
        """Take what the agency's system put there: kept before its file goes; how many files."""
        with self._to_send() as folder:
            names = sorted(name for name in folder.names() if not is_unfinished(name))
            files = [name for name in names if folder.counts(folder.info(name))][:_MOST]
            for name in files:
                self._collect(name, folder)
        return len(files)

    def _collect(self, name: str, folder: Directory) -> None:
        with folder.read(name) as stream:
            body = stream.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            return  # nobody would take it; it stays, and `status` of the folder shows it
        media = media_of(name, body)
        digest = sha256(media.encode() + b"\0" + body).hexdigest()
        self.store.send(digest, body, name=name, media=media)
        folder.remove(name)

    def say_receipts(self) -> None:
        """The hub's receipts beside what was sent, under its name."""
        receipts = self.store.unnoted_receipts()
        if not receipts:
            return
        with self._to_send() as folder, folder.inner(RECEIPTS) as inner:
            for one, name, told in receipts:
                with inner.written(f"{name[:150]}.receipts.json") as stream:
                    stream.write(told.encode())
                self.store.noted("sending", one)

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
