"""What browsers were asked to sign in with, kept by themselves: whoever asks a thousand times takes
nobody else's place.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

PATIENCE: Final = dt.timedelta(minutes=5)
_BYTES: Final = 32
_AT: Final = 8


@dataclass(frozen=True, slots=True, repr=False)
class Challenges:
    """Random ones, each with when it was given and a seal of this process; remembered are those
    alone that somebody has signed in with, as long as they would still count.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    used: dict[bytes, dt.datetime] = field(default_factory=dict)

    def give(self, at: dt.datetime) -> tuple[bytes, str]:
        """A new one, and what its browser keeps of it."""
        challenge = secrets.token_bytes(_BYTES)
        told = challenge + int(at.timestamp()).to_bytes(_AT, "big")
        return challenge, base64.urlsafe_b64encode(told + self._seal(told)).decode()

    def given(self, kept: str, at: dt.datetime) -> bytes | None:
        """The one that a browser was given, in time and not yet used."""
        try:
            raw = base64.urlsafe_b64decode(kept)
        except ValueError:
            return None
        told, seal = raw[: _BYTES + _AT], raw[_BYTES + _AT :]
        if not hmac.compare_digest(seal, self._seal(told)):
            return None
        since = dt.datetime.fromtimestamp(int.from_bytes(told[_BYTES:], "big"), dt.UTC)
        challenge = told[:_BYTES]
        return challenge if at - since < PATIENCE and challenge not in self.used else None

    def use(self, challenge: bytes, at: dt.datetime) -> bool:
        """Whether nobody has before; from now on somebody has."""
        for one in [one for one, since in self.used.items() if at - since >= 2 * PATIENCE]:
            del self.used[one]
        if challenge in self.used:
            return False
        self.used[challenge] = at
        return True

    def _seal(self, told: bytes) -> bytes:
        return hmac.digest(self.key, told, sha256)
