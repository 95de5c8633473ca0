"""What a step remembers between messages: documents by key, loaded once and written once per
batch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from router.step import Step
from schemas.message import Message
from stores import states
from stores.database import Transaction, View

S = TypeVar("S")
Read = tuple[int, Any]
"""A version, counted from 1, and the document."""
_DECODED = 1000
"""Documents of one step that are kept parsed."""


class Memory(Protocol[S]):
    """A step's states during one batch: what one message leaves, the next one finds."""

    def foresee(self, messages: Sequence[Message]) -> None:
        """Load what these messages and what they will cause need, in as few queries as it takes.

        They are messages of any type; what was not foreseen is loaded when it is recalled.
        """
        ...

    def recall(self, message: Message) -> S | None:
        """The state that the message needs; None where there is none yet."""
        ...

    def remember(self, message: Message, state: S) -> None:
        """The state from now on."""
        ...

    def flush(self, transaction: Transaction) -> None:
        """Write what changed."""
        ...


@cache
def _adapter(state: Any) -> TypeAdapter[Any]:
    return TypeAdapter(state)


def read(view: View, step: str, *, keys: Collection[str], state: Any) -> dict[str, Read]:
    """A step's documents that there are, which are of this type; parsed unless they just were."""
    decoded, parse = view.decoded.of(state, most=_DECODED), _adapter(state).validate_json
    found = states.load(view, step, keys=keys)
    return {key: (version, decoded.get(key, body, parse)) for key, (version, body) in found.items()}


def written(view: View, key: str, document: Any, *, state: Any) -> bytes:
    """A document of this type as it is about to be written."""
    body = _adapter(state).dump_json(document)
    view.decoded.of(state, most=_DECODED).put(key, body, document)
    return body


class Documents(Generic[S]):
    """States of a step in the store, one document per key."""

    def __init__(self, step: Step[S], view: View) -> None:
        self._step = step
        self._view = view
        self._versions: dict[str, int] = {}
        self._states: dict[str, S] = {}
        self._changed: set[str] = set()
        self._looked_up: set[str] = set()

    def foresee(self, messages: Sequence[Message]) -> None:
        """Load the documents of these messages' keys."""
        self._load(set(filter(None, map(self._key_of, messages))))

    def recall(self, message: Message) -> S | None:
        """The state under the message's key, with what stands beside it."""
        key, beside = self._step.key(message), self._step.beside(message)
        if beside:
            self._wait_for_others()
        if missing := {key, *beside} - self._looked_up:
            self._load(missing)
        own = self._states.get(key)
        if not beside:
            return own
        return self._step.join(own, {k: self._states[k] for k in beside if k in self._states})

    def _wait_for_others(self) -> None:
        """What is read and not written is as it was in the order in which passes are recorded."""
        if isinstance(self._view, Transaction):
            self._view.serialise(f"{self._step.name}/beside")

    def _key_of(self, message: Message) -> str | None:
        """The key of what the message, or what it causes, will need; None where that is unknown."""
        if self._step.concerns(message):
            return self._step.key(message)
        return message.correlation_id if self._step.by_referral else None

    def _load(self, keys: set[str]) -> None:
        self._looked_up |= keys
        found = read(self._view, self._step.name, keys=keys, state=self._step.state)
        for key, (version, state) in found.items():
            self._versions[key] = version
            self._states[key] = state

    def remember(self, message: Message, state: S) -> None:
        """Keep the state under the message's key."""
        key = self._step.key(message)
        self._states[key] = state
        self._changed.add(key)

    def flush(self, transaction: Transaction) -> None:
        """Write the changed documents, each one version on."""
        documents = {
            key: (
                self._versions.get(key, 0) + 1,
                written(self._view, key, self._states[key], state=self._step.state),
            )
            for key in self._changed
        }
        states.save(transaction, self._step.name, documents=documents)
