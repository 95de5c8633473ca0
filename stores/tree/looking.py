"""Whether the journal is what its tree says, and the tree what was signed of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, text

from stores import cursors
from stores.database import View
from stores.journal import Flaw
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.growing import CONSUMER
from stores.tree.leaf import NoEntry, hash_of
from stores.tree.merkle import CompactRange
from stores.tree.notes import NoNote, Note, NotSigned, VerifierKey, timed_key

_LATE = 300
"""Seconds that an entry may have been under way before it was committed, by the clocks of several
servers: one that says that it is older than that was not written when it says.
"""
_PAGE = 5000
_OF_POSITIONS = text(
    "SELECT position, leaf, salt, hash FROM leaves WHERE position BETWEEN :first AND :last"
)
_IN_ORDER = text("SELECT leaf, hash FROM leaves WHERE leaf > :after ORDER BY leaf LIMIT :most")
_WITHOUT_ENTRY = text(
    "SELECT leaf, position FROM leaves WHERE position >= 0 AND NOT EXISTS "
    "(SELECT 1 FROM journal WHERE journal.position = leaves.position) ORDER BY leaf"
)
_SUBTREES = text("SELECT level, number, hash FROM subtrees")


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody has signed that the tree was this one; ``time`` in seconds, where the hub has signed
    that too.
    """

    whose: str
    checkpoint: Checkpoint
    time: int | None = None


def claim_of(note: Note, key: VerifierKey, *, whose: str) -> Claim:
    """What a note says that the log's key has signed.

    Raises ``NotSigned`` where it has not, ``NoNote`` or ``NoCheckpoint`` where it is none.
    """
    timed = timed_key(key)
    signed = note.signed_by([key, timed])
    return Claim(whose, Checkpoint.parse(note.text), signed.get(timed))


@dataclass(slots=True)
class Looking:
    """Looks at every entry beside its leaf, and then at the tree beside all that was signed.

    ``key``: the log's, None where the store has none; ``claims``: what others have of it.
    """

    view: View
    key: VerifierKey | None
    claims: Sequence[Claim] = ()
    leaves: int = 0
    pending: int = 0
    """Entries that have no leaf yet."""
    root: bytes = b""
    _through: int = 0
    _flaws: list[Flaw] = field(default_factory=list)
    _sizes: Sequence[int] = ()
    _times: Sequence[int] = ()
    _newest: int = 0
    """When the newest entry was recorded."""
    _front: tuple[int, Any] | None = None
    """The newest of the entries so far, by position, and when it was recorded."""
    _waits: tuple[int, Any] | None = None
    """Of those without a leaf the one that was recorded first, and when."""

    def __post_init__(self) -> None:
        self._through = cursors.read(self.view, CONSUMER).next_offset - 1
        self.leaves = kept.size_of(self.view.connection)
        own = [*self._own()]
        self._flaws += _steps_back(own)
        self.claims = sorted([*own, *self.claims], key=lambda claim: claim.checkpoint.size)
        timed = [claim for claim in self.claims if claim.time is not None]
        self._sizes = [claim.checkpoint.size for claim in timed]
        self._times = [claim.time or 0 for claim in timed]

    def check(self, rows: Sequence[Any], encodings: Sequence[bytes | None]) -> Iterator[Flaw]:
        """Entries that are not what they were when they got their leaf, or have none."""
        place = {"first": rows[0].position, "last": rows[-1].position}
        found = {row.position: row for row in self.view.connection.execute(_OF_POSITIONS, place)}
        for row, encoding in zip(rows, encodings, strict=True):
            leaf = found.get(row.position)
            recorded = row.recorded_at if isinstance(row.recorded_at, int) else 0
            self._newest = max(self._newest, recorded)
            if leaf is None and row.position <= self._through:
                yield _flaw(row, "not in the tree", leaf=None)
                continue
            self.pending += leaf is None
            if leaf is not None and not _is(leaf, row, encoding=encoding):
                yield _flaw(row, "rewritten", leaf=leaf.leaf)
            elif self._is_back_dated(row, self.leaves if leaf is None else leaf.leaf):
                yield _flaw(row, "back-dated", leaf=None if leaf is None else leaf.leaf)
            else:
                if leaf is None:
                    self._wait(row, recorded)
                if put_in := self._put_in_before(row, recorded):
                    yield put_in

    def _wait(self, row: Any, recorded: int) -> None:
        if self._waits is None or recorded < self._waits[0]:
            self._waits = recorded, row

    def _put_in_before(self, row: Any, recorded: int) -> Flaw | None:
        """Positions and times grow together: what is much newer than an entry behind it was put
        into a gap, where a position had been given out and never used.
        """
        newest, entry = self._front or (recorded, row)
        if newest - _LATE * 1_000_000 <= recorded < newest:
            return None
        self._front = recorded, row
        return (
            _flaw(entry, "newer than what is behind it", leaf=None) if recorded < newest else None
        )

    def _left_out(self) -> Iterator[Flaw]:
        """The first of those that should have their leaf since long. That is told from what was
        recorded since, and not from the clock: a hub that is off gives none, and nothing is amiss.
        """
        if self._waits and self._waits[0] < self._newest - _LATE * 1_000_000:
            yield _flaw(self._waits[1], "not in the tree", leaf=None)

    def finish(self) -> Iterator[Flaw]:
        """Entries that were left out, leaves whose entries are gone, and whatever does not lead to
        what was signed.
        """
        yield from self._flaws
        yield from self._left_out()
        for row in self.view.connection.execute(_WITHOUT_ENTRY):
            yield Flaw("", 0, row.position, "deleted", leaf=row.leaf)
        tree = CompactRange()
        yield from self._followed(tree)
        self.root = tree.root()

    def _is_back_dated(self, row: Any, leaf: int) -> bool:
        """Whether it says to be from before a checkpoint that it is not in."""
        before = bisect_right(self._sizes, leaf)
        if not before or not isinstance(row.recorded_at, int):
            return False
        return bool(row.recorded_at < (self._times[before - 1] - _LATE) * 1_000_000)

    def _own(self) -> Iterator[Claim]:
        """What the store itself keeps of what the hub signed, which is always with the time."""
        for row in kept.every_checkpoint(self.view.connection):
            if self.key is None:
                self._flaws.append(Flaw("", 0, None, "key of the checkpoints missing"))
                return
            try:
                note = Note.parse(row.note)
                claim = claim_of(note, self.key, whose="the hub")
                is_whole = len(note.signed_by([self.key, timed_key(self.key)])) == 2
                if not (is_whole and _is_row_of(claim, row)):
                    raise NotSigned
            except (NoNote, NoCheckpoint, NotSigned):
                self._flaws.append(Flaw("", 0, None, "checkpoint altered", upto=row.size - 1))
                continue
            yield claim

    def _followed(self, tree: CompactRange) -> Iterator[Flaw]:
        """Grow the tree of the leaves as they are kept, and stop at each size that is claimed."""
        doubts = _Doubts()
        waiting = [*reversed(self.claims)]
        full = {(row.level, row.number): row.hash for row in self._rows(_SUBTREES)}
        yield from doubts.compared(tree, waiting)
        for leaf, found in self._in_order():
            if leaf != tree.size:
                yield Flaw("", 0, None, "leaf missing", leaf=tree.size, upto=leaf - 1)
                return
            if not isinstance(found, bytes):  # SQLite keeps whatever it is given
                yield Flaw("", 0, None, "leaf altered", leaf=leaf)
                return
            for level, number, root in tree.append(found):
                if level % kept.STEP == 0 and full.pop((level, number), None) != root:
                    last = (number + 1 << level) - 1
                    yield Flaw("", 0, None, "subtree altered", leaf=number << level, upto=last)
            yield from doubts.compared(tree, waiting)
        if full:
            yield Flaw("", 0, None, "subtrees without leaves")
        for claim in _largest(waiting):
            last = claim.checkpoint.size - 1
            yield Flaw("", 0, None, "cut off", leaf=tree.size, upto=last, against=claim.whose)

    def _in_order(self) -> Iterator[tuple[int, bytes]]:
        after = -1
        while rows := self.view.connection.execute(
            _IN_ORDER, {"after": after, "most": _PAGE}
        ).all():
            yield from map(tuple, rows)
            after = rows[-1].leaf

    def _rows(self, query: Any) -> Iterable[Row[Any]]:
        return self.view.connection.execute(query)


def _is_row_of(claim: Claim, row: Row[Any]) -> bool:
    """Whether a checkpoint's row says the size and the second that were signed."""
    at = row.made_at // 1_000_000 if isinstance(row.made_at, int) else None
    return claim.time is not None and (claim.checkpoint.size, claim.time) == (row.size, at)


@dataclass(slots=True)
class _Doubts:
    """Up to where the tree is what each of those who signed saw; what is behind the first
    difference differs as well, and is not said again.
    """

    good: dict[str, int] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    def compared(self, tree: CompactRange, waiting: list[Claim]) -> Iterator[Flaw]:
        """What is signed of a tree of this size, beside this one; ``waiting`` is the rest."""
        while waiting and waiting[-1].checkpoint.size == tree.size:
            claim = waiting.pop()
            if claim.checkpoint.root == tree.root():
                self.good[claim.whose] = tree.size
            elif claim.whose not in self.bad:
                self.bad.add(claim.whose)
                first = self.good.get(claim.whose, 0)
                last, whose = tree.size - 1, claim.whose
                yield Flaw("", 0, None, "tree rewritten", None, first, last, whose)


def _steps_back(claims: Iterable[Claim]) -> Iterator[Flaw]:
    """Where the hub's clock stood earlier than it had stood before, once: from there on times tell
    less, and whatever is behind it would be named for the same reason.
    """
    newest = 0
    for claim in claims:
        if (claim.time or 0) < newest - _LATE:
            yield Flaw("", 0, None, "clock went back", leaf=claim.checkpoint.size - 1)
            return
        newest = max(newest, claim.time or 0)


def _largest(claims: Iterable[Claim]) -> Iterator[Claim]:
    """The last of each who signed."""
    by_whom = {claim.whose: claim for claim in sorted(claims, key=lambda one: one.checkpoint.size)}
    yield from by_whom.values()


def _is(leaf: Any, row: Any, *, encoding: bytes | None) -> bool:
    try:
        return bool(hash_of(leaf.salt, row, encoding=encoding) == leaf.hash)
    except NoEntry:
        return False


def _flaw(row: Any, what: str, *, leaf: int | None) -> Flaw:
    return Flaw(row.chain, row.sequence, row.position, what, row.message_id, leaf)
