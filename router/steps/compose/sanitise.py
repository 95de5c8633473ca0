"""Take out of a text what tells who and where others are, and say what went (R31, R32, R36, L7).

What is redacted is a proposal to the item's owner, who authorises it; when in doubt it takes out
too much.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.base import Line, Shape
from schemas.person import Name, Person
from schemas.product import Redaction

LONGEST = 20_000
"""Characters: what an item's text may have."""


class Known(Shape):
    """What the notification says of people and places: only the child's ``own`` names may stay."""

    own: tuple[Line, ...] = ()
    others: tuple[Line, ...] = ()
    places: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Sanitised:
    """The text that may be proposed for release, and how it follows from the original."""

    text: str
    redactions: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True, order=True)
class _Span:
    start: int
    end: int
    replacement: str
    reason: str


def known_of(child: Person) -> Known:
    """The names and places that a notification gives for this child."""
    return Known(
        own=_unique(part for name in child.name for part in _parts(name)),
        others=_unique(part for person in child.related_person for part in _parts(person.name)),
        places=_unique(
            place
            for address in child.address
            for place in (address.line1, address.line2, address.postcode)
        ),
    )


def sanitise(text: str, *, known: Known) -> Sanitised:
    """Redact contacts, numbers, addresses and names of others; never longer than an item may be."""
    spans = [
        *_by_pattern(text),
        *_by_place(text, known),
        *_by_name(text, known),
        *_by_kinship(text, known),
    ]
    redactions = tuple(_fitting(text, _merged(spans)))
    return Sanitised(redacted(text, redactions), redactions)


def redacted(text: str, redactions: Iterable[Redaction]) -> str:
    """The original with its redactions done: what the sanitised text must be, to the character."""
    pieces: list[str] = []
    at = 0
    for redaction in redactions:
        pieces += (text[at : redaction.start], redaction.replacement)
        at = redaction.end
    return "".join((*pieces, text[at:]))


_CAPITALISED = r"[^\W\d_a-z][\w'\u2019-]{0,40}"
"""A word that begins with a capital, or with any letter beyond ASCII.

Bounded, as all that is repeated here is: a long run of letters would be read again from each of
its letters, and hold up every message behind it.
"""
_ALWAYS_STREETS = r"Street|Road|Rd|Avenue|Ave|Lane|Ln|Crescent|Cres|Terrace|Gardens|Gdns|Grove|Mews"
_STREETS = (
    rf"{_ALWAYS_STREETS}|St|Av|Close|Cl|Drive|Dr|Court|Ct|Place|Pl|Way|Terr?|Gr|Square|Sq|"
    r"Hill|Row|Walk|View|Rise|Parade|Green|Park|House|Buildings|Tower"
)
_NUMBER = (
    r"(?<!\w)(?:(?:Flat|Apartment|Apt|Unit|Room)\s+\w{1,5},?\s+)?\d{1,5}[A-Za-z]?(?:-\d{1,5})?,?\s+"
)
_NO_STREET = (
    r"the|a|an|in|on|at|of|to|up|off|down|same|main|this|that|his|her|their|"
    r"from|with|and|or|across|along"
)
_GAP = r"[\s().\u00ad\u2010-\u2015\u200b-\u200f\u2060\u2212\ufeff-]"
"""What people, and programs that lay out text, put between the digits of a number."""
_PATTERNS = (
    (
        "[e-mail]",
        "An e-mail address.",
        re.compile(r"[\w.+'-]{1,64}@[\w-]{1,255}(?:\.[\w-]{1,255})+"),
    ),
    (
        "[telephone]",
        "A telephone number.",
        re.compile(
            rf"(?<![\d+])(?:(?:\+|\(?0)(?:{_GAP}{{0,3}}\d){{8,14}}"
            rf"|7\d{{3}}(?:{_GAP}?\d{{3}}){{2}})(?!\d)"
        ),
    ),
    (
        "[number]",
        "An NHS number or another of ten digits.",
        re.compile(rf"(?<!\d)\d{{3}}{_GAP}?\d{{3}}{_GAP}?\d{{4}}(?!\d)"),
    ),
    (
        "[number]",
        "A unique pupil number.",
        re.compile(r"(?<![A-Za-z0-9])[A-Za-z]\d{11}[A-Za-z0-9](?![A-Za-z0-9])"),
    ),
    (
        "[address]",
        "A street address.",
        re.compile(rf"{_NUMBER}(?:{_CAPITALISED}\s+){{1,4}}(?i:{_STREETS})\b\.?"),
    ),
    (
        "[address]",
        "A street address.",
        re.compile(
            rf"(?i:{_NUMBER}(?:(?!(?:{_NO_STREET})\b)[^\W\d_][\w'\u2019-]{{0,40}}\s+){{1,2}}"
            rf"(?:{_ALWAYS_STREETS})\b)"
        ),
    ),
    (
        "[address]",
        "A flat's address.",
        re.compile(r"(?<!\w)(?i:Flat|Apartment|Apt)\s+\d{1,4}[A-Za-z]?(?!\w)"),
    ),
    (
        "[postcode]",
        "A postcode.",
        re.compile(
            r"(?<!\w)(?:GIR\s?0AA|[A-Z]{1,2}\d[A-Z\d]?\s{0,2}\d[A-Z]{2})(?!\w)", re.IGNORECASE
        ),
    ),
)
_NAMED_STREET = re.compile(
    rf"(?<![\w'\u2019-])(?:{_CAPITALISED}\s+){{1,3}}(?i:{_ALWAYS_STREETS})\b"
)
_DIGIT_OR_AT = re.compile(r"[\d@]")


def _by_pattern(text: str) -> Iterator[_Span]:
    for match in _NAMED_STREET.finditer(text):
        yield _Span(match.start(), match.end(), "[address]", "A street.")
    if _DIGIT_OR_AT.search(text) is None:
        return
    for replacement, reason, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield _Span(match.start(), match.end(), replacement, reason)


def _by_place(text: str, known: Known) -> Iterator[_Span]:
    for place in known.places:
        for start in _occurrences(text, place):
            yield _Span(start, start + len(place), "[address]", "Where the child lives or lived.")


def _occurrences(text: str, phrase: str) -> Iterator[int]:
    """Where the phrase stands, in any case; ``lower`` keeps positions only in ASCII."""
    if not (text.isascii() and phrase.isascii()):
        yield from (match.start() for match in re.finditer(re.escape(phrase), text, re.IGNORECASE))
        return
    where, what = text.lower(), phrase.lower()
    at = where.find(what)
    while at >= 0:
        yield at
        at = where.find(what, at + 1)


_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_POSSESSIVES = ("'s", "\u2019s", "'S", "\u2019S")
_THIRD = "Somebody other than the child."


def _by_name(text: str, known: Known) -> Iterator[_Span]:
    """Names of others, in any case; one that is the child's too only behind another of theirs."""
    others = _words(known.others)
    if not others:
        return
    telling = others - _words(known.own)
    last_end = -1
    for match in _WORD.finditer(text):
        word = _bare(match.group())
        plain = _plain(word)
        follows = (
            last_end >= 0 and plain in others and text[last_end : match.start()].strip(" ") == ""
        )
        if (
            follows
            or plain in telling
            or ("-" in plain and not telling.isdisjoint(plain.split("-")))
        ):
            last_end = match.start() + len(word)
            yield _Span(match.start(), last_end, "[name]", _THIRD)


_TITLES = {"mr", "mrs", "ms", "miss", "mx"}
_KIN = {
    *(
        "sibling",
        "siblings",
        "half-sibling",
        "half-siblings",
        "brother",
        "brothers",
        "sister",
        "sisters",
        "twin",
    ),
    *(
        "stepbrother",
        "step-brother",
        "stepsister",
        "step-sister",
        "half-brother",
        "half-sister",
        "cousin",
        "cousins",
    ),
    *(
        "mother",
        "father",
        "mum",
        "mam",
        "mom",
        "dad",
        "parent",
        "parents",
        "guardian",
        "carer",
        "aunt",
        "auntie",
    ),
    *(
        "stepmother",
        "step-mother",
        "stepfather",
        "step-father",
        "stepmum",
        "step-mum",
        "stepdad",
        "step-dad",
        "uncle",
    ),
    *(
        "grandmother",
        "grandfather",
        "grandparent",
        "nan",
        "nana",
        "gran",
        "granny",
        "granddad",
        "grandad",
    ),
    *("partner", "ex-partner", "boyfriend", "girlfriend", "husband", "wife", "neighbour", "friend"),
}
_FULL_NAME = rf"{_CAPITALISED}(?:\s+{_CAPITALISED}){{0,3}}"
_NAMED = re.compile(
    r"(?:,?\s+(?i:called|named|is called|is named|is))?[\s,.:(]+"
    rf"(?P<names>{_FULL_NAME}(?:(?:,\s*{_FULL_NAME}){{0,8}},?\s+(?:and|&)\s+{_FULL_NAME})?)"
)
_JOINTS = re.compile(r",\s*|\s+(?:and|&)\s+")


def _by_kinship(text: str, known: Known) -> Iterator[_Span]:
    """Names behind a relative or a title, such as a sibling whom only the narrative knows."""
    for match in _WORD.finditer(text):
        plain = match.group().casefold()
        if plain not in _KIN and plain not in _TITLES:
            continue
        named = _NAMED.match(text, match.end())
        if named and (plain in _TITLES or "." not in text[match.end() : named.start("names")]):
            yield from _others_names(named, known)


def _others_names(named: re.Match[str], known: Known) -> Iterator[_Span]:
    """Each of the names, of one person or of several, that is not the child's."""
    start, own = named.start("names"), _words(known.own)
    for name in _JOINTS.split(named["names"]):
        start = named.string.index(name, start)
        bare = _bare(name)
        words = [_plain(_bare(word.group())) for word in _WORD.finditer(bare)]
        if words and not own.issuperset(words):
            yield _Span(start, start + len(bare), "[name]", _THIRD)
        start += len(name)


def _bare(word: str) -> str:
    return word[:-2] if word.endswith(_POSSESSIVES) else word


def _merged(spans: list[_Span]) -> Iterator[_Span]:
    """In order and apart: what overlaps becomes one, and is called as what begins first."""
    held: _Span | None = None
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if held is None:
            held = span
        elif span.start < held.end:
            held = _Span(held.start, max(held.end, span.end), held.replacement, held.reason)
        else:
            yield held
            held = span
    if held is not None:
        yield held


_CUT = "[cut]"


def _fitting(text: str, spans: Iterable[_Span]) -> Iterator[Redaction]:
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


def _parts(name: Name) -> tuple[str | None, ...]:
    return *name.given_name, *name.family_name, name.preferred_name


def _unique(texts: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text and len(text) > 1))


def _words(names: Iterable[str]) -> frozenset[str]:
    """Each word of the names and each part of a double name."""
    words = {_plain(match.group()) for name in names for match in _WORD.finditer(name)}
    parts = {part for word in words for part in word.split("-")}
    return frozenset(word for word in words | parts if len(word) > 1)


def _plain(word: str) -> str:
    """Without case and accents: Mair\u00e9ad and MAIREAD are one name."""
    folded = word.casefold().replace("\u2019", "'")
    if folded.isascii():
        return folded
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(sign)
    )
