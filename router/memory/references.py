"""What came under agencies' references: hop 1 reads it to answer a resend, hop 2 writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.steps.deduplicate.decide import STEP, ReferenceVersions, key
from schemas.message import Message
from stores import references
from stores.database import Transaction, View
from stores.references import KeptVersion


class References:
    """Versions of references during one batch (:class:`router.memory.documents.Memory`)."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[str, ReferenceVersions] = {}
        self._kept: dict[str, int] = {}
        """How many versions of a reference the store has."""

    def foresee(self, messages: Sequence[Message]) -> None:
        """Load what came under these messages' references."""
        self._load({key(message) for message in messages if STEP.concerns(message)})

    def recall(self, message: Message) -> ReferenceVersions | None:
        """The versions of the message's reference."""
        reference = key(message)
        if reference not in self._kept:
            self._load({reference})
        return self._known.get(reference)

    def remember(self, message: Message, state: ReferenceVersions) -> None:
        """Keep the versions of the message's reference."""
        self._known[key(message)] = state

    def flush(self, transaction: Transaction) -> None:
        """Write the new versions."""
        references.add(transaction, self._new())
        self._kept |= {reference: len(known.versions) for reference, known in self._known.items()}

    def _load(self, wanted: set[str]) -> None:
        missing = wanted - self._kept.keys()
        self._kept |= dict.fromkeys(missing, 0)
        for one in references.load(self._view, missing):
            known = self._known.get(one.reference) or ReferenceVersions()
            self._known[one.reference] = known.and_also(one.content_digest, one.referral_id)
            self._kept[one.reference] = one.number

    def _new(self) -> Iterator[KeptVersion]:
        for reference, known in self._known.items():
            kept = self._kept[reference]
            for number, one in enumerate(known.versions[kept:], start=kept + 1):
                yield KeptVersion(reference, number, one.content_digest, one.referral_id)
