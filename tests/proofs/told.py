"""A small model of who has to be told what (F52), written from `What follows a change` and apart
from the code: it sees what was decided, and what came into whose hands, and nothing else.

- Whoever has a product of the child knows how the referral is rated now and whether it is closed:
  by the last letter that says so, or by a product that came after the last change.
- Whoever has a product about another child was told to give it back, and so for an item that its
  owner wants back.
- Nobody is told of a change, or to give something back, who never had anything.
- Nobody is told the same twice in a row.
- Nothing lies on a queue that is of another rating, or of another child, or of what was closed with
  no further action.
- Whoever still has a request in hand without an answer is named by the rating, or was told that it
  is not awaited; the same for owners who were asked about a product.
- Once all have answered, every recipient of the rating as it is now has a product of it, made since
  it was rated so.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from schemas.base import Notice
from schemas.changes import ProductChange
from schemas.information import InformationRequest
from schemas.notices import ApprovalCancellation, ApprovalRequest, RequestCancellation
from schemas.product import Disposal, Product, ProductRecall
from schemas.rating import Colour

NFA = Disposal.NO_FURTHER_ACTION
Truth = tuple[Colour | None, Disposal | None]
N = TypeVar("N", bound=Notice)
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(slots=True)
class Desk:
    """What one agency had in hand, in order."""

    read: list[tuple[int, Notice]] = field(default_factory=list)

    def of(self, kind: type[N]) -> list[tuple[int, N]]:
        """Its letters of a kind, with when they came."""
        return [(at, one) for at, one in self.read if isinstance(one, kind)]


@dataclass
class Told:
    """The model: what is decided, and what everybody had in hand."""

    case_id: str = "case-1"
    truth: Truth = (None, None)
    changed_at: dt.datetime = _NEVER
    """When it was last decided otherwise."""
    rated_at: dt.datetime = _NEVER
    """When it was last rated otherwise."""
    clock: int = 0
    times: dict[int, dt.datetime] = field(default_factory=dict)
    desks: dict[str, Desk] = field(default_factory=lambda: defaultdict(Desk))
    answered: set[str] = field(default_factory=set)
    decided: set[tuple[str, str]] = field(default_factory=set)
    recalled: list[tuple[int, str]] = field(default_factory=list)
    """Items that their owner wants back, and since when."""

    def rated(self, colour: Colour, at: dt.datetime) -> None:
        """A social worker rated."""
        self.rated_at = self.rated_at if colour is self.truth[0] else at
        self._becomes((colour, self.truth[1]), at)

    def closed(self, outcome: Disposal | None, at: dt.datetime) -> None:
        """A social worker closed; None: it is open again."""
        self._becomes((self.truth[0], outcome), at)

    def moved(self, case_id: str) -> None:
        """A human found that it is about another child."""
        self.case_id = case_id

    def _becomes(self, truth: Truth, at: dt.datetime) -> None:
        if truth != self.truth:
            self.truth, self.changed_at = truth, at

    def handed(self, agency: str, letter: Notice, *, at: dt.datetime) -> None:
        """A letter came into an agency's hands."""
        self.clock += 1
        self.times[self.clock] = at
        self.desks[agency].read.append((self.clock, letter))

    # --- what is wrong

    def wrong(self, queued: list[tuple[str, Notice]], named: set[str]) -> Iterator[str]:
        """Everything that is wrong once all that was to happen has happened.

        ``queued``: what lies on queues; ``named``: the agencies that the rating would ask.
        """
        for agency, desk in self.desks.items():
            yield from (f"{agency} {one}" for one in self._of_products(desk))
            yield from (f"{agency} {one}" for one in self._of_recalls(desk))
            yield from (f"{agency} {one}" for one in self._of_requests(agency, desk, named))
        for agency, letter in queued:
            if isinstance(letter, Product) and not self._may_wait(letter):
                yield f"a product that stands no more waits for {agency}"

    def _may_wait(self, product: Product) -> bool:
        colour, outcome = self.truth
        return product.case_id == self.case_id and product.colour is colour and outcome is not NFA

    def _of_products(self, desk: Desk) -> Iterator[str]:
        products, changes = desk.of(Product), desk.of(ProductChange)
        had = {one.product_id for _, one in products}
        if not {id_ for _, one in changes for id_ in one.product_ids} <= had:
            yield "was told of products that it never had"
        here = [(at, one) for at, one in products if one.case_id == self.case_id]
        if here and self._knows(here, changes) != self.truth:
            yield f"knows {self._knows(here, changes)}, and it is {self.truth}"
        for (first, one), (second, other) in pairwise(changes):
            between = any(first < at < second for at, _ in products)
            if (one.colour, one.outcome) == (other.colour, other.outcome) and not between:
                yield "was told the same twice"

    def _of_recalls(self, desk: Desk) -> Iterator[str]:
        products, recalls = desk.of(Product), [one for _, one in desk.of(ProductRecall)]
        if not {one.product_id for one in recalls} <= {one.product_id for _, one in products}:
            yield "was told to give back what it never had"
        whole = {one.product_id for one in recalls if one.item_id is None}
        if whole != {one.product_id for _, one in products if one.case_id != self.case_id}:
            yield "was not told to give back what is about another child, or something else too"
        back = {(one.product_id, one.item_id) for one in recalls}
        for at, one in products:
            items = {item.item_id for item in one.items}
            wanted = {id_ for since, id_ in self.recalled if at < since and id_ in items}
            wants = {(one.product_id, id_) for id_ in wanted}
            if one.product_id not in whole and not wants <= back:
                yield "was not told to give back an item that its owner wants back"

    def _knows(
        self, products: list[tuple[int, Product]], changes: list[tuple[int, ProductChange]]
    ) -> Truth:
        """A product says how it is rated, and who gets one after the last change gets it as it is
        now; else the last letter says it.
        """
        last_at, last = products[-1]
        later = self.times[last_at] >= self.changed_at
        if later and last.colour is self.truth[0] and self.truth[1] is not NFA:
            return self.truth
        since = [one for at, one in changes if at > products[0][0]]
        if since:
            return since[-1].colour, since[-1].outcome
        return last.colour, None

    def _of_requests(self, agency: str, desk: Desk, named: set[str]) -> Iterator[str]:
        asked = {one.identifier for _, one in desk.of(InformationRequest)}
        gone = {one.request_id for _, one in desk.of(RequestCancellation)}
        if not gone <= asked:
            yield "was told that a request is not awaited which it never had"
        left = asked - gone - self.answered
        if left and (agency not in named or self.truth[1] is not None):
            yield "still looks for what nobody awaits"
        cancelled = {one.product_id for _, one in desk.of(ApprovalCancellation)}
        for _, one in desk.of(ApprovalRequest):
            settled = one.product_id in cancelled or (one.product_id, agency) in self.decided
            stands = one.colour is self.truth[0] and one.case_id == self.case_id
            if not settled and not (stands and self.truth[1] is not NFA):
                yield "still has to decide about a product that stands no more"

    def without(self, recipients: Iterable[str]) -> Iterator[str]:
        """Who has no product of the rating as it is now, though all have answered and nothing is
        withheld.
        """
        for agency in recipients:
            if not any(
                one.colour is self.truth[0]
                and one.case_id == self.case_id
                and self.times[at] >= self.rated_at
                for at, one in self.desks[agency].of(Product)
            ):
                yield f"{agency} has no product of the rating as it is now"
