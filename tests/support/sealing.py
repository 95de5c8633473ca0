"""Keys to which letters are sealed, made anew for each run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import OKPKey

from schemas.sealed import EncryptionKey, unseal


def _made() -> dict[str, Any]:
    return dict(OKPKey.generate_key("X25519").as_dict(private=True))


@dataclass(frozen=True)
class Opener:
    """An agency's key, with the private half that nobody else has."""

    private: dict[str, Any] = field(default_factory=_made, repr=False)

    def registered(self, **times: str) -> dict[str, str]:
        """As the hub's configuration has it."""
        return {"crv": self.private["crv"], "x": self.private["x"], **times}

    @property
    def public(self) -> EncryptionKey:
        """What letters are sealed to."""
        return EncryptionKey.model_validate(self.registered())

    def opens(self, sealed: str | bytes) -> bytes:
        """The letter."""
        return unseal(sealed, [self.private])
