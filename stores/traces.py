"""Which trace a message belongs to: a keyed hash of what its envelope says already.

So nothing is stored for it, every process of the hub names it alike, and nobody without the store's
key can tell which referral a trace is of. All that comes of an arrival is one trace, as it has the
arrival's time and referral; what comes about that referral later is another, which links to the
first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.message import Message, arrived_millis
from stores import codec
from stores.context import Context, of_header
from stores.ports import Leased
from stores.vault import DataKey

ONE_HOUR = 3_600_000_000
"""Microseconds."""
_MOST_KNOWN = 5000
"""Names kept that were asked for lately: each is asked for some times in a row."""


class Span(NamedTuple):
    """What was done between two moments, in nanoseconds since 1970. ``kind`` and the attributes'
    names are OpenTelemetry's; no value is a case's, a person's, a name or a number of somebody's.
    """

    name: str
    kind: str
    context: Context
    parent: Context | None
    began: int
    ended: int
    attributes: Mapping[str, str | int]
    links: tuple[Context, ...] = ()


Tell = Callable[[Sequence[Span]], None]


class Heard(NamedTuple):
    """A message that a unit of steps heard, and the span that its topic's header names."""

    message: Message
    by: str
    carried: Context | None = None


@dataclass(slots=True)
class Noted:
    """What a transaction notes for its spans, while somebody is told them."""

    traces: Traces
    opened: int
    """When it was begun, in nanoseconds since 1970."""
    began: int
    """When what it records was begun."""
    heard: list[Heard] = field(default_factory=list)
    came_with: dict[str, Context] = field(default_factory=dict)
    """The sender's own spans, by the ids of the messages that they became."""
    handed: Sequence[Leased] = ()
    """The letters that somebody has in hand from now on."""

    def came(self, message_id: str, traceparent: str | None) -> None:
        """A message came with the header of its sender's span."""
        if told := of_header(traceparent):
            self.came_with[message_id] = told

    def committed(self, appended: Sequence[tuple[int, str, Message]]) -> None:
        """Tell what came, what was heard and what was handed out, a span for each trace."""
        if self.traces.tell is not None:
            self.traces.tell(self.traces.spans(self, appended, ended=time.time_ns()))


@dataclass(slots=True)
class Traces:
    """Names traces, and tells the spans of what is committed; without ``tell`` it names only."""

    key: DataKey
    system: str
    """The database, as OpenTelemetry calls it."""
    carrier: str
    """What brings messages to the steps, as OpenTelemetry calls it."""
    tell: Tell | None = None
    _known: dict[tuple[int, str], Context] = field(default_factory=dict)

    def root(self, millis: int, correlation_id: str) -> Context:
        """The first span of the trace of what came then about a referral."""
        asked = (millis, correlation_id)
        if (known := self._known.get(asked)) is not None:
            return known
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        said = self.key.digest(f"trace\x1f{millis}\x1f{correlation_id}".encode())
        root = Context(int.from_bytes(said) or 1, int.from_bytes(said[8:]) or 1)
        self._known[asked] = root
        return root

    def of(self, message: Message) -> Context:
        """The first span of the message's trace."""
        return self.root(codec.to_micros(message.time) // 1000, message.correlation_id)

    def first(self, correlation_id: str) -> Context | None:
        """The first span of a referral's first trace; None where its id does not say when."""
        millis = arrived_millis(correlation_id)
        return None if millis is None else self.root(millis, correlation_id)

    def of_letter(self, id_: str, correlation_id: str, *, posted: int) -> Context:
        """The first span of the trace that a letter belongs to; ``posted`` in microseconds.

        What follows later than an hour after what its id is dated by has a trace of its own.
        """
        millis = arrived_millis(id_)
        if millis is not None and posted - millis * 1000 < ONE_HOUR:
            return self.root(millis, correlation_id)
        return self.root(posted // 1000, id_)

    def noting(self) -> Noted | None:
        """For a transaction that begins; None while nobody is told."""
        if self.tell is None:
            return None
        now = time.time_ns()
        return Noted(self, now, now)

    def spans(
        self, noted: Noted, appended: Sequence[tuple[int, str, Message]], *, ended: int
    ) -> list[Span]:
        """Those of a transaction that was committed."""
        came = {
            self.of(message): (chain, message)
            for _, chain, message in reversed(appended)
            if message.causation_id is None
        }
        spans = [
            self._received(root, chain, message=message, noted=noted, ended=ended)
            for root, (chain, message) in came.items()
        ]
        if noted.heard:
            spans += self._processed(noted, _caused(appended), ended=ended)
        spans += (_handed(letter, noted.began, ended) for letter in noted.handed if letter.trace)
        return spans

    def _received(
        self, root: Context, chain: str, *, message: Message, noted: Noted, ended: int
    ) -> Span:
        told = noted.came_with.get(message.id)
        links: tuple[Context, ...] = (told,) if told else ()
        if message.correlation_id != message.id:
            links += self._links({message.correlation_id}, root)
        part, _, way = chain.partition("/")
        connector, _, agency = way.partition("/")
        attributes: dict[str, str | int] = {"mash.part": part}
        if part == "intake":
            attributes = {"mash.connector": connector, "mash.agency": agency}
            attributes |= _WAYS.get(connector, {})
        kind = _KINDS.get(connector, "internal")
        return Span("receive", kind, root, None, noted.began, ended, attributes, links)

    def _links(self, correlations: Iterable[str], root: Context) -> tuple[Context, ...]:
        """The first traces of these referrals, but for the trace itself."""
        found = (self.first(one) for one in correlations)
        return tuple(one for one in found if one is not None and one != root)

    def _processed(
        self, noted: Noted, caused: Mapping[str, Sequence[Message]], *, ended: int
    ) -> Iterator[Span]:
        by_root: dict[Context, list[Heard]] = {}
        for heard in noted.heard:
            by_root.setdefault(self.of(heard.message), []).append(heard)
        for number, (root, found) in enumerate(by_root.items()):
            facts = [fact for heard in found for fact in caused.get(heard.message.id, ())]
            others = {fact.correlation_id for fact in facts} - {found[0].message.correlation_id}
            context, told = root.below(), found[0].carried
            yield Span(
                "process",
                "consumer",
                context,
                told if told and told.trace == root.trace else root,
                noted.began,
                ended,
                self._of_pass(found, facts=len(facts)),
                self._links(others, root) if others else (),
            )
            if number == 0:  # a pass has one, whose spans would all say the same
                sql: dict[str, str | int] = {"db.system.name": self.system}
                sql["messaging.batch.message_count"] = len(noted.heard)
                below = context.below()
                yield Span("transaction", "client", below, context, noted.opened, ended, sql)

    def _of_pass(self, found: Sequence[Heard], *, facts: int) -> dict[str, str | int]:
        return {
            "messaging.system": self.carrier,
            "messaging.operation.type": "process",
            "messaging.destination.name": found[0].message.topic,
            "messaging.consumer.group.name": f"mash-hub.{found[0].by}",
            "mash.facts": facts,
        }

    def sending(self, entries: Iterable[codec.Sealed]) -> list[Span]:
        """Of each entry the span of its way to the topics, which begins; a trace has one."""
        began = time.time_ns()
        spans: dict[Context, Span] = {}
        sent = []
        for sealed in entries:
            root = self.root(sealed.time // 1000, sealed.correlation_id)
            if root not in spans:
                told = {
                    "messaging.system": "kafka",
                    "messaging.operation.type": "send",
                    "messaging.destination.name": sealed.topic,
                }
                context = root.below()
                spans[root] = Span("send", "producer", context, root, began, began, told)
            sent.append(spans[root])
        return sent


def _handed(letter: Leased, began: int, ended: int) -> Span:
    assert letter.trace is not None
    told: dict[str, str | int] = {
        "messaging.system": "mash_hub",
        "messaging.operation.type": "send",
        "messaging.destination.name": f"deliveries.{letter.agency}",
        "mash.type": letter.type,
        "mash.attempt": letter.attempts,
    }
    parent = letter.trace if letter.sent_by else None
    context = letter.sent_by or letter.trace
    return Span("hand out", "producer", context, parent, began, ended, told)


def _caused(appended: Iterable[tuple[int, str, Message]]) -> dict[str, list[Message]]:
    """What was recorded, by the id of the message from outside the pass that caused it."""
    first: dict[str, str] = {}
    found: dict[str, list[Message]] = {}
    for _, _, message in appended:
        if message.causation_id is not None:
            cause = first.get(message.causation_id, message.causation_id)
            first[message.id] = cause
            found.setdefault(cause, []).append(message)
    return found


_WAYS: Mapping[str, Mapping[str, str]] = {
    "http": {"http.route": "/v1/events"},
    "queue": {"messaging.system": "rabbitmq"},
}
_KINDS = {"http": "server", "queue": "consumer"}
