"""ConText: which words of a text are denied, and why; and which mean something else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from router.steps.suggestion.text import Span, Spans, Text
from router.steps.suggestion.vocabulary import Vocabulary
from schemas.policy import Context, Denial


@dataclass(slots=True)
class Denials:
    """For each position of a text: what it is denied by, and whether it is of an idiom."""

    by: dict[Denial, int] = field(default_factory=dict)
    """The positions that each denies, a bit for each."""
    idiom: int = 0
    reached: list[tuple[str, int]] = field(default_factory=list)
    """Of each of the words that deny: the profile's phrase, and what it reaches."""

    def of(self, spans: Spans) -> frozenset[Denial]:
        """Why any word of these is denied."""
        words = _bits_of(spans)
        return frozenset(why for why, covered in self.by.items() if covered & words)

    def because_of(self, spans: Spans) -> tuple[str, ...]:
        """The profile's phrases that deny any word of these."""
        words = _bits_of(spans)
        return tuple(dict.fromkeys(one for one, covered in self.reached if covered & words))

    def in_idiom(self, spans: Spans) -> bool:
        """Whether any word of these is part of an idiom."""
        return bool(self.idiom & _bits_of(spans))


_Found = tuple[Context, Spans, str]


def denials(text: Text, vocabulary: Vocabulary, *, signs: Iterable[Spans]) -> Denials:
    """Look for the words that deny, let each reach as far as it does, and no further.

    Only what stands near the ``signs`` matters, where there are any. What is within one of them is
    part of what it says: 'no underwear' denies nothing.
    """
    result = Denials()
    held = tuple(signs)
    near = text.words_near(_bits_of(span for spans in held for span in spans))
    found = tuple(_found(text, vocabulary, near=near))
    idle, own = _idle(found), _own(held)
    stops: dict[Denial, _Stops] = {}
    for context, spans, phrase in found:
        why = context.means
        if why == "idiom":
            result.idiom |= _bits_of(spans)
        elif isinstance(why, Denial) and not _is_idle(why, spans, idle=idle, own=own):
            if why not in stops:
                stops[why] = _Stops(found, why)
            covered = _bits_of(_reach(context, spans, text=text, stops=stops[why]))
            result.by[why] = result.by.get(why, 0) | covered
            result.reached.append((phrase, covered))
    return result


def _bits_of(spans: Iterable[Span]) -> int:
    bits = 0
    for start, end in spans:
        if end > start:
            bits |= (1 << end) - (1 << start)
    return bits


def _own(signs: Iterable[Spans]) -> int:
    """The words of signs that are more than one word."""
    own = 0
    for spans in signs:
        if len(spans) > 1:
            own |= _bits_of(spans)
    return own


def _found(text: Text, vocabulary: Vocabulary, *, near: Iterable[str]) -> Iterator[_Found]:
    for sought, context in vocabulary.contexts.worth_a_look(near, has=text.has):
        for spans in text.spans(sought):
            yield context, spans, sought.written


_Idle = dict[Denial, dict[int, int]]
"""By what pseudo triggers only seem to say, and by how many words they are: their words."""


def _idle(found: Iterable[_Found]) -> _Idle:
    idle: _Idle = {}
    for context, spans, _ in found:
        if context.means == "pseudo":
            words = _bits_of(spans)
            count = words.bit_count()
            for why in context.of or Denial:
                held = idle.setdefault(why, {})
                held[count] = held.get(count, 0) | words
    return idle


def _is_idle(why: Denial, spans: Spans, *, idle: _Idle, own: int) -> bool:
    """Whether a pseudo trigger that is at least as long holds a word of this trigger, or signs hold
    all of it.
    """
    words = _bits_of(spans)
    if not words & ~own:
        return True
    count = words.bit_count()
    return any(longer >= count and pseudo & words for longer, pseudo in idle.get(why, {}).items())


class _Stops:
    """Where the reach of one kind of denial ends."""

    def __init__(self, found: Sequence[_Found], why: Denial) -> None:
        joined = _bits_of(
            span for context, spans, _ in found if context.means == "joins" for span in spans
        )
        ends = [
            (spans[0][0], spans[-1][1], context.means == "clause")
            for context, spans, _ in found
            if _ends(context, why, joined=bool(joined >> spans[0][0] & 1))
        ]
        self._at = frozenset(start for start, _, clause in ends if not clause)
        self._starts = sorted(start for start, _, _ in ends)
        self._ends = sorted(end for _, end, _ in ends)

    def after(self, position: int) -> int | None:
        """The first from this position on; a clause that begins right here is the trigger's own."""
        if position in self._at:
            return position
        nearest = bisect_right(self._starts, position)
        return self._starts[nearest] if nearest < len(self._starts) else None

    def before(self, position: int) -> int:
        """The end of the last one up to this position, or 0."""
        nearest = bisect_right(self._ends, position)
        return self._ends[nearest - 1] if nearest else 0


def _ends(context: Context, why: Denial, *, joined: bool) -> bool:
    """Whether these words end the reach of what denies so."""
    ends = context.means in {"terminates", "clause"} and not joined
    return ends and (not context.of or why in context.of)


def _reach(
    context: Context, spans: Spans, *, text: Text, stops: _Stops
) -> Iterator[tuple[int, int]]:
    start, end = spans[0][0], spans[-1][1]
    begins, ends = text.bounds(start)
    if context.reaches in {"answers", "previous"}:
        asked = context.reaches == "previous" or text.words[begins - 1] == "?"
        if start == begins and begins and asked:
            yield text.bounds(begins - 1)
        return
    yield start, end
    if context.reaches != "before":
        stop = stops.after(end)
        last = min(ends, end + context.within)
        yield end, last if stop is None else min(last, max(stop, end))
    if context.reaches != "after":
        yield max(begins, start - context.within, stops.before(start)), start
