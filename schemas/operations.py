"""What people of the hub do with records themselves: mend, redrive and discard dead letters, and
look at contents.
"""

from __future__ import annotations

from typing import ClassVar

from schemas.base import Code, Fact, Identity, Line


class DeadLetterMended(Fact, subject="dead_letter_id", agency="agency"):
    """The faulty field of a dead letter was corrected; the original is kept beside what it was
    mended to (R47).
    """

    type: ClassVar = "mash.dead-letter.mended.v1"
    topic: ClassVar = "dead_letters.settled"

    dead_letter_id: Identity
    agency: Code
    field: Line
    decided_by: Line
    why: Line


class DeadLetterRedriven(Fact, subject="dead_letter_id", agency="agency"):
    """A dead letter was sent again, as it came or mended, under ids that a second redrive would
    repeat.
    """

    type: ClassVar = "mash.dead-letter.redriven.v1"
    topic: ClassVar = "dead_letters.settled"

    dead_letter_id: Identity
    agency: Code
    message_ids: tuple[Identity, ...]
    """What it is called from here on: messages that were taken, or the new dead letters of those
    refused again.
    """
    refused: int
    """How many of them were refused again."""
    decided_by: Line
    why: Line


class DeadLetterDiscarded(Fact, subject="dead_letter_id", agency="agency"):
    """A dead letter was given up; its original stays, and nothing more is done with it."""

    type: ClassVar = "mash.dead-letter.discarded.v1"
    topic: ClassVar = "dead_letters.settled"

    dead_letter_id: Identity
    agency: Code
    decided_by: Line
    why: Line


class DeadLetterRevealed(Fact, subject="dead_letter_id", agency="agency"):
    """Somebody read the original of a dead letter (R46)."""

    type: ClassVar = "mash.dead-letter.revealed.v1"
    topic: ClassVar = "dead_letters.settled"

    dead_letter_id: Identity
    agency: Code
    seen_by: Line
    why: Line


class RecordRevealed(Fact, subject="record_id"):
    """Somebody read what the journal holds about a case, referral or product (R46, R47)."""

    type: ClassVar = "mash.record.revealed.v1"
    topic: ClassVar = "records.revealed"

    record_id: Identity
    """What they asked for."""
    message_ids: tuple[Identity, ...]
    """What they were shown."""
    seen_by: Line
    why: Line
