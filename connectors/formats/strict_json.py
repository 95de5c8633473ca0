"""JSON read strictly: repeated keys, NaN, odd characters and deep nesting are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from connectors.not_taken import NotTaken, dotted
from connectors.parts import Path, every

DEEPEST = 32
"""Levels of nesting; the hub's deepest shape has nine."""

_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""What may be a NUL or half of a surrogate pair."""


_NO_TEXT = re.compile("[\0\ud800-\udfff]")


class Repeated(dict[str, object]):
    """An object that gave a key twice; as a dictionary it holds the last of each."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def overwritten(self) -> Iterator[tuple[str, object]]:
        """What stood under a key before it came again."""
        last = {name: number for number, (name, _) in enumerate(self.pairs)}
        return (pair for number, pair in enumerate(self.pairs) if last[pair[0]] != number)


@dataclass(frozen=True, slots=True, repr=False)
class NotANumber:
    """NaN or an infinity."""

    written: str


class _Fraction(float):
    """A number that is not whole, with how it was written."""

    written: str

    def __new__(cls, written: str) -> _Fraction:
        made = super().__new__(cls, written)
        made.written = written
        return made


@dataclass(frozen=True, slots=True, repr=False)
class Json:
    """A JSON value with the text that it stood in."""

    value: object
    text: bytes
    odd: bool
    """Some part of the text, perhaps of another record, has a fault or may have one."""

    @property
    def fields(self) -> Mapping[str, object]:
        """Of an object; none of anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def _doubtful(self) -> bool:
        return self.odd or self.text.count(b"{") + self.text.count(b"[") > DEEPEST

    def only(self, names: Container[str]) -> Json:
        """With these fields alone, where it is an object: faults elsewhere are of no matter."""
        if not isinstance(self.value, dict) or not self._doubtful:
            return self
        kept = {name: value for name, value in self.value.items() if name in names}
        return replace(self, value=type(self.value)(kept))

    def check(self, *known: Container[str]) -> None:
        """Refuse repeated keys, NaN, NUL characters, half surrogate pairs and deep nesting.

        The field is told in keys that are ``known``: others are the sender's own words.
        """
        if self._doubtful:
            _check(self.value, known)

    def check_depth(self) -> None:
        """Refuse what nests too deeply, and nothing else."""
        if self.text.count(b"{") + self.text.count(b"[") > DEEPEST:
            _check_depth(self.value, 0)

    def parts(self) -> Iterator[Json]:
        """The values of a list, each with a text of its own."""
        if isinstance(self.value, list):
            for part in self.value:
                text = as_sent(part).encode() if self.odd else written(part)
                yield Json(part, text, self.odd)


def decode(body: bytes) -> str:
    """The bytes as text, without a byte-order mark; ``NotTaken`` if they are not UTF-8."""
    try:
        return body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotTaken("unreadable.encoding") from None


def parse(body: bytes) -> Json:
    """Read a JSON text. ``NotTaken`` if it is none; faults of records are left to ``check``."""
    text = decode(body)
    if not text.strip():
        raise NotTaken("unreadable.empty")
    odd = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(items)
        if len(made) == len(items):
            return made
        odd.append("repeated")
        return Repeated(items)

    def constant(name: str) -> object:
        odd.append(name)
        return NotANumber(name)

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=_Fraction
        )
    except RecursionError:
        raise NotTaken("unreadable.too-deep") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise NotTaken("unreadable.json", expected=place) from None
    except ValueError:
        raise NotTaken("unreadable.json") from None
    return Json(value, body, bool(odd) or _ESCAPE.search(text) is not None)


def written(value: object) -> bytes:
    """A value as JSON; what UTF-8 cannot carry is escaped, NaN becomes null."""
    try:
        return json.dumps(value, ensure_ascii=False, default=lambda _: None).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=lambda _: None).encode("ascii")
    except RecursionError:
        raise NotTaken("unreadable.too-deep") from None


def as_sent(value: object) -> str:
    """A value as JSON that keeps whatever was written: keys given twice, NaN, every digit.

    What no text may hold is escaped.
    """
    if isinstance(value, dict):
        pairs = value.pairs if isinstance(value, Repeated) else value.items()
        inside = (f"{as_sent(name)}: {as_sent(part)}" for name, part in pairs)
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_sent, value)) + "]"
    if isinstance(value, NotANumber | _Fraction):
        return value.written
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=cleaned(value) != value)
    return json.dumps(value, default=str)


def repeated(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Place and value of what a later value under the same key of the same object took over."""
    for where, part in every(value, path):
        if isinstance(part, Repeated):
            for name, before in part.overwritten():
                yield (*where, name), before


def cleaned(value: str) -> str:
    """The text without NUL characters and halves of surrogate pairs."""
    return _NO_TEXT.sub("", value)


def _check(value: object, known: Sequence[Container[str]], *path: str | int) -> None:
    if (reason := _fault(value)) is not None:
        told = takewhile(lambda key: isinstance(key, int) or any(key in k for k in known), path)
        raise NotTaken(reason, dotted(tuple(told)).rstrip("., /") or None)
    if isinstance(value, (dict, list)):
        if len(path) >= DEEPEST:
            raise NotTaken("unreadable.too-deep")
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            _check(key, known, *path)
            _check(part, known, *path, key)


def _check_depth(value: object, depth: int) -> None:
    if isinstance(value, (dict, list)):
        if depth >= DEEPEST:
            raise NotTaken("unreadable.too-deep")
        for part in value.values() if isinstance(value, dict) else value:
            _check_depth(part, depth + 1)


def _fault(value: object) -> str | None:
    if isinstance(value, str) and cleaned(value) != value:
        return "invalid.characters"
    if isinstance(value, NotANumber):
        return "unreadable.number"
    return "unreadable.repeated-key" if isinstance(value, Repeated) else None
