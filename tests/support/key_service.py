"""A key service of another's, as the hub sees it: it wraps and unwraps, and shows no key."""

from __future__ import annotations

from collections.abc import Mapping

from stores.wrapping import HeldKeys, Wrapping


class KeyService:
    """As an adapter to a PKCS#11 device or a KMS; ``former``: what wrapped before."""

    def __init__(self, former: Wrapping | None = None) -> None:
        self._own = HeldKeys(b"a key that nobody sees: 32 bytes")
        self._former = former
        self.asked = 0

    @property
    def name(self) -> str:
        """Of its key."""
        return "test-service/1"

    def wrap(self, raw: bytes, *, bound_to: str) -> bytes:
        """As the service does it."""
        return self._own.wrap(raw, bound_to=bound_to)

    def unwrap(self, wrapped: bytes, *, bound_to: str, by: str | None) -> bytes:
        """By itself what it wrapped, and by what wrapped before whatever else there is."""
        self.asked += 1
        if by == self.name or self._former is None:
            return self._own.unwrap(wrapped, bound_to=bound_to, by=None)
        return self._former.unwrap(wrapped, bound_to=bound_to, by=by)


def service(_: Mapping[str, str]) -> KeyService:
    """What ``runtime.key_service`` names."""
    return KeyService()
