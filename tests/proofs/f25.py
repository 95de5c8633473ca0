"""F25: the two-person rule, tried by whoever wants to get round it with one person alone: with a
second key, a second name, an earlier signature, a colleague's key of another agency, or words of
their own.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from unittest import mock

from router.steps import gate
from router.steps.approve import signing
from schemas.envelope import Envelope, signed
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey, Policy
from schemas.product import ProductApproved
from tests.proofs.owners import asked, item_of, leaves, policy_of
from tests.support import given
from tests.support.given import NOON
from tests.support.signing import Signer

DAY: Final = dt.timedelta(days=1)
OWNER, OTHER = "school", "police"


@dataclass(frozen=True)
class Hand:
    """A key as it is registered, who holds it, and whether it counts."""

    name: str
    registered: str
    person: str
    signer: Signer
    agency: str = OWNER
    counts: bool = True
    given: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> ApprovalKey:
        """As the agreement has it."""
        return self.signer.key(decided_by=self.registered, **dict(self.given))


def hands() -> list[Hand]:
    """Two people of the owner; one of them under all the guises that there are; and others."""
    shared = Signer(OWNER)
    return [
        Hand("head", "Decision maker of school", "head", Signer(OWNER)),
        Hand("head again", "Decision maker of school", "head", Signer(OWNER)),
        Hand("head in capitals", "DECISION  MAKER of School", "head", Signer(OWNER)),
        Hand("head in wide letters", "\uff24ecision maker of school", "head", Signer(OWNER)),
        Hand("head with a hidden sign", "Decision\u200b maker of school", "head", Signer(OWNER)),
        Hand("deputy", "Deputy of school", "deputy", Signer(OWNER)),
        Hand("third", "Third of school", "third", Signer(OWNER)),
        Hand("shared, as head", "Decision maker of school", "?", shared, counts=False),
        Hand("shared, as third", "Third of school", "?", shared, counts=False),
        Hand("revoked", "Former of school", "former", Signer(OWNER), counts=False, given=_REVOKED),
        Hand("ended", "Early of school", "early", Signer(OWNER), counts=False, given=_ENDED),
        Hand("to come", "Late of school", "late", Signer(OWNER), counts=False, given=_TO_COME),
        Hand("unknown", "Deputy of school", "?", Signer(OWNER), agency="", counts=False),
        Hand("police", "Decision maker of police", "officer", Signer(OTHER), agency=OTHER),
    ]


_REVOKED: Final = (("revoked_at", NOON),)
_ENDED: Final = (("until", NOON - DAY),)
_TO_COME: Final = (("since", NOON + DAY),)


NAMES: Final = ("Decision maker of school", "Deputy of school", "Third of school")
AUTHORS: Final = {None: None, "Decision maker of school": "head", "deputy  of SCHOOL": "deputy"}
"""Who wrote the words, as the item says it, and who that is."""


@dataclass(frozen=True)
class Attempt:
    """What is handed in: signed by whom in which order, and with what that is not as asked."""

    hands: tuple[Hand, ...]
    decided_by: str
    people: int = 2
    author: str | None = None
    replayed: bool = False
    """Whether what was signed is an approval of another product."""

    def is_right(self, *, by_gate: bool) -> bool:
        """By the rule itself: two people of the owner, one of whom is named as deciding, have
        signed what was asked, and neither wrote it. The gate does not know who wrote it.
        """
        theirs = [one for one in self.hands if one.agency == OWNER and one.counts]
        if self.replayed or len({one.name for one in theirs}) < len(theirs):
            return False
        people = {one.person for one in theirs}
        named = {one.person for one in theirs if _plain(one.registered) == _plain(self.decided_by)}
        right = len(people) >= 2 and bool(named)
        if by_gate:
            return right
        return right and self.people == 2 and AUTHORS[self.author] not in people


def _plain(name: str) -> str:
    """As somebody reads it."""
    return " ".join(name.replace("\u200b", "").replace("\uff24", "D").split()).lower()


@dataclass(frozen=True)
class Plan:
    """How many attempts at random, and beside them every pair of keys; ``without``: what of the
    rule is dropped.
    """

    attempts: int
    seed: int
    without: str = ""
    pairs: bool = True


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "people": lambda: mock.patch.object(gate, "signed_by", return_value=True),
    "author": lambda: mock.patch.object(signing, "_wrote", return_value=False),
    "statement": lambda: mock.patch.object(signing, "_otherwise", return_value=None),
}
"""What of the rule may be dropped: the proof has to fail then."""


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Hand in every pair of keys in either order, and others at random; by message, and as the
    hub's own record would have it.
    """
    everybody, chance = hands(), Random(plan.seed)  # noqa: S311
    towns = [Town(everybody, which) for which in ("restricted", "everything")]
    came, amiss = Counter[str](), list[str]()
    with CONTROLS[plan.without]() if plan.without else nullcontext():
        for attempt in _attempts(everybody, plan, chance=chance):
            for town in towns:
                for by, told in town.answers(attempt).items():
                    came[f"{by}: {'leaves' if told else 'does not leave'}"] += 1
                    if told != attempt.is_right(by_gate=by == "gate"):
                        amiss.append(_said(town, by, attempt))
            progress(1)
    return {
        "seed": plan.seed,
        "without": plan.without,
        "came": dict(came),
        "wrong": len(amiss),
        "examples": amiss[:5],
    }


def _attempts(everybody: Sequence[Hand], plan: Plan, *, chance: Random) -> Iterator[Attempt]:
    for one in everybody if plan.pairs else ():
        yield Attempt((one,), one.registered)
        for other in everybody:
            yield Attempt((one, other), one.registered)
            yield Attempt((one, other), other.registered)
    theirs = [one for one in everybody if one.agency == OWNER and one.counts]
    for _ in range(plan.attempts):
        near = chance.random() < 0.6
        yield Attempt(
            hands=tuple(
                chance.sample(theirs, k=2)
                if near
                else chance.choices(everybody, k=chance.choice((1, 2, 2, 2, 3, 4)))
            ),
            decided_by=chance.choice(NAMES),
            people=chance.choice((2, 2, 2, 1)),
            author=chance.choice([None, None, *AUTHORS]),
            replayed=chance.random() < 0.1,
        )


class Town:
    """A hub that wants two people for what is asked of the owner."""

    def __init__(self, everybody: Sequence[Hand], which: str) -> None:
        self.which = which
        keys = [one.key for one in everybody if one.agency == OWNER]
        names = tuple(dict.fromkeys(key.decided_by for key in keys))
        own = Signer(OWNER).partner(*keys, decision_makers=names)
        others = [one.key for one in everybody if one.agency == OTHER]
        self.policy: Policy = policy_of(own, Signer(OTHER).partner(*others), two_people_for=which)
        self._asked = {author: self._ask(author) for author in AUTHORS}
        self._approved = self._genuine(everybody)

    def _ask(self, author: str | None) -> tuple[Any, Any, ApprovalRequest]:
        one = asked(self.policy, [item_of(OWNER, restricted=True, decided_by=author)])
        ((_, request),) = one.waiting
        return one.approve, one.approve.state, request

    def _genuine(self, everybody: Sequence[Hand]) -> ProductApproved:
        head, deputy = everybody[0], next(one for one in everybody if one.name == "deputy")
        told = self._given(Attempt((head, deputy), head.registered))
        (found,) = given.of(ProductApproved, told)
        return found

    def answers(self, attempt: Attempt) -> dict[str, bool]:
        """Whether it leaves by the owner's message; and by the record alone, where that wants two
        people for everything: what is restricted the gate is not told.
        """
        found = {"message": bool(given.of(ProductApproved, self._given(attempt)))}
        if self.which == "everything":
            (one,) = self._approved.approvals
            forged = one.model_copy(update={"envelope": self._envelope(attempt)})
            told = self._approved.model_copy(update={"approvals": (forged,)})
            found["gate"] = leaves(told, self.policy)
        return found

    def _given(self, attempt: Attempt) -> Sequence[Any]:
        step, state, request = self._asked[attempt.author]
        step.state, step.facts = state, []
        told = attempt.hands[0].signer.approves(
            request, decided_by=attempt.decided_by, envelope=self._envelope(attempt)
        )
        step.when(told.model_copy(update={"agency": OWNER}))
        return list(step.facts)

    def _envelope(self, attempt: Attempt) -> Envelope:
        _, _, request = self._asked[attempt.author]
        told: dict[str, Any] = {"decided_by": attempt.decided_by, "people": attempt.people}
        if attempt.replayed:
            told |= {"product_id": "product-before"}
        payload = request.statements[0].model_copy(update=told).payload()
        each = [signed(payload, hand.signer.seed) for hand in attempt.hands]
        every = tuple(one.signatures[0] for one in each)
        return each[0].model_copy(update={"signatures": every})


def _said(town: Town, by: str, attempt: Attempt) -> str:
    names = " + ".join(one.name for one in attempt.hands)
    told = f"decided by {attempt.decided_by!r}, for {attempt.people}, by {attempt.author!r}"
    return f"{by}, two for {town.which}: {names}; {told}; replayed: {attempt.replayed}"
