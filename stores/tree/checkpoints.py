"""Checkpoints (C2SP tlog-checkpoint v1.0.0): which log, how many leaves, which root."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from stores.tree.notes import Note, SignerKey

_BODY = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,17})\n(?P<root>[^\n]+)\n([^\n]+\n)*"
)
_ROOT = 32


class NoCheckpoint(Exception):
    """The text of a note is no checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the tree of a log was: whoever signs it can never say otherwise without being caught."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """What a note's text says; raises :class:`NoCheckpoint`."""
        match = _BODY.fullmatch(text)
        if match is None:
            raise NoCheckpoint
        try:
            root = base64.b64decode(match["root"], validate=True)
        except (binascii.Error, ValueError):
            raise NoCheckpoint from None
        if len(root) != _ROOT:
            raise NoCheckpoint
        return cls(match["origin"], int(match["size"]), root)

    def signed(self, by: SignerKey) -> Note:
        """The note that the log publishes."""
        text = str(self)
        return Note(text, (by.sign(text),))
