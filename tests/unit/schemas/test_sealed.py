"""A letter sealed to its recipient: opened by whoever it is for, and by nobody else."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey
from pydantic import ValidationError

from schemas.sealed import EncryptionKey, NoKeyNow, NotOpened, key_at, seal, unseal

NOON = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
LETTER = '{"id": "l1", "data": {"text": "Seen alone — at night."}}'.encode()


def private(curve: str = "X25519") -> dict[str, Any]:
    made = OKPKey.generate_key("X25519") if curve == "X25519" else ECKey.generate_key("P-256")
    return dict(made.as_dict(private=True))


def public(key: dict[str, Any], **times: Any) -> EncryptionKey:
    told = {name: key[name] for name in ("crv", "x", "y") if name in key}
    return EncryptionKey.model_validate(told | times)


@pytest.mark.parametrize("curve", ["X25519", "P-256"])
def test_whoever_it_is_for_opens_it_to_the_same_bytes(curve: str) -> None:
    key = private(curve)
    first, again = (seal(LETTER, public(key)) for _ in range(2))
    assert first != again
    assert unseal(first, [key]) == unseal(again.encode(), [private(), key]) == LETTER


def test_a_letter_as_large_as_products_get_is_sealed_too() -> None:
    key, large = private(), LETTER * 20_000
    assert unseal(seal(large, public(key)), [key]) == large


def test_its_header_says_nothing_of_what_it_holds() -> None:
    key = private()
    head = seal(LETTER, public(key)).partition(".")[0]
    told = json.loads(base64.urlsafe_b64decode(head + "=="))
    assert told.pop("epk")["crv"] == "X25519"
    kid = OKPKey.import_key(key).thumbprint()
    assert told == {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": kid, "typ": "JOSE"}


def test_nobody_else_opens_it_also_under_its_recipients_name() -> None:
    key, other = private(), private()
    with pytest.raises(NotOpened, match="none of this agency's"):
        unseal(seal(LETTER, public(key)), [other])
    head = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "typ": "JOSE"}
    named = head | {"kid": OKPKey.import_key(other).thumbprint()}
    moved = jwe.encrypt_compact(named, LETTER, OKPKey.import_key(key))
    with pytest.raises(NotOpened, match="altered"):
        unseal(moved, [other])


@pytest.mark.parametrize("part", range(5))
def test_not_one_sign_of_it_can_be_altered(part: int) -> None:
    key = private()
    parts = seal(LETTER, public(key)).split(".")
    for at in range(0, len(parts[part]), 7):
        sign = "A" if parts[part][at] != "A" else "g"  # bits that count, also in the last
        changed = parts[part][:at] + sign + parts[part][at + 1 :]
        with pytest.raises(NotOpened):
            unseal(".".join([*parts[:part], changed, *parts[part + 1 :]]), [key])


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ECDH-ES", "enc": "A256GCM"},
        {"alg": "ECDH-ES+A256KW", "enc": "A128GCM"},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "zip": "DEF"},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "json"},
    ],
    ids=["alg", "enc", "zip", "cty"],
)
def test_it_is_sealed_in_one_way_only(header: dict[str, str]) -> None:
    key = OKPKey.generate_key("X25519")
    names = [value for name, value in header.items() if name != "cty"]
    told = header | {"kid": key.thumbprint(), "typ": "JOSE"}
    sealed = jwe.encrypt_compact(told, LETTER, key, algorithms=names)
    with pytest.raises(NotOpened):
        unseal(sealed, [dict(key.as_dict(private=True))])


@pytest.mark.parametrize("sealed", [b"", b"a.b.c.d.e", b"\xff", LETTER, b"eyJ9.a.a.a.a"])
def test_what_is_no_sealed_letter_is_said_to_be_none(sealed: bytes) -> None:
    with pytest.raises(NotOpened):
        unseal(sealed, [private()])


def test_letters_are_sealed_to_the_newest_key_that_is_in_force() -> None:
    hour = dt.timedelta(hours=1)
    old = public(private(), until=NOON + hour)
    new = public(private(), since=NOON)
    assert key_at([old, new], NOON - hour) is old
    assert key_at([old, new], NOON) is new
    assert key_at([], NOON) is None
    assert key_at([new], NOON - hour) is None
    with pytest.raises(NoKeyNow):
        key_at([old], NOON + hour)


@pytest.mark.parametrize(
    "key",
    [
        {"crv": "X25519", "x": "A" * 43},
        {"crv": "P-256", "x": "A" * 43, "y": "A" * 43},
        {"crv": "P-256", "x": "A" * 43},
        {"crv": "X25519", "x": "short"},
    ],
    ids=["low order", "off the curve", "half", "short"],
)
def test_what_is_no_key_is_not_registered(key: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EncryptionKey.model_validate(key)
