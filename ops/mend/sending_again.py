"""Replay to live: what left for a recipient that has lost it goes on its queue again.

A recipient may have put an older copy of its system back. What it was sent is in the record: each
product is built from what its owners approved, as the gate builds it when it is opened (R27), under
the id of the letter that it had, so whoever has it still knows it again. Only what would leave now
goes: what was replaced, returned, recalled, withheld, kept back or erased does not, nor what owners
approved for a time that is over; that is told of. At the door each is looked at once more, like any
other letter.

It takes two people: who plans it, and another who agrees to exactly these products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import TypeAdapter

from ops.access.noting import OPERATIONS, note
from ops.look import received
from ops.mend.bulk import different
from ops.mend.dead_letters import Person, Refused
from ops.run.wiring import Hub
from router import proven
from router.lane import Lane
from router.steps.now import Now
from router.steps.release import sending
from router.steps.release.sending import STEP_NAME
from router.steps.release.state import Delivered, Released, Returned, State
from schemas.letter import Letter
from schemas.operations import NotSentAgain, SendingAgainAsked, SendingAgainDecided, SentAgain
from schemas.product import ProductReleased, ToAct
from stores import codec, cursors, linking, queues, said, states
from stores.database import View
from stores.ports import Leased
from stores.vault import Unreadable

MOST: Final = 1000
"""Products of one plan: more are planned part by part."""
AT_ONCE: Final = 20
"""Products in one transaction."""
_STATE: Final[TypeAdapter[State]] = TypeAdapter(State)
Why: TypeAlias = Literal[
    "waits", "replaced", "returned", "recalled", "kept_back", "withheld", "ended", "unreadable"
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants sent again, and what became of that."""

    asked_id: str
    recipient: str
    product_ids: tuple[str, ...]
    by: str
    agreed: bool | None = None
    """None: nobody has said anything yet."""
    said_by: str | None = None
    done: SentAgain | None = None


@dataclass(slots=True)
class Outcome:
    """What became of each so far."""

    sent: list[str] = field(default_factory=list)
    not_sent: dict[str, Why] = field(default_factory=dict)

    def counted(self) -> dict[str, int]:
        """How many did not go, by why."""
        found: dict[str, int] = {}
        for why in self.not_sent.values():
            found[why] = found.get(why, 0) + 1
        return dict(sorted(found.items()))


def left_for(
    view: View, recipient: str, *, period: tuple[int, int], about: str | None
) -> list[str]:
    """The products that left for a recipient behind one position and up to another, in order, each
    once; ``about``: of one case or referral. Raises :class:`Refused` for more than :data:`MOST`.
    """
    found: dict[str, None] = {}
    for entry in linking.within(view, type_=ProductReleased, period=period):
        fact = entry.message.data
        if not isinstance(fact, ProductReleased) or fact.recipient != recipient:
            continue
        if about in (None, fact.case_id, entry.message.correlation_id, fact.product_id):
            found[fact.product_id] = None
        if len(found) > MOST:
            raise Refused(f"more than {MOST:,} products left for it then: choose a shorter time")
    return list(found)


def ask(hub: Hub, job_id: str, recipient: str, *, ids: Sequence[str], person: Person) -> None:
    """Record that somebody wants these sent again."""
    fact = SendingAgainAsked(
        asked_id=job_id,
        recipient=recipient,
        product_ids=tuple(ids),
        decided_by=person.who,
        why=person.why,
        proven=person.proven,
    )
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        note(transaction, cursor, fact=fact, about=job_id)


def decide(hub: Hub, job_id: str, *, agreed: bool, person: Person) -> None:
    """Agree to what another person planned, or say that it is not to be done, which who planned it
    may say too. Raises :class:`Refused`.
    """
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        asked = of(transaction, job_id)
        if asked.agreed is not None:
            word = "agreed to" if asked.agreed else "refused"
            raise Refused(f"{asked.said_by} has {word} it already")
        if agreed:
            different(asked.by, person.who)
        told = {"asked_id": job_id, "agreed": agreed, "decided_by": person.who}
        told |= {"why": person.why, "proven": person.proven}
        fact = SendingAgainDecided.model_validate(told)
        note(transaction, cursor, fact=fact, about=job_id)


def of(view: View, job_id: str) -> Asked:
    """What was asked under the id of a replay, and what became of it. Raises :class:`Refused`."""
    types = (SendingAgainAsked, SendingAgainDecided, SentAgain)
    found: Asked | None = None
    for entry in linking.about(view.connection, view.vault, ids=[job_id], types=types):
        match entry.message.data:
            case SendingAgainAsked() as fact if found is None:
                found = Asked(job_id, fact.recipient, fact.product_ids, fact.decided_by)
            case SendingAgainDecided() as told if found is not None and found.agreed is None:
                who = told.decided_by
                found = Asked(
                    job_id, found.recipient, found.product_ids, found.by, told.agreed, who
                )
            case SentAgain() as done if found is not None:
                found = Asked(
                    job_id,
                    found.recipient,
                    found.product_ids,
                    found.by,
                    found.agreed,
                    found.said_by,
                    done,
                )
    if found is None:
        raise Refused(f"nobody has asked for the replay {job_id} to live")
    return found


def refuse_to_start(asked: Asked) -> None:
    """Raise :class:`Refused` unless two people want it, and it was not done before."""
    if asked.done is not None:
        raise Refused("it was done already: plan another one")
    if asked.agreed is None:
        raise Refused("it takes two people: another than who planned it has to agree first")
    if not asked.agreed:
        raise Refused(f"{asked.said_by} said that it is not to be done")
    different(asked.by, asked.said_by or "")


# --- sending


def tried(hub: Hub, asked: Asked) -> Outcome:
    """What would become of each now; nothing is sent."""
    outcome = Outcome()
    now = Now(codec.from_micros(hub.database.clock()), hub.policy.value)
    with hub.database.view() as view:
        for one in _looked(view, asked.recipient, ids=asked.product_ids, now=now):
            _note(one, outcome)
    return outcome


def send(hub: Hub, asked: Asked, *, ids: Sequence[str], outcome: Outcome) -> None:
    """Put those of these that may leave on their recipient's queue, all in one transaction."""
    with hub.database.transaction() as transaction:
        now = Now(codec.from_micros(transaction.now), hub.policy.value)
        known = [state for id_ in ids if (state := _state(transaction, id_)) is not None]
        said.one_at_a_time(transaction, {sent.case_id for state in known if (sent := _sent(state))})
        looked = list(_looked(transaction, asked.recipient, ids=ids, now=now))
        letters = {one.letter_id: one for one in looked if one.letter is not None}
        lane = Lane.of(hub.policy.value.profile)
        queues.post(
            transaction,
            {id_: one.letter for id_, one in letters.items() if one.letter},
            about={id_: one.referral_id for id_, one in letters.items()},
            red={
                id_ for id_, one in letters.items() if one.letter and lane.takes(one.letter.notice)
            },
        )
    for one in looked:
        _note(one, outcome)


def done(hub: Hub, asked: Asked, outcome: Outcome, *, by: Person) -> None:
    """Record what became of it, once. Raises :class:`Refused` where that was done meanwhile."""
    not_sent = tuple(NotSentAgain(product_id=id_, why=why) for id_, why in outcome.not_sent.items())
    fact = SentAgain(
        asked_id=asked.asked_id,
        recipient=asked.recipient,
        product_ids=tuple(outcome.sent),
        not_sent=not_sent,
        left=len(asked.product_ids) - len(outcome.sent) - len(not_sent),
        decided_by=by.who,
        why=by.why,
        proven=by.proven,
    )
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        refuse_to_start(of(transaction, asked.asked_id))
        note(transaction, cursor, fact=fact, about=asked.asked_id)


@dataclass(frozen=True, slots=True, repr=False)
class _Looked:
    """A product, and the letter in which it goes; or why it does not."""

    product_id: str
    why: Why | None = None
    letter: Letter | None = None
    letter_id: str = ""
    referral_id: str = ""


def _note(one: _Looked, outcome: Outcome) -> None:
    if one.why is None:
        outcome.sent.append(one.product_id)
    else:
        outcome.not_sent[one.product_id] = one.why


def _sent(state: State) -> Released | None:
    """The product as it was sent, where its recipient may have it."""
    if isinstance(state, Released):
        return state
    return state.sent if isinstance(state, Delivered) else None


def _looked(view: View, recipient: str, *, ids: Sequence[str], now: Now) -> Iterator[_Looked]:
    for id_ in ids:
        yield _one(view, id_, _state(view, id_), recipient=recipient, now=now)


def _state(view: View, product_id: str) -> State | None:
    """What releasing remembers of a product; None where that was erased."""
    try:
        found = states.load(view, STEP_NAME, keys={product_id}).get(product_id)
    except Unreadable:
        return None
    return None if found is None else _STATE.validate_json(found[1])


def _one(view: View, product_id: str, state: State | None, *, recipient: str, now: Now) -> _Looked:
    """Whether a product may leave again, as its step remembers it and as the record says."""
    if state is None:
        return _Looked(product_id, "unreadable")
    sent = _sent(state)
    if sent is None or sent.recipient != recipient:
        return _Looked(product_id, "returned" if isinstance(state, Returned) else "recalled")
    why = _stays(view, product_id, sent)
    if why is not None:
        return _Looked(product_id, why)
    approved, by = received.as_left(view, product_id, sent)
    if isinstance(state, Released) and state.holds is not None:
        approved = state.holds
    if approved is None or (approved.school_notice and not approved.items):
        return _Looked(product_id, "unreadable" if approved is None else "recalled")
    letter_id = sent.letter or sending.letter_named(by)
    letter = sending.letter(approved, ToAct(**sent.shared(ToAct)))
    why = _gate(view, letter_id, letter, now=now)
    if why is not None:
        return _Looked(product_id, why)
    return _Looked(product_id, None, letter, letter_id, sent.referral_id or letter_id)


def _stays(view: View, product_id: str, sent: Released) -> Why | None:
    """Why it does not go, by what releasing remembers and by what was sent after it."""
    if sent.recalled:
        return "recalled"
    if sent.kept_back:
        return "kept_back"
    if not sent.fetched or queues.is_there(view, sent.letter):
        return "waits"
    later = linking.about(
        view.connection, view.vault, ids=[sent.referral_id], types=[ProductReleased]
    )
    facts = (one.message.data for one in later)
    replaced = any(isinstance(f, ProductReleased) and f.supersedes == product_id for f in facts)
    return "replaced" if replaced else None


def _gate(view: View, letter_id: str, letter: Letter, *, now: Now) -> Why | None:
    """What the gate would say if it were handed out now."""
    body = codec.letter_body(letter, id_=letter_id, time=now.at)
    leased = Leased(letter_id, letter.agency, letter.notice.type, body, 1)
    found = proven.looked_at(view, [leased], now=now)
    if found.goes:
        return None
    if found.stops:
        return "ended"
    return "withheld" if found.unheard else "recalled"


def in_words(counted: Mapping[str, int]) -> str:
    """Why some did not go: ``2 replaced, 1 recalled``."""
    return ", ".join(f"{n} {why.replace('_', ' ')}" for why, n in counted.items())
