"""The hub's side: whatever is signed is shown to a witness, and its line is kept under it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import httpx

from ops.witness.asked import INCONSISTENT, NOT_FROM_THERE, Request
from ops.witness.witness import PATH
from stores.database import Database
from stores.tree import kept
from stores.tree.kept import Published
from stores.tree.notes import NoNote, Note, VerifierKey
from stores.tree.proofs import consistency

_REST_SECONDS = 0.5
_TIMEOUT_SECONDS = 10.0
_ATTEMPTS = 3
"""It says what it saw last, and that may be more by the time it is asked again."""


class WitnessDiffers(Exception):
    """The witness saw another record than this store has: it was rewritten, or cut off."""


class WitnessRefuses(Exception):
    """The witness does not know this hub or its key, or answers with what is no cosignature."""


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
        with httpx.Client(timeout=_TIMEOUT_SECONDS) as client:
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
            if answer.status_code != NOT_FROM_THERE:
                self._take(answer, last)
                return True
            self._went_on_from(answer, last.size)
        raise WitnessRefuses

    def _ask(self, client: httpx.Client, last: Published) -> httpx.Response:
        if self._seen > last.size:
            raise WitnessDiffers
        with self.database.reading() as connection:
            proof = tuple(consistency(self._seen, last.size, kept.nodes(connection)))
        body = str(Request(self._seen, proof, last.note)).encode()
        return client.post(self.url.rstrip("/") + PATH, content=body)

    def _went_on_from(self, answer: httpx.Response, size: int) -> None:
        """It saw another size last than was thought; of the same size it saw another tree."""
        said = answer.text.strip()
        if not said.isascii() or not said.isdecimal():
            raise WitnessRefuses
        if int(said) == self._seen == size:
            raise WitnessDiffers
        self._seen = int(said)

    def _take(self, answer: httpx.Response, last: Published) -> None:
        if answer.status_code == INCONSISTENT:
            raise WitnessDiffers
        if answer.status_code != httpx.codes.OK:
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
