"""Dates, times and numbers as people write them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from ops.look.picture_words import name_of
from schemas.person import NHS_NUMBER, Identifier, PartialDate
from schemas.picture import LeftOut

_HERE = ZoneInfo("Europe/London")


def day(value: dt.date | dt.datetime) -> str:
    """12 March 2026."""
    local = value.astimezone(_HERE) if isinstance(value, dt.datetime) else value
    return f"{local.day} {local:%B %Y}"


def clock_time(value: dt.datetime) -> str:
    """5:30pm, in local time."""
    local = value.astimezone(_HERE)
    if (local.hour, local.minute) in ((0, 0), (12, 0)):
        return "midnight" if local.hour == 0 else "midday"
    return f"{local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def moment(value: dt.datetime) -> str:
    """12 March 2026 at 5:30pm."""
    return f"{day(value)} at {clock_time(value)}"


def due(value: dt.datetime) -> str:
    """A moment by which something is to be done; midnight ends a day."""
    if clock_time(value) == "midnight":
        return f"the end of {day(value - dt.timedelta(hours=1))}"
    return moment(value)


def span(seconds: float) -> str:
    """A time that is left or has passed, in its two largest parts."""
    minutes = int(abs(seconds)) // 60
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    said = [f"{count} {word}{'s' * (count != 1)}" for count, word in parts if count]
    return " ".join(said[:2]) or "less than a minute"


def left(seconds: float) -> str:
    """How long until something is due, or since when it is overdue."""
    return f"{span(seconds)} left" if seconds >= 0 else f"{span(seconds)} overdue"


def nhs(value: str) -> str:
    """An NHS number in its three groups; anything else as it is."""
    return f"{value[:3]} {value[3:6]} {value[6:]}" if len(value) == 10 else value


def number(identifier: Identifier) -> str:
    """A number that a system gave somebody, with what it is called."""
    if identifier.system == NHS_NUMBER:
        return f"NHS number {nhs(identifier.value)}"
    return f"{identifier.system.rpartition('/')[2].upper()} {identifier.value}"


_DOUBTS = {"E": "estimated", "U": "not known"}


def born(date: PartialDate) -> str:
    """A date of birth, or when a child is expected, with what of it is in doubt."""
    parts = zip(("day", "month", "year"), date.accuracy_indicator, strict=True)
    doubts = [f"{part} {_DOUBTS[letter]}" for part, letter in parts if letter in _DOUBTS]
    word = "Expected " if date.expected else ""
    return f"{word}{day(date.date)}" + (f" ({', '.join(doubts)})" if doubts else "")


def age(date: PartialDate, at: dt.datetime) -> str:
    """How old somebody is, to stand behind their date of birth; nothing before they are born."""
    today = at.astimezone(_HERE).date()
    had = (today.month, today.day) >= (date.date.month, date.date.day)
    years = today.year - date.date.year - (not had)
    if date.expected or date.date > today:
        return ""
    if years > 1:
        return f", {years} years old"
    months = (today.year - date.date.year) * 12 + today.month - date.date.month
    months -= today.day < date.date.day
    return f", {months} {'month' if months == 1 else 'months'} old"


_LEFT_OUT = {
    LeftOut.AMENDMENT: "a new version of what its agency told before",
    LeftOut.RESEND: "sent again by the same agency",
    LeftOut.COPY: "another agency's word of it, forwarded",
    LeftOut.SAME_ENTRY: "an entry of a register that tells of it again",
    LeftOut.UNDATED: "an entry of a register that does not say since when",
}


def why_left_out(why: LeftOut) -> str:
    """Why something that was told is no further concern."""
    return _LEFT_OUT[why]


def plain(code: object) -> str:
    """A code as words."""
    return str(code).replace("_", " ")


FILTERS = {
    "iso": dt.datetime.fromisoformat,
    "iso_day": dt.date.fromisoformat,
    "age": age,
    "called": name_of,
    "why_left_out": why_left_out,
    "day": day,
    "clock_time": clock_time,
    "moment": moment,
    "due": due,
    "span": span,
    "left": left,
    "nhs": nhs,
    "number": number,
    "born": born,
    "plain": plain,
}
