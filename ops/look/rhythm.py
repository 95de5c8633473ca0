"""How often an agency sends by one of its ways in, and whether it is silent for longer than ever.

What is usual is learned from what came, nights and weekends among it: an agency that is silent from
Friday to Monday has had such a gap before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from schemas.topics import TOPICS
from stores import overview
from stores.overview import Reading

_TYPES: Final = tuple(fact.type for topic in TOPICS if topic.external for fact in topic.facts)
_EACH: Final = 500
"""Newest facts of a type that are looked at."""
_LATELY: Final = 14 * 86_400 * 1_000_000
_ENOUGH: Final = 5
"""Gaps from which on there is a rhythm to speak of."""
_AT_LEAST: Final = 3600.0
"""Seconds of silence that nobody is told of."""
_LONGER: Final = 1.5
"""Times the longest gap that there was, after which a way in is silent."""
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between two arrivals, as is usual, and at most; None where too few came to tell."""

    usual: float | None = None
    longest: float | None = None

    def silent(self, since: float | None) -> bool:
        """Whether ``since`` seconds without anything is longer than this way in ever was silent."""
        if since is None or self.longest is None:
            return False
        return since > max(_AT_LEAST, _LONGER * self.longest)


def rhythm(times: Iterable[int]) -> Rhythm:
    """The rhythm of arrivals at these moments (microseconds, in any order); what came within one
    second, as of one file, is one.
    """
    moments = sorted({time // _SECOND for time in times})
    gaps = [float(after - before) for before, after in pairwise(moments)]
    if len(gaps) < _ENOUGH:
        return Rhythm()
    return Rhythm(median(gaps), max(gaps))


def rhythms(
    connection: Reading, now: int, *, newest: Mapping[str, int]
) -> dict[tuple[str, str], Rhythm]:
    """The rhythm of each (connector, agency) of late. ``newest``: when the last fact of each type
    was recorded; types of which none was lately are not asked for.
    """
    wanted = [one for one in _TYPES if newest.get(one, 0) > now - _LATELY]
    found = overview.sources_of(connection, wanted, each=_EACH)
    return {way: rhythm(times) for way, times in _by_way(found).items()}


def _by_way(found: Collection[tuple[str, int]]) -> dict[tuple[str, str], Sequence[int]]:
    by: dict[tuple[str, str], list[int]] = {}
    for source, at in found:
        match source.split("/"):
            case ["mash-hub", connector, agency]:
                by.setdefault((connector, agency), []).append(at)
    return dict(by)
