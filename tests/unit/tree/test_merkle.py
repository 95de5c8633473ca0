"""Trees by RFC 9162: the published vectors, and a second plain implementation beside them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from stores.tree.merkle import EMPTY, CompactRange, leaf_hash, node_hash, peaks_of
from stores.tree.proofs import (
    Node,
    NotProven,
    consistency,
    inclusion,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
"""The vectors that implementations of Certificate Transparency share: trees of one to eight."""
INCLUSION_OF_5_IN_8 = (
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
CONSISTENCY_OF_6_WITH_8 = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
CONSISTENCY_OF_2_WITH_5 = (
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
)


def numbered(count: int) -> list[bytes]:
    """The hashes of so many leaves."""
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """As the RFC defines it, word for word: slow, and another way than the hub's."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def plain_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of the RFC."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m < k:
        return [*plain_path(m, leaves[:k]), plain_root(leaves[k:])]
    return [*plain_path(m - k, leaves[k:]), plain_root(leaves[:k])]


def plain_subproof(m: int, leaves: Sequence[bytes], *, b: bool) -> list[bytes]:
    """SUBPROOF of the RFC."""
    if m == len(leaves):
        return [] if b else [plain_root(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m <= k:
        return [*plain_subproof(m, leaves[:k], b=b), plain_root(leaves[k:])]
    return [*plain_subproof(m - k, leaves[k:], b=False), plain_root(leaves[:k])]


def nodes_of(leaves: Sequence[bytes]) -> Node:
    """Every full subtree, hashed when it is asked for."""

    def node(level: int, number: int) -> bytes:
        of_it = leaves[number << level : (number + 1) << level]
        assert len(of_it) == 1 << level, "asked for a subtree that is not full"
        return plain_root(of_it)

    return node


def grown(leaves: Sequence[bytes]) -> CompactRange:
    made = CompactRange()
    made.extend(leaves)
    return made


def test_leaves_and_nodes_hash_as_published() -> None:
    """Vectors of rfc6962_test.go of transparency-dev/merkle."""
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    expected = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert leaf_hash(b"L123456").hex() == expected
    expected = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert node_hash(b"N123", b"N456").hex() == expected


@pytest.mark.parametrize("size", range(1, 9))
def test_trees_of_one_to_eight_have_the_published_roots(size: int) -> None:
    assert grown([leaf_hash(leaf) for leaf in LEAVES[:size]]).root() == ROOTS[size - 1]


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert CompactRange().root() == EMPTY


def test_proofs_are_the_published_ones_and_verify() -> None:
    hashed = [leaf_hash(leaf) for leaf in LEAVES]
    node = nodes_of(hashed)
    assert [step.hex() for step in inclusion(5, 8, node=node)] == list(INCLUSION_OF_5_IN_8)
    assert [step.hex() for step in consistency(6, 8, node=node)] == list(CONSISTENCY_OF_6_WITH_8)
    assert [step.hex() for step in consistency(2, 5, node=node)] == list(CONSISTENCY_OF_2_WITH_5)
    verify_inclusion(5, 8, leaf=hashed[5], proof=inclusion(5, 8, node=node), root=ROOTS[7])
    verify_consistency(
        6, 8, proof=consistency(6, 8, node=node), old_root=ROOTS[5], new_root=ROOTS[7]
    )


@for_all(st.integers(0, 300))
def test_a_compact_range_comes_to_the_root_of_the_plain_definition(size: int) -> None:
    leaves = numbered(size)
    assert grown(leaves).root() == plain_root(leaves)


@for_all(st.integers(1, 300))
def test_the_peaks_of_a_range_are_its_full_subtrees(size: int) -> None:
    leaves = numbered(size)
    node = nodes_of(leaves)
    assert grown(leaves).peaks == [node(*place) for place in peaks_of(size)]


@for_all(st.integers(1, 200))
def test_what_a_leaf_completes_is_told_with_its_place(size: int) -> None:
    leaves, made = numbered(size), CompactRange()
    node = nodes_of(leaves)
    for leaf in leaves:
        for level, number, found in made.append(leaf):
            assert found == node(level, number)


@for_all(st.integers(1, 200), st.data())
@settings(max_examples=200)
def test_inclusion_is_proven_of_the_leaf_and_of_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = numbered(size)
    root, proof = plain_root(leaves), inclusion(index, size, node=nodes_of(leaves))
    assert proof == plain_path(index, leaves)
    verify_inclusion(index, size, leaf=leaves[index], proof=proof, root=root)
    with pytest.raises(NotProven):
        verify_inclusion(index, size, leaf=leaf_hash(b"other"), proof=proof, root=root)
    other = data.draw(st.integers(0, size))
    if other != index:
        with pytest.raises(NotProven):
            verify_inclusion(other, size, leaf=leaves[index], proof=proof, root=root)


@for_all(st.integers(0, 200), st.integers(0, 60), st.data())
@settings(max_examples=200)
def test_consistency_is_proven_of_what_has_grown_and_of_nothing_else(
    old: int, more: int, data: st.DataObject
) -> None:
    new = old + more
    leaves = numbered(new)
    roots = {"old_root": plain_root(leaves[:old]), "new_root": plain_root(leaves)}
    proof = consistency(old, new, node=nodes_of(leaves))
    if 0 < old < new:
        assert proof == plain_subproof(old, leaves, b=True)
    verify_consistency(old, new, proof=proof, **roots)
    if not old:
        return
    changed = data.draw(st.integers(0, old - 1))
    other = [*leaves[:changed], leaf_hash(b"rewritten"), *leaves[changed + 1 :]]
    with pytest.raises(NotProven):
        verify_consistency(
            old,
            new,
            proof=consistency(old, new, node=nodes_of(other)),
            old_root=roots["old_root"],
            new_root=plain_root(other),
        )


@for_all(st.integers(1, 100), st.integers(1, 60), st.data())
def test_a_proof_that_was_bent_proves_nothing(old: int, more: int, data: st.DataObject) -> None:
    new = old + more
    leaves = numbered(new)
    roots = {"old_root": plain_root(leaves[:old]), "new_root": plain_root(leaves)}
    proof = consistency(old, new, node=nodes_of(leaves))
    step = data.draw(st.integers(0, len(proof) - 1))
    for bent in (
        [*proof[:step], sha256(proof[step]).digest(), *proof[step + 1 :]],
        [*proof[:step], *proof[step + 1 :]],
        [*proof, proof[step]],
        [proof[step], *proof],
    ):
        with pytest.raises(NotProven):
            verify_consistency(old, new, proof=bent, **roots)
    with pytest.raises(NotProven):
        verify_consistency(new, old, proof=proof, **roots)


def test_a_proof_of_a_leaf_or_a_size_that_is_not_there_is_asked_for_in_vain() -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion(3, 3, node=nodes_of(numbered(3)))
    with pytest.raises(ValueError, match="larger"):
        consistency(4, 3, node=nodes_of(numbered(4)))
