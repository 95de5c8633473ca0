"""What the profile's indicators make of a narrative: which are found, and which it denies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from router.steps.suggestion.context import Denials, denials
from router.steps.suggestion.text import Span, Spans, Text
from router.steps.suggestion.vocabulary import Sought, Vocabulary
from schemas.policy import BoroughProfile, Denial, Indicator
from schemas.rating import Colour

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


class Same:
    """A profile as a key by identity, which no other object gets while the key holds it.

    Profiles have dicts and so no hash; hashing one by content for each notification would cost
    more than rating it.
    """

    def __init__(self, profile: BoroughProfile) -> None:
        self.profile = profile

    def __hash__(self) -> int:
        return id(self.profile)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.profile is self.profile


@lru_cache(maxsize=16)
def vocabulary(same: Same) -> Vocabulary:
    """What the profile looks for, made ready once."""
    return Vocabulary(same.profile)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a narrative holds of what its profile looks for."""

    signs: tuple[Sign, ...]
    known: bool
    """Whether anything of it is known to the profile: a sign, counted or denied, an idiom, or what
    it is about.
    """


def read(narrative: str, *, same: Same, year: int) -> Reading:
    """Each phrase of the profile's indicators that the text holds, once for each place.

    Takes time in proportion to the text's length. ``year``: when it was written.
    """
    known = vocabulary(same)
    text = Text(narrative, known, year=year)
    found = [
        (sought, indicator, spans)
        for sought, indicator in known.indicators.worth_a_look(text.places, has=text.has)
        for spans in text.spans(sought)
    ]
    context = denials(text, known, signs=(spans for _, _, spans in found))
    plain = [one for one in found if not one[1].vague]
    settled = _settled(plain, text, context)
    signs = tuple(
        Sign(
            indicator,
            sought.written,
            _said(text.words, spans),
            context.of(spans) - frozenset(indicator.despite),
        )
        for sought, indicator, spans in found
        if not context.in_idiom(spans)
        and not (indicator.vague and text.bounds(spans[0][0]) in settled)
    )
    known_otherwise = context.idiom or not context.by.keys().isdisjoint(_SAYS_WHAT)
    return Reading(signs, known=bool(signs or known_otherwise))


def _settled(plain: Iterable[Found], text: Text, context: Denials) -> frozenset[Span]:
    """The sentences that speak of harm in plain words, and only to deny it, or in an idiom."""
    settled, open_ = set[Span](), set[Span]()
    for _, indicator, spans in plain:
        if indicator.colour is Colour.RED:
            sentence = text.bounds(spans[0][0])
            denied = context.of(spans) - frozenset(indicator.despite)
            (settled if denied or context.in_idiom(spans) else open_).add(sentence)
    return frozenset(settled - open_)


def _said(words: list[str], spans: Spans) -> tuple[str, ...]:
    return tuple(" ".join(words[start:end]) for start, end in spans)
