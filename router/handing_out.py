"""What leaves an agency's queue goes into its hands: of products and handovers that is recorded,
and what they say is checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from router import proven
from router.keeping_back import looked_through
from router.lane import Lane
from router.naming import with_names
from router.steps.approve import decide as approve
from router.steps.approve.state import Approvals
from router.steps.hand_over.state import STEP_NAME as HAND_OVER
from router.steps.hand_over.state import Handings
from router.steps.link.handing_over import handed, handover
from router.steps.now import Now
from router.steps.permitted import kept_from
from schemas.access import Access, Act, Resource, Role
from schemas.base import Fact
from schemas.case import ChildLinked
from schemas.changes import ChangeFetched, ProductChange
from schemas.decisions import ProductFetched, ProductStopped, ProductUnsent
from schemas.handover import HandoverFetched
from schemas.message import Message, arrived, derived_id
from schemas.notices import Handover
from schemas.operations import AccessDenied
from schemas.policy import HandoverRule, Policy
from stores import codec, cursors, journal, linked, queues, said, states
from stores.database import Transaction
from stores.ports import Leased

KEPT_BACK_SECONDS = 3600.0
"""Until a letter that was kept back is looked at again, unless a human decides before."""

UNPROVEN_SECONDS = 60.0
"""Until a letter is looked at again that the record does not let leave."""
UNHEARD_SECONDS = 2.0
"""Until one is looked at again of which the steps have to hear an owner's word: what is left of a
Red is not to wait for long.
"""

log = structlog.get_logger()


def handed_out(
    transaction: Transaction, agency: str, *, leased: Sequence[Leased], policy: Policy
) -> list[Leased]:
    """Those of the letters that the agency gets now, in the transaction that leases them.

    What would put somebody at risk is kept back, and a human is asked (L7); a Red for the front
    line goes without it. A product that it gets for the first time is fetched: from now on it can
    only be recalled, and so is a handover. A product does not go to an agency without an agreement
    in force today (R50): the letter is taken away. To whom the access rules give nothing, nothing
    goes, by whatever way.
    """
    if not _is_given(transaction, agency, leased=leased, policy=policy):
        return []
    leased = _proven(transaction, agency, leased=leased, policy=policy)
    named = with_names(transaction, _handovers(transaction, leased, policy=policy), policy=policy)
    looked = looked_through(transaction, agency, leased=named, policy=policy)
    held = {fact.hold_id: fact for fact in (*looked.kept.values(), *looked.told) if fact}
    _record(transaction, agency, told=held.items())
    queues.keep_back(transaction, list(looked.kept), seconds=KEPT_BACK_SECONDS)
    return _fetched(transaction, agency, leased=looked.goes, policy=policy)


def _is_given(
    transaction: Transaction, agency: str, *, leased: Sequence[Leased], policy: Policy
) -> bool:
    """Whether the access rules let the agency have what is for it; once a day it is recorded that
    they do not, and the letters wait.
    """
    on = Now(codec.from_micros(transaction.now), policy).today
    answer = kept_from(policy, agency, on=on)
    if answer is None or policy.access is None:
        return True
    access = Access(
        rules=policy.access.version,
        digest=policy.access.digest(),
        decided=(answer.decided.id,) if answer.decided else (),
        agency=agency,
        roles=(Role.SYSTEM,),
        purpose=None,
    )
    asked = {"record_id": agency, "act": Act.FETCH, "record": Resource.LETTER, "who": None}
    denied = AccessDenied.model_validate(asked | {"access": access})
    _record(transaction, agency, told=[(f"{agency} {on} {access.digest}", denied)])
    queues.keep_back(transaction, [one.id for one in leased], seconds=UNPROVEN_SECONDS)
    return False


def unsent(transaction: Transaction, letter: Leased) -> None:
    """Record that a product in hand was not sent, where it was taken back meanwhile: then it leaves
    its queue. While a step has still to hear why, it stays there.
    """
    said.one_at_a_time(transaction, {_case(letter)})
    kept = queues.in_hand(transaction, letter) or letter
    if proven.is_taken_back(transaction, kept):
        _record(transaction, letter.agency, told=[_unsent(kept)])
        queues.take_back(transaction, [letter.id])


def _proven(
    transaction: Transaction, agency: str, *, leased: Sequence[Leased], policy: Policy
) -> list[Leased]:
    """Those that the record lets leave, as it stands at this moment.

    Owners' words about the same cases wait until this has ended, and what they say is told
    :func:`router.intake.take_in`; this waits for those that came before.
    """
    cases = {_case(letter) for letter in leased if letter.type in proven.TYPES}
    said.one_at_a_time(transaction, cases)
    now = Now(codec.from_micros(transaction.now), policy)
    found = proven.looked_at(transaction, leased, now=now)
    by_id = {letter.id: letter for letter in leased}
    stopped = [_told(ProductStopped, by_id[id_], reason=why) for id_, why in found.stops.items()]
    ended = [_unsent(by_id[id_]) for id_ in found.ended]
    _record(transaction, agency, told=[*stopped, *ended])
    queues.take_back(transaction, [*found.stops, *found.ended])
    queues.keep_back(transaction, found.waits, seconds=UNPROVEN_SECONDS)
    queues.keep_back(transaction, found.unheard, seconds=UNHEARD_SECONDS)
    for letter in (*found.waits, *found.unheard):
        trace_id = by_id[letter].trace_id
        log.warning("letter.unproven", agency=agency, letter=letter, trace_id=trace_id)
    return found.goes


def _case(letter: Leased) -> str:
    return str(json.loads(letter.body)["data"]["case_id"])


def _fetched(
    transaction: Transaction, agency: str, *, leased: Sequence[Leased], policy: Policy
) -> list[Leased]:
    products = {letter.id for letter in leased if letter.type in proven.TYPES}
    at = codec.from_micros(transaction.now)
    stopped = set[str]()
    if products and Now(at, policy).agreement_with(agency) is None:
        stopped = products
    # In the order in which they are handed over: what is read last is what is known.
    told = [_of_handing(letter, stopped=letter.id in stopped) for letter in leased]
    _record(transaction, agency, told=[one for one in told if one])
    queues.take_back(transaction, list(stopped))
    return [letter for letter in leased if letter.id not in stopped]


def _of_handing(letter: Leased, *, stopped: bool) -> _Told | None:
    """What is recorded as a letter is handed over for the first time, or a product is not at all;
    None: nothing is.
    """
    if stopped:
        return _told(ProductStopped, letter)
    if letter.attempts > 1:
        return None
    if letter.type in proven.TYPES:
        return _told(ProductFetched, letter)
    if letter.type == ProductChange.type:
        return _told(ChangeFetched, letter)
    return _told_of_handover(letter) if letter.type == Handover.type else None


def _handovers(
    transaction: Transaction, leased: Sequence[Leased], *, policy: Policy
) -> list[Leased]:
    """The letters, with by when their team owes its word; of a notification that its owner
    withholds by now only who the child is.
    """
    events = {one.id: json.loads(one.body) for one in leased if one.type == Handover.type}
    if not events:
        return list(leased)
    told = {id_: Handover.model_validate(event["data"]) for id_, event in events.items()}
    notices = _due(transaction, told | _filled(transaction, told, policy=policy))
    withheld = _withheld(transaction, {_concern(notice) for notice in notices.values()})
    less = {
        id_: _less(notice) if _concern(notice) in withheld else notice
        for id_, notice in notices.items()
    }
    return [
        one
        if less.get(one.id) == told.get(one.id)
        else _saying(one, events[one.id], notice=less[one.id])
        for one in leased
    ]


def _filled(
    transaction: Transaction, told: Mapping[str, Handover], *, policy: Policy
) -> dict[str, Handover]:
    """Those that only say who the child is, with what the notifier agreed of its words."""
    outlined = {id_: notice for id_, notice in told.items() if notice.outlined}
    found = linked.load(transaction, {notice.referral_id for notice in outlined.values()})
    whole = {}
    for id_, notice in outlined.items():
        message = found.get(notice.referral_id)
        if message is not None and isinstance(message.data, ChildLinked):
            now = {"case_id": notice.case_id, "allocated_to": notice.worker}
            letter = handover(message.data.model_copy(update=now), policy)
            if letter is not None and isinstance(letter.notice, Handover):
                whole[id_] = letter.notice
    return whole


def _due(transaction: Transaction, notices: Mapping[str, Handover]) -> dict[str, Handover]:
    """Each with by when a person is to say that they have it, as its clock runs; one that does not
    run, or that nobody has begun yet, says nothing.
    """
    referrals = {notice.referral_id for notice in notices.values()}
    found = states.load(transaction, HAND_OVER, keys=referrals)
    known = {id_: Handings.model_validate_json(body) for id_, (_, body) in found.items()}
    clocks = {
        one.letter: one.clock
        for handings in known.values()
        for one in handings.each
        if one.clock and one.refused is None and not one.taken_back
    }
    return {
        id_: notice.model_copy(update={"due_at": clocks[id_].due_at}) if id_ in clocks else notice
        for id_, notice in notices.items()
    }


def _concern(notice: Handover) -> str:
    return notice.concern_id or notice.referral_id


def _withheld(transaction: Transaction, concerns: set[str]) -> set[str]:
    """Those of which the owner withholds the notification, or a part of it, whichever of them
    told of it.
    """
    found = states.load(transaction, approve.STEP.name, keys=concerns)
    known = {id_: Approvals.model_validate_json(body) for id_, (_, body) in found.items()}
    return {id_ for id_, one in known.items() if one.keeps_notification(id_)}


def _less(notice: Handover) -> Handover:
    told = handed(notice.notification, HandoverRule.IDENTITY)
    return notice.model_copy(update={"notification": told})


def _saying(letter: Leased, event: dict[str, Any], *, notice: Handover) -> Leased:
    data = notice.model_dump(mode="json")
    return replace(letter, body=json.dumps({**event, "data": data}).encode())


_Told = tuple[str, Fact]
"""A fact, and the id of the letter or of what is held that it is about."""


def _told(
    kind: type[ChangeFetched | ProductFetched | ProductStopped | ProductUnsent],
    letter: Leased,
    **more: str | bool,
) -> _Told:
    data = json.loads(letter.body)["data"]
    product = {name: data[name] for name in kind.model_fields if name in data}
    return letter.id, kind(letter_id=letter.id, **product | more)


def _unsent(letter: Leased) -> _Told:
    return _told(ProductUnsent, letter, tried=letter.attempts > 1)


def _told_of_handover(letter: Leased) -> _Told:
    notice = Handover.model_validate(json.loads(letter.body)["data"])
    head = {"referral_id": notice.referral_id, "case_id": notice.case_id}
    return letter.id, HandoverFetched(**head, agency=letter.agency, letter_id=letter.id)


def _record(transaction: Transaction, agency: str, *, told: Iterable[_Told]) -> None:
    """What is recorded already is not recorded again: a letter that somebody put back is to hold
    up no other of its agency.
    """
    by_id = {_message_id(*one): one for one in told}
    known = journal.known_ids(transaction, by_id)
    messages = [
        _message(transaction, agency, *one) for id_, one in by_id.items() if id_ not in known
    ]
    if messages:
        cursor = cursors.lock(transaction, f"queues/{agency}")
        ahead = Lane().ahead(transaction, messages)
        journal.append(transaction, cursor, messages=messages, ahead=ahead)
        cursors.store(transaction, cursor)


def _message(transaction: Transaction, agency: str, about: str, fact: Fact) -> Message:
    return arrived(
        fact,
        id_=_message_id(about, fact),
        source=f"mash-hub/queues/{agency}",
        time=codec.from_micros(transaction.now),
    )


def _message_id(about: str, fact: Fact) -> str:
    return derived_id(about, fact.type)
