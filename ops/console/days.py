"""Days as people write them, by the clock of the hub's place."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from stores import codec

WRONG: Final = "Write a day as 2026-04-01, or nothing"
_HERE: Final = ZoneInfo("Europe/London")


def begins(text: str) -> int | None:
    """The beginning of a day here, in microseconds; None for what is no day."""
    try:
        day = dt.date.fromisoformat(text)
        return codec.to_micros(dt.datetime(day.year, day.month, day.day, tzinfo=_HERE))
    except (ValueError, OverflowError):
        return None


def is_over(day: int) -> int | None:
    """The first moment after a day that begins then; None behind the last that there is."""
    begun = codec.from_micros(day).astimezone(_HERE)
    try:
        return codec.to_micros((begun + dt.timedelta(days=1)).replace(hour=0))
    except OverflowError:
        return None
