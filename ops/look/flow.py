"""How fast messages come to each topic, in the last hour, five minutes at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.topology import WRITTEN_BY
from schemas.topics import FACTS, TOPICS
from stores import codec, overview
from stores.database import Database

SLOTS: Final = 12
MINUTES: Final = 5
_SLOT: Final = MINUTES * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Flow:
    """Facts recorded on each topic, the oldest slot first, each so many minutes long."""

    began: tuple[dt.datetime, ...]
    """When each slot began."""
    topics: Mapping[str, tuple[int, ...]]

    def out_of(self, step: str) -> tuple[int, ...]:
        """What came to the topics that a step writes, others' part of it included."""
        written = [self.topics[topic] for topic, by in WRITTEN_BY.items() if step in by]
        return tuple(map(sum, zip(*written, strict=True))) if written else (0,) * SLOTS


def flow(database: Database, now: int) -> Flow:
    """Of the hour before ``now`` (microseconds), by the journal's index of types. Raises
    ``Unavailable``.
    """
    began = [now - _SLOT * (SLOTS - number) for number in range(SLOTS)]
    with database.reading() as connection:
        places = [overview.position_before(connection, moment) for moment in began]
        asked = {(type_, place) for type_ in FACTS for place in set(places)}
        behind = overview.behind(connection, asked)
    topics = {}
    for topic in TOPICS:
        after = [sum(behind[fact.type, place].count for fact in topic.facts) for place in places]
        topics[topic.name] = tuple(
            one - later for one, later in zip(after, [*after[1:], 0], strict=True)
        )
    return Flow(tuple(map(codec.from_micros, began)), topics)
