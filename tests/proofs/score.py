"""How good decisions about a stream of known children are: false links, missed repeats, reviews,
resends.

A person stands for the child of the notification that created it; nobody answers the reviews.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeAlias

Row: TypeAlias = Mapping[str, str]
"""A row of decisions or of truth, as the columns of their files name it."""

_RESENT = ("duplicate", "amended")
_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """Counts of notifications that are not taken for resends."""

    decided: int = 0
    repeats: int = 0
    """About a child that was told of before."""
    links_right: int = 0
    false_links: int = 0
    """Linked to a person who stands for another child: two children become one."""
    missed: int = 0
    """Repeats called new, or put to a human without the right person among the candidates."""
    review: int = 0
    review_right: int = 0

    def __iadd__(self, other: Tally) -> Tally:
        for column in fields(self):
            setattr(self, column.name, getattr(self, column.name) + getattr(other, column.name))
        return self

    @property
    def missed_share(self) -> float:
        """Of repeats."""
        return self.missed / max(1, self.repeats)

    @property
    def review_share(self) -> float:
        """Of all that is decided."""
        return self.review / max(1, self.decided)

    @property
    def found_share(self) -> float:
        """Repeats linked rightly or with the right person among the candidates, of repeats."""
        return (self.links_right + self.review_right) / max(1, self.repeats)


@dataclass(slots=True)
class Score:
    """Counts of one stream or several, as a whole and by what is difficult about a notification or
    its child.
    """

    notifications: int = 0
    resends: int = 0
    resends_recognised: int = 0
    false_duplicates: int = 0
    """Called a duplicate or a version and none of that notification: a concern suppressed."""
    false_resends: int = 0
    """Said to tell again of a concern that is another one: a repeat not counted."""
    whole: Tally = field(default_factory=Tally)
    groups: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    false_links: list[str] = field(default_factory=list)
    """The notifications that were linked to another child."""

    def __iadd__(self, other: Score) -> Score:
        self.notifications += other.notifications
        self.resends += other.resends
        self.resends_recognised += other.resends_recognised
        self.false_duplicates += other.false_duplicates
        self.false_resends += other.false_resends
        self.false_links += other.false_links
        self.whole += other.whole
        for group, tally in other.groups.items():
            self.groups[group] += tally
        return self


def score(decisions: Iterable[Row], truth: Iterable[Row]) -> Score:
    """Score decisions in the order in which they were made; ``KeyError`` for a notification that
    has no truth.
    """
    true = {row["notification_id"]: row for row in truth}
    total, stands_for, told_of = Score(), dict[str, str](), set[str]()
    for decision in decisions:
        row = true[decision["notification_id"]]
        total.notifications += 1
        total.resends += bool(row["is_duplicate_of"])
        if first := decision["duplicate_of"]:
            again = _first(true, first) == _first(true, row["notification_id"])
            right = again and bool(row["is_duplicate_of"])
            total.resends_recognised += right
            if decision["decision"] in _RESENT:
                total.false_duplicates += not right
                continue
            total.false_resends += not right
        child = row["truth_person_id"]
        tally = _tally(decision, child, repeat=child in told_of, stands_for=stands_for)
        total.whole += tally
        for group in row["truth_tags"].split():
            total.groups[group] += tally
        if tally.false_links:
            total.false_links.append(row["notification_id"])
        if decision["decision"] != "linked":
            stands_for.setdefault(decision["person_id"], child)
        told_of.add(child)
    return total


def _tally(decision: Row, child: str, *, repeat: bool, stands_for: Mapping[str, str]) -> Tally:
    tally = Tally(decided=1, repeats=int(repeat))
    if decision["decision"] == "linked":
        right = stands_for[decision["person_id"]] == child
        tally.links_right, tally.false_links = int(right), int(not right)
        return tally
    tally.review = int(decision["decision"] == "review")
    shown = decision["candidates"].split()[:_SHOWN] if tally.review else []
    tally.review_right = int(any(stands_for.get(person) == child for person in shown))
    tally.missed = int(repeat and not tally.review_right)
    return tally


def _first(truth: Mapping[str, Row], id_: str) -> str:
    """The notification that this one sends again, or itself."""
    while id_ in truth and truth[id_]["is_duplicate_of"]:
        id_ = truth[id_]["is_duplicate_of"]
    return id_
