"""A public data set as both systems see it: the same values of each record, and of whom it really
is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from router.linkage import Subject

Values = Mapping[str, str]
"""A record's values by column, as published; '' where nothing is given."""


class NotInstalled(Exception):
    """A package that the proof needs is not installed; the message says which, and how to install
    it.
    """

    def __init__(self, package: str) -> None:
        super().__init__(
            f"{package} is not installed: the hub runs without, this proof does not; "
            "`make install-proofs` installs it"
        )


def package(name: str) -> Any:
    """A module of a package that only this proof needs. Raises :class:`NotInstalled`."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise NotInstalled(error.name or name) from None


@dataclass(frozen=True, slots=True)
class Record:
    """One record: ``table`` is the file that it is from, ``truth`` whom it is really of."""

    id: str
    table: str
    truth: str
    values: Values
    subject: Subject


@dataclass(frozen=True, slots=True)
class Task:
    """Records to link, within and across their tables, and the F1 to reach; None: more than Splink
    does.
    """

    name: str
    read: Callable[[int], Sequence[Record]]
    """By seed; the same seed gives the same records in the same order."""
    splink: Callable[[], Any]
    """How Splink is set up for it, see :mod:`tests.proofs.k2.beside`."""
    once: bool
    """Whether both systems are told that no person is twice in one table."""
    least: float | None


def subject(
    *,
    given: str,
    family: str,
    middle: str = "",
    day: int = 0,
    estimated: bool = False,
    sex: str = "",
    address: str = "",
    number: str = "",
    other: str = "",
) -> Subject:
    """A record as the engine compares it. ``number`` is an identifier of the person; ``other`` see
    the mappings.
    """
    return Subject(
        givens=_given(given),
        families=_given(family),
        middles=_given(middle),
        day=day,
        estimated=estimated,
        expected=0,
        unborn=False,
        twin="",
        sex=sex,
        addresses=_given(address),
        phones=(),
        adults=(),
        siblings=(),
        nhs=number,
        mothers="",
        upn=other,
        incident="",
        seen=_SEEN,
    )


_SEEN = dt.date(2020, 4, 1).toordinal()
_YEARS = range(1890, 2031)


def day(year: str, month: str, day_: str) -> tuple[int, bool]:
    """The ordinal of a date and whether only its year can be true; (0, False) when nobody living
    has that year.

    Where there is no such month, day and month are swapped if that makes a date, as people do who
    read it.
    """
    if not (year + month + day_).isdigit() or int(year) not in _YEARS:
        return 0, False
    numbers = int(year), int(month or 0), int(day_ or 0)
    for y, m, d in (numbers, (numbers[0], numbers[2], numbers[1])):
        try:
            return dt.date(y, m, d).toordinal(), False
        except ValueError:
            continue
    return dt.date(numbers[0], 7, 1).toordinal(), True


def _given(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
