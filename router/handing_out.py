"""What leaves an agency's queue goes into its hands: of products that is recorded, and checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from router.steps.now import Now
from schemas.base import Fact
from schemas.decisions import ProductFetched, ProductStopped
from schemas.message import Message, arrived, derived_id
from schemas.policy import Policy
from schemas.product import Product, SentProduct
from stores import codec, cursors, journal, queues
from stores.database import Transaction
from stores.ports import Leased


def handed_out(
    transaction: Transaction, agency: str, leased: Sequence[Leased], *, policy: Policy
) -> list[Leased]:
    """Those of the letters that the agency gets now, in the transaction that leases them.

    A product that it gets for the first time is fetched: from now on it can only be recalled. One
    does not go to an agency without an agreement in force today (R50): the letter is taken away.
    """
    products = [letter for letter in leased if letter.type == Product.type]
    if not products:
        return list(leased)
    at = codec.from_micros(transaction.now)
    if Now(at, policy).agreement_with(agency) is not None:
        new = (letter for letter in products if letter.attempts == 1)
        _record(transaction, agency, [_told(ProductFetched, letter) for letter in new])
        return list(leased)
    _record(transaction, agency, [_told(ProductStopped, letter) for letter in products])
    queues.take_back(transaction, [letter.id for letter in products])
    return [letter for letter in leased if letter not in products]


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
