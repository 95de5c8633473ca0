"""What a replay tells: of each fact how it compared, counted by topic."""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.message import Message
from stores.replaying import JournalPosition, Recorded

_EXAMPLES = 10
VERDICTS = ("equal", "missing", "different", "unexplained", "given", "erased", "unreadable")
"""Of each fact: decided again the same; decided again but not recorded; recorded otherwise;
recorded by a step but not decided again; come from outside (its content is what its digest says);
not comparable as its key was destroyed, and the record says that it was; the same, and nothing says
so.
"""
_AMISS = ("missing", "different", "unexplained", "unreadable")


class EarlierRules(Exception):
    """Something was decided by rules of a program before this one; the message says what to do."""


class Told(NamedTuple):
    """A fact as a report tells of it."""

    topic: str
    type: str
    id: str
    subject: str
    correlation_id: str
    causation_id: str | None
    place: JournalPosition


def told(recorded: Recorded) -> Told:
    """An entry of the journal."""
    row = recorded.row
    return Told(
        row.topic,
        row.type,
        row.message_id,
        row.subject,
        row.correlation_id,
        row.causation_id,
        recorded.place,
    )


def told_of(message: Message, place: JournalPosition) -> Told:
    """A fact that is not in the journal, as if it stood there."""
    return Told(
        message.topic,
        message.type,
        message.id,
        message.subject,
        message.correlation_id,
        message.causation_id,
        place,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts to report about; every fact is decided again whatever this says, since later ones
    stand on it.

    Times in microseconds since 1970, by when it was recorded; offsets are positions of the journal,
    both inclusive. A fact that was never recorded stands where its cause does.
    """

    topic: str | None = None
    about: str | None = None
    """A case, referral or message id."""
    since: int | None = None
    until: int | None = None
    first: int | None = None
    last: int | None = None

    def has(self, fact: Told) -> bool:
        """Whether this fact is to be reported."""
        position, recorded_at = fact.place
        return (
            self.topic in (None, fact.topic)
            and (self.about is None or self.about in (fact.id, fact.subject, fact.correlation_id))
            and (self.since is None or recorded_at >= self.since)
            and (self.until is None or recorded_at <= self.until)
            and (self.first is None or position >= self.first)
            and (self.last is None or position <= self.last)
        )


EVERYTHING = Wanted()


@dataclass(slots=True)
class Report:
    """How a replay compared: counts by topic and verdict, and the first of each that is amiss."""

    topics: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    first: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """By verdict: positions and ids of the first facts that are amiss."""
    seconds: float = 0.0

    def count(self, verdict: str, topic: str) -> None:
        """Count one fact."""
        self.topics[topic][verdict] += 1

    def note(self, verdict: str, fact: Told) -> None:
        """Count one fact, and keep it if it is one of the first that are amiss."""
        self.count(verdict, fact.topic)
        if verdict in _AMISS:
            self._keep_first(verdict, [(fact.place.position, fact.id)])

    def add(self, other: Report) -> None:
        """Count what another process told."""
        for topic, counts in other.topics.items():
            self.topics[topic] += counts
        for verdict, found in other.first.items():
            self._keep_first(verdict, found)

    def _keep_first(self, verdict: str, found: Sequence[tuple[int, str]]) -> None:
        kept = self.first[verdict]
        for one in found:
            insort(kept, one)
        del kept[_EXAMPLES:]

    def total(self, verdict: str) -> int:
        """How many facts of all topics came to this."""
        return sum(counts[verdict] for counts in self.topics.values())

    @property
    def examples(self) -> Mapping[str, Sequence[str]]:
        """By verdict the ids of the first facts that are amiss, in the order of the journal."""
        return {verdict: [id_ for _, id_ in found] for verdict, found in self.first.items()}

    @property
    def facts(self) -> int:
        """How many facts were reported about."""
        return sum(counts.total() for counts in self.topics.values())

    @property
    def well(self) -> bool:
        """Whether everything that could be compared is equal."""
        return not any(self.total(verdict) for verdict in _AMISS)


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    told: dict[str, Any] = {"facts": report.facts} | {
        verdict: report.total(verdict) for verdict in VERDICTS
    }
    told["seconds"] = round(report.seconds, 3)
    told["facts_per_second"] = round(report.facts / report.seconds) if report.seconds else 0
    told["topics"] = {
        topic: {"facts": counts.total()} | {verdict: counts[verdict] for verdict in VERDICTS}
        for topic, counts in sorted(report.topics.items())
    }
    return told | {"examples": report.examples}
