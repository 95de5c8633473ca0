"""Unique invented words in place of personal data, and the search for them in any of fourteen
disguises.
"""

from __future__ import annotations

import base64
import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

_LETTERS = "bcdfghjklmnpqrstvwxz"


def canary(field_: str) -> str:
    """A word of sixteen consonants that stands nowhere else, always the same for a field:
    ``Qzbcdf…``.
    """
    drawn = sha256(field_.encode()).digest()[:14]
    return "Qz" + "".join(_LETTERS[byte % len(_LETTERS)] for byte in drawn)


def disguises(word: str) -> Iterator[tuple[str, bytes, bool]]:
    """Name and bytes of each form, and whether capitals matter in it."""
    lower = word.lower()
    plain = lower.encode()
    yield "plain", plain, False
    yield "reversed", plain[::-1], False
    yield "hex", plain.hex().encode(), False
    yield "percent", "".join(f"%{byte:02x}" for byte in plain).encode(), False
    yield "utf-16-le", lower.encode("utf-16-le"), False
    yield "utf-16-be", lower.encode("utf-16-be"), False
    yield "json escapes", "".join(f"\\u{ord(letter):04x}" for letter in lower).encode(), False
    yield "python escapes", "".join(f"\\x{ord(letter):02x}" for letter in lower).encode(), False
    yield "html", "".join(f"&#{ord(letter)};" for letter in lower).encode(), False
    yield "rot13", codecs.encode(lower, "rot13").encode(), False
    yield "quoted", quote(lower).encode(), False
    for start in range(3):
        # Whatever stands before it, one of three shifts is the one; its first and last characters
        # hold neighbours too.
        for written in {word, lower, word.upper()}:
            whole = base64.b64encode(b"\0" * start + written.encode())
            yield f"base64 {start}", whole[4:20], True


@dataclass(frozen=True, slots=True)
class Aviary:
    """Canaries by the field that each stands in."""

    words: dict[str, str] = field(default_factory=dict)

    def plant(self, field_: str) -> str:
        """A new canary for a field."""
        return self.words.setdefault(field_, canary(field_))

    def found_in(self, place: str, content: bytes, *, but: Iterable[str] = ()) -> list[str]:
        """Where which canary is, in which form: empty is well. ``but``: fields whose canaries may
        be there.
        """
        lowered, allowed = content.lower(), set(but)
        return [
            f"{field_} ({form}) in {place}"
            for field_, word in self.words.items()
            if field_ not in allowed
            for form, disguised, exact in disguises(word)
            if disguised in (content if exact else lowered)
        ]
