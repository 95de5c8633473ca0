"""F22: products of many owners, of which some have not approved: each item has its owner, one of
them a second agency that told it; what every subset of them gave is wrong in every way there is.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Any, Final
from unittest import mock

from router.steps import gate
from schemas.envelope import signed
from schemas.policy import ApprovalKey, Partner, Policy
from schemas.product import OwnerApproval, ProductApproved
from schemas.statement import ReleaseStatement
from tests.proofs.owners import OWNERS, approved, item_of, leaves, leaving, policy_of
from tests.support.given import NOON
from tests.support.signing import Signer

DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Owner:
    """A decision maker with keys that count, and with others that do not."""

    good: Signer
    revoked: Signer
    ended: Signer
    to_come: Signer

    @classmethod
    def of(cls, agency: str) -> Owner:
        """With keys made anew."""
        return cls(*(Signer(agency) for _ in range(4)))

    def partner(self) -> Partner:
        """As the agreement has them."""
        return self.good.partner(
            self.good.key(),
            self.revoked.key(revoked_at=NOON),
            self.ended.key(until=NOON - DAY),
            self.to_come.key(since=NOON + DAY),
        )


def _resigned(one: OwnerApproval, by: Signer, **changes: Any) -> OwnerApproval:
    assert one.envelope is not None
    told = ReleaseStatement.parse(one.envelope.unverified()).model_copy(update=changes)
    return one.model_copy(update={"envelope": signed(told.payload(), by.seed)})


Spoil = Callable[["Town", OwnerApproval], OwnerApproval | None]
FAULTS: Final[Mapping[str, Spoil]] = {
    "missing": lambda _town, _one: None,
    "unsigned": lambda _town, one: one.model_copy(update={"envelope": None}),
    "long ago": lambda _town, one: one.model_copy(
        update={"envelope": None, "decided_at": NOON - 2000 * DAY}
    ),
    "expired": lambda town, one: _resigned(
        one, town.owners[one.agency].good, not_before=NOON - 9 * DAY, expires=NOON
    ),
    "too old": lambda town, one: _resigned(
        one, town.owners[one.agency].good, not_before=NOON - 30 * DAY, expires=NOON + 900 * DAY
    ),
    "not yet": lambda town, one: _resigned(
        one, town.owners[one.agency].good, not_before=NOON + DAY, expires=NOON + 9 * DAY
    ),
    "revoked": lambda town, one: _resigned(one, town.owners[one.agency].revoked),
    "ended": lambda town, one: _resigned(one, town.owners[one.agency].ended),
    "ended, dated back": lambda town, one: _resigned(
        one.model_copy(update={"decided_at": NOON - 2 * DAY}), town.owners[one.agency].ended
    ),
    "to come": lambda town, one: _resigned(one, town.owners[one.agency].to_come),
    "a key of nobody": lambda _town, one: _resigned(one, Signer(one.agency)),
    "another owner's key": lambda town, one: _resigned(one, town.other_than(one.agency)),
    "another decides": lambda town, one: _resigned(
        one, town.owners[one.agency].good, decided_by="Somebody else"
    ),
    "another agency's": lambda _town, one: one.model_copy(update={"agency": "police_cait"}),
    "of another item": lambda town, one: _resigned(
        one, town.owners[one.agency].good, item_id="item-other"
    ),
    "beforehand": lambda _town, one: one.model_copy(update={"standing": "information"}),
}
"""What may be wrong with one approval: what is there in its place, or nothing."""


@dataclass(frozen=True)
class Plan:
    """Up to how many owners, and how many mixed at random beside; ``without``: what is dropped."""

    owners: int
    mixed: int
    seed: int
    without: str = ""


def _only_its_owner(item: Any, **_: object) -> Iterator[str]:
    yield item.owner


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "sources": lambda: mock.patch.object(gate, "_owners", _only_its_owner),
    "keys": lambda: mock.patch.object(ApprovalKey, "counts", return_value=True),
    "time": lambda: mock.patch.object(gate, "is_over", return_value=False),
}
"""What of the gate may be dropped: the proof has to fail then."""


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Spoil approvals and ask whether the product leaves; whole, it has to."""
    chance, by_fault, left = Random(plan.seed), Counter[str](), list[str]()  # noqa: S311
    whole = tried = 0
    without: AbstractContextManager[Any] = nullcontext()
    if plan.without:
        without = CONTROLS[plan.without]()
    with without:
        for number in range(1, plan.owners + 1):
            town = Town.of(number)
            whole += town.leaves_with(town.approved.approvals)
            for spoiled in _ways(town, plan.mixed, chance=chance):
                by_fault.update(spoiled.values())
                tried += 1
                if town.leaves_spoiled(spoiled):
                    left.append(f"{number} owners: {spoiled}")
                progress(1)
    return {
        "owners": plan.owners,
        "seed": plan.seed,
        "without": plan.without,
        "whole_products_that_left": whole,
        "tried": tried,
        "by_fault": dict(by_fault),
        "left": len(left),
        "examples": left[:5],
    }


def ways(owners: int, mixed: int) -> int:
    """How many there are for up to so many owners."""
    each = (len(FAULTS) * (2 ** _approvals(number) - 1) + mixed for number in range(1, owners + 1))
    return sum(each)


def _approvals(owners: int) -> int:
    return owners + (owners > 1)


def _ways(town: Town, mixed: int, *, chance: Random) -> Iterator[dict[int, str]]:
    """Every subset, wrong in one way; and subsets in which each is wrong in its own."""
    every = range(len(town.approved.approvals))
    for size in range(1, len(every) + 1):
        for which in combinations(every, size):
            for fault in FAULTS:
                yield dict.fromkeys(which, fault)
    for _ in range(mixed):
        some = chance.sample(every, chance.randint(1, len(every)))
        yield {index: chance.choice([*FAULTS]) for index in some}


@dataclass(frozen=True)
class Town:
    """A product that all its owners signed."""

    owners: Mapping[str, Owner]
    policy: Policy
    approved: ProductApproved

    @classmethod
    def of(cls, number: int) -> Town:
        """An item of each of so many owners, the first told by the second."""
        agencies = OWNERS[:number]
        owners = {agency: Owner.of(agency) for agency in agencies}
        policy = policy_of(*(one.partner() for one in owners.values()))
        told_by = {"held_by": agencies[1]} if number > 1 else {}
        first, *rest = agencies
        items = [item_of(first, **told_by), *map(item_of, rest)]
        signers = {agency: one.good for agency, one in owners.items()}
        return cls(owners, policy, approved(policy, items, signers))

    def other_than(self, agency: str) -> Signer:
        """A decision maker of another owner, or of one that has none in it."""
        others = (one.good for code, one in self.owners.items() if code != agency)
        return next(others, Signer("police"))

    def leaves_with(self, approvals: Sequence[OwnerApproval]) -> bool:
        """Whether it leaves on these."""
        told = self.approved.model_copy(update={"approvals": tuple(approvals)})
        return leaves(told, self.policy)

    def leaves_spoiled(self, faults: Mapping[int, str]) -> bool:
        """Whether something leaves of which an approval is wrong; what others signed may, where a
        key was revoked.
        """
        given_ = [
            FAULTS[faults[index]](self, one) if index in faults else one
            for index, one in enumerate(self.approved.approvals)
        ]
        left = tuple(one for one in given_ if one is not None)
        told = self.approved.model_copy(update={"approvals": left})
        spoiled = {self.approved.approvals[index].item_id for index in faults}
        return not spoiled.isdisjoint(leaving(told, self.policy))
