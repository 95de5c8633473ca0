"""Topics that a broker has lost are built anew from the store, which is the record.

A topic whose end lies before where the store says that somebody stands in it was lost, wholly or in
part. Then whoever stands in it begins at its start, and what some step has not had yet is sent
again, in the journal's order. Steps that had it already know it by their inbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from router.runtimes.partition import Place
from router.topology import bound_steps
from router.unit import ALL, serves, unit_of_chain
from schemas.topics import FOR_EVERYBODY, TOPICS
from stores import cursors, inbox, outbox
from stores.database import Database
from stores.topics import create_topics, watermarks

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``lost``: the topics that were; ``rewound``: how many stood in them; ``again``: how many
    facts are sent again.
    """

    lost: tuple[str, ...] = ()
    rewound: int = 0
    again: int = 0


def rebuild(database: Database, url: str, *, partitions: int, dry: bool = False) -> Rebuilt:
    """Make the topics that are not there, and put on them what steps have still to hear; ``dry``:
    only tell. Raises ``Unavailable``; then do it again.

    The relay does this before it sends anything. Facts first, then who stands where: after a crash
    in between it shows as before that the topics were lost.
    """
    if not dry:
        create_topics(url, partitions)
    behind = _beyond_the_end(database, url)
    lost = tuple(sorted({place.topic for place in behind.values()}))
    if not lost:
        return Rebuilt()
    if dry:
        unheard = {position for page in _unheard(database, lost) for position in page}
        return Rebuilt(lost, len(behind), len(unheard))
    again = sum(_sent_again(database, page) for page in _unheard(database, lost))
    _log.error("topics.lost", topics=lost, rewound=len(behind), again=again)
    with database.transaction() as transaction:
        for consumer in behind:
            cursors.rewind(transaction, consumer, offset=0)
    return Rebuilt(lost, len(behind), again)


def _beyond_the_end(database: Database, url: str) -> Mapping[str, Place]:
    """Who stands where its topic has nothing any more, by consumer; of a topic of which a part was
    lost all who stand in it.
    """
    marks = watermarks(url, [topic.name for topic in TOPICS])
    found = {
        place.consumer(unit): (place, offset)
        for name, offset in cursors.next_offsets(database).items()
        if (parsed := _place(name)) and offset
        for unit, place in [parsed]
        if place.topic in marks
    }
    lost = {
        place.topic
        for place, offset in found.values()
        if offset > marks[place.topic].get(place.partition, (0, 0))[1]
    }
    return {name: place for name, (place, _) in found.items() if place.topic in lost}


def _place(consumer: str) -> tuple[str, Place] | None:
    unit, *rest = consumer.split("/")
    if len(rest) != 2 or not rest[1].isdecimal():
        return None
    return unit, Place(rest[0], int(rest[1]))


def _unheard(database: Database, lost: tuple[str, ...]) -> Iterator[Mapping[int, str]]:
    """Positions and topics of what some step has not had; of a topic that is everybody's nobody
    knows any more what was on it, so then it is looked for in all of them.
    """
    wanted = {topic.name for topic in TOPICS} if {*lost} & {*FOR_EVERYBODY} else {*lost}
    stand = cursors.every(database)
    units, alone = {*map(unit_of_chain, stand)}, 0
    if ALL in stand:  # before it was in production one process had heard everything for all
        alone = stand[ALL].next_offset - 1
    for bound in bound_steps():
        step = bound.step
        types = [fact.type for fact in step.hears if fact.topic in wanted]
        serving, after = [unit for unit in units if serves(unit, step.name)], alone
        while types:
            with database.reading() as connection:
                rows = inbox.unheard(connection, types, by=serving, after=after)
            if not rows:
                break
            yield {row.position: row.topic for row in rows}
            after = rows[-1].position


def _sent_again(database: Database, entries: Mapping[int, str]) -> int:
    with database.transaction() as transaction:
        return outbox.again(transaction, entries)
