"""Keys as numbers: a kind and two texts mixed into a signed 64-bit one, the same on every machine.

The two halves of a key are numbers mixed by ``^``, so each is made once however many keys it is in.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from router.linkage.kept import kept

Pair = tuple[Iterable[int], Iterable[int]]
"""First and second halves, each of which makes a key with each."""
_MASK: Final = (1 << 64) - 1


def joined(pairs: Iterable[Pair]) -> list[int]:
    """The keys of all pairs."""
    return [begin ^ end for first, second in pairs for begin in first for end in second]


@kept(131_072)
def begin(text: str) -> int:
    """The first half of keys that begin with this text."""
    return _signed(_hash(text) * 0x9E3779B97F4A7C15)


def end(kind: str, text: str) -> int:
    """The second half of keys of this kind that end with this text."""
    return _kind(kind) ^ _end(text)


def whole(kind: str, text: str) -> int:
    """The key of this kind that is made of one text."""
    return begin(text) ^ end(kind, "")


@kept(131_072)
def _end(text: str) -> int:
    return _signed(_hash(text) * 0xC2B2AE3D27D4EB4F)


@kept(64)
def _kind(text: str) -> int:
    return _signed(_hash(text))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _signed(number: int) -> int:
    """The low 64 bits as a signed number; ``^`` of two such is one again."""
    low = number & _MASK
    return low - (1 << 64) if low >> 63 else low
