"""A file of notifications through deduplication and linking alone, in a fresh store."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path

from connectors.port import Routes, routes
from ops.linkage.arrivals import Unmapped, arrival_of, record_of
from ops.run.configuration import read_settings
from ops.run.wiring import Hub, assemble
from router.runtimes.embedded import Embedded
from router.topology import unit_of
from schemas.case import ChildLinked, LinkOutcome
from schemas.message import Message
from schemas.notification import NotificationAccepted, NotificationDuplicated
from schemas.refusals import Refusal
from schemas.settings import HubSettings
from stores import journal
from stores.overview import last_position
from stores.ports import Arrival

COLUMNS = ("notification_id", "decision", "person_id", "duplicate_of", "candidates")
_STEPS = ("deduplicate", "link")
_BATCH = 200


@dataclass(slots=True)
class _Told:
    """Which notification each referral is, and what was found of it."""

    notification: dict[str, str] = field(default_factory=dict)
    versions: dict[str, NotificationAccepted] = field(default_factory=dict)


def decide_file(lines: Iterable[str], *, model: str | None) -> Iterator[list[tuple[str, ...]]]:
    """Rows of :data:`COLUMNS` for each batch, in order. Raises :class:`Unmapped`."""
    with tempfile.TemporaryDirectory() as folder:
        hub = assemble(_settings(Path(folder), model), {}, folder=Path(folder))
        steps = Embedded(hub.database, unit_of(*_STEPS), hub.policy, batch=_BATCH)
        found, told, numbered = routes(hub.settings, {}), _Told(), enumerate(lines, start=1)
        while part := list(islice(numbered, _BATCH)):
            told.notification |= _taken(hub, found, part=part)
            with hub.database.reading() as connection:
                before = last_position(connection)
            steps.drain()
            yield list(_rows(hub, told, after=before))
        hub.database.close()


def write_decisions(path: Path, rows: Iterable[Sequence[tuple[str, ...]]]) -> Iterator[int]:
    """Write rows with their header; yields how many were written, batch by batch."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for batch in rows:
            writer.writerows(batch)
            yield len(batch)


def _settings(folder: Path, model: str | None) -> HubSettings:
    with as_file(files("ops.sample") / "hub.toml") as path:
        settings = read_settings(path, {})
    runtime = settings.runtime.model_copy(update={"store": f"sqlite:///{folder / 'hub.db'}"})
    return settings.model_copy(update={"runtime": runtime, "linkage_model": model})


def _taken(hub: Hub, found: Routes, *, part: Iterable[tuple[int, str]]) -> dict[str, str]:
    """The notifications taken in, by the ids of their receipts."""
    read = list(_read(found, part))
    receipts = hub.intake.take([arrival for _, arrival in read])
    return {receipt.id: name for receipt, (name, _) in zip(receipts, read, strict=True)}


def _read(found: Routes, part: Iterable[tuple[int, str]]) -> Iterator[tuple[str, Arrival]]:
    for number, line in part:
        record = record_of(line, number)
        arrival = arrival_of(found, record)
        if isinstance(arrival.body, Refusal):
            where = arrival.body.field or "the record"
            raise Unmapped(f"line {number}: {arrival.body.reason} in {where}")
        yield str(record["notification_id"]), arrival


def _rows(hub: Hub, told: _Told, *, after: int) -> Iterator[tuple[str, ...]]:
    """In the order in which notifications came: a batch's duplicates are known before its links."""
    rows: dict[str, tuple[str, ...]] = {}
    while placed := journal.messages_after(hub.database, after, limit=_BATCH):
        for _, message in placed:
            rows |= _row(message, told)
        after = placed[-1][0]
    order = {id_: place for place, id_ in enumerate(told.notification.values())}
    yield from (rows[id_] for id_ in sorted(rows, key=order.__getitem__))


def _row(message: Message, told: _Told) -> dict[str, tuple[str, ...]]:
    match message.data:
        case NotificationDuplicated(duplicate_of=first):
            id_ = told.notification[str(message.causation_id)]
            return {id_: (id_, "duplicate", "", told.notification[first], "")}
        case NotificationAccepted() as accepted:
            told.versions[accepted.referral_id] = accepted
        case ChildLinked() as linked:
            id_ = told.notification[linked.referral_id]
            return {id_: (id_, *_linked(linked, told))}
    return {}


def _linked(linked: ChildLinked, told: _Told) -> tuple[str, ...]:
    """A version is told of as amended; what came again under a new reference is linked all the
    same, beside the notification that told of the concern first.
    """
    first = told.versions.pop(linked.referral_id).first_referral_id
    if first is not None and linked.version > 1:
        return ("amended", linked.person_id, told.notification[first], "")
    again = told.notification[linked.same_concern_as] if linked.same_concern_as else ""
    shown = linked.candidates if linked.outcome is LinkOutcome.REVIEW else ()
    return (linked.outcome.value, linked.person_id, again, " ".join(c.person_id for c in shown))
