"""The hub's side: whatever is signed is shown to a witness, and its line is kept under it."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

import httpx

from connectors.witness.asked import INCONSISTENT, NOT_FROM_THERE, Request
from connectors.witness.witness import PATH
from stores.database import Database
from stores.tree import kept
from stores.tree.kept import Published
from stores.tree.notes import NoNote, Note, VerifierKey
from stores.tree.proofs import consistency

_REST_SECONDS = 0.5
_TIMEOUT_SECONDS = 10.0
"""For each part of an answer, and for all of it."""
_LARGEST = 100_000
"""Bytes of an answer."""
_ATTEMPTS = 3
"""It says what it saw last, and that may be more by the time it is asked again."""
_SIZE = re.compile(r"[0-9]{1,18}\n?")
_AS_IT_IS = {"Accept-Encoding": "identity"}


class WitnessDiffers(Exception):
    """The witness saw another record than this store has: it was rewritten, or cut off."""


class WitnessRefuses(Exception):
    """The witness does not know this hub or its key, or answers with what is no cosignature."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a witness said, as far as it is read at all."""

    status: int
    text: str


@dataclass(slots=True)
class Asking:
    """Shows one witness the last checkpoint. A witness that is away keeps nobody waiting."""

    database: Database
    url: str
    key: VerifierKey
    _seen: int = 0
    """The size that the witness saw last, as far as it is known here."""
    _done: str = ""
    """What it cosigned last."""

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; what goes wrong is raised, and whoever runs parts tries again."""
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            while not stop.wait(_REST_SECONDS):
                self.once(client)

    def once(self, client: httpx.Client) -> bool:
        """Have the last checkpoint cosigned; False where there is none, or it is already.

        Raises :class:`WitnessDiffers`, :class:`WitnessRefuses`, ``Unavailable``, ``HTTPError``.
        """
        for _ in range(_ATTEMPTS):
            # Read each time: another process may have shown the witness a newer one meanwhile.
            with self.database.reading() as connection:
                last = kept.newest(connection)
            if last is None or last.note.text == self._done:
                return False
            answer = self._ask(client, last)
            if answer.status != NOT_FROM_THERE:
                self._take(answer, last)
                return True
            self._went_on_from(answer, last.size)
        raise WitnessRefuses

    def _ask(self, client: httpx.Client, last: Published) -> _Answer:
        if self._seen > last.size:
            raise WitnessDiffers
        with self.database.reading() as connection:
            proof = tuple(consistency(self._seen, last.size, node=kept.nodes(connection)))
        body = str(Request(self._seen, proof, last.note)).encode()
        url, until = self.url.rstrip("/") + PATH, time.monotonic() + _TIMEOUT_SECONDS
        with client.stream("POST", url, content=body, headers=_AS_IT_IS) as answer:
            return _Answer(answer.status_code, _read(answer, until=until))

    def _went_on_from(self, answer: _Answer, size: int) -> None:
        """It saw another size last than was thought; of the same size it saw another tree."""
        if not _SIZE.fullmatch(answer.text):
            raise WitnessRefuses
        said = int(answer.text)
        if said == self._seen == size:
            raise WitnessDiffers
        self._seen = said

    def _take(self, answer: _Answer, last: Published) -> None:
        if answer.status == INCONSISTENT:
            raise WitnessDiffers
        if answer.status != httpx.codes.OK:
            raise WitnessRefuses
        line = self._line(answer.text, last.note)
        with self.database.transaction() as transaction:
            kept.add_line(transaction, line, under=last)
        self._seen, self._done = last.size, last.note.text

    def _line(self, told: str, note: Note) -> str:
        """The one of the answer that is the witness's; there has to be one, and one is taken."""
        try:
            lines = Note.parse(f"{note.text}\n{told}").lines
            (line,) = Note(note.text, lines).only([self.key]).lines
        except (NoNote, ValueError):
            raise WitnessRefuses from None
        return line


def _read(answer: httpx.Response, *, until: float) -> str:
    """The whole of it, as it came; raises :class:`WitnessRefuses` where it is none of a witness."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise WitnessRefuses
    told = bytearray()
    for part in answer.iter_bytes():
        told += part
        if len(told) > _LARGEST or time.monotonic() > until:
            raise WitnessRefuses
    try:
        return told.decode()
    except UnicodeDecodeError:
        raise WitnessRefuses from None
