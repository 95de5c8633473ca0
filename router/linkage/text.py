"""Spelling: how words are folded, and what they sound like whatever their spelling."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from router.linkage.kept import kept

_LETTERS: Final = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\u0131": "i",
    }
)
_SILENT: Final = re.compile(r"['`\u2019\u2018\u02bc\u00b4]")
_OTHER: Final = re.compile(r"[^a-z0-9]+")
_SOUNDS: Final = (
    (re.compile(r"^mc|^mac(?=[^eiy])"), "mk"),
    (re.compile(r"^kn|^gn"), "n"),
    (re.compile(r"^wr"), "r"),
    (re.compile(r"^x(?=[aeiou])"), "h"),
    (re.compile(r"^y"), "j"),
    (re.compile(r"(?<=[aeiou])w(?=[^aeiou]|$)"), ""),
    (re.compile(r"tsch|tch|cz|tsz"), "C"),
    (re.compile(r"sch|sz|sh"), "S"),
    (re.compile(r"ch(?=[aeiouy]|$)"), "C"),
    (re.compile(r"ck|ch|kh|q"), "k"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"c"), "k"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"z"), "s"),
    (re.compile(r"v"), "f"),
    (re.compile(r"(?<=.)[aeiouyhj]+"), ""),
    (re.compile(r"^[aeiou]"), "a"),
    (re.compile(r"(.)\1+"), r"\1"),
)


@kept(65_536)
def fold(text: str) -> str:
    """``text`` in lower case without accents and apostrophes, its words (letters and digits) apart
    by one space.
    """
    plain = _SILENT.sub("", text).lower()
    if not plain.isascii():
        parts = unicodedata.normalize("NFKD", plain.translate(_LETTERS))
        plain = "".join([c for c in parts if not unicodedata.combining(c)])
    return _OTHER.sub(" ", plain).strip()


@kept(65_536)
def sound(word: str) -> str:
    """What a folded word sounds like: its consonants, as British, Polish, Arabic and Somali
    spellings write them.
    """
    for pattern, instead in _SOUNDS:
        word = pattern.sub(instead, word)
    return word
