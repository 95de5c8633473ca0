"""A witness's own folder: its key, the logs that it knows, and every checkpoint that it cosigned.

Whoever has the folder (without its key, too) can hold the hub's record against what was seen of it.
"""

from __future__ import annotations

import base64
import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.directory import to_disk
from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.notes import Kind, NoNote, Note, NotSigned, SignerKey, VerifierKey

_KEY, _PUBLIC, _LOGS = "witness.key", "witness.pub", "logs"
_COSIGNED, _REFUSED = "cosigned.jsonl", "refused.jsonl"
_MOST_EVIDENCE = 100
"""One is enough; who has the hub's key could sign more without end."""


class NoWitness(Exception):
    """The folder is no witness's, or something in it was altered; the message says what."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that the witness cosigned."""

    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a witness keeps all it has."""

    path: Path

    def make(self, name: str, logs: Sequence[VerifierKey]) -> VerifierKey:
        """A new witness, whose key is made here and never leaves; answers the public one."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = SignerKey(name, Kind.COSIGNATURE, os.urandom(32))
        secret = {"name": name, "seed": base64.b64encode(key.seed).decode()}
        self._write(_KEY, json.dumps(secret))
        self._write(_PUBLIC, f"{key.verifier}\n")
        self._write(_LOGS, "".join(f"{log}\n" for log in logs))
        to_disk(self.path.parent)
        return key.verifier

    def key(self) -> SignerKey:
        """What it signs with; raises :class:`NoWitness`."""
        try:
            secret = json.loads(self._read(_KEY))
            return SignerKey(secret["name"], Kind.COSIGNATURE, base64.b64decode(secret["seed"]))
        except (ValueError, KeyError, TypeError):
            raise NoWitness(f"{self.path / _KEY} is no witness's key") from None

    def public(self) -> VerifierKey:
        """What others check its lines with; raises :class:`NoWitness`."""
        return self._key_in(self._read(_PUBLIC).strip(), _PUBLIC)

    def logs(self) -> Mapping[str, VerifierKey]:
        """The hubs whose records it witnesses, by what their checkpoints call them."""
        keys = [self._key_in(line, _LOGS) for line in self._read(_LOGS).split()]
        return {key.name: key for key in keys}

    def seen(self) -> Iterator[Seen]:
        """All that it cosigned, in order; a line that a crash has cut off was never answered with.

        Raises :class:`NoWitness` where a line is not what the witness wrote.
        """
        yield from map(self._checked, self._lines(_COSIGNED))

    def _checked(self, line: str) -> Seen:
        try:
            note = Note.parse(json.loads(line)["note"])
            note.signed_by([self.public()])
            return Seen(note, Checkpoint.parse(note.text))
        except (ValueError, KeyError, TypeError, NoNote, NotSigned, NoCheckpoint):
            what = f"{self.path / _COSIGNED} holds what the witness did not sign"
            raise NoWitness(what) from None

    def last(self) -> Mapping[str, Checkpoint]:
        """The last that it cosigned of each log; raises :class:`NoWitness` as :meth:`seen`."""
        found = [self._checked(line).checkpoint for line in dict(self._by_origin()).values()]
        return {checkpoint.origin: checkpoint for checkpoint in found}

    def _by_origin(self) -> Iterator[tuple[str, str]]:
        for line in self._lines(_COSIGNED):
            yield line.removeprefix('{"note": "').partition("\\n")[0], line

    def keep(self, note: Note) -> None:
        """Remember what is about to be cosigned: it is on the disk before anybody has the line."""
        self._append(_COSIGNED, {"note": str(note)})

    def keep_evidence(self, checkpoint: Checkpoint, *, asked: str) -> None:
        """Keep, once, what the log signed that cannot be true beside what it signed before."""
        what = [checkpoint.origin, checkpoint.size, checkpoint.root.hex()]
        kept = self.evidence()
        if len(kept) < _MOST_EVIDENCE and all(one.get("of") != what for one in kept):
            self._append(_REFUSED, {"of": what, "asked": asked})

    def evidence(self) -> list[dict[str, Any]]:
        """What it refused and kept."""
        return [json.loads(line) for line in self._lines(_REFUSED)]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process works in the folder meanwhile; raises :class:`NoWitness`."""
        self.key()
        with (self.path / _KEY).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise NoWitness(f"another process runs the witness in {self.path}") from None
            for name in (_COSIGNED, _REFUSED):
                self._cut_torn_line(name)
            yield

    def _cut_torn_line(self, name: str) -> None:
        file = self.path / name
        if file.exists():
            whole = file.read_bytes()
            if not whole.endswith(b"\n"):
                os.truncate(file, whole.rfind(b"\n") + 1)

    def _lines(self, name: str) -> Iterator[str]:
        file = self.path / name
        if file.exists():
            with file.open(encoding="utf-8", newline="\n") as opened:
                yield from (line[:-1] for line in opened if line.endswith("\n"))

    def _append(self, name: str, value: Mapping[str, Any]) -> None:
        line = f"{json.dumps(value)}\n".encode()
        file = os.open(self.path / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            before = os.fstat(file).st_size
            _write_whole(file, line, before=before)
            if not before:
                to_disk(self.path)
        finally:
            os.close(file)

    def _write(self, name: str, content: str) -> None:
        try:
            file = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise NoWitness(f"{self.path} holds a witness already; name another folder") from None
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(file)
        to_disk(self.path)

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            what = f"{self.path / name} cannot be read: make a witness with `hub witness init`"
            raise NoWitness(what) from None

    def _key_in(self, text: str, name: str) -> VerifierKey:
        try:
            return VerifierKey.parse(text)
        except NoNote:
            raise NoWitness(f"{self.path / name} holds what is no key") from None


def _write_whole(file: int, line: bytes, *, before: int) -> None:
    """All of a line behind what was there before, or nothing: half of one would be joined to the
    next, and neither read again.
    """
    try:
        if os.write(file, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    except OSError:
        os.ftruncate(file, before)
        raise
