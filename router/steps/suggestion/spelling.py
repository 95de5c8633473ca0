"""How English is written: pieces of a text, contractions, forms of a word, misspellings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

_PIECE = re.compile(
    r"\d+(?:[.:,]\d+)+|\d+"
    r"|[^\W\d_]+(?:'[^\W\d_]+)*"
    r"|[ \t][-\u2013\u2014]+[ \t]|[.!?;\n:,#/()\u2013\u2014]"
)
BREAKS = frozenset(".!?;\n")
"""What ends a sentence; a full stop within a number does not."""
_WRAPPED = re.compile(r"(?<=[^\n]{60})\n(?=[a-z])")
"""A line that was broken for its length, not for its sense."""
_DASHES = frozenset("-\u2013\u2014")
_STRAIGHT = dict.fromkeys((0x2018, 0x2019, 0x02BC, 0x0060, 0x00B4), "'")
"""Whatever stands for an apostrophe."""
_WITHOUT_APOSTROPHE = frozenset(
    (
        *("arent", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent", "isnt"),
        *("mustnt", "shouldnt", "wasnt", "werent", "wouldnt"),
    )
)
_SHORT = {
    "aint": "is not",
    "cannot": "can not",
    "cant": "can not",
    "can't": "can not",
    "wont": "will not",
    "won't": "will not",
    "shan't": "shall not",
    "ain't": "is not",
    "let's": "let us",
}
_ENDINGS = {"n't": " not", "'ve": " have", "'re": " are", "'ll": " will", "'m": " am"}
_SCOTS = re.compile(r"(can|did|does|was|is|has|had|wid|would|could|dis)n?nae")
_SAID_OTHERWISE = {"wid": "would", "dis": "does"}


def pieces(text: str) -> list[str]:
    """Words, numbers and the marks that matter, in order, without case; in linear time."""
    if "\n" in text:
        text = _WRAPPED.sub(" ", text)
    text = text.translate(_STRAIGHT)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _PIECE.findall(text.casefold())


def spelled_out(piece: str) -> tuple[str, ...]:
    """The words of a piece: ``didn't`` is ``did not``, ``dad's`` is ``dad``, a dash a comma."""
    if piece[0] in _DASHES or piece[0] in " \t":
        return (",",)
    if piece in _SHORT:
        return tuple(_SHORT[piece].split())
    if piece in _WITHOUT_APOSTROPHE:
        return (piece[:-2], "not")
    if piece.endswith("nae") and (scots := _SCOTS.fullmatch(piece)):
        return (_SAID_OTHERWISE.get(scots[1], scots[1]), "not")
    if "'" in piece:
        for ending, meant in _ENDINGS.items():
            if piece.endswith(ending):
                return tuple((piece[: -len(ending)] + meant).split())
        return tuple(filter(None, (piece.partition("'")[0],)))
    return (piece,)


_IRREGULAR = {
    "be": "is are was were been being am",
    "beat": "beats beating beaten beat",
    "bend": "bends bending bent",
    "bind": "binds binding bound",
    "bite": "bites biting bit bitten",
    "bleed": "bleeds bleeding bled",
    "break": "breaks breaking broke broken",
    "burn": "burns burning burned burnt",
    "come": "comes coming came",
    "cut": "cuts cutting cut",
    "do": "does doing did done",
    "drive": "drives driving drove driven",
    "feed": "feeds feeding fed",
    "fling": "flings flinging flung",
    "get": "gets getting got gotten",
    "give": "gives giving gave given",
    "go": "goes going went gone",
    "grind": "grinds grinding ground",
    "hang": "hangs hanging hung hanged",
    "have": "has having had",
    "hit": "hits hitting hit",
    "hold": "holds holding held",
    "hurt": "hurts hurting hurt",
    "keep": "keeps keeping kept",
    "lay": "lays laying laid",
    "leave": "leaves leaving left",
    "lie": "lies lying lay lain lied",
    "lose": "loses losing lost",
    "make": "makes making made",
    "put": "puts putting put",
    "run": "runs running ran",
    "say": "says saying said",
    "see": "sees seeing saw seen",
    "sell": "sells selling sold",
    "send": "sends sending sent",
    "set": "sets setting set",
    "shake": "shakes shaking shook shaken",
    "shoot": "shoots shooting shot",
    "show": "shows showing showed shown",
    "shut": "shuts shutting shut",
    "sit": "sits sitting sat",
    "sleep": "sleeps sleeping slept",
    "sling": "slings slinging slung",
    "slit": "slits slitting slit",
    "spit": "spits spitting spat",
    "split": "splits splitting split",
    "stand": "stands standing stood",
    "steal": "steals stealing stole stolen",
    "stick": "sticks sticking stuck",
    "sting": "stings stinging stung",
    "strike": "strikes striking struck stricken",
    "swing": "swings swinging swung",
    "take": "takes taking took taken",
    "teach": "teaches teaching taught",
    "tear": "tears tearing tore torn",
    "tell": "tells telling told",
    "think": "thinks thinking thought",
    "throw": "throws throwing threw thrown",
    "tie": "ties tying tied",
    "die": "dies dying died",
    "wake": "wakes waking woke woken",
    "wind": "winds winding wound",
}
_DOUBLES = re.compile(r"[^aeiou]*(?:qu)?[aeiou][bdglmnprt]|.*(?:kidnap|traffic|handicap|forbid)")


def forms(word: str) -> tuple[str, ...]:
    """The word, its plural or third person, its past and its -ing: ``slap`` is ``slapped`` too."""
    if word in _IRREGULAR:
        return tuple(dict.fromkeys((word, *_IRREGULAR[word].split())))
    if word.endswith("e"):
        stem = word if word.endswith(("ee", "oe", "ye")) else word[:-1]
        return word, f"{word}s", f"{word}d", f"{stem}ing"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word, f"{word[:-1]}ies", f"{word[:-1]}ied", f"{word}ing"
    third = f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{word}s"
    stem = word + word[-1] if _DOUBLES.fullmatch(word) else word
    if word.endswith("ic"):
        stem = f"{word}k"
    return word, third, f"{stem}ed", f"{stem}ing"


_LONGEST = 20
"""Letters of a piece that may be a misspelling."""


class Misspellings:
    """Finds the words that are one edit from a piece: a letter more, fewer, other or swapped.

    By the deletions of both, so that it costs the same however many words there are. The first
    letter is nearly always right.
    """

    def __init__(self, words: Iterable[str], *, correct: Iterable[str] = ()) -> None:
        """``correct``: what is a word of its own, and no misspelling of another."""
        self._correct = frozenset(correct)
        self._by_deletion: dict[str, list[str]] = {}
        for word in words:
            for key in _deletions(word):
                self._by_deletion.setdefault(key, []).append(word)

    def of(self, piece: str) -> Iterator[str]:
        """The words that the piece may stand for; at most one edit away."""
        if len(piece) > _LONGEST or piece in self._correct:
            return
        near = {word for key in _deletions(piece) for word in self._by_deletion.get(key, ())}
        for word in sorted(near):
            if word[0] == piece[0] and OSA.distance(piece, word, score_cutoff=1) <= 1:
                yield word


def _deletions(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
