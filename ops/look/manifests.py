"""What agencies say that they sent on each day, beside what came; and who has not said it yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from router.manifests import HERE, Compared, compare
from schemas.manifests import ManifestReceived
from schemas.settings import HubSettings
from stores import codec, counting
from stores.database import View

GRACE: Final = dt.timedelta(minutes=15)
"""For so long what a manifest counts may still be on its way, as on a queue."""
_DAYS: Final = 7
"""What is longer ago is in the record alone."""
_MOST: Final = 500
"""Newest manifests that are looked at."""


class How(StrEnum):
    """How a day of an agency is, in a word or two."""

    ALL = "all came"
    COMING = "on its way"
    MISSING = "missing"
    MORE = "more came"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one agency; ``told`` None where it was agreed that it says, and it has not."""

    agency: str
    day: dt.date
    how: How
    since: dt.datetime
    """When it was told, or by when it was to be told."""
    told: Compared | None = None
    connector: str | None = None
    """By which way it was told."""


def days(view: View, settings: HubSettings, *, at: dt.datetime) -> list[Day]:
    """Every day of late that an agency told of or owed, the newest first, by agency then."""
    today = at.astimezone(HERE).date()
    newest = _newest(view, at=at)
    told = {
        (day, agency): _day(compare(view, fact), fact, said, at=at)
        for (day, agency), (fact, said) in newest.items()
        if today - dt.timedelta(days=_DAYS) <= day <= today
    }
    owed = {(one.day, one.agency): one for one in _owed(settings, at=at)}
    found = owed | told
    return [found[key] for key in sorted(found, key=lambda key: (-key[0].toordinal(), key[1]))]


_Said = tuple[dt.datetime, str]
"""When, and by which connector."""


def _newest(
    view: View, *, at: dt.datetime
) -> Mapping[tuple[dt.date, str], tuple[ManifestReceived, _Said]]:
    """The last word of each agency on each day."""
    found: dict[tuple[dt.date, str], tuple[ManifestReceived, _Said]] = {}
    since = codec.to_micros(at - dt.timedelta(days=_DAYS + 1))
    messages = counting.newest_of(view, ManifestReceived.type, since=since, limit=_MOST)
    for message, recorded_at in messages:
        fact, connector = message.data, message.source.split("/")[1]
        if isinstance(fact, ManifestReceived):
            said = (codec.from_micros(recorded_at), connector)
            found.setdefault((fact.manifest.day, fact.agency), (fact, said))
    return found


def _day(told: Compared, fact: ManifestReceived, said: _Said, *, at: dt.datetime) -> Day:
    since, connector = said
    if told.missing:
        how = How.COMING if at < since + GRACE else How.MISSING
    else:
        how = How.MORE if told.came > told.manifest.sent else How.ALL
    return Day(fact.agency, told.manifest.day, how, since, told, connector)


def _owed(settings: HubSettings, *, at: dt.datetime) -> Iterator[Day]:
    """The last day of each agency of which it was to say by now."""
    now = at.astimezone(HERE)
    for code, agency in settings.agencies.items():
        if agency.manifest is not None:
            by = dt.datetime.combine(now.date(), agency.manifest, HERE)
            if now < by + GRACE:
                by = dt.datetime.combine(now.date() - dt.timedelta(days=1), agency.manifest, HERE)
            yield Day(code, by.date(), How.NOT_TOLD, by.astimezone(dt.UTC))
