"""What a process of a replay found, and what they all found together."""

from __future__ import annotations

from dataclasses import dataclass, field

from ops.look.replay_report import EVERYTHING, Report, Told, Wanted, told, told_of
from schemas.message import Message
from schemas.notification import MessageRefused
from stores.replaying import JournalPosition, Recorded


@dataclass(slots=True)
class Found:
    """How facts compared, and what one process cannot tell by itself."""

    wanted: Wanted
    erased_keys: frozenset[str] = frozenset()
    """Keys of which an erasure on the record says that they were destroyed."""
    report: Report = field(default_factory=Report)
    left: list[Told] = field(default_factory=list)
    """What steps recorded and this process did not decide again."""
    taken: set[str] = field(default_factory=set)
    """Decided again here, though it says that a step of another process wrote it."""
    erased: set[str] = field(default_factory=set)
    """What cannot be read any more; what it caused can be decided by nobody."""
    unreadable: set[str] = field(default_factory=set)
    """Those of them of which nothing says that they were erased, or that stand on such."""
    absent: set[str] = field(default_factory=set)
    """What was heard, and is not in the journal."""
    _counts_only: bool = field(init=False)

    def __post_init__(self) -> None:
        self._counts_only = self.wanted == EVERYTHING

    def note(self, verdict: str, recorded: Recorded) -> None:
        """How a fact that is recorded compares."""
        if verdict == "erased" and recorded.row.key_id not in self.erased_keys:
            verdict = "unreadable"
            self.unreadable.add(recorded.row.message_id)
        if self._counts_only and verdict in ("equal", "given"):
            self.report.count(verdict, recorded.row.topic)
        else:
            self._note(verdict, told(recorded))

    def note_missing(self, message: Message, cause: JournalPosition) -> None:
        """A fact that is not recorded; it stands where its cause does."""
        self._note("missing", told_of(message, cause))

    def add(self, other: Found) -> None:
        """What another process found besides."""
        self.report.add(other.report)
        self.left += other.left
        self.taken |= other.taken
        self.erased |= other.erased
        self.unreadable |= other.unreadable
        self.absent |= other.absent

    def settled(self) -> Report:
        """The report, with what none of the processes decided again."""
        left = [fact for fact in self.left if fact.id not in self.taken]
        for fact in sorted(left, key=lambda fact: fact.place):
            self._note(self._verdict_on(fact), fact)
        return self.report

    def _verdict_on(self, fact: Told) -> str:
        """Erased where its cause is; a refusal may also answer what was no message at all, and is
        not in the journal.
        """
        cause = fact.causation_id
        if cause in self.unreadable:
            self.unreadable.add(fact.id)
            return "unreadable"
        refuses = fact.type == MessageRefused.type
        if cause in self.erased or (refuses and cause in self.absent):
            self.erased.add(fact.id)
            return "erased"
        return "unexplained"

    def _note(self, verdict: str, fact: Told) -> None:
        if self.wanted.has(fact):
            self.report.note(verdict, fact)
