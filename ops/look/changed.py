"""What one picture of a referral shows and another did not, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from ops.look.picture_words import in_words
from schemas.base import Shape
from schemas.picture import Picture


@dataclass(frozen=True, slots=True)
class Changed:
    """The lines that are new, and those that are there no more."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is otherwise."""
        return bool(self.new or self.gone)


_HERE = ZoneInfo("Europe/London")
S = TypeVar("S", bound=Shape)


def local(shape: S) -> S:
    """The same with every moment in the time of those who read it."""
    changes = {name: _local(value) for name, value in shape.__dict__.items()}
    return shape.model_copy(update=changes)


def _local(value: Any) -> Any:
    match value:
        case Shape():
            return local(value)
        case dt.datetime():
            return value.astimezone(_HERE)
        case tuple():
            return tuple(map(_local, value))
    return value


def changed(before: Picture | None, now: Picture, names: Mapping[str, str]) -> Changed:
    """What is otherwise; nothing where there was none before."""
    if before is None:
        return Changed()
    old, new = (
        tuple(line.strip() for line in in_words(local(one), names)) for one in (before, now)
    )
    return Changed(
        tuple(line for line in new if line not in old),
        tuple(line for line in old if line not in new),
    )
