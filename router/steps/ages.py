"""How old a child was, as far as its date of birth tells; and who holds nothing at that age."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import NamedTuple

from router.linkage.placeholders import is_default
from router.linkage.subject import called_unborn
from schemas.person import PartialDate, Person
from schemas.policy import AgeBand

UNBORN = -1
_ADULT = 18
_OLDEST = dt.date(1905, 1, 1)
"""Nobody alive is older; systems fill in such dates where they know none."""
_UNSURE = "EUX"


class Age(NamedTuple):
    """Whole years that somebody may have, least and most; ``UNBORN`` before birth."""

    least: int
    most: int

    @property
    def grown(self) -> bool:
        """Whether it is surely an adult: in doubt it is a child."""
        return self.least >= _ADULT

    def within(self, band: AgeBand) -> bool:
        """Whether an agency of this band may hold something about somebody so old."""
        born = self.most >= band.from_age and self.least <= band.to_age and self.most > UNBORN
        return born or (band.unborn and self.least == UNBORN)


def age_of(child: Person, *, on: dt.date) -> Age | None:
    """How old the child was on a day; None where nothing tells."""
    born = child.date_of_birth
    if born is None:
        return Age(UNBORN, 0) if called_unborn(child) else None
    if born.expected:
        return Age(UNBORN, UNBORN if on < born.date else 0)
    days = _days(born)
    return Age(_years(days[1], on), _years(days[0], on)) if days else None


def _days(born: PartialDate) -> tuple[dt.date, dt.date] | None:
    """The first and the last day on which they may have been born."""
    day, month, year = tuple(born.accuracy_indicator)
    date = born.date
    if year == "U" or date < _OLDEST or is_default(date):
        return None
    first = last = date.year
    if year in _UNSURE:
        first, last = max(first - 1, dt.MINYEAR), min(last + 1, dt.MAXYEAR)
    new_year = (date.month, date.day) == (1, 1)  # what is written where only the year is known
    if month in _UNSURE or year in _UNSURE or new_year:
        return dt.date(first, 1, 1), dt.date(last, 12, 31)
    if day in _UNSURE:
        return date.replace(day=1), date.replace(day=monthrange(date.year, date.month)[1])
    return date, date


def _years(born: dt.date, on: dt.date) -> int:
    """Whole years from birth to a day; ``UNBORN`` before it."""
    if on < born:
        return UNBORN
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
