"""What people do about dead letters: look, mend, send again, give up; who and why is kept (R47)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from connectors.events.envelope import reread
from connectors.events.facts import MESSAGE_TYPES, Door
from connectors.formats.media import media_type
from connectors.formats.records import Reading
from connectors.port import AgencyRoute, Routes
from ops.access.acting import Asker, refused
from ops.access.items import Kept
from ops.access.noting import OPERATIONS, operation
from ops.access.recording import denied, granted
from ops.look.revealing import of_access, tell
from ops.mend import mending
from ops.run.wiring import Hub
from router import intake
from router.access.decide import decide
from router.steps.alarm.state import STEP_NAME as ALARM
from router.topology import bound_steps
from schemas.access import Act, Answer, Proof, Resource, Verdict
from schemas.base import Fact
from schemas.decisions import (
    AdultsDecided,
    ItemRuled,
    LinkDecided,
    OutcomeDecided,
    PersonsDecided,
    RatingDecided,
    ReleaseDecided,
    RequestDecided,
    SplitDecided,
    StandingReleased,
    StandingWithdrawn,
    UndoDecided,
)
from schemas.enquiries import EnquiryDecided
from schemas.keys import KeyDecided
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notices import ContentRevealed, MessageMended
from schemas.notification import Receipt, ReceiptStatus
from schemas.operations import (
    DeadLetterDiscarded,
    DeadLetterMended,
    DeadLetterRedriven,
    DeadLetterRevealed,
)
from schemas.policy import Policy
from schemas.refusals import Refusal
from schemas.safety import SafetyDecided
from schemas.topics import REDRIVEN
from stores import codec, cursors, dead_letters, inbox, journal, queues, states, trail
from stores.database import Transaction
from stores.dead_letters import WAITING, DeadLetter, DeadLetterState
from stores.ports import Arrival
from stores.vault import Unreadable

PASSED_OVER = 0
"""In the inbox in a policy's place: the step was passed over, as the message was for another."""


class Refused(Exception):
    """This cannot be done with this dead letter; the message says why, and what can be done."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, and why: both are recorded."""

    who: str
    why: str
    proven: Proof | None = None
    """How they showed who they are."""
    other: Person | None = None
    """Who else decides it, where it takes two."""


def reveal(hub: Hub, id_: str, *, asker: Asker) -> DeadLetter:
    """The dead letter with its original, where the access rules let somebody see it; the look is
    recorded first, and told to the agency whose it is. Raises :class:`Refused`, ``Denied`` or
    ``NobodyReviews``.
    """
    with _opened(hub, id_) as opened:
        answer = _may_read(hub, opened, asker=asker)
        if answer.verdict is Verdict.ALLOW:
            _reveal(hub, opened, asker=asker, answer=answer)
        else:
            denied(
                hub,
                opened.transaction,
                cursor=opened.cursor,
                asker=asker,
                act=Act.REVEAL,
                resource=Resource.DEAD_LETTER,
                wanted=id_,
                by=answer,
            )
    if answer.verdict is not Verdict.ALLOW:
        raise refused(hub, asker, answer, act=Act.REVEAL, resource=Resource.DEAD_LETTER)
    return opened.letter


def _may_read(hub: Hub, opened: _Opened, *, asker: Asker) -> Answer:
    on = codec.from_micros(opened.transaction.now).date()
    item = Kept(opened.letter.agency)
    return decide(hub.access, asker.question(Act.REVEAL, Resource.DEAD_LETTER, on=on, item=item))


def _reveal(hub: Hub, opened: _Opened, *, asker: Asker, answer: Answer) -> None:
    dead, transaction = opened.letter, opened.transaction
    access = granted(
        hub, transaction, cursor=opened.cursor, asker=asker, wanted=dead.id, by=[answer]
    )
    said = {"seen_by": asker.who, "why": asker.why}
    message = opened.record(DeadLetterRevealed, said | {"access": access})
    # Some are no agency's, or of one that is not configured any more.
    if dead.agency in hub.settings.agencies:
        seen = {"record": "dead_letter", "message_ids": (dead.id,), "seen_at": message.time}
        notice = ContentRevealed.model_validate(seen | said | of_access(hub, access))
        tell(transaction, message, agency=dead.agency, notice=notice)


def mend(hub: Hub, routes: Routes, *, id_: str, field: str, value: str, person: Person) -> None:
    """Correct the faulty field and no other. Raises :class:`Refused` or ``CannotMend``.

    The original stays. What leaves only its owner decides (R30): such a decision is not mended,
    nor is anything else into one. Of any other decision no more than what it is addressed to: who
    decided says what.
    """
    with _opened(hub, id_) as opened:
        dead = opened.waiting()
        mending.check(dead.reason, dead.field, wanted=field)
        reading = reading_of(routes.by_code.get(dead.agency), dead.content_type)
        before = dead.mended or dead.original
        text = mending.mended(before, dead.content_type, field=field, value=value, reading=reading)
        bodies = (dead.original, text)
        if any(_names(_OF_OWNERS, dead.content_type, body=body) for body in bodies):
            raise Refused(
                "it decides about what leaves, and only the item's owner may: "
                "ask it to decide again"
            )
        decides = any(_names(_OF_PEOPLE, dead.content_type, body=body) for body in bodies)
        if decides and _within_decision(field) not in _FORM:
            raise Refused(
                "it is a named person's decision, and only its sender says what was decided: "
                "ask for the message anew"
            )
        at = codec.from_micros(opened.transaction.now)
        route = routes.by_code.get(dead.agency)
        door = Door(route, dead.connector, at) if route else None
        mending.check_value(dead, text, door=door)
        after = replace(dead, state=DeadLetterState.MENDED, mended=text)
        told = opened.settle(after, person, told=DeadLetterMended, field=dead.field or field)
        if route is not None:
            _tell_sender(opened, told, field=field, value=value, person=person)


def _tell_sender(
    opened: _Opened, message: Message, *, field: str, value: str, person: Person
) -> None:
    """Whose message it is hears what it holds now, so that its own record can say the same."""
    dead = opened.letter
    notice = MessageMended(
        id=dead.id,
        message_id=dead.message_id if dead.step == intake.STEP else None,
        field=dead.field or field,
        value=value or None,
        mended_by=person.who,
        why=person.why,
        mended_at=message.time,
        to_do=_TO_DO,
    )
    letter = Letter(f"mended/{dead.agency}", agency=dead.agency, notice=notice)
    id_ = derived_id(message.id, letter.key)
    queues.post(opened.transaction, {id_: letter}, about={id_: dead.key_id})


_TO_DO = (
    "Correct your own record where this is right. Where it is not, send the message anew as it is "
    "to be, and ring the hub."
)


def _names(decisions: Sequence[str], content_type: str, *, body: bytes) -> bool:
    """Whether this is one of these decisions, as it came or as a fact; in doubt it is one."""
    told = content_type.encode() + body
    return any(name.encode() in told for name in decisions)


def _within_decision(field: str) -> str:
    """The field without the names of the envelope and the fact that may hold a decision."""
    return field.removeprefix("data.").removeprefix("decision.")


_OF_OWNERS = (
    "mash.release-decision.",
    "mash.item-decision.",
    "mash.standing-",
    "mash.key-decision.",
    *(one.type for one in (ReleaseDecided, ItemRuled, StandingReleased, StandingWithdrawn)),
    KeyDecided.type,
)
_OF_PEOPLE = (
    *(name for name, sent in MESSAGE_TYPES.items() if sent.decides),
    *(one.type for one in (RatingDecided, RequestDecided, OutcomeDecided)),
    *(one.type for one in (LinkDecided, PersonsDecided, SplitDecided, UndoDecided, AdultsDecided)),
    *(one.type for one in (EnquiryDecided, SafetyDecided)),
)
_FORM = frozenset(
    {"id", "source", "specversion", "time", "datacontenttype", "dataschema"}
    | {"referral_id", "case_id"}
)
"""Of a decision and its envelope: how it is written and which referral it is about, which the
picture that it names as seen must be of.
"""


def discard(hub: Hub, id_: str, *, person: Person) -> int:
    """Give a dead letter up; its original stays. Raises :class:`Refused`."""
    with _opened(hub, id_) as opened:
        dead = opened.waiting()
        after = replace(dead, state=DeadLetterState.DISCARDED)
        opened.settle(after, person, told=DeadLetterDiscarded)
    return 0


def redrive(hub: Hub, routes: Routes, id_: str, *, person: Person) -> int:
    """Send a dead letter again, once; how many of its messages were refused again. Raises Refused.

    What came by a connector is read and taken as if it came now; what a step refused goes to that
    step alone, as the same fact under an id that follows from the dead letter's.
    """
    with _opened(hub, id_) as opened:
        dead = opened.waiting()
        arrives = partial(_arrive_again, policy=hub.policy.value)
        again = arrives if dead.step == intake.STEP else _decide_again
        ids, refused, after = again(opened.transaction, dead, route=routes.by_code.get(dead.agency))
        if not refused and ids:
            # Who looks at what it has become finds it there, and whether it came back.
            about = trail.correlations(opened.transaction.connection, ids[:1])
            opened = replace(opened, correlation_id=about.get(ids[0], opened.correlation_id))
        told = {"message_ids": ids, "refused": refused}
        opened.settle(after, person, told=DeadLetterRedriven, **told)
    return refused


@dataclass(frozen=True, slots=True)
class _Opened:
    """A dead letter in a transaction that holds the chain of operations."""

    transaction: Transaction
    cursor: cursors.Cursor
    letter: DeadLetter
    correlation_id: str

    def waiting(self) -> DeadLetter:
        """The letter, unless it was settled already; then raises :class:`Refused`."""
        dead = self.letter
        if dead.state not in WAITING:
            was = f"{dead.id} was {dead.state} already, by {dead.decided_by}"
            raise Refused(f"{was}; see `hub dead-letters show`")
        return dead

    def settle(self, dead: DeadLetter, person: Person, *, told: type[Fact], **more: Any) -> Message:
        """Keep how the letter stands now, and record the fact that tells of it."""
        after = replace(dead, decided_by=person.who, why=person.why)
        dead_letters.settle(self.transaction, after)
        said = {"decided_by": person.who, "why": person.why, "proven": person.proven}
        if person.other is not None:
            said |= {"and_by": person.other.who, "and_proven": person.other.proven}
        return self.record(told, said | more)

    @property
    def _alarmed(self) -> bool:
        """Whether there is an alarm under the letter's own id, as there was before one was of a
        whole message: it ends under that.
        """
        return bool(states.load(self.transaction, ALARM, keys={self.letter.id}))

    def record(self, told: type[Fact], more: Mapping[str, Any]) -> Message:
        """Write a fact about the letter to the chain of operations, in the same transaction."""
        letter = {"dead_letter_id": self.letter.id, "agency": self.letter.agency}
        if self.letter.step != intake.STEP and self.letter.message_id and not self._alarmed:
            letter["message_id"] = self.letter.message_id
        fact = told.model_validate(letter | dict(more))
        message = operation(fact, now=self.transaction.now, correlation_id=self.correlation_id)
        journal.append(self.transaction, self.cursor, messages=[message])
        cursors.store(self.transaction, self.cursor)
        return message


@contextmanager
def _opened(hub: Hub, id_: str) -> Iterator[_Opened]:
    """The lock on the chain keeps two people from settling one letter at once."""
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        dead = dead_letters.load(transaction, id_)
        if dead is None:
            raise Refused(f"there is no dead letter {id_}; see `hub dead-letters list`")
        cause = trail.envelope(transaction.connection, dead.message_id or "")
        yield _Opened(transaction, cursor, dead, cause.correlation_id if cause else dead.id)


def reading_of(route: AgencyRoute | None, content_type: str) -> Reading:
    """How the agency's mapping reads such content; the hub's own shapes need none."""
    form = route.format_of_kept(media_type(content_type)) if route else None
    return form.reading if form else Reading()


# --- sending again

_Again = tuple[tuple[str, ...], int, DeadLetter]
"""New ids, how many were refused again, and the dead letter as it stands then."""


def _arrive_again(
    transaction: Transaction, dead: DeadLetter, *, route: AgencyRoute | None, policy: Policy
) -> _Again:
    if route is None:
        raise Refused(f"{dead.agency} is not configured any more; add it, or discard the letter")
    arrivals = _arrivals(transaction, route, dead=dead)
    receipts = intake.take_in(transaction, arrivals, policy=policy)
    told = dict(_told(dead, receipt) for receipt in receipts)
    queues.post(transaction, told, about=dict.fromkeys(told, dead.key_id))
    still = next((a.body for a, r in zip(arrivals, receipts, strict=True) if r.id == dead.id), None)
    refused = sum(receipt.status is ReceiptStatus.REJECTED for receipt in receipts)
    return tuple(receipt.id for receipt in receipts), refused, _after(dead, still)


def _arrivals(
    transaction: Transaction, route: AgencyRoute, *, dead: DeadLetter
) -> Sequence[Arrival]:
    door = Door(route, dead.connector, codec.from_micros(transaction.now))
    original = dead.mended or dead.original
    found = reread(door, original, content_type=dead.content_type, event_id=dead.message_id)
    if dead.reason != "refused.same-id":
        return found
    # The sender's id meant something else before: under it this would be refused for ever.
    return [
        replace(arrival, event_id=f"redriven:{dead.id}#{n}")
        for n, arrival in enumerate(found, start=1)
    ]


def _after(dead: DeadLetter, still: object) -> DeadLetter:
    """Sent, or still waiting under the same id with what is amiss now."""
    if isinstance(still, Refusal):
        return replace(dead, reason=still.reason, field=still.field)
    return dead if still is not None else replace(dead, state=DeadLetterState.REDRIVEN)


def _told(dead: DeadLetter, receipt: Receipt) -> tuple[str, Letter]:
    """The sender hears what became of it after all; with the letter's id."""
    id_ = derived_id(dead.id, "receipt", receipt.id, str(receipt.status))
    told = receipt.model_copy(update={"follows": dead.id})
    return id_, Letter("receipt", agency=dead.agency, notice=told)


def _decide_again(
    transaction: Transaction,
    dead: DeadLetter,
    *,
    route: AgencyRoute | None,  # noqa: ARG001
) -> _Again:
    before = trail.envelope(transaction.connection, dead.message_id or "")
    if before is None:
        raise Refused("the message that was refused is not in the journal; see `hub audit verify`")
    fact = _fact(transaction, dead, before=before)
    message = Message(
        id=derived_id(dead.id, "redriven"),
        source=before.source,
        time=codec.from_micros(before.time),
        key=fact.of_case or before.key,
        correlation_id=before.correlation_id,
        causation_id=before.id,
        data=fact,
    )
    _append_for(transaction, message, step=dead.step)
    return (message.id,), 0, replace(dead, state=DeadLetterState.REDRIVEN)


def _fact(transaction: Transaction, dead: DeadLetter, *, before: codec.Sealed) -> Fact:
    """What was refused, mended or not; where it could not be unsealed then, what it is now."""
    if dead.reason != "unreadable.sealed":
        type_ = media_type(dead.content_type).parameters.get("type", "")
        return codec.decode(type_, dead.mended or dead.original)
    keys = transaction.vault.keys(transaction.connection, [before.key_id], create=False)
    try:
        return before.open(keys[before.key_id]).data
    except (KeyError, Unreadable):
        raise Refused(
            "it cannot be unsealed still: check the hub's key, or whether its key was destroyed"
        ) from None


def _append_for(transaction: Transaction, message: Message, *, step: str) -> None:
    """Record the message for one step: the others had the original and must not act twice."""
    cursor = cursors.lock(transaction, f"{OPERATIONS}/redrive")
    journal.append(transaction, cursor, messages=[message], on=REDRIVEN)
    cursors.store(transaction, cursor)
    for bound in bound_steps():
        if bound.step.name != step and bound.step.concerns(message):
            inbox.note(transaction, bound.step.name, message_ids=[message.id], policy=PASSED_OVER)
