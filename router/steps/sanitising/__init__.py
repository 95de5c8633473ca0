"""Take out of a text what tells who and where others are, and say what went (R31, R32, R36, L7).

What is redacted is a proposal to the item's owner, who authorises it; when in doubt it takes out
too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from router.steps.sanitising.accounts import accounts
from router.steps.sanitising.callings import callings
from router.steps.sanitising.dates import births, dates
from router.steps.sanitising.figures import NUMBER_WORDS, holds_figures, in_figures
from router.steps.sanitising.forms import Forms, forms_of
from router.steps.sanitising.known import Known, known_of
from router.steps.sanitising.numbers import numbers
from router.steps.sanitising.places import institutions, postcodes, streets
from router.steps.sanitising.reading import Reading, closed_up, read
from router.steps.sanitising.span import Span
from router.steps.sanitising.telling import told
from router.steps.sanitising.words import bare_words
from schemas.product import Redaction

__all__ = ["LONGEST", "Known", "Sanitised", "known_of", "redacted", "sanitise"]

LONGEST = 20_000
"""Characters: what an item's text may have."""


@dataclass(frozen=True, slots=True, repr=False)
class Sanitised:
    """The text that may be proposed for release, and how it follows from the original."""

    text: str
    redactions: tuple[Redaction, ...]


def sanitise(text: str, *, known: Known) -> Sanitised:
    """Redact contacts, numbers, addresses and names of others; never longer than an item may be."""
    forms = forms_of(known)
    reading = read(text)
    spans = list(_found(reading, known, forms=forms))
    if (closed := closed_up(reading)) is not reading:
        spans += _found(closed, known, forms=forms)
    redactions = tuple(_fitting(text, _merged(spans)))
    return Sanitised(redacted(text, redactions), redactions)


def _found(reading: Reading, known: Known, *, forms: Forms) -> Iterator[Span]:
    words = bare_words(reading)
    distinct = set(words)
    yield from told(reading, words, forms=forms)
    yield from callings(reading, distinct, own=forms.own)
    yield from streets(reading, distinct)
    yield from institutions(reading, distinct, own=forms.own)
    yield from accounts(reading, distinct, known=known.accounts)
    figures = reading if NUMBER_WORDS.isdisjoint(distinct) else in_figures(reading)
    if not holds_figures(figures):
        return
    found = dates(figures)
    yield from births(figures, found, known=known.births)
    yield from numbers(figures, found, known=forms.numbers)
    yield from postcodes(reading, known.places)


def redacted(text: str, redactions: Iterable[Redaction]) -> str:
    """The original with its redactions done: what the sanitised text must be, to the character."""
    pieces: list[str] = []
    at = 0
    for redaction in redactions:
        pieces += (text[at : redaction.start], redaction.replacement)
        at = redaction.end
    return "".join((*pieces, text[at:]))


def _merged(spans: list[Span]) -> Iterator[Span]:
    """In order and apart: what overlaps becomes one, and is called as what begins first."""
    held: Span | None = None
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if held is None:
            held = span
        elif span.start < held.end:
            held = Span(held.start, max(held.end, span.end), held.replacement, held.reason)
        else:
            yield held
            held = span
    if held is not None:
        yield held


_CUT = "[cut]"


def _fitting(text: str, spans: Iterable[Span]) -> Iterator[Redaction]:
    """Replacements may be longer than what they replace: cut off the end of a text too long."""
    found = [
        Redaction(start=s.start, end=s.end, replacement=s.replacement, reason=s.reason)
        for s in spans
    ]
    growth = sum(len(r.replacement) - (r.end - r.start) for r in found)
    if len(text) + growth <= LONGEST:
        yield from found
        return
    length, at = 0, 0
    for redaction in found:
        longer = length + redaction.start - at + len(redaction.replacement)
        if longer > LONGEST - len(_CUT):
            break
        yield redaction
        length, at = longer, redaction.end
    end = min(
        at + LONGEST - len(_CUT) - length, *(r.start for r in found if r.start >= at), len(text)
    )
    yield Redaction(
        start=end, end=len(text), replacement=_CUT, reason="Cut off: longer than an item may be."
    )
