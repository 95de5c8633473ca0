"""JSON read strictly: what differs between readers (repeated keys, NaN, odd characters, depth) is
refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import dataclass

from connectors.not_taken import NotTaken

DEEPEST = 32
"""Levels of nesting; the hub's deepest shape has nine."""


_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""What may be a NUL or half of a surrogate pair."""


class _Repeated(dict[str, object]):
    """An object that gave a key twice."""


class _NotANumber:
    """NaN or an infinity."""


@dataclass(frozen=True, slots=True, repr=False)
class Parsed:
    """A JSON value; ``odd`` says that some part of it, perhaps of another record, needs
    :func:`check`.
    """

    value: object
    odd: bool


def decode(body: bytes) -> str:
    """The bytes as text, without a byte-order mark; ``NotTaken`` if they are not UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotTaken("unreadable.encoding") from None
    return text.removeprefix("\ufeff")


def parse(body: bytes) -> Parsed:
    """Read a JSON text; ``NotTaken`` if it is none. Faults of single records are left to
    :func:`check`.
    """
    text = decode(body)
    if not text.strip():
        raise NotTaken("unreadable.empty")
    found: list[object] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(items)
        if len(made) == len(items):
            return made
        found.append(made)
        return _Repeated(made)

    def constant(_: str) -> object:
        found.append(None)
        return _NotANumber()

    try:
        value = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant).decode(text)
    except RecursionError:
        raise NotTaken("unreadable.too-deep") from None
    except ValueError:
        raise NotTaken("unreadable.json") from None
    return Parsed(value, bool(found) or _ESCAPE.search(text) is not None)


def may_be_deep(original: bytes) -> bool:
    """Whether a text has brackets enough to nest deeper than is taken, and so needs
    :func:`check`.
    """
    return original.count(b"{") + original.count(b"[") > DEEPEST


def check(value: object, known: Container[str], depth: int = 1) -> None:
    """Refuse repeated keys, NaN, NUL characters, half surrogate pairs and deep nesting anywhere in
    ``value``.

    The place is told in keys that are ``known``; others are the sender's own words and stay out of
    it.
    """
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, _NotANumber):
        raise NotTaken("unreadable.number")
    elif isinstance(value, _Repeated):
        raise NotTaken("unreadable.repeated-key")
    elif isinstance(value, (dict, list)):
        if depth > DEEPEST:
            raise NotTaken("unreadable.too-deep")
        _check_parts(value, known, depth)


def _check_parts(
    value: dict[str, object] | list[object], known: Container[str], depth: int
) -> None:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        try:
            if isinstance(key, str):
                _check_text(key)
            check(part, known, depth + 1)
        except NotTaken as refused:
            raise _placed(refused, key, known) from None


def _placed(refused: NotTaken, key: str | int, known: Container[str]) -> NotTaken:
    reason, field = refused.refusal.reason, refused.refusal.field
    if reason == "unreadable.too-deep" or (isinstance(key, str) and key not in known):
        return NotTaken(reason)
    name = key if isinstance(key, str) else f"[{key}]"
    joint = "" if field is None or field.startswith("[") else "."
    return refused.within(name + joint)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise NotTaken("invalid.characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotTaken("invalid.characters") from None
