"""What the profile's indicators make of a narrative: which are found, and which it denies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from router.steps.same import Same
from router.steps.suggestion.context import Denials, denials
from router.steps.suggestion.text import Span, Spans, Text
from router.steps.suggestion.vocabulary import Sought, Vocabulary
from router.steps.suggestion.weighing import Signs, Weighed, weigh
from schemas.policy import BoroughProfile, Denial, Indicator
from schemas.rating import Colour

_FEW = 9
"""So many words may say nothing much, and be no riddle."""
_SAYS_WHAT = frozenset({Denial.OTHER, Denial.FICTION, Denial.EXPLAINED, Denial.HISTORICAL})
"""Words that deny so say what a narrative is about."""
Found = tuple[Sought, Indicator, Spans]


@dataclass(frozen=True, slots=True)
class Sign:
    """A phrase of an indicator that the text holds; counted where nothing denies it."""

    indicator: Indicator
    phrase: str
    """As the profile writes it."""
    words: tuple[str, ...]
    """The text's own: for the eyes of whoever has the text before them."""
    denied: frozenset[Denial]
    by: tuple[str, ...] = ()
    """The profile's phrases that deny it, where it was asked."""


@lru_cache(maxsize=16)
def vocabulary(profile: Same[BoroughProfile]) -> Vocabulary:
    """What the profile looks for, made ready once."""
    return Vocabulary(profile.value)


@dataclass(frozen=True, slots=True)
class Reading:
    """What of that for which its profile looks is in a narrative."""

    signs: tuple[Sign, ...]
    known: bool
    """Whether anything of it is known to the profile: a sign, counted or denied, an idiom, or what
    it is about.
    """
    riddle: bool = False
    """Whether something is said, and nothing of it is known."""
    words: Sequence[str] = ()
    """The text's own, spelled out."""
    weighed: Weighed | None = None
    """What they weigh, where the profile weighs."""

    @property
    def red_signs(self) -> Signs:
        """What it holds of the indicators of a Red."""
        red = [one for one in self.signs if one.indicator.colour is Colour.RED]
        counted = [one.indicator.vague for one in red if not one.denied]
        denied = len(counted) < len(red)
        return Signs(not all(counted), any(counted), denied, self.riddle)


def read(
    narrative: str, *, same: Same[BoroughProfile], year: int, explain: bool = False
) -> Reading:
    """Each phrase of the profile's indicators that the text holds, once for each place.

    Takes time in proportion to the text's length, unless it is to ``explain`` by which phrases
    signs are denied. ``year``: when it was written.
    """
    known = vocabulary(same)
    text = Text(narrative, known, year=year)
    found = [
        (sought, indicator, spans)
        for sought, indicator in known.indicators.worth_a_look(text.places, has=text.has)
        for spans in text.spans(sought)
    ]
    context = denials(text, known, signs=(spans for _, _, spans in found))
    signs = tuple(
        Sign(
            indicator,
            sought.written,
            tuple(" ".join(text.words[start:end]) for start, end in spans),
            context.of(spans) - frozenset(indicator.despite),
            context.because_of(spans) if explain else (),
        )
        for sought, indicator, spans in _counting(found, text=text, context=context)
    )
    otherwise = context.idiom or not context.by.keys().isdisjoint(_SAYS_WHAT)
    is_known = bool(signs or otherwise)
    riddle = not is_known and len(narrative.split()) > _FEW
    reading = Reading(signs, known=is_known, riddle=riddle, words=text.words)
    weighing = same.value.weighing
    if weighing is None:
        return reading
    return replace(reading, weighed=weigh(text.words, weighing, signs=reading.red_signs))


def _counting(found: Sequence[Found], *, text: Text, context: Denials) -> Iterator[Found]:
    """Without idioms, and without vague ones in sentences that speak of harm in plain words, and
    only to deny it, or in an idiom.
    """
    settled, unsettled = set[Span](), set[Span]()
    for _, indicator, spans in found:
        if indicator.colour is Colour.RED and not indicator.vague:
            denied = context.of(spans) - frozenset(indicator.despite)
            sentences = settled if denied or context.in_idiom(spans) else unsettled
            sentences.add(text.bounds(spans[0][0]))
    for sought, indicator, spans in found:
        denies = indicator.vague and text.bounds(spans[0][0]) in settled - unsettled
        if not denies and not context.in_idiom(spans):
            yield sought, indicator, spans
