"""The list of what was erased, beside the hub's key: a store that is put back is erased again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.erasure import CaseErased
from schemas.message import Message
from schemas.settings import HubSettings
from stores import codec, cursors, erasing, journal, linking
from stores.database import Database, View

CHAIN = "erasing"
"""The chain of what was erased."""


@dataclass(frozen=True, slots=True, repr=False)
class Erasure:
    """One line of the list: the id and time (microseconds) of the fact, and the fact."""

    id: str
    at: int
    fact: CaseErased

    def message(self) -> Message:
        """The fact in its envelope; its own id is its key's, as that of its case is destroyed."""
        return Message(
            id=self.id,
            source="mash-hub/operations",
            time=codec.from_micros(self.at),
            key=self.fact.case_id,
            correlation_id=self.id,
            causation_id=None,
            data=self.fact,
        )

    def line(self) -> bytes:
        """As it is written."""
        said = {"id": self.id, "at": self.at, "fact": self.fact.model_dump(mode="json")}
        return json.dumps(said, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Erasure:
        """As it was written."""
        said: dict[str, Any] = json.loads(line)
        return cls(said["id"], said["at"], CaseErased.model_validate_json(json.dumps(said["fact"])))


def file_of(settings: HubSettings, folder: Path) -> Path:
    """Where the list is."""
    runtime = settings.runtime
    if runtime.erased_file:
        return folder / runtime.erased_file
    return (folder / runtime.key_file).parent / "erased.jsonl"


def listed(file: Path) -> list[Erasure]:
    """What the list says; a line that was being written when the hub was stopped is none."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return []
    whole = content[: content.rfind(b"\n") + 1].splitlines()
    return list({one.id: one for one in map(Erasure.read, whole)}.values())


def note(file: Path, erasure: Erasure) -> None:
    """Write a line to the end of the list, on the disk before anybody goes on."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(opened, "r+b") as lines:
        content = lines.read()
        lines.truncate(content.rfind(b"\n") + 1)
        lines.seek(0, os.SEEK_END)
        lines.write(erasure.line())
        lines.flush()
        os.fsync(lines.fileno())


def apply(database: Database, file: Path) -> int:
    """Erase whatever of the list this store still has, and list what only this store knows to be
    erased; answers how many were erased.
    """
    with database.view() as view:
        known = listed(file)
        for erasure in _not_listed(view, {one.id for one in known}):
            note(file, erasure)
        due = list(_due(view, known))
    for erasure in due:
        _erase(database, erasure)
    if due:
        erasing.vacuum(database)
    return len(due)


def is_due(database: Database, file: Path) -> bool:
    """Whether this store has what was erased: it was put back, and no hub was started on it."""
    known = listed(file)
    if not known:
        return False
    with database.view() as view:
        return any(_due(view, known))


def _not_listed(view: View, ids: set[str]) -> Iterator[Erasure]:
    if linking.count(view.connection, CaseErased) <= len(ids):
        return
    for entry in linking.every(view.connection, view.vault, type_=CaseErased):
        message = entry.message
        if message.id not in ids and isinstance(message.data, CaseErased):
            yield Erasure(message.id, codec.to_micros(message.time), message.data)


def _due(view: View, known: list[Erasure]) -> Iterator[Erasure]:
    recorded = journal.known_ids(view, [one.id for one in known])
    for one in known:
        if one.id not in recorded or erasing.living(view.connection, one.fact.keys):
            yield one


def _erase(database: Database, erasure: Erasure) -> None:
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, CHAIN)
        erasing.destroy(transaction, erasure.fact)
        if not journal.known_ids(transaction, [erasure.id]):
            journal.append(transaction, cursor, messages=[erasure.message()])
        cursors.store(transaction, cursor)
