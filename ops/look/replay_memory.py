"""What steps remember during a replay: plain dicts that start empty and are written nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from router.memory.register import PeopleMemory
from router.step import Step
from router.steps.link import decide as link
from schemas.message import Message
from stores.database import Transaction


class KeptDocuments:
    """States of a step, one per key (:class:`router.memory.documents.Memory`)."""

    def __init__(self, step: Step[Any]) -> None:
        self._step = step
        self._states: dict[str, Any] = {}

    def foresee(self, messages: Sequence[Message]) -> None:
        """Nothing to load: everything is here."""

    def recall(self, message: Message) -> Any:
        """The state under the message's key, with what stands beside it."""
        own, beside = self._states.get(self._step.key(message)), self._step.beside(message)
        if not beside:
            return own
        return self._step.join(own, {k: self._states[k] for k in beside if k in self._states})

    def remember(self, message: Message, state: Any) -> None:
        """Keep the state under the message's key."""
        self._states[self._step.key(message)] = state

    def flush(self, transaction: Transaction | None = None) -> None:
        """Nothing to write: it is all kept, and only here."""


class KeptPeople(PeopleMemory):
    """The register as one endless batch over an empty store: the same ranking and filing, and
    nothing behind it.
    """

    def __init__(self, step: Step[Any]) -> None:
        nowhere: Any = None  # there is no transaction to write in
        super().__init__(step, nowhere)

    def _read_blocks(self, keys: Collection[int]) -> None:
        """Nothing is behind this: whoever is known is here already."""

    def flush(self, transaction: Transaction | None = None) -> None:  # noqa: ARG002 - none written
        """Forget what was noted for writing."""
        for noted in (
            self._incoming,
            self._rankings,
            self._touched,
            self._changed,
            self._changed_evidence,
            self._changed_rulings,
            self._changed_adults,
            self._filed,
            self._unfiled,
        ):
            noted.clear()

    def _load(self, numbers: Iterable[int]) -> None:
        """Nothing is behind this."""

    def _load_evidence(self, ids: Iterable[str]) -> None:
        """Nothing is behind this."""

    def _load_adults(self, ids: Iterable[str]) -> None:
        """Nothing is behind this."""

    def _load_rulings(self, ids: Iterable[str]) -> None:
        """Nothing is behind this."""


Kept = dict[str, KeptPeople | KeptDocuments]
"""A memory for each step."""


def memories(steps: Mapping[str, Step[Any]]) -> Kept:
    """An empty memory for each step."""
    return {name: _memory(step) for name, step in steps.items()}


def _memory(step: Step[Any]) -> KeptPeople | KeptDocuments:
    return KeptPeople(step) if step is link.STEP else KeptDocuments(step)
