"""What facts come to, for a page: each is opened once in this process, and then only what is new.

A list of what is open goes back a year, and most of that is settled. What is kept of it is ids and
codes, in memory alone: it is made anew by whoever starts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import merge
from typing import Final, Generic, Protocol, TypeVar

from schemas.base import Fact
from stores import linking, overview
from stores.database import View
from stores.trail import Entry

_HOUR: Final = 3_600_000_000
_UNDER_WAY: Final = 60_000_000
"""Microseconds that somebody may have been under way before what they wrote was committed."""


def position_of(view: View, moment: int) -> int:
    """A position before which all is older than a moment in the past (microseconds), and behind
    which little is: up to an hour of it. Looked for once an hour.
    """
    hour = moment // _HOUR
    known: dict[int, int] = view.decoded.kept.setdefault(position_of, {})
    if hour not in known:
        if len(known) > _HOURS:
            known.clear()
        known[hour] = overview.position_before(view.connection, hour * _HOUR)
    return known[hour]


_HOURS: Final = 100


class Noting(Protocol):
    """What is kept of facts."""

    def note(self, entry: Entry) -> None:
        """Hear the next one."""
        ...


N = TypeVar("N", bound=Noting)


@dataclass(slots=True)
class _Kept(Generic[N]):
    """What came of the facts of one database."""

    notes: N
    since: int
    """The position after which the search began."""
    upto: int
    """Up to here nothing is to come any more."""
    late: dict[int, int] = field(default_factory=dict)
    """Those behind that which were heard, with when they were recorded."""

    def hear(self, found: Iterable[Entry], *, one_writer: bool) -> None:
        """Hear those that were not heard yet. Where several write, who took an earlier position may
        commit later.
        """
        for entry in found:
            if entry.position not in self.late:
                self.notes.note(entry)
                self.late[entry.position] = entry.recorded_at
        if not self.late:
            return
        settled = max(self.late.values()) - (0 if one_writer else _UNDER_WAY)
        over = [position for position, at in self.late.items() if one_writer or at < settled]
        self.upto = max((self.upto, *over))
        self.late = {one: at for one, at in self.late.items() if one > self.upto}


@dataclass(frozen=True, slots=True, eq=False)
class Question(Generic[N]):
    """Facts of which types are heard, and by what."""

    types: Sequence[type[Fact]]
    make: Callable[[], N]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def asked(self, view: View, *, since: int) -> Iterator[N]:
        """What came of all facts behind a position, or of some earlier ones too; to be read here
        alone, as others hear more.
        """
        with self._lock:
            kept: _Kept[N] | None = view.decoded.kept.get(self)
            if kept is None or since < kept.since:
                kept = view.decoded.kept[self] = _Kept(self.make(), since, since)
            one_writer = view.connection.dialect.name == "sqlite"
            kept.hear(self._new(view, kept), one_writer=one_writer)
            yield kept.notes

    def _new(self, view: View, kept: _Kept[N]) -> Iterator[Entry]:
        each = (
            linking.within(view, type_=type_, period=(kept.upto, _LAST), but=kept.late)
            for type_ in self.types
        )
        return merge(*each, key=lambda entry: entry.position)


_LAST: Final = 1 << 62


@dataclass(slots=True)
class OfAgencies:
    """What is open, by agency: under what it is known, where it was noted last, and of what."""

    open: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)

    def opened(self, agency: str, id_: str, entry: Entry, *, of: str) -> None:
        """Something is from now on."""
        self.open.setdefault(agency, {})[id_] = (entry.position, of)

    def over(self, agency: str, id_: str) -> None:
        """It is no more."""
        self.open.get(agency, {}).pop(id_, None)

    def newest_first(self, agency: str, *, since: int) -> list[tuple[int, str]]:
        """The same with the positions, each once."""
        found = self.open.get(agency, {}).values()
        last: dict[str, int] = {}
        for position, of in found:
            last[of] = max(position, last.get(of, 0))
        each = ((position, of) for of, position in last.items() if position > since)
        return sorted(each, reverse=True)

    def of(self, agency: str, *, since: int) -> set[str]:
        """Of what something is open for an agency, noted behind a position."""
        found = self.open.get(agency, {})
        return {of for position, of in found.values() if position > since}
