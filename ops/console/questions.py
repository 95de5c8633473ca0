"""What a form asks, one thing after the other, and how what is answered is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from ops.console.screen import Form

Kind = Literal["words", "line", "when", "one", "some", "from"]
"""Several lines, one line, a day and time, one of a few, some of many, or one of a long list."""

_HERE: Final = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Option:
    """What may be chosen."""

    value: str
    text: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that a form asks."""

    name: str
    """As the message calls it."""
    label: str
    kind: Kind = "words"
    hint: str | None = None
    options: tuple[Option, ...] = ()
    required: str | None = None
    """What is said where nothing is answered; None: it may be left out."""
    most: int = 500
    """Characters."""
    without: str = ""
    """What is read back where it is left out; empty: it is not read back."""

    def read(self, form: Form) -> str | tuple[str, ...]:
        """What was answered; of what may be chosen nothing else."""
        known = {one.value for one in self.options}
        if self.kind == "some":
            return tuple(one for one in form.all(self.name) if one in known)
        said = form.one(self.name)
        return said if not known or said in known else ""

    def fault(self, said: str | tuple[str, ...]) -> str | None:
        """What is wrong with an answer."""
        if not said:
            return self.required
        if isinstance(said, str) and len(said) > self.most:
            return f"{self.label}: use {self.most:,} characters or fewer"
        if self.kind == "when" and isinstance(said, str) and said and moment_of(said) is None:
            return f"{self.label}: write a day and time, such as 27/11/2026 14:30"
        return None

    def in_words(self, said: str | Sequence[str]) -> str:
        """The answer as it is read back before it is sent."""
        texts: Mapping[str, str] = {one.value: one.text for one in self.options}
        if isinstance(said, str):
            said = said or self.without
            return texts.get(said, said)
        return ", ".join(texts[one] for one in said)


def answered(asks: Sequence[Ask], form: Form) -> tuple[dict[str, Any], dict[str, str]]:
    """What a form says, by name, and what is wrong with it."""
    answers = {one.name: one.read(form) for one in asks}
    faults = {one.name: one.fault(answers[one.name]) for one in asks}
    return answers, {name: said for name, said in faults.items() if said}


def day_of(said: str) -> dt.date | None:
    """A day as people write it; None where it is none."""
    try:
        return dt.datetime.strptime(said, "%d/%m/%Y").replace(tzinfo=_HERE).date()
    except ValueError:
        return None


def moment_of(said: str) -> dt.datetime | None:
    """A day and time as people write them; None where it is none."""
    try:
        return dt.datetime.strptime(said, "%d/%m/%Y %H:%M").replace(tzinfo=_HERE)
    except ValueError:
        return None
