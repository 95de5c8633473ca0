"""Topics that a broker has lost are built anew from the store, which is the record.

A topic whose end lies before where the store says that somebody stands in it was lost, wholly or in
part. Then whoever stands in it begins at its start, and what some step has not had yet is sent
again, in the journal's order. Steps that had it already know it by their inbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from router.runtimes.partition import Partition
from router.topology import bound_steps
from router.unit import ALL, serves, unit_of_chain
from schemas.topics import TOPICS
from stores import cursors, inbox, outbox, topics
from stores.database import Database

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

    The relay does this before it sends anything. Facts first, then topics, then who stands where:
    after a crash in between it shows as before what was lost.
    """
    missing = set(topics.missing_topics(url))
    behind = _behind(database, url, missing)
    if not (missing or behind):
        return Rebuilt()
    if dry:
        again = len({position for page in _unheard(database) for position in page})
    else:
        again = sum(_sent_again(database, page) for page in _unheard(database))
        topics.create_topics(url, partitions)
        _begin_anew(database, behind)
    # Of a hub that has recorded nothing, or of a newer program, a topic is missing and not lost.
    told = missing | {place.topic for place in behind.values()} if again or behind else set()
    if told and not dry:
        _log.error("topics.lost", count=again)
    return Rebuilt(tuple(sorted(told)), len(behind), again)


def _begin_anew(database: Database, behind: Mapping[str, Partition]) -> None:
    with database.transaction() as transaction:
        for consumer in behind:
            cursors.rewind(transaction, consumer, offset=0)


def _behind(database: Database, url: str, missing: set[str]) -> Mapping[str, Partition]:
    """Who stands in topics that were lost, by consumer: missing, or in one of their partitions
    ended before where somebody stands in it.
    """
    there = [topic.name for topic in TOPICS if topic.name not in missing]
    marks = topics.watermarks(url, there) if there else {}
    stand = {
        name: (place, offset)
        for name, offset in cursors.next_offsets(database).items()
        if (place := _place(name)) and offset
    }
    ends = {(topic, number): end for topic in marks for number, (_, end) in marks[topic].items()}
    lost = missing | {
        place.topic
        for place, offset in stand.values()
        if place.topic in marks and offset > ends.get((place.topic, place.partition), 0)
    }
    return {name: place for name, (place, _) in stand.items() if place.topic in lost}


def _place(consumer: str) -> Partition | None:
    _, *rest = consumer.split("/")
    return Partition(rest[0], int(rest[1])) if len(rest) == 2 and rest[1].isdecimal() else None


def _unheard(database: Database) -> Iterator[Mapping[int, str]]:
    """Positions and topics of what some step has not had, of whatever topic: a broker that lost one
    lost what nobody had heard of the others yet, too, and that leaves no trace.
    """
    stand = cursors.every(database)
    units, alone = {*map(unit_of_chain, stand)}, 0
    if ALL in stand:  # before it was in production one process had heard everything for all
        alone = stand[ALL].next_offset - 1
    for bound in bound_steps():
        step = bound.step
        types = [fact.type for fact in step.hears]
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
