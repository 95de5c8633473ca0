"""One notification of a stream, with what is true of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ops.demo.simulation.children.families import Child

TRUTH = ("notification_id", "truth_person_id", "truth_family_id", "is_duplicate_of", "truth_tags")


@dataclass(frozen=True, slots=True)
class Told:
    """A notification, the child that it is about, what it sends again ('': nothing), and what is
    difficult in it.
    """

    record: dict[str, Any]
    child: Child
    tags: frozenset[str]
    again: dict[str, Any] | None = None
    sent: dt.datetime = dt.datetime.min
    """When the hub gets it: mostly when it was observed."""
    particulars: str = ""
    """The part of the narrative that no other incident has."""

    def truth(self) -> tuple[str, ...]:
        """A row of :data:`TRUTH`."""
        person = {tag if ":" in tag else f"person:{tag}" for tag in self.child.tags}
        return (
            str(self.record["notification_id"]),
            f"P{self.child.id:07d}",
            f"F{self.child.family.id:06d}",
            str(self.again["notification_id"]) if self.again else "",
            " ".join(sorted(self.tags | person)),
        )
