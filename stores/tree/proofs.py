"""Proofs by RFC 9162: that a leaf is in a tree, and that a tree has grown from an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stores.tree.merkle import node_hash

Node = Callable[[int, int], bytes]
"""The hash of a full subtree, by its level and its number among those of its level."""


class NotProven(Exception):
    """The proof does not lead from the one to the other: one is not what it is said to be."""


def inclusion(index: int, size: int, *, node: Node) -> list[bytes]:
    """The proof that the leaf ``index`` is in the tree of this size (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    return _path(index, 0, end=size, node=node)


def consistency(old: int, new: int, *, node: Node) -> list[bytes]:
    """The proof that the tree of size ``new`` begins with that of ``old`` (section 2.1.4.1)."""
    if not 0 <= old <= new:
        raise ValueError("the old tree is the larger one")
    return [] if old in (0, new) else _subproof(old, 0, end=new, node=node, whole=True)


def verify_inclusion(
    index: int, size: int, *, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises :class:`NotProven` unless the leaf is where it is said to be (section 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotProven
    number, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise NotProven
        if number & 1 or number == last:
            found = node_hash(step, found)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, step)
        number, last = number >> 1, last >> 1
    if last or found != root:
        raise NotProven


def verify_consistency(
    old: int, new: int, *, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Raises :class:`NotProven` unless the new tree begins with the old one (section 2.1.4.2)."""
    if not 0 <= old <= new or (old in (0, new) and proof):
        raise NotProven
    if old == 0:
        return
    if old == new:
        if old_root != new_root:
            raise NotProven
        return
    if _joined(old, new, proof=proof, old_root=old_root) != (old_root, new_root):
        raise NotProven


def _joined(old: int, new: int, *, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    """The two roots to which a proof leads."""
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise NotProven
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            raise NotProven
        if number & 1 or number == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, step)
        number, last = number >> 1, last >> 1
    if last:
        raise NotProven
    return first, second


def _path(index: int, start: int, *, end: int, node: Node) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, end=middle, node=node), _root(middle, end, node=node)]
    return [*_path(index, middle, end=end, node=node), _root(start, middle, node=node)]


def _subproof(old: int, start: int, *, end: int, node: Node, whole: bool) -> list[bytes]:
    """``whole``: this part begins where the tree does, so the root of the old one is known."""
    if old == end:
        return [] if whole else [_root(start, end, node=node)]
    middle = start + _split(end - start)
    if old <= middle:
        left = _subproof(old, start, end=middle, node=node, whole=whole)
        return [*left, _root(middle, end, node=node)]
    right = _subproof(old, middle, end=end, node=node, whole=False)
    return [*right, _root(start, middle, node=node)]


def _root(start: int, end: int, *, node: Node) -> bytes:
    """The root of the leaves from ``start`` to before ``end``."""
    size = end - start
    if not size & (size - 1):
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(_root(start, middle, node=node), _root(middle, end, node=node))


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1
