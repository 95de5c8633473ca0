"""Keys as numbers: a kind and two texts mixed into a signed 64-bit one, the same on every machine.

The two halves of a key are numbers that are mixed by ``^``, so each is made once however many keys
it is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from router.linkage.kept import kept

_MASK: Final = (1 << 64) - 1
_FIRST: Final = 0x9E3779B97F4A7C15
_SECOND: Final = 0xC2B2AE3D27D4EB4F


Pair = tuple[Sequence[int], Sequence[int]]


def begins(texts: Iterable[str]) -> list[int]:
    """The first halves of keys that begin with these texts."""
    return [_first(text) for text in texts]


def ends(kind: str, texts: Iterable[str]) -> list[int]:
    """The second halves of keys of this kind that end with these texts."""
    of = _kind(kind)
    return [of ^ _second(text) for text in texts]


def joined(pairs: Iterable[Pair]) -> frozenset[int]:
    """The keys of each first half with each second one of each pair."""
    return frozenset([begin ^ end for first, second in pairs for begin in first for end in second])


def single(kind: str, text: str) -> int:
    """The key of this kind of one text."""
    return _kind(kind) ^ _first(text) ^ _second("")


@kept(131_072)
def _first(text: str) -> int:
    return _signed(_hash(text) * _FIRST)


@kept(131_072)
def _second(text: str) -> int:
    return _signed(_hash(text) * _SECOND)


@kept(64)
def _kind(text: str) -> int:
    return _signed(_hash(text))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _signed(number: int) -> int:
    """The low 64 bits as a signed number; ``^`` of two such is one again."""
    low = number & _MASK
    return low - (1 << 64) if low >> 63 else low
