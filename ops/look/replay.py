"""Decide everything again, from what came in, into an empty register in memory, and compare with
what is recorded.

A replay gets a connection that refuses writes, and nothing else: no intake, no queue, no
transaction. Each step's inputs come in the order in which it had them, each under the policy that
decided then; ids of what follows are derived, so every fact decided again is found in the journal
by its id and compared by envelope and keyed digest.
"""

from __future__ import annotations

import gc
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ops.look.reading import Readable
from ops.look.replay_memory import memories
from router.one_pass import decide_safely, messages_of
from router.step import Outcome, Step
from router.topology import bound_steps
from router.unit import serves, unit_of_chain
from schemas.message import Message
from schemas.policy import Policy
from schemas.refusals import Refusal
from stores import codec, policies, replaying
from stores.overview import Reading
from stores.replaying import Claim, Envelope, Recorded, envelope_of

_HELD = 20_000
_EXAMPLES = 10
VERDICTS = ("equal", "missing", "different", "unexplained", "given", "erased")
"""Of each fact: decided again the same; decided again but not recorded; recorded otherwise;
recorded by a step but not decided again; come from outside (its content is what its digest says);
not comparable as its key was destroyed.
"""


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

    def has(self, topic: str, ids: tuple[Any, ...], at: Recorded) -> bool:
        """Whether a fact of this topic with these ids, recorded there, is to be reported."""
        return (
            self.topic in (None, topic)
            and (self.about is None or self.about in ids)
            and (self.since is None or at.recorded_at >= self.since)
            and (self.until is None or at.recorded_at <= self.until)
            and (self.first is None or at.position >= self.first)
            and (self.last is None or at.position <= self.last)
        )


@dataclass(slots=True)
class Report:
    """How a replay compared: counts by topic and verdict, and the first ids of each that is not
    well.
    """

    topics: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0

    def note(self, verdict: str, topic: str, message_id: str) -> None:
        """Count one fact."""
        self.topics[topic][verdict] += 1
        if (
            verdict in ("missing", "different", "unexplained")
            and len(self.examples[verdict]) < _EXAMPLES
        ):
            self.examples[verdict].append(message_id)

    def total(self, verdict: str) -> int:
        """How many facts of all topics came to this."""
        return sum(counts[verdict] for counts in self.topics.values())

    @property
    def facts(self) -> int:
        """How many facts were reported about."""
        return sum(counts.total() for counts in self.topics.values())

    @property
    def well(self) -> bool:
        """Whether everything that could be compared is equal."""
        return not any(self.total(verdict) for verdict in ("missing", "different", "unexplained"))


def replay(
    hub: Readable, wanted: Wanted, *, advance: Callable[[int], None] = lambda _: None
) -> Report:
    """Decide everything again and compare. ``advance`` hears how many inputs more were decided."""
    started = time.monotonic()
    with hub.database.reading() as connection, _little_collecting() as after_page:
        run = _Replay(connection, hub, wanted)
        for page in replaying.claims(connection):
            run.decide(page)
            advance(len(page))
            after_page()
        run.finish()
    run.report.seconds = time.monotonic() - started
    return run.report


@contextmanager
def _little_collecting() -> Iterator[Callable[[], None]]:
    """What steps remember only grows, and holds no cycles: looking through all of it over and over
    takes half the time.

    Call what is given now and then: it sets what has lasted apart from what the collector looks
    through.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield gc.freeze
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class _Replay:
    """One run. Journal and inbox are streamed side by side, so what is held is what lies between
    them.
    """

    def __init__(self, connection: Reading, hub: Readable, wanted: Wanted) -> None:
        self.report = Report()
        self._connection, self._vault, self._wanted = connection, hub.database.vault, wanted
        self._policies: Mapping[int, Policy] = policies.all_adopted(connection)
        self._steps: dict[str, Step[Any]] = {bound.step.name: bound.step for bound in bound_steps()}
        self._memories = memories(self._steps)
        self._undecidable = replaying.undecidable(connection)
        self._pages: Iterator[Sequence[tuple[str, Recorded, Any]]] = replaying.entries(
            connection, self._vault
        )
        self._recorded: dict[str, Recorded] = {}
        """By steps, and not decided again yet."""
        self._ready: OrderedDict[str, tuple[Message, Recorded]] = OrderedDict()
        """Messages that steps may still have to hear, the latest last."""
        self._erased: set[str] = set()

    def decide(self, page: Sequence[Claim]) -> None:
        """Put each claimed message through its unit again."""
        for claim in page:
            heard = self._heard(claim.message_id)
            if heard is not None and claim.policy:
                self._hear(claim, *heard)
        for memory in self._memories.values():
            memory.flush()

    def finish(self) -> None:
        """Read what is left of the journal; whatever has found no partner by then has none."""
        while self._read_on():
            pass
        for id_, recorded in self._recorded.items():
            erased = recorded.envelope.causation_id in self._erased
            if erased:
                self._erased.add(id_)
            verdict = "erased" if erased else "unexplained"
            self._note(verdict, recorded.topic, id_, recorded.envelope, recorded)

    def _hear(self, claim: Claim, message: Message, place: Recorded) -> None:
        """A message through the steps of its unit, and what it causes, as one pass did it."""
        policy = self._policies[claim.policy]
        waiting = deque([(message, place, (*claim.had_by, unit_of_chain(place.chain)))])
        while waiting:
            heard, at, had_by = waiting.popleft()
            for step in self._hearing(claim.unit, heard, had_by):
                for caused in self._decide(step, heard, policy):
                    kept = self._compared(caused, at)
                    if kept is not None:
                        waiting.append((*kept, ()))

    def _hearing(self, unit: str, message: Message, had_by: Sequence[str]) -> Iterator[Step[Any]]:
        for name, step in self._steps.items():
            served = serves(unit, name) and not any(serves(one, name) for one in had_by)
            if served and step.concerns(message):
                yield step

    def _decide(self, step: Step[Any], message: Message, policy: Policy) -> list[Message]:
        if (step.name, message.id) in self._undecidable:
            outcome: Outcome[Any] = Outcome(refusal=Refusal("undecidable"))
            return messages_of(outcome, step=step.name, cause=message)
        memory = self._memories[step.name]
        outcome = decide_safely(step, message, state=memory.recall(message), policy=policy)
        if outcome.state is not None:
            memory.remember(message, outcome.state)
        return messages_of(outcome, step=step.name, cause=message)

    def _compared(self, caused: Message, cause: Recorded) -> tuple[Message, Recorded] | None:
        """Compare with what is recorded; answers what the steps behind heard.

        Where they differ, that is what is recorded: one difference is not to look like many.
        """
        recorded = self._partner(caused.id)
        if recorded is None:
            self._note("missing", caused.topic, caused.id, envelope_of(caused), cause)
            return None
        verdict = _verdict(caused, recorded)
        self._note(verdict, recorded.topic, caused.id, recorded.envelope, recorded)
        if verdict == "erased":
            self._erased.add(caused.id)
        kept = caused
        if verdict != "equal":
            found = replaying.message(self._connection, self._vault, message_id=caused.id)
            if found is None:
                return None
            kept = found
        self._keep(kept, recorded)
        return kept, recorded

    def _partner(self, id_: str) -> Recorded | None:
        """What is recorded under the id, unless it was compared already."""
        if id_ not in self._recorded and replaying.place(self._connection, id_) is None:
            return None
        while id_ not in self._recorded and self._read_on():
            pass
        return self._recorded.pop(id_, None)

    # --- messages on their way from the journal to the steps

    def _heard(self, message_id: str) -> tuple[Message, Recorded] | None:
        """The message that a unit had; None where it cannot be read any more, or is not in the
        journal.
        """
        while (
            message_id not in self._ready
            and message_id not in self._recorded
            and message_id not in self._erased
            and self._read_on()
        ):
            pass
        return self._ready.get(message_id) or self._fetched(message_id)

    def _fetched(self, message_id: str) -> tuple[Message, Recorded] | None:
        found = replaying.message(self._connection, self._vault, message_id=message_id)
        place = replaying.place(self._connection, message_id)
        if found is None or place is None:
            self._erased.add(message_id)
            return None
        return found, place

    def _keep(self, message: Message, place: Recorded) -> None:
        self._ready[message.id] = (message, place)
        if len(self._ready) > _HELD:
            self._ready.popitem(last=False)

    def _read_on(self) -> bool:
        """Take the next page of the journal; False at its end."""
        page = next(self._pages, None)
        for id_, recorded, row in page or ():
            if self._by_steps(unit_of_chain(recorded.chain)):
                self._recorded[id_] = recorded
            else:
                self._given(id_, recorded, row)
        return page is not None

    def _by_steps(self, writer: str) -> bool:
        return any(serves(writer, name) for name in self._steps)

    def _given(self, id_: str, recorded: Recorded, row: Any) -> None:
        """Something from outside: an input. It can only be compared with its own digest."""
        message, sound = replaying.opened(recorded, row)
        verdict = "erased" if recorded.key is None else "given" if sound else "different"
        self._note(verdict, recorded.topic, id_, recorded.envelope, recorded)
        if message is None:
            self._erased.add(id_)
        else:
            self._keep(message, recorded)

    def _note(self, verdict: str, topic: str, id_: str, envelope: Envelope, at: Recorded) -> None:
        if self._wanted.has(topic, (id_, envelope.subject, envelope.correlation_id), at):
            self.report.note(verdict, topic, id_)


def _verdict(caused: Message, recorded: Recorded) -> str:
    if recorded.key_id != codec.key_id_of(caused) or envelope_of(caused) != recorded.envelope:
        return "different"
    if recorded.key is None:
        return "erased"
    return (
        "equal"
        if recorded.key.digest(codec.encode(caused.data)) == recorded.digest
        else "different"
    )


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
    return told | {"examples": dict(report.examples)}
