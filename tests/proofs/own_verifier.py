"""A second verifier, of RFC 9162, C2SP's notes and checkpoints, and of what `hub audit export`
writes: from their texts alone, with nothing of the hub's in it. Slow and plain.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """MTH of hashes of leaves (2.1.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return _node(root_of(leaves[:half]), root_of(leaves[half:]))


def included(leaf: bytes, index: int, *, size: int, path: list[bytes], root: bytes) -> bool:
    """2.1.3.2, word for word."""
    if index >= size or index < 0:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            r = _node(p, r)
            if fn % 2 == 0:
                while fn % 2 == 0 and fn != 0:
                    fn, sn = fn // 2, sn // 2
        else:
            r = _node(r, p)
        fn, sn = fn // 2, sn // 2
    return sn == 0 and r == root


def consistent(old: int, new: int, *, path: list[bytes], roots: tuple[bytes, bytes]) -> bool:
    """2.1.4.2; a tree is consistent with itself and with the empty one without any proof."""
    if old > new or old < 0:
        return False
    if old in (0, new):
        return not path and (old == 0 or roots[0] == roots[1])
    if not path:
        return False
    steps = [roots[0], *path] if old & (old - 1) == 0 else path
    fn, sn = old - 1, new - 1
    while fn % 2 == 1:
        fn, sn = fn // 2, sn // 2
    fr = sr = steps[0]
    for c in steps[1:]:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            if fn % 2 == 0:
                while fn % 2 == 0 and fn != 0:
                    fn, sn = fn // 2, sn // 2
        else:
            sr = _node(sr, c)
        fn, sn = fn // 2, sn // 2
    return (fr, sr, sn) == (roots[0], roots[1], 0)


def checkpoint(note: str, key: str) -> tuple[str, int, bytes] | None:
    """Origin, size and root of a checkpoint that the key has signed; None where it has not."""
    try:
        name, told, value = key.split("+", 2)
        raw = base64.b64decode(value, validate=True)
        kind, public = raw[0], Ed25519PublicKey.from_public_bytes(raw[1:])
        id_ = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        body, under = note.rsplit("\n\n", 1)
        text = body + "\n"
        signed = False
        for line in under.removesuffix("\n").split("\n"):
            dash, by, encoded = line.split(" ")
            signature = base64.b64decode(encoded, validate=True)
            if dash != "\u2014" or base64.b64encode(signature).decode() != encoded:
                return None
            if by == name and signature[:4] == id_:
                _verify(public, kind, text=text, signature=signature[4:])
                signed = True
        origin, size, root, *_ = text.split("\n")
        found = base64.b64decode(root, validate=True)
        if not signed or id_.hex() != told or not origin or str(int(size)) != size:
            return None
    except (ValueError, InvalidSignature, struct.error):
        return None
    whole = note.endswith("\n") and len(found) == 32 and int(size) >= 0
    return (origin, int(size), found) if whole else None


def _verify(public: Ed25519PublicKey, kind: int, *, text: str, signature: bytes) -> None:
    if kind == 4:
        (time,) = struct.unpack(">Q", signature[:8])
        text, signature = f"cosignature/v1\ntime {time}\n{text}", signature[8:]
    public.verify(signature, text.encode())


_COLUMNS = [
    "chain",
    "sequence",
    "message_id",
    "topic",
    "type",
    "source",
    "subject",
    "key",
    "correlation_id",
    "causation_id",
    "time",
    "recorded_at",
    "key_id",
    "digest",
    "payload",
]


def bundle(text: str, key: str) -> bool | None:
    """Whether all of a file of `hub audit export` is what the hub signed; None of what is none."""
    try:
        told = json.loads(text)
        if told["format"] != "mash-hub disclosure 1":
            return None
        signed = checkpoint(told["checkpoint"], key)
        if signed is None:
            return None
        _, size, root = signed
        return all(
            _is_in(one, size=size, root=root) and _says_so(one, told["keys"])
            for one in told["entries"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _b(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _is_in(one: Any, *, size: int, root: bytes) -> bool:
    entry = [one["entry"][name] for name in _COLUMNS]
    values = [
        _b(value) if name in ("digest", "payload") else value
        for name, value in zip(_COLUMNS, entry, strict=True)
    ]
    salt, recorded = _b(one["salt"]), _b(one["hash"])
    path = [_b(step) for step in one["proof"]]
    kinds = b"".join({str: b"s", int: b"i", bytes: b"b"}.get(type(v), b"n") for v in values)
    raw = [v if isinstance(v, bytes) else str(v).encode() for v in values]
    encoded = b"\xff\x02" + kinds + struct.pack(f">{len(raw)}Q", *map(len, raw)) + b"".join(raw)
    head = b"\xfe\x01" + salt + struct.pack(">qh", one["position"], one["hash_version"])
    if (len(salt), len(recorded)) != (16, 32):
        return False
    leaf = hashlib.sha256(b"\x00" + head + recorded + encoded).digest()
    return included(leaf, one["leaf"], size=size, path=path, root=root)


def _says_so(one: Any, keys: dict[str, str]) -> bool:
    """What is sealed opens to what is written beside it, and has its keyed digest (BLAKE2b)."""
    entry, content = one["entry"], one["content"]
    key = keys.get(entry["key_id"])
    if content is None or key is None:
        return content is None and key is None
    raw, payload = _b(key), _b(entry["payload"])
    try:
        plain = AESGCM(raw).decrypt(payload[:12], payload[12:], entry["message_id"].encode())
    except InvalidTag:
        return False
    digest = hashlib.blake2b(plain, digest_size=16, key=raw).digest()
    return json.loads(plain) == content and hmac.compare_digest(digest, _b(entry["digest"]))
