"""What leaves an agency's queue goes into its hands: of products that is recorded, and checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from router.steps.approve import decide as approve
from router.steps.approve.state import Approvals
from router.steps.link.handing_over import handed
from router.steps.now import Now
from schemas.base import Fact
from schemas.decisions import ProductFetched, ProductStopped
from schemas.message import Message, arrived, derived_id
from schemas.notices import Handover
from schemas.policy import HandoverRule, Policy
from schemas.product import Product, SentProduct, items_of_notification
from stores import codec, cursors, journal, queues, states
from stores.database import Transaction
from stores.ports import Leased


def handed_out(
    transaction: Transaction, agency: str, leased: Sequence[Leased], *, policy: Policy
) -> list[Leased]:
    """Those of the letters that the agency gets now, in the transaction that leases them.

    A product that it gets for the first time is fetched: from now on it can only be recalled. One
    does not go to an agency without an agreement in force today (R50): the letter is taken away.
    """
    leased = _handovers(transaction, leased)
    products = [letter for letter in leased if letter.type == Product.type]
    if not products:
        return leased
    at = codec.from_micros(transaction.now)
    if Now(at, policy).agreement_with(agency) is not None:
        new = (letter for letter in products if letter.attempts == 1)
        _record(transaction, agency, [_told(ProductFetched, letter) for letter in new])
        return leased
    _record(transaction, agency, [_told(ProductStopped, letter) for letter in products])
    queues.take_back(transaction, [letter.id for letter in products])
    return [letter for letter in leased if letter not in products]


def _handovers(transaction: Transaction, leased: Sequence[Leased]) -> list[Leased]:
    """The letters; of a notification that its owner withholds by now only who the child is."""
    events = {one.id: json.loads(one.body) for one in leased if one.type == Handover.type}
    if not events:
        return list(leased)
    notices = {id_: Handover.model_validate(event["data"]) for id_, event in events.items()}
    withheld = _withheld(transaction, {_concern(notice) for notice in notices.values()})
    return [
        _less(one, events[one.id], notices[one.id])
        if one.id in notices and _concern(notices[one.id]) in withheld
        else one
        for one in leased
    ]


def _concern(notice: Handover) -> str:
    return notice.concern_id or notice.referral_id


def _withheld(transaction: Transaction, concerns: set[str]) -> set[str]:
    """Those of which the owner withholds the notification, or a part of it."""
    found = states.load(transaction, approve.STEP.name, keys=concerns)
    known = {id_: Approvals.model_validate_json(body) for id_, (_, body) in found.items()}
    return {
        id_
        for id_, one in known.items()
        if {word.item_id for word in one.withheld}.intersection(items_of_notification(id_))
    }


def _less(letter: Leased, event: dict[str, Any], notice: Handover) -> Leased:
    told = handed(notice.notification, HandoverRule.IDENTITY)
    data = notice.model_copy(update={"notification": told}).model_dump(mode="json")
    return replace(letter, body=json.dumps({**event, "data": data}).encode())


_Told = tuple[str, Fact]
"""A letter's id, and the fact about it."""


def _told(kind: type[ProductFetched] | type[ProductStopped], letter: Leased) -> _Told:
    product = Product.model_validate(json.loads(letter.body)["data"])
    return letter.id, kind(letter_id=letter.id, **product.shared(SentProduct))


def _record(transaction: Transaction, agency: str, told: Iterable[_Told]) -> None:
    messages = [_message(transaction, agency, *one) for one in told]
    if messages:
        cursor = cursors.lock(transaction, f"queues/{agency}")
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)


def _message(transaction: Transaction, agency: str, letter_id: str, fact: Fact) -> Message:
    return arrived(
        fact,
        id_=derived_id(letter_id, fact.type),
        source=f"mash-hub/queues/{agency}",
        time=codec.from_micros(transaction.now),
    )
