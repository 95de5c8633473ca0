"""Words of a text, and which of them are ordinary English and so name nobody by themselves."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final, NamedTuple

from router.steps.compose.sanitising.reading import Reading

TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def data(name: str) -> str:
    """The text of a file of the package."""
    return files(__package__).joinpath(f"data/{name}").read_text(encoding="utf-8")


def _read_lines(name: str) -> frozenset[str]:
    lines = data(name).splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


FIELD: Final = _read_lines("field.txt")
"""Days, peoples, agencies, medicines and the like."""
_ORDINARY: Final = _read_lines("ordinary.txt") | FIELD

TITLES: Final = frozenset("mr mrs ms miss mx dr sir lady rev revd pc dc ds di sgt insp cllr".split())
KIN: Final = frozenset(
    """
    sibling siblings half-sibling half-siblings brother brothers sister sisters twin twins
    stepbrother step-brother stepsister step-sister half-brother half-sister cousin cousins
    mother father mum mam mom dad parent parents guardian carer aunt auntie stepmother step-mother
    stepfather step-father stepmum step-mum stepdad step-dad uncle grandmother grandfather
    grandparent nan nana gran granny granddad grandad partner ex-partner boyfriend girlfriend
    husband wife neighbour friend
    """.split()
)
ARTICLES: Final = frozenset(
    "the a an his her their our my your this that these those each every no any some".split()
)
MODAL: Final = frozenset({"will", "may"})
"""Names that are far oftener verbs where they begin a sentence."""
_AFTER_ARTICLES: Final = frozenset(
    "the a an his her their our my your this that these those each every no any some".split()
)
MODAL: Final = frozenset(
    "the we you they he she it i a an this that these those be not there all any each".split()
)


def is_ordinary(word: str) -> bool:
    """Whether a word in lower case is English as everybody writes it."""
    return word in _ORDINARY


class Word(NamedTuple):
    """A word of a reading: where it stands, and bare."""

    start: int
    end: int
    word: str


def bare_words(reading: Reading) -> list[str]:
    """The words of a reading, in order; what a hyphen joins is several."""
    words = TOKEN.findall(reading.low)
    return list(map(bare, words)) if "'" in reading.low else words


def words_in(reading: Reading) -> list[Word]:
    """The same, with where they stand."""
    return [Word(*found.span(), bare(found.group())) for found in TOKEN.finditer(reading.low)]


def bare(token: str) -> str:
    """A token in lower case without possessive and apostrophes."""
    if "'" not in token:
        return token
    return (token[:-2] if token.endswith("'s") else token).replace("'", "")


def is_caseless(text: str) -> bool:
    """Whether capitals tell nothing, as all letters are capitals or none is."""
    return text.isupper() or text.islower()


_AFTER_WORD: Final = frozenset({"of"})
"""'Jack of all trades', 'Hope of contact'."""
_MONTHS: Final = frozenset({"april", "may", "june", "july", "august", "march"})
_IN_MONTH: Final = frozenset("in since until during last next early late mid this every".split())


def is_written_as_name(text: str, start: int, end: int) -> bool:
    """Whether an ordinary word is meant as a name here: it has a capital, and is no verb that
    begins a sentence and no month in a date.
    """
    if text[start:end].islower():
        return False
    word = text[start:end].lower()
    before, after = _neighbours(text, start, end)
    if after[:1].isdigit() or (
        word in _MONTHS and (before in _IN_MONTH or before[:1].isdigit())
    ):
        return False
    return after not in (_AFTER_MODAL if word in MODAL else _AFTER_WORD)


_LAST: Final = re.compile(r"([^\W_]+)[\s'\"(]{0,3}$")
_NEXT: Final = re.compile(r"\W{0,3}([^\W_]{1,40})")


def _neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    last, following = _LAST.search(text, max(0, start - 40), start), _NEXT.match(text, end)
    return (last[1].lower() if last else ""), (following[1].lower() if following else "")
