r"""How a phrase of the profile is written.

``hit at home``
    these words, one after the other;
``hit~``
    the word in any form: hit, hits, hitting; ``leg(s)``: leg or legs; ``his|her``: one of them;
``{strike}``
    one of the words or phrases that ``[words]`` lists under this name;
``{strike} .. {body}``
    up to :data:`NEAR` words between; ``..2``: up to 2; ``...``: as many as the sentence has;
``{bruise} & {baby}``
    in one sentence, in any order; ``+``: anywhere in the text.

What stands before ``&`` or ``+`` is what may be denied. Case, quotation marks and hyphens do not
matter. Two names are given: ``{number}`` is any number in digits, ``{past-year}`` a year that was
over at least a year before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from router.steps.suggestion.spelling import forms, pieces, spelled_out

NEAR = 6
"""Words that ``..`` stands for, at most."""
NUMBER = "number"
PAST_YEAR = "past-year"
GIVEN = frozenset({NUMBER, PAST_YEAR})
"""Names that no list of words has."""
_GAPS = {"..": NEAR, "...": -1} | {f"..{words}": words for words in range(1, 10)}
_JOINS = frozenset({"&", "+"})


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a phrase: any of these words, or of the words under these names."""

    words: frozenset[str]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """Elements in order; ``gaps``: how many words may stand before each, -1 for any number."""

    elements: tuple[Element, ...]
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Runs in any order: each but the first within the first one's sentence, or anywhere."""

    runs: tuple[Run, ...]
    anywhere: tuple[bool, ...]
    """Of each run, whether it may stand outside of the first one's sentence."""


class BadPhrase(ValueError):
    """A phrase cannot be read; the message says what to write instead."""


def parsed(phrase: str) -> Phrase:
    """Read a phrase as the profile writes it; raises :class:`BadPhrase`."""
    runs: list[Run] = []
    anywhere = [False]
    parts: list[str] = []
    for part in phrase.split():
        if part in _JOINS:
            runs.append(_run(parts, phrase))
            anywhere.append(part == "+")
            parts = []
        else:
            parts.append(part)
    runs.append(_run(parts, phrase))
    return Phrase(tuple(runs), tuple(anywhere))


def _run(parts: Sequence[str], phrase: str) -> Run:
    elements: list[Element] = []
    gaps: list[int] = []
    gap = 0
    for part in parts:
        if part in _GAPS:
            gap = _GAPS[part]
            continue
        for element in _elements(part):
            elements.append(element)
            gaps.append(gap)
            gap = 0
    if not elements or gap or (gaps and gaps[0]):
        raise BadPhrase(f"{phrase!r}: write words on both sides of '..', '...', '&' and '+'")
    return Run(tuple(elements), tuple(gaps))


def _elements(part: str) -> Iterator[Element]:
    if not set(part) & set("{|~("):
        spelled = chain.from_iterable(map(spelled_out, pieces(part)))
        yield from (Element(frozenset((word,))) for word in spelled)
        return
    words, names = set[str](), set[str]()
    for one in part.split("|"):
        if one.startswith("{") and one.endswith("}"):
            names.add(one[1:-1])
        else:
            words.update(_one_word(one))
    yield Element(frozenset(words), frozenset(names))


def _one_word(written: str) -> Iterator[str]:
    if written.endswith("~"):
        yield from forms(written[:-1])
    elif written.endswith(")") and "(" in written:
        word, ending = written[:-1].split("(", 1)
        yield from (word, word + ending)
    elif written.isalnum() or written in ",.;?!:/#":
        yield written
    else:
        raise BadPhrase(f"{written!r}: write one word there, as in 'hit~|slap~', or a phrase alone")


def named(phrase: Phrase) -> Iterator[str]:
    """The names that a phrase uses."""
    for run in phrase.runs:
        for element in run.elements:
            yield from element.names


def unknown(names: Iterator[str], known: Mapping[str, object]) -> set[str]:
    """The names that are neither given nor listed."""
    return set(names) - known.keys() - GIVEN
