"""Whether two notifications of one child tell of the same concern: a resend under a new reference,
by the same agency or another, exact, amended or forwarded (rules since 2).

What tells them apart from a new incident in the same standard words is the time observed. Where
that differs too, only many words say it that nobody uses of others, with no other figure in them.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from itertools import pairwise
from typing import Final, NamedTuple

from router.linkage.mixing import whole

LATEST: Final = dt.timedelta(days=14)
"""A resend whose time observed is another comes within so long."""
_NEARLY: Final = dt.timedelta(minutes=5)
"""Clocks differ, and forms are filled in again."""
_SHORT: Final = 40
"""Fewer words than this, a handful of stock sentences, are used again of what happened again."""
_MOSTLY, _ALL = 0.6, 0.9
"""Shares of the shorter text that the longer one has: as amended, and as good as all of it."""
_ADDED: Final = 0.4
"""A resend adds at most this share of the first text, or some twenty words."""
_FEW: Final = 20
_KIND: Final = "x"
_APOSTROPHES: Final = re.compile(r"['`\u2019\u2018\u02bc\u00b4]")
_WORDS: Final = re.compile(r"[a-z0-9]+")


class Account(NamedTuple):
    """What was told of a concern, and when it is said to have been observed."""

    observed_at: dt.datetime
    words: tuple[str, ...]


def account(observed_at: dt.datetime, narrative: str) -> Account:
    """The words of a narrative, however they are spaced, quoted, accented or written large."""
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", narrative).lower())
    return Account(observed_at, tuple(_WORDS.findall(plain)))


def is_again(new: Account, first: Account) -> bool:
    """Whether this tells of the same concern as the first, by what the two say."""
    share = _shared(new.words, first.words)
    if at_one_time(new.observed_at, first.observed_at):
        return share >= _MOSTLY
    return depends_on_words(new, first) and share >= _ALL and not _other_figures(new, first)


def depends_on_words(new: Account, first: Account) -> bool:
    """Whether the times observed differ, but little enough that the words may show a resend."""
    at, first_at = new.observed_at, first.observed_at
    if at_one_time(at, first_at) or abs(at - first_at) > LATEST:
        return False
    added = len(new.words) - len(first.words)
    long = min(len(new.words), len(first.words)) >= _SHORT
    return long and added <= max(_FEW, _ADDED * len(first.words))


def is_another(new: Account, first: Account) -> bool:
    """Whether, one reference or not, this is told so much later and in such other words that it is
    a concern of its own: an agency may give a family one number for good.
    """
    late = abs(new.observed_at - first.observed_at) > LATEST
    return late and _shared(new.words, first.words) < _ALL


def is_amended(new: Account, first: Account) -> bool:
    """Whether the first one's words are mostly there still, as in an amendment."""
    return _shared(new.words, first.words) >= _MOSTLY


def words_key(of: Account, names: frozenset[str]) -> int | None:
    """What a text is filed under, without figures and these names, to see how many share it; None
    for one so short that it says nothing by itself.
    """
    if len(of.words) < _SHORT:
        return None
    return whole(_KIND, " ".join(w for w in of.words if w not in names and not w.isdigit()))


def at_one_time(one: dt.datetime, other: dt.datetime) -> bool:
    """Whether both were observed at one time; a day without a time is none."""
    if _day_only(one) or _day_only(other):
        return False
    return abs(one - other) <= _NEARLY


def _day_only(at: dt.datetime) -> bool:
    return at.time() == dt.time()


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Which share of the shorter text's pairs of words the other has."""
    pairs, others = _pairs(one), _pairs(other)
    return len(pairs & others) / max(1, min(len(pairs), len(others)))


def _pairs(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    return set(pairwise(words)) if len(words) > 1 else {words}


def _other_figures(new: Account, first: Account) -> bool:
    """Whether each has a date, time, log number or amount that the other has not."""
    one, other = ({word for word in of.words if any(map(str.isdigit, word))} for of in (new, first))
    return bool(one - other) and bool(other - one)
