"""What brokers and senders have, and the store has not: after a broker was lost, or an older store
was put back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.events.facts import source_key
from router.runtimes.rebuilding import Rebuilt, rebuild
from schemas.message import Message, derived_id
from schemas.settings import HubSettings
from schemas.topics import TOPICS
from stores import codec, cursors, journal, known, topics
from stores.codec import Sealed
from stores.database import Database
from stores.vault import Unreadable

CHAIN = "reconcile"
"""The chain of what was fetched from topics into a store that had lost it."""
_AT_ONCE = 1000


@dataclass(slots=True)
class Ahead:
    """What topics have of agencies' messages, and the store has not. ``fetched``: what can be
    opened. ``lost``: their keys went with the store, so their senders have to send them again.
    """

    fetched: list[Message] = field(default_factory=list)
    lost: list[Sealed] = field(default_factory=list)
    others: int = 0
    """Facts of the hub's own, which it decides anew."""

    def by_agency(self) -> dict[str, int]:
        """How many each has to send again."""
        return dict(sorted(Counter(agency_of(one.source) for one in self.lost).items()))


@dataclass(frozen=True, slots=True)
class Missing:
    """Of what an agency says that was taken from it, what the store has not, by its own ids."""

    agency: str
    said: int
    ids: tuple[str, ...]


class NoList(Exception):
    """A sender's list cannot be read; the message says which line."""


def agency_of(source: str) -> str:
    """Who sent a message, by what the record says of its source; nothing for the hub's own."""
    _, _, rest = source.partition("/")
    _, _, agency = rest.partition("/")
    return agency


def ahead(
    database: Database, settings: HubSettings, *, since: int, advance: Callable[[int], None]
) -> Ahead:
    """What the topics have been given since (microseconds), and the store lacks. Raises
    ``Unavailable``.
    """
    url, found, seen = settings.runtime.topics or "", Ahead(), set[str]()
    for topic in TOPICS:
        for batch in _records(url, topic.name, millis=since // 1000):
            new = [one for one in _sealed(batch, topic.name) if one.id not in seen]
            seen |= {one.id for one in new}
            _sort(database, settings, new, found)
            advance(len(batch))
    return found


def fetch(database: Database, found: Ahead) -> None:
    """Record what could be opened, in the order of its times; the steps hear it from the topics."""
    messages = sorted(found.fetched, key=lambda message: message.time)
    for start in range(0, len(messages), _AT_ONCE):
        with database.transaction() as transaction:
            cursor = cursors.lock(transaction, CHAIN)
            page = messages[start : start + _AT_ONCE]
            had = journal.known_ids(transaction, [message.id for message in page])
            new = [message for message in page if message.id not in had]
            journal.append(transaction, cursor, messages=new)
            cursors.store(transaction, cursor)


def anew(database: Database, settings: HubSettings) -> Rebuilt:
    """Delete the hub's topics, and build them from the store: what they have had since may be
    decided otherwise now. Nobody may be at work on the store. Raises ``Unavailable``.
    """
    url, partitions = settings.runtime.topics or "", settings.runtime.partitions
    topics.delete_topics(url)
    return rebuild(database, url, partitions=partitions)


def missing(database: Database, agency: str, file: Path) -> Missing:
    """Which of the messages that were receipted the store has not, by a list of the agency's: on
    each line its id, or JSON with `id` and, where it has one, `source`. Raises :class:`NoList`.
    """
    told = list(_listed(file))
    keys = {_key(agency, *one): one[0] for one in told}
    wanted = list(keys)
    lacking: list[str] = []
    with database.view() as view:
        for start in range(0, len(wanted), _AT_ONCE):
            page = wanted[start : start + _AT_ONCE]
            had = known.load(view, page)
            lacking += [keys[key] for key in page if key not in had]
    return Missing(agency, len(keys), tuple(lacking))


def _key(agency: str, id_: str, source: str | None) -> str:
    within = (source_key(source),) if source else ()
    return derived_id("arrival", agency, *within, id_)


def _listed(file: Path) -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        if not line.startswith("{"):
            yield line.strip(), None
            continue
        try:
            told = json.loads(line)
            yield str(told["id"]), str(told["source"]) if told.get("source") else None
        except (ValueError, KeyError, TypeError):
            raise NoList(f"{file}, line {number}: write an id, or JSON with `id`") from None


def _records(url: str, topic: str, *, millis: int) -> Iterator[list[topics.TopicRecord]]:
    begin = topics.offsets_since(url, topic, millis=millis)
    for partition, (first, end) in topics.watermarks(url, [topic])[topic].items():
        start = max(first, begin.get(partition, first))
        while start < end:
            last = min(start + _AT_ONCE, end) - 1
            yield topics.read_range(url, topic, partition=partition, first=start, last=last)
            start = last + 1


def _sealed(records: Iterable[topics.TopicRecord], topic: str) -> Iterator[Sealed]:
    for record in records:
        try:
            yield codec.from_event(record.value or b"", topic=topic)
        except (Unreadable, RecursionError):
            continue


def _sort(database: Database, settings: HubSettings, new: Sequence[Sealed], found: Ahead) -> None:
    with database.view() as view:
        had = journal.known_ids(view, [one.id for one in new])
        lacking = [one for one in new if one.id not in had]
        keys = view.vault.readable(view.connection, {one.key_id for one in lacking})
    for one in lacking:
        if agency_of(one.source) not in settings.agencies:
            found.others += 1
        elif key := keys.get(one.key_id):
            try:
                found.fetched.append(one.open(key))
            except Unreadable:
                found.lost.append(one)
        else:
            found.lost.append(one)
