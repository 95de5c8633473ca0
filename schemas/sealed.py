"""A letter sealed to its recipient: JWE in its compact form (RFC 7516), an envelope for the way.

Inside are the letter's own bytes, as they would go without it; what owners signed is in there, and
is signed the same. Its header says which key opens it, and nothing of what it holds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey, GuestProtocol, OKPKey
from pydantic import Field, model_validator

from schemas.base import Instant, Shape

SEALED_TYPE: Final = "mash.sealed-letter.v1"
"""The CloudEvents type of a sealed letter over HTTP: it takes the place of the letter's own."""
MEDIA_TYPE: Final = "application/jose"
_ALGORITHMS: Final = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
_TYP: Final = "JOSE"
_HEADER: Final = frozenset({*_ALGORITHMS, "kid", "typ", "epk"})

Coordinate = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 bytes in base64url, as a JWK has them."""


class _Registry(JWERegistry):
    """As the library has it, but that a product with all its items may be larger than 64 KB."""

    max_ciphertext_length = 64_000_000


def _registry() -> JWERegistry:
    return _Registry(algorithms=[*_ALGORITHMS.values()])


class NotOpened(Exception):
    """It is no sealed letter, or sealed to another key, or was altered; the message says which."""


class NoKeyNow(Exception):
    """A letter may only go sealed, and no key of its agency is in force to seal it to."""


class EncryptionKey(Shape):
    """The public half of a key to which an agency's letters are sealed, as a JWK names its parts.

    ``until``: from when nothing is sealed to it; the agency opens with it what was sealed before.
    """

    crv: Literal["X25519", "P-256"]
    x: Coordinate
    y: Coordinate | None = None
    since: Instant | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        try:
            seal(b"", self)
        except (JoseError, ValueError):
            raise ValueError("is no public key: write what `hub edge init` printed") from None
        return self

    @property
    def jwk(self) -> dict[str, str]:
        """As RFC 7517 writes it."""
        told = {"crv": self.crv, "x": self.x, "kty": "OKP" if self.crv == "X25519" else "EC"}
        return told | ({"y": self.y} if self.y else {})

    @property
    def id(self) -> str:
        """By what a sealed letter names it: its thumbprint (RFC 7638)."""
        return _key(self.jwk).thumbprint()

    def is_in_force(self, at: dt.datetime) -> bool:
        """Whether letters are sealed to it at that moment."""
        return self.has_begun(at) and (self.until is None or at < self.until)

    def has_begun(self, at: dt.datetime) -> bool:
        """Whether its time has come, and may have ended."""
        return self.since is None or self.since <= at


_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def key_at(keys: Sequence[EncryptionKey], at: dt.datetime) -> EncryptionKey | None:
    """To which key letters are sealed at that moment: the newest; None where none has begun.

    Raises :class:`NoKeyNow` where all that had begun have ended.
    """
    if not any(key.has_begun(at) for key in keys):
        return None
    in_force = [key for key in keys if key.is_in_force(at)]
    if not in_force:
        raise NoKeyNow
    return max(in_force, key=lambda key: key.since or _EVER)


def seal(letter: bytes, key: EncryptionKey) -> str:
    """The letter for whoever has the private half of the key; another text each time."""
    header = _ALGORITHMS | {"kid": key.id, "typ": _TYP}
    return jwe.encrypt_compact(header, letter, _key(key.jwk), registry=_registry())


def unseal(sealed: str | bytes, private: Iterable[Mapping[str, Any]]) -> bytes:
    """The letter's bytes by one of these private keys (JWKs); raises :class:`NotOpened`."""
    keys = {one.thumbprint(): one for one in map(_key, private)}

    def named(recipient: GuestProtocol) -> OKPKey | ECKey:
        told = recipient.headers()
        if told.keys() != _HEADER or any(told[name] != is_ for name, is_ in _ALGORITHMS.items()):
            raise NotOpened("it is sealed in another way than letters of the hub are")
        if str(told["kid"]) not in keys:
            raise NotOpened("it is sealed to a key that is none of this agency's")
        return keys[str(told["kid"])]

    try:
        opened = jwe.decrypt_compact(sealed, named, registry=_registry())
    except JoseError:
        raise NotOpened("it was altered on its way, or is no sealed letter") from None
    except (ValueError, KeyError, TypeError):
        raise NotOpened("it is no sealed letter") from None
    return opened.plaintext or b""


def in_event(sealed: str, *, letter_id: str) -> bytes:
    """A sealed letter as the structured CloudEvent that goes over HTTP; its id is the letter's."""
    told = {"specversion": "1.0", "id": letter_id, "source": "mash-hub", "type": SEALED_TYPE}
    return json.dumps(told | {"datacontenttype": MEDIA_TYPE, "data": sealed}).encode()


def _key(jwk: Mapping[str, Any]) -> OKPKey | ECKey:
    kind = OKPKey if jwk.get("kty") == "OKP" else ECKey
    return kind.import_key(dict(jwk))
