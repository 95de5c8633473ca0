"""What a witness is asked, and what it makes of it (C2SP tlog-witness): pure, as a step is."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.notes import NoNote, Note, NotSigned, VerifierKey
from stores.tree.proofs import NotProven, verify_consistency

_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})")
_MOST_STEPS = 63
_HASH = 32
NO_REQUEST, UNKNOWN, UNSIGNED, NOT_FROM_THERE, INCONSISTENT = 400, 404, 403, 409, 422
"""The HTTP status of each way to be refused."""


class Malformed(Exception):
    """What came is no request to a witness."""


@dataclass(frozen=True, slots=True)
class Request:
    """Cosign this checkpoint: it has grown from the one that you saw, of size ``old``."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        """As it is sent."""
        steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in self.proof)
        return f"old {self.old}\n{steps}\n{self.note}"

    @classmethod
    def parse(cls, body: str) -> Request:
        """Raises :class:`Malformed`."""
        head, _, rest = body.partition("\n\n")
        first, *steps = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or len(steps) > _MOST_STEPS:
            raise Malformed
        try:
            proof = tuple(base64.b64decode(step, validate=True) for step in steps)
            note = Note.parse(rest)
        except (binascii.Error, ValueError, NoNote):
            raise Malformed from None
        if any(len(step) != _HASH for step in proof):
            raise Malformed
        return cls(int(old[1]), proof, note)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The checkpoint may be cosigned, once it is remembered."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not; ``evidence``: what the log has signed that cannot be true beside what it signed
    of the same size. A proof that does not lead there is none: it is not the log that signs it.
    """

    status: int
    size: int = 0
    """That of the checkpoint that the witness saw last."""
    evidence: Checkpoint | None = None


def judge(
    request: Request, logs: Mapping[str, VerifierKey], *, seen: Mapping[str, Checkpoint]
) -> Accepted | Refused:
    """Whether a checkpoint has grown from what was seen of the same log before."""
    try:
        checkpoint = Checkpoint.parse(request.note.text)
    except NoCheckpoint:
        return Refused(NO_REQUEST)
    key = logs.get(checkpoint.origin)
    if key is None:
        return Refused(UNKNOWN)
    try:
        request.note.signed_by([key])
    except (NotSigned, NoNote):
        return Refused(UNSIGNED)
    last = seen.get(checkpoint.origin, Checkpoint(checkpoint.origin, 0, b""))
    return _grown(request, checkpoint, last=last)


def _grown(request: Request, checkpoint: Checkpoint, *, last: Checkpoint) -> Accepted | Refused:
    if request.old > checkpoint.size:
        return Refused(NO_REQUEST)
    if checkpoint.size == last.size and last.size and checkpoint.root != last.root:
        return Refused(NOT_FROM_THERE, last.size, checkpoint)
    if request.old != last.size:
        return Refused(NOT_FROM_THERE, last.size)
    roots = {"old_root": last.root, "new_root": checkpoint.root}
    try:
        verify_consistency(last.size, checkpoint.size, proof=request.proof, **roots)
    except NotProven:
        return Refused(INCONSISTENT, last.size)
    return Accepted(checkpoint)
