"""Passphrases of people who have no account of their own on the hub's machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

LEAST = 12
"""Characters."""
_COST, _BLOCK, _LANES = 2**16, 8, 1
_ROOM = 2 * 128 * _BLOCK * _COST


def made_of(passphrase: str) -> str:
    """What the configuration keeps of one: it says how it was made, and not what it was."""
    salt = os.urandom(16)
    parts = (salt, _digest(passphrase, salt, cost=_COST))
    return ":".join(("scrypt", str(_COST), *(base64.b64encode(one).decode() for one in parts)))


def is_sound(kept: str) -> bool:
    """Whether it was made so."""
    return _parts(kept) is not None


def is_right(passphrase: str, kept: str) -> bool:
    """Whether it is what this was made of."""
    parts = _parts(kept)
    if parts is None:
        return False
    cost, salt, digest = parts
    return hmac.compare_digest(_digest(passphrase, salt, cost=cost), digest)


def _parts(kept: str) -> tuple[int, bytes, bytes] | None:
    try:
        kind, cost, salt, digest = kept.split(":")
        found = int(cost), base64.b64decode(salt, validate=True), base64.b64decode(digest)
    except ValueError:
        return None
    power_of_two = found[0] > 1 and found[0] & (found[0] - 1) == 0
    return found if kind == "scrypt" and power_of_two and found[0] <= _COST else None


def _digest(passphrase: str, salt: bytes, *, cost: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=cost, r=_BLOCK, p=_LANES, maxmem=_ROOM, dklen=32
    )
