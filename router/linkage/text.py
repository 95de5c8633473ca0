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
_LONGEST: Final = 12
"""Words."""
_SILENT: Final = re.compile(r"['`\u2019\u2018\u02bc\u00b4]")
_OTHER: Final = re.compile(r"[^a-z0-9]+")
_SOUNDS: Final = tuple(
    (letter, re.compile(pattern), instead)
    for letter, pattern, instead in (
        ("c", r"^mc|^mac(?=[^eiy])", "mk"),
        ("n", r"^kn|^gn", "n"),
        ("w", r"^wr", "r"),
        ("x", r"^x(?=[aeiou])", "h"),
        ("y", r"^y", "j"),
        ("w", r"(?<=[aeiou])w(?=[^aeiou]|$)", ""),
        ("", r"tsch|tch|cz|tsz", "C"),
        ("s", r"sch|sz|sh", "S"),
        ("h", r"ch(?=[aeiouy]|$)", "C"),
        ("", r"ck|ch|kh|q", "k"),
        ("p", r"ph", "f"),
        ("c", r"c(?=[eiy])", "s"),
        ("c", r"c", "k"),
        ("x", r"x", "ks"),
        ("z", r"z", "s"),
        ("v", r"v", "f"),
        ("", r"(?<=.)[aeiouyhj]+", ""),
        ("", r"^[aeiou]", "a"),
        ("", r"(.)\1+", r"\1"),
    )
)
"""Each with a letter without which it changes nothing: most words have few of them."""


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


def beginning(folded: str) -> str:
    """The first words: names have no more, and a text of thousands would be compared word by
    word.
    """
    return " ".join(folded.split(" ", _LONGEST)[:_LONGEST])


@kept(65_536)
def sound(word: str) -> str:
    """What a folded word sounds like: its consonants, as British, Polish, Arabic and Somali
    spellings write them.
    """
    for letter, pattern, instead in _SOUNDS:
        if letter in word:
            word = pattern.sub(instead, word)
    return word
