"""Whatever anybody may send to any address of a hub, by chance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import quote

from tests.support.surface import Address

_TEXTS: Final = (
    *("", " ", "\x00", "\u202e", "é", "' OR 1=1 --", "../../etc/passwd", "{{7*7}}", "%s%n"),
    *("<script>alert(1)</script>", "-1", "0", "1", "9" * 400, "NaN", "1e999", "2026-02-30"),
    *("x" * 5000, "a\r\nSet-Cookie: b=c", "send", "link", "red", "none", "true", "[]"),
)
_FIELDS: Final = (
    *("show", "page", "done", "key", "after", "kind", "owed_by", "limit", "state"),
    *("code", "step", "do", "why", "saw", "seen", "once", "count", "colour"),
    *(
        "rationale",
        "person",
        "referral_id",
        "alarm_id",
        "wanted",
        "choice",
        "ruling",
        "text-1",
        "born_year",
    ),
    *("born_day", "begin", "happened", "your_name", "reference", "ids", "danger", "port", "bound"),
    *("born_year", "wait", "decided_by", "reason-1", "shared-1"),
)
_KINDS: Final = (
    *("application/x-www-form-urlencoded", "application/json", "application/cloudevents+json"),
    *("application/cloudevents-batch+json", "multipart/form-data; boundary=x", "text/x; charset=y"),
    "",
)
_EVENT: Final[Mapping[str, Any]] = {
    "specversion": "1.0",
    "id": "x-1",
    "source": "urn:x",
    "type": "mash.notification.v1",
    "dataschema": "urn:mash-hub:v1",
    "data": {"reference": "X-1", "observed_at": "2026-11-03T19:40:00Z", "subject": {}},
}
_METHODS: Final = ("HEAD", "OPTIONS", "PUT", "DELETE")


@dataclass(frozen=True)
class Web:
    """All addresses of a hub with how each is asked for, and what who asks may have."""

    table: Sequence[tuple[str, Address]]
    at: Mapping[str, str]
    """A real address of each kind, where one is known."""
    tokens: Sequence[str]
    """Of agencies."""
    form_tokens: Mapping[str, str]
    """Of people; empty: of nobody who has signed in."""


@dataclass(frozen=True)
class Asked:
    """Who asks, how, for which address, and what they send."""

    who: str
    how: str
    path: str
    sent: dict[str, Any]


def asked(chance: Random, web: Web) -> Asked:
    """One of them."""
    how, address = chance.choice(web.table)
    how = how if chance.random() < 0.9 else chance.choice(_METHODS)
    who = chance.choice(sorted(web.form_tokens))
    path = web.at.get(address.template)
    if path is None or chance.random() < 0.3:
        path = address.filled({one: quote(_text(chance) or "-", safe="") for one in address.parts})
    headers = {"content-type": chance.choice(_KINDS)}
    if chance.random() < 0.5:
        headers["authorization"] = f"Bearer {chance.choice((*web.tokens, 'none'))}"
    sent: dict[str, Any] = {"params": _fields(chance, most=3), "headers": headers}
    if how in ("POST", "PUT"):
        # Who signs out asks for nothing more.
        token = "x" if path.endswith("/sign-out") else web.form_tokens[who]
        sent |= _body(chance, token, headers)
    return Asked(who, how, path, sent)


def _body(chance: Random, token: str, headers: dict[str, str]) -> dict[str, Any]:
    if chance.random() < 0.6:
        headers.pop("content-type")
        return {"data": _fields(chance, most=6) | {"form_token": token}}
    event = dict(_EVENT) | {chance.choice((*_EVENT, "time")): _json(chance)}
    told = chance.choice((event, [event, event], _json(chance)))
    return {"content": json.dumps(told).encode() if chance.random() < 0.9 else chance.randbytes(99)}


def _fields(chance: Random, *, most: int) -> dict[str, str]:
    return {chance.choice(_FIELDS): _text(chance) for _ in range(chance.randint(0, most))}


def _text(chance: Random) -> str:
    if chance.random() < 0.7:
        return chance.choice(_TEXTS)
    return "".join(chr(chance.randint(1, 0xD7FF)) for _ in range(chance.randint(1, 30)))


def _json(chance: Random, depth: int = 3) -> Any:
    plain = (None, True, 0, -1, 10**30, 1.5, _text(chance), _text(chance))
    if depth == 0 or chance.random() < 0.5:
        return chance.choice(plain)
    if chance.random() < 0.5:
        return [_json(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    return {_text(chance): _json(chance, depth - 1) for _ in range(chance.randint(0, 3))}
