"""A second, plain reckoning of clocks for the tests: it walks minute by minute and asks whether
somebody is there.

It knows neither the hub's calendars nor its library of bank holidays: those are written out as
gov.uk/bank-holidays gives them. Openings, starts and pauses are at whole minutes.
``python -m tests.support.plain_clock`` works out what the table leaves open.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
TABLE = Path(__file__).parent.parent / "fixtures" / "clocks.jsonl"
_MINUTE = dt.timedelta(minutes=1)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_ENGLAND_AND_WALES = """
2021-01-01 2021-04-02 2021-04-05 2021-05-03 2021-05-31 2021-08-30 2021-12-27 2021-12-28
2022-01-03 2022-04-15 2022-04-18 2022-05-02 2022-06-02 2022-06-03 2022-08-29 2022-09-19
2022-12-26 2022-12-27
2023-01-02 2023-04-07 2023-04-10 2023-05-01 2023-05-08 2023-05-29 2023-08-28 2023-12-25
2023-12-26
2024-01-01 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-08-26 2024-12-25 2024-12-26
2025-01-01 2025-04-18 2025-04-21 2025-05-05 2025-05-26 2025-08-25 2025-12-25 2025-12-26
2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28
2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28
2028-01-03 2028-04-14 2028-04-17 2028-05-01 2028-05-29 2028-08-28 2028-12-25 2028-12-26
"""
_SCOTLAND = """
2021-01-01 2021-01-04 2021-04-02 2021-05-03 2021-05-31 2021-08-02 2021-11-30 2021-12-27
2021-12-28
2022-01-03 2022-01-04 2022-04-15 2022-05-02 2022-06-02 2022-06-03 2022-08-01 2022-09-19
2022-11-30 2022-12-26 2022-12-27
2023-01-02 2023-01-03 2023-04-07 2023-05-01 2023-05-08 2023-05-29 2023-08-07 2023-11-30
2023-12-25 2023-12-26
2024-01-01 2024-01-02 2024-03-29 2024-05-06 2024-05-27 2024-08-05 2024-12-02 2024-12-25
2024-12-26
2025-01-01 2025-01-02 2025-04-18 2025-05-05 2025-05-26 2025-08-04 2025-12-01 2025-12-25
2025-12-26
2026-01-01 2026-01-02 2026-04-03 2026-05-04 2026-05-25 2026-06-15 2026-08-03 2026-11-30
2026-12-25 2026-12-28
2027-01-01 2027-01-04 2027-03-26 2027-05-03 2027-05-31 2027-08-02 2027-11-30 2027-12-27
2027-12-28
2028-01-03 2028-01-04 2028-04-14 2028-05-01 2028-05-29 2028-08-07 2028-11-30 2028-12-25
2028-12-26
"""
_NORTHERN_IRELAND_TOO = """
2021-03-17 2021-07-12 2022-03-17 2022-07-12 2023-03-17 2023-07-12
2024-03-18 2024-07-12 2025-03-17 2025-07-14 2026-03-17 2026-07-13 2027-03-17 2027-07-12
2028-03-17 2028-07-12
"""
# The days themselves whose substitutes those are: who opens on Saturdays does not on Boxing Day.
_AT_WEEKENDS = """
2021-12-25 2021-12-26 2022-01-01 2022-12-25 2023-01-01 2026-12-26 2027-12-25 2027-12-26 2028-01-01
"""
_AT_WEEKENDS_IN_SCOTLAND = "2021-01-02 2022-01-02 2024-11-30 2025-11-30 2027-01-02 2028-01-02"
_AT_WEEKENDS_IN_NORTHERN_IRELAND = "2024-03-17 2025-07-12 2026-07-12"


def _days(text: str) -> frozenset[dt.date]:
    return frozenset(map(dt.date.fromisoformat, text.split()))


BANK_HOLIDAYS = {
    "ENG": _days(_ENGLAND_AND_WALES + _AT_WEEKENDS),
    "WLS": _days(_ENGLAND_AND_WALES + _AT_WEEKENDS),
    "SCT": _days(_SCOTLAND + _AT_WEEKENDS + _AT_WEEKENDS_IN_SCOTLAND),
    "NIR": _days(
        _ENGLAND_AND_WALES + _NORTHERN_IRELAND_TOO + _AT_WEEKENDS + _AT_WEEKENDS_IN_NORTHERN_IRELAND
    ),
}


@dataclass(frozen=True)
class Place:
    """When somebody is there: by weekday from and until, or always."""

    always: bool = False
    hours: dict[int, tuple[dt.time, dt.time]] = field(default_factory=dict)
    nation: str = "ENG"
    closures: frozenset[dt.date] = frozenset()
    terms: tuple[tuple[dt.date, dt.date], ...] = ()
    on_call: bool = False
    """Hours and minutes run day and night."""
    at_least: int = 60
    """Minutes of its own time that it has at the least."""

    @classmethod
    def read(cls, told: dict[str, Any]) -> Place:
        """As the table writes a calendar."""
        office = (told.get("opens", "09:00"), told.get("closes", "17:00"))
        hours = told.get("hours") or {
            day: {"opens": office[0], "closes": office[1]} for day in _WEEK[:5]
        }
        return cls(
            always=told.get("always", False),
            hours={
                _WEEK.index(day): (
                    dt.time.fromisoformat(one["opens"]),
                    dt.time.fromisoformat(one["closes"]),
                )
                for day, one in hours.items()
            },
            nation=told.get("subdivision", "ENG"),
            closures=frozenset(map(dt.date.fromisoformat, told.get("closures", ()))),
            terms=tuple(
                (dt.date.fromisoformat(one["first"]), dt.date.fromisoformat(one["last"]))
                for one in told.get("terms", ())
            ),
            on_call=told.get("on_call", False),
            at_least=told.get("at_least_minutes", 60),
        )

    def opens_on(self, day: dt.date) -> bool:
        """Whether anybody comes on that day."""
        if self.always:
            return True
        if day.weekday() not in self.hours or day in self.closures:
            return False
        if day in BANK_HOLIDAYS[self.nation]:
            return False
        if not self.terms:
            return True
        if not self.terms[0][0] <= day <= self.terms[-1][1]:
            return True  # nobody has said when the terms of that year are
        return any(first <= day <= last for first, last in self.terms)

    def is_open(self, at: dt.datetime) -> bool:
        """Whether somebody is there in the minute that begins then."""
        if self.always:
            return True
        local = at.astimezone(LONDON)
        if not self.opens_on(local.date()):
            return False
        opens, closes = self.hours[local.weekday()]
        return opens <= local.time() < closes


ALWAYS = Place(always=True)
Pauses = tuple[tuple[dt.datetime, dt.datetime], ...]


def at(text: str) -> dt.datetime:
    """A moment on London's clocks, in UTC; with an offset where the hour comes twice."""
    moment = dt.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=LONDON)).astimezone(dt.UTC)


def minutes_between(place: Place, start: dt.datetime, end: dt.datetime) -> float:
    """How many minutes somebody is there from one moment to another."""
    count, now = 0.0, start
    while now < end:
        if place.is_open(now):
            count += min(1.0, (end - now) / _MINUTE)
        now += _MINUTE
    return count


def after(place: Place, start: dt.datetime, minutes: float, pauses: Pauses = ()) -> dt.datetime:
    """The first moment by which somebody was there for so many minutes, pauses left out."""
    left, now = minutes, start
    while True:
        if place.is_open(now) and not any(since <= now < until for since, until in pauses):
            if left <= 1:
                return now + _MINUTE * left
            left -= 1
        now += _MINUTE


def allowed_minutes(
    place: Place, allowed: dict[str, Any], start: dt.datetime
) -> tuple[Place, float]:
    """In whose time it runs, and how many minutes of that."""
    match allowed["kind"]:
        case "minutes" | "hours":
            minutes = allowed.get("minutes") or allowed["hours"] * 60
            if place.on_call or allowed.get("day_and_night"):
                return ALWAYS, minutes
            return place, _share(place, start, start + _MINUTE * minutes, 1.0)
        case "until":
            return place, _share(place, start, at(allowed["until"]), allowed["share"])
        case "working_hours":
            return place, allowed["hours"] * 60
        case "working_days":
            return place, minutes_between(place, start, _closing(place, start, allowed["days"]))
        case "same_day":
            return place, minutes_between(place, start, _closing(place, start, 0))
        case "before_next_school_day":
            return ALWAYS, (_opening(place, start) - start) / _MINUTE
    raise ValueError(allowed["kind"])


def _share(place: Place, start: dt.datetime, end: dt.datetime, share: float) -> float:
    least = min(share * ((end - start) / _MINUTE), place.at_least)
    return max(share * minutes_between(place, start, end), least)


def _closing(place: Place, start: dt.datetime, days: int) -> dt.datetime:
    """When the so-many-th working day after the first ends; 0: the first that is not over."""
    came, now, counted = start.astimezone(LONDON).date(), start, 0
    seen: set[dt.date] = set()
    while True:
        day = now.astimezone(LONDON).date()
        if place.is_open(now) and day not in seen and (day > came or not days):
            seen.add(day)
            counted += 1
        ended = place.is_open(now) and (
            not place.is_open(now + _MINUTE) or (now + _MINUTE).astimezone(LONDON).date() != day
        )
        now += _MINUTE
        if ended and counted == max(days, 1):
            return now


def _opening(place: Place, start: dt.datetime) -> dt.datetime:
    """When it opens next."""
    now = start + _MINUTE
    while not (place.is_open(now) and not place.is_open(now - _MINUTE)):
        now += _MINUTE
    return now


def reckon(case: dict[str, Any]) -> dict[str, str]:
    """When it is warned, due and escalated, on London's clocks."""
    start, place = at(case["at"]), Place.read(case["calendar"])
    pauses = tuple((at(since), at(until)) for since, until in case.get("pauses", ()))
    whose, minutes = allowed_minutes(place, case["allowed"], start)
    return {
        name: after(whose, start, share * minutes, pauses).astimezone(LONDON).isoformat()
        for name, share in (("warned", 0.75), ("due", 1.0), ("escalated", 1.5))
    }


def cases() -> Iterator[dict[str, Any]]:
    """The table, a case a line."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def main() -> None:
    """Work out what the table leaves open; what was worked out by hand stays."""
    done = [{**case, **(reckon(case) | case)} for case in cases()]
    lines = (json.dumps(case, ensure_ascii=False) for case in done)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
