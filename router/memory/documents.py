"""What a step remembers between messages: documents by key, fetched once for all steps, and written
once per batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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
    return {
        key: (version, decoded.get(key, body, decode=parse))
        for key, (version, body) in found.items()
    }


def written(view: View, key: str, *, document: Any, state: Any) -> bytes:
    """A document of this type as it is about to be written."""
    body = _adapter(state).dump_json(document)
    view.decoded.of(state, most=_DECODED).put(key, body, value=document)
    return body


class Documents(Generic[S]):
    """States of a step in the store, one document per key."""

    def __init__(self, step: Step[S], view: View) -> None:
        self.step = step
        self.view = view
        self._versions: dict[str, int] = {}
        self._states: dict[str, S] = {}
        self._changed: set[str] = set()
        self._looked_up: set[str] = set()
        self._sealed: dict[str, Any] = {}
        """What was fetched and nobody has asked for yet."""

    def foresee(self, messages: Sequence[Message]) -> None:
        """Fetch the documents of these messages' keys."""
        foresee([self], messages)

    def needs(self, messages: Sequence[Message]) -> set[tuple[str, str]]:
        """What these messages will need that was not looked up yet, by step and key."""
        keys = set(filter(None, map(self.step.likely_key, messages))) - self._looked_up
        self._looked_up |= keys
        return {(self.step.name, key) for key in keys}

    def fetched(self, row: Any) -> None:
        """A document that it needs, as it lies in the store."""
        self._sealed[row.key] = row

    def recall(self, message: Message) -> S | None:
        """The state under the message's key, with what stands beside it."""
        key, beside = self.step.key(message), self.step.beside(message)
        if beside:
            self._wait_for_others()
        if missing := {key, *beside} - self._looked_up:
            self._load(missing)
        for one in (key, *beside):
            if one in self._sealed:
                self._open(one)
        own = self._states.get(key)
        if not beside:
            return own
        return self.step.join(own, {k: self._states[k] for k in beside if k in self._states})

    def _wait_for_others(self) -> None:
        """What is read and not written is as it was in the order in which passes are recorded."""
        if isinstance(self.view, Transaction):
            self.view.serialise(f"{self.step.name}/beside")

    def _load(self, keys: set[str]) -> None:
        self._looked_up |= keys
        for row in states.find(self.view, [(self.step.name, key) for key in keys]):
            self.fetched(row)

    def _open(self, key: str) -> None:
        version, body = states.opened(self.view, self._sealed.pop(key))
        decoded = self.view.decoded.of(self.step.state, most=_DECODED)
        self._states[key] = decoded.get(key, body, decode=_adapter(self.step.state).validate_json)
        self._versions[key] = version

    def remember(self, message: Message, state: S) -> None:
        """Keep the state under the message's key."""
        key = self.step.key(message)
        self._states[key] = state
        self._changed.add(key)

    def flush(self, transaction: Transaction) -> None:
        """Write the changed documents, each one version on."""
        documents = {
            key: (
                self._versions.get(key, 0) + 1,
                written(self.view, key, document=self._states[key], state=self.step.state),
            )
            for key in self._changed
        }
        states.save(transaction, self.step.name, documents=documents)


def foresee(memories: Iterable[Documents[Any]], messages: Sequence[Message]) -> None:
    """Fetch what all of these will need of the store in one query.

    None is opened before a step asks for it: many are of steps that have nothing to do with these
    messages, and what cannot be read is the trouble of one step alone.
    """
    by_step = {one.step.name: one for one in memories}
    wanted = [pair for one in by_step.values() for pair in one.needs(messages)]
    if wanted:
        view = by_step[wanted[0][0]].view
        found = states.find(view, wanted)
        states.foresee(view, found)
        for row in found:
            by_step[row.step].fetched(row)
