"""F34: what the hub proves is verified by another program (:mod:`tests.proofs.own_verifier`): the
two agree about trees, proofs, checkpoints and exports, sound and tampered with.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from ops.access.acting import asker
from ops.look import disclosed
from ops.look.disclosure import export
from schemas.access import Purpose
from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.merkle import CompactRange, leaf_hash, node_hash
from stores.tree.notes import Kind, NoNote, Note, NotSigned, SignerKey, VerifierKey
from stores.tree.proofs import (
    NotProven,
    consistency,
    inclusion,
    verify_consistency,
    verify_inclusion,
)
from tests.proofs import own_verifier
from tests.support.filled import filled_hub, grown

CONTROLS: Final = ("path", "signature")
"""What the second verifier does not look at: then the two have to differ."""
_SHOWN: Final = 5
_LARGEST: Final = 70


@dataclass(frozen=True, slots=True)
class Proof:
    """All that is sent to show that a leaf is in a tree, and that it has grown from another."""

    key: str
    note: str
    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    old: int
    old_root: bytes
    grown: tuple[bytes, ...]


def prove(
    path: Path,
    *,
    trees: int,
    bundles: int,
    seed: int,
    without: str | None,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """Ask both of so many trees, each as it is and tampered with, and of copies of an export."""
    chance, verdicts, differ = Random(seed), Counter[str](), list[str]()  # noqa: S311
    for number in range(trees):
        proof = _proof(chance)
        for what, one in (("sound", proof), _tampered(proof, chance)):
            both = _by_the_hub(one), _by_the_other(one, without)
            verdicts[f"{what}: {'held' if both[0] else 'refused'}"] += 1
            if both[0] != both[1] or both[0] != (what == "sound"):
                differ.append(f"tree {number}, {what}")
        advance(1)
    exports = 0
    for number, (what, text, key) in enumerate(_exports(path, chance, count=bundles)):
        exports += 1
        hub, other = _bundle_by_the_hub(path, text, key), _bundle_by_the_other(text, key, without)
        verdicts[f"export {what}: {'held' if hub else 'refused'}"] += 1
        if hub != other or hub != (what == "sound"):
            differ.append(f"export {number}, {what}")
    return {
        "id": "F34",
        "trees": trees,
        "exports": exports,
        "seed": seed,
        "without": without or "",
        "verdicts": dict(sorted(verdicts.items())),
        "differ": len(differ),
        "examples": differ[:_SHOWN],
    }


def _proof(chance: Random) -> Proof:
    """Of a random tree, with a key of its own."""
    leaves = [leaf_hash(chance.randbytes(9)) for _ in range(chance.randint(2, _LARGEST))]
    size, old, index = (
        len(leaves),
        chance.randint(1, len(leaves) - 1),
        chance.randrange(len(leaves)),
    )

    def node(level: int, number: int) -> bytes:
        if not level:
            return leaves[number]
        return node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    tree, before = CompactRange(), CompactRange()
    tree.extend(leaves)
    before.extend(leaves[:old])
    assert own_verifier.root_of(leaves) == tree.root()
    kind = chance.choice((Kind.NOTE, Kind.COSIGNATURE))
    key = SignerKey("log.example", kind, chance.randbytes(32))
    text = str(Checkpoint("log.example/1", size, tree.root()))
    line = key.sign(text) if kind is Kind.NOTE else key.cosign(text, time=chance.getrandbits(31))
    other = SignerKey("other.example", Kind.NOTE, chance.randbytes(32))
    note = Note(text, (other.sign(text), line))
    path, more = inclusion(index, size, node=node), consistency(old, size, node=node)
    return Proof(
        str(key.verifier),
        str(note),
        index,
        leaves[index],
        tuple(path),
        old,
        before.root(),
        tuple(more),
    )


def _tampered(proof: Proof, chance: Random) -> tuple[str, Proof]:
    """With one thing of it otherwise."""
    path, more = [*proof.path], [*proof.grown]
    changes: dict[str, Callable[[], Proof]] = {
        "a bit of the leaf": lambda: replace(proof, leaf=_bit(proof.leaf, chance)),
        "another place": lambda: replace(proof, index=proof.index ^ 1 << chance.randrange(8)),
        "a step altered": lambda: replace(proof, path=_one_altered(path, chance)),
        "a step left out": lambda: replace(proof, path=tuple(path[:-1])),
        "a step too many": lambda: replace(proof, path=(*path, chance.randbytes(32))),
        "an older root": lambda: replace(proof, old_root=_bit(proof.old_root, chance)),
        "growth altered": lambda: replace(proof, grown=_one_altered(more, chance)),
        "growth cut": lambda: replace(proof, grown=tuple(more[:-1])),
        "another root": lambda: replace(proof, note=_letter(proof.note, chance, line=2)),
        "a signature altered": lambda: replace(proof, note=_letter(proof.note, chance, line=-2)),
        "another log": lambda: replace(proof, note=proof.note.replace("log.example/1", "log/2")),
        "another size": lambda: replace(proof, note=proof.note.replace("\n", "\n1", 1)),
        "another key": lambda: replace(proof, key=str(_proof(chance).key)),
    }
    what = chance.choice(sorted(changes))
    return what, changes[what]()


def _bit(raw: bytes, chance: Random) -> bytes:
    at = chance.randrange(8 * len(raw))
    return raw[: at // 8] + bytes((raw[at // 8] ^ 1 << at % 8,)) + raw[at // 8 + 1 :]


def _one_altered(steps: list[bytes], chance: Random) -> tuple[bytes, ...]:
    at = chance.randrange(len(steps))
    return (*steps[:at], _bit(steps[at], chance), *steps[at + 1 :])


def _letter(note: str, chance: Random, *, line: int) -> str:
    """One of base64's letters otherwise, at the end of a line of the note."""
    lines = note.split("\n")
    at = len(lines[line]) - chance.randint(6, 40)
    other = "B" if lines[line][at] == "A" else "A"
    lines[line] = lines[line][:at] + other + lines[line][at + 1 :]
    return "\n".join(lines)


def _by_the_hub(proof: Proof) -> bool:
    try:
        note = Note.parse(proof.note)
        note.signed_by([VerifierKey.parse(proof.key)])
        told = Checkpoint.parse(note.text)
        verify_inclusion(proof.index, told.size, leaf=proof.leaf, proof=proof.path, root=told.root)
        verify_consistency(
            proof.old,
            told.size,
            proof=proof.grown,
            old_root=proof.old_root,
            new_root=told.root,
        )
    except (NoNote, NotSigned, NoCheckpoint, NotProven):
        return False
    return True


def _by_the_other(proof: Proof, without: str | None) -> bool:
    signed = own_verifier.checkpoint(proof.note, proof.key)
    if signed is None:
        return without == "signature"
    _, size, root = signed
    if without == "path":
        return True
    return own_verifier.included(
        proof.leaf, proof.index, size=size, path=[*proof.path], root=root
    ) and own_verifier.consistent(
        proof.old, size, path=[*proof.grown], roots=(proof.old_root, root)
    )


def _exports(path: Path, chance: Random, *, count: int) -> Iterator[tuple[str, str, str]]:
    """A case of a hub as it is exported, and copies in which one value is another."""
    if not count:
        return
    _, hub = filled_hub(path / "hub", notifications=1)
    grown(hub)
    with hub.database.reading() as connection:
        query = "SELECT subject FROM journal WHERE type = 'mash.rating.decided.v1'"
        case = str(connection.exec_driver_sql(query).scalar())
    me = asker(hub, "J. Auditor", why="a court", purpose=Purpose.DISCLOSURE)
    told = export(hub, case, asker=me)
    hub.database.close()
    whole = json.dumps(told)
    yield "sound", whole, told["key"]
    for _ in range(count - 1):
        copy = json.loads(whole)
        yield f"tampered: {_put_otherwise(copy, chance)}", json.dumps(copy), told["key"]


def _put_otherwise(bundle: dict[str, Any], chance: Random) -> str:
    """Alter one value that is covered; answers which."""
    one = chance.choice(bundle["entries"])
    entry, content = one["entry"], one["content"]
    places: list[tuple[Any, str]] = [
        *((one, name) for name in ("position", "leaf", "salt", "hash")),
        *((entry, name) for name in entry if entry[name] is not None),
        *((content, name) for name in content if isinstance(content[name], str)),
    ]
    where, name = chance.choice(places)
    value = where[name]
    if isinstance(value, int):
        where[name] = value + 1
    elif where is content or name not in ("digest", "payload", "salt", "hash"):
        where[name] = value + "x"
    else:
        where[name] = base64.b64encode(_bit(base64.b64decode(value), chance)).decode()
    return name


def _bundle_by_the_hub(path: Path, text: str, key: str) -> bool:
    file = path / "bundle.json"
    file.write_text(text, "utf-8")
    try:
        return not disclosed.verify(file, VerifierKey.parse(key)).amiss
    except disclosed.NoBundle:
        return False


def _bundle_by_the_other(text: str, key: str, without: str | None) -> bool:
    told = own_verifier.bundle(text, key)
    return without == "path" or bool(told)
