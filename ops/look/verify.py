"""Whether the journal is what was written, entry by entry; nothing is decided again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.look.reading import Readable
from ops.look.record import log_key_of
from ops.look.signed import Signed
from stores import journal
from stores.contents import Contents
from stores.database import View
from stores.journal import Flaw
from stores.ports import Unavailable
from stores.tree.looking import Claim, Looking
from stores.tree.rows import LookingAtRows


@dataclass(slots=True)
class Verified:
    """How many entries there are and what is wrong with them; ``erased``: nobody can look into them
    any more, as an erasure on the record says, of them ``erased_with_leaf`` by one that is in the
    tree; ``unreadable``: nor into these where contents are looked into, and nothing says so;
    ``leaves`` and ``root`` of their tree, and how many entries are ``pending``: they have no leaf
    yet, and none that is much newer has one.
    ``changes``: how many transactions recorded which rows of other tables they changed.
    """

    entries: int = 0
    erased: int = 0
    erased_with_leaf: int = 0
    unreadable: int = 0
    changes: int = 0
    leaves: int = 0
    root: bytes = b""
    pending: int = 0
    flaws: list[Flaw] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> int:
        """Entries per second."""
        return round(self.entries / self.seconds) if self.seconds else self.entries


def verify(
    hub: Readable,
    *,
    contents: bool,
    claims: Sequence[Claim] = (),
    advance: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Recompute every hash of every chain, look for every entry's cause, and compare every entry
    with its leaf and the tree of them with what was signed of it, by the hub and by whoever
    ``claims``; and every row of the other tables with what was recorded of it. With ``contents``
    open all that is sealed and compare it with its digest.
    """
    try:
        return _verified(hub, contents=contents, claims=claims, advance=advance)
    except Unavailable:  # a text may be none any more: then it is looked for; else it is said again
        return _verified(hub, contents=contents, claims=claims, advance=advance, of_damaged=True)


def _verified(
    hub: Readable,
    *,
    contents: bool,
    claims: Sequence[Claim],
    advance: Callable[[int], None],
    of_damaged: bool = False,
) -> Verified:
    started = time.monotonic()
    verified = Verified()
    with hub.database.view(of_damaged=of_damaged) as view:
        opened = Contents(view, opens=contents)
        tree, rows = Looking(view, log_key_of(hub, view), claims), LookingAtRows(view)
        signed = Signed(view)
        for found in _found(view, opened, tree=tree, rows=rows, signed=signed):
            if isinstance(found, Flaw):
                verified.flaws.append(found)
            else:
                verified.entries += found
                advance(found)
    verified.erased, verified.erased_with_leaf = opened.erased, opened.with_leaf
    verified.unreadable = opened.unreadable
    verified.leaves, verified.root = tree.leaves, tree.root
    verified.changes, verified.pending = rows.changes, tree.pending + rows.pending
    verified.seconds = time.monotonic() - started
    return verified


def _found(
    view: View, opened: Contents, *, tree: Looking, rows: LookingAtRows, signed: Signed
) -> Iterator[Flaw | int]:
    def looks(page: Sequence[Any], encodings: Sequence[bytes | None]) -> Iterator[Flaw]:
        yield from tree.check(page, encodings)
        yield from signed.check(page)
        yield from opened.check(page)

    yield from journal.verify(view.connection, looks=looks)
    yield from journal.orphans(view.connection)
    yield from tree.finish()
    yield from rows.check()
