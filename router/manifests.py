"""What agencies say that they sent on a day, beside what the hub has: loss before the hub is loss
too.

A message came, whether it was taken or refused; its sender was told then, and people see to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from router.ways_in import SYSTEMS, source_of
from schemas.base import LONGEST_LINE
from schemas.manifests import Manifest, ManifestReceived
from schemas.notification import MessageRefused, NotificationReceived
from stores import codec, counting, dead_letters, journal, known, overview
from stores.database import View

HERE: Final = ZoneInfo("Europe/London")
_RANGES_SAID: Final = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """A manifest beside the record. ``gaps``: the first and the last number of each row of messages
    that never came, where the manifest numbers them and any is missing.
    """

    manifest: Manifest
    came: int
    """How many of them came, each once; without numbers all that came by the agency's systems on
    the day.
    """
    refused: int
    """How many of these are refused still."""
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def missing(self) -> int:
        """How many were sent and never came."""
        return max(0, self.manifest.sent - self.came)


def compare(view: View, told: ManifestReceived) -> Compared:
    """What the hub has of what an agency says that it sent, by indexes alone."""
    if told.manifest.first is None:
        taken, refused = _of_day(view, told)
        return Compared(told.manifest, len(taken) + len(refused), len(refused))
    keys = {number: _key(told, id_) for number, id_ in told.manifest.ids()}
    have = known.load(view, list(keys.values()))
    left = {number: known.refused_as(key) for number, key in keys.items() if key not in have}
    refused = dead_letters.known_ids(view, left.values())
    never = [number for number, dead in left.items() if dead not in refused]
    came = len(have) + len(refused)
    gaps = ranges(never) if came < told.manifest.sent else ()
    return Compared(told.manifest, came, len(refused), gaps)


def _key(told: ManifestReceived, id_: str) -> str:
    return known.event_key(told.agency, id_, source_key=told.source_key)


def _of_day(view: View, told: ManifestReceived) -> tuple[set[str], set[str]]:
    """The notifications that came from the agency's systems on the day, and the dead letters of
    what was refused of theirs and has not been taken since; of what was, the notification.
    """
    after, until = (
        overview.position_before(view.connection, codec.to_micros(moment))
        for moment in _ends_of(told.manifest.day)
    )
    sources = [source_of(connector, told.agency) for connector in sorted(SYSTEMS)]
    taken, dead = (
        counting.came_from(view.connection, sources, type_=fact.type, after=after, until=until)
        for fact in (NotificationReceived, MessageRefused)
    )
    rows = dead_letters.of_ids(view.connection, [subject for _, subject in dead])
    called = {id_: row.message_id for id_, row in rows.items() if row.message_id}
    keys = {id_: _key(told, name) for id_, name in called.items()}
    since = known.load(view, list({*keys.values()}))
    corrected = {id_: since[key] for id_, key in keys.items() if key in since}
    also = journal.of_type(view, {*corrected.values()}, type_=NotificationReceived.type)
    left = {called.get(id_, id_) for id_ in rows if id_ not in corrected}
    return {id_ for id_, _ in taken} | also, left


def _ends_of(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    days = (day, day + dt.timedelta(days=1))
    begin, end = (dt.datetime.combine(one, dt.time(), HERE) for one in days)
    return begin, end


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The first and the last of each row of numbers without a hole, in order."""
    found: list[tuple[int, int]] = []
    for number in sorted({*numbers}):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def in_words(gaps: Sequence[tuple[int, int]]) -> str:
    """The numbers that are missing, such as ``17, 20 to 22``; of many rows the first few."""
    said = [f"{first}" if first == last else f"{first} to {last}" for first, last in gaps]
    more = len(said) - _RANGES_SAID
    return ", ".join(said[:_RANGES_SAID]) + (f" and {more} more" if more > 0 else "")


def says(told: Compared) -> str:
    """What its sender hears."""
    sent, day = told.manifest.sent, f"{told.manifest.day.day} {told.manifest.day:%B %Y}"
    said = f"You sent {sent} on {day} by your count; {told.came} came"
    said += f", {told.refused} of them refused." if told.refused else "."
    if told.missing:
        which = f": the numbers {in_words(told.gaps)} never came" if told.gaps else ""
        said += (
            f" {told.missing} missing{which}. Send what is missing, with the same ids as before: "
            "nothing is done twice."
        )
    elif told.came > sent:
        said += " The hub has more than you counted: see whether your count is right."
    return said[:LONGEST_LINE]
