"""Merkle trees by RFC 9162, section 2.1: how leaves become one root."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256().digest()
"""The root of a tree without leaves."""

Completed = tuple[int, int, bytes]
"""A subtree that is full from now on: its level, its number among those of its level, its hash."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; never that of a node, whatever it holds."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class CompactRange:
    """A tree of which only the full subtrees' roots are kept, so that a leaf costs next to nothing.

    There is one for each bit that is set in ``size``, the largest first.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[Completed]:
        """Take in the hash of the next leaf; answers the subtrees that it fills."""
        completed, level, number, node = [], 0, self.size, leaf
        while number & 1:
            node = node_hash(self.peaks.pop(), node)
            level, number = level + 1, number >> 1
            completed.append((level, number, node))
        self.peaks.append(node)
        self.size += 1
        return completed

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Take in the hashes of the next leaves."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The root of all leaves so far."""
        if not self.peaks:
            return EMPTY
        return reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))

    def copy(self) -> CompactRange:
        """Another that grows by itself."""
        return CompactRange(self.size, list(self.peaks))


def peaks_of(size: int) -> list[tuple[int, int]]:
    """Level and number of each full subtree of a tree of this size, the largest first."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return [(level, (size >> level) - 1) for level in levels]
