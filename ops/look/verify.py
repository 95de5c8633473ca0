"""Whether the journal is what was written, entry by entry; nothing is decided again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ops.look.reading import Readable
from stores import journal
from stores.contents import Contents
from stores.database import View
from stores.journal import Flaw


@dataclass(slots=True)
class Verified:
    """How many entries there are and what is wrong with them; ``erased``: whose contents nobody
    can look into any more, where they were looked into.
    """

    entries: int = 0
    erased: int = 0
    flaws: list[Flaw] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> int:
        """Entries per second."""
        return round(self.entries / self.seconds) if self.seconds else self.entries


def verify(
    hub: Readable, *, contents: bool, advance: Callable[[int], None] = lambda _: None
) -> Verified:
    """Recompute every hash of every chain and look for every entry's cause; and with ``contents``
    open all that is sealed and compare it with its digest.
    """
    started = time.monotonic()
    verified = Verified()
    with hub.database.view() as view:
        looking = Contents(view)
        for found in _found(view, looking if contents else None):
            if isinstance(found, Flaw):
                verified.flaws.append(found)
            else:
                verified.entries += found
                advance(found)
        verified.erased = looking.erased
    verified.seconds = time.monotonic() - started
    return verified


def _found(view: View, looking: Contents | None) -> Iterator[Flaw | int]:
    looks: Callable[..., Iterable[Flaw]] = looking.check if looking else lambda _: ()
    yield from journal.verify(view.connection, looks=looks)
    yield from journal.orphans(view.connection)
