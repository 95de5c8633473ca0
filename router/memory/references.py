"""What came under agencies' references: hop 1 reads it to answer a resend, hop 2 writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.steps.deduplicate.decide import ReferenceVersions, key
from schemas.message import Message
from stores import references
from stores.database import Transaction
from stores.references import KeptVersion


class References:
    """Versions of references during one batch (:class:`router.memory.documents.Memory`)."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known: dict[str, ReferenceVersions] = {}
        self._kept: dict[str, int] = {}
        """How many versions of a reference the store has."""

    def prefetch(self, messages: Sequence[Message]) -> None:
        """Load what came under these messages' references."""
        missing = {key(message) for message in messages} - self._kept.keys()
        found = references.load(self._transaction, missing)
        for reference in missing:
            self._kept[reference] = len(found.get(reference, ()))
        for reference, versions in found.items():
            known = ReferenceVersions()
            for one in versions:
                known = known.and_also(one.content_digest, one.referral_id)
            self._known[reference] = known

    def recall(self, message: Message) -> ReferenceVersions | None:
        """The versions of the message's reference."""
        return self._known.get(key(message))

    def remember(self, message: Message, state: ReferenceVersions) -> None:
        """Keep the versions of the message's reference."""
        self._known[key(message)] = state

    def flush(self) -> None:
        """Write the new versions."""
        references.add(self._transaction, self._new())
        self._kept = {reference: len(known.versions) for reference, known in self._known.items()}

    def _new(self) -> Iterator[KeptVersion]:
        for reference, known in self._known.items():
            kept = self._kept[reference]
            for number, one in enumerate(known.versions[kept:], start=kept + 1):
                yield KeptVersion(reference, number, one.content_digest, one.referral_id)
