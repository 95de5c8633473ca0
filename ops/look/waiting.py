"""All that waits for a person of an agency at what it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.access.acting import Asker
from ops.look import changes, handed, received
from ops.look.changes import Changed
from ops.look.handed import Handed
from ops.look.recalls import Recalled
from ops.run.wiring import Hub


@dataclass(frozen=True, slots=True)
class Waiting:
    """Products, changes, recalls and handovers; of the last those too that somebody has."""

    products: Sequence[received.Waiting]
    changed: Sequence[Changed]
    back: Sequence[Recalled]
    handed: Sequence[Handed]

    @property
    def count(self) -> int:
        """How many of them somebody has still to say something of."""
        owed = sum(one.waits for one in self.handed)
        return len(self.products) + len(self.changed) + len(self.back) + owed


def of(hub: Hub, asker: Asker) -> Waiting:
    """All of the agency of who asks."""
    return Waiting(
        received.waiting(hub, asker),
        changes.waiting(hub, asker),
        received.wanted_back(hub, asker),
        handed.all_of(hub, asker),
    )
