"""F23: an owner withdraws in the moment in which the product is released. Somebody leases and
sends, somebody else takes in owners' words, and the steps go on, each over a connection of its own:
nothing leaves whose owner's word was committed before, and what is left of it does.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final, TypeVar
from unittest import mock

from sqlalchemy import update

from router import proven
from router.handle import Adopted
from router.intake import take_in
from router.queues import StoredQueues
from router.runtimes.embedded import Embedded
from router.topology import whole_hub
from schemas.base import Fact
from schemas.decisions import ItemRuled, ProductFetched, Ruling
from schemas.notices import ApprovalRequest
from schemas.policy import Policy
from schemas.product import Product
from stores import cursors, journal, policies, said
from stores.database import Conflict, Database
from stores.ports import Arrival, Leased
from stores.tables import letters
from stores.vault import Vault
from tests.proofs.owners import policy_of, signers
from tests.support import given, products
from tests.support.signing import Signer

RECIPIENT: Final = products.RECIPIENT
OWNER, OTHER = "school", "gp"
_LOOKED: Final = 0.02
"""Seconds between looking at the record and handing over: there a word slips in that nobody waits
for, as owners withdraw what is just looked at.
"""
_LAG: Final = 0.03
"""Seconds between two looks of the steps: what came meanwhile they have not heard."""
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """How many products; ``without``: what of the hub is dropped."""

    products: int
    seed: int
    without: str = ""


@contextmanager
def _blind() -> Iterator[None]:
    with (
        mock.patch.object(proven, "_taken_back", return_value=False),
        mock.patch.object(proven, "_withheld", return_value=False),
    ):
        yield


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "record": _blind,
    "turns": lambda: mock.patch.object(said, "one_at_a_time"),
}
"""What may be dropped: that the record is looked at, or that one waits for the other (where there
is more than one writer). The proof has to fail then.
"""


@dataclass(slots=True)
class Race:
    """What happened, and when: of each product, when its owner's word was committed, and what its
    recipient got.
    """

    committed: dict[str, float] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    leased: set[str] = field(default_factory=set)
    """Of which the whole was leased: to who fetches, that is handed over."""
    whole: set[str] = field(default_factory=set)
    less: set[str] = field(default_factory=set)
    looked_at: set[str] = field(default_factory=set)
    """What is to be handed over now, as the record was found to let it."""
    stopped: int = 0
    conflicts: int = 0
    failed: list[str] = field(default_factory=list)


def prove(url: str, plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Have them race on an empty database."""
    with ExitStack() as stack:
        hubs = [stack.enter_context(_opened(url)) for _ in range(3)]
        hubs[0].create_tables()
        town, race, done = Town(hubs[0], plan.products), Race(), threading.Event()
        stack.enter_context(_slow(race))
        stack.enter_context(CONTROLS[plan.without]() if plan.without else nullcontext())
        works = (
            lambda: _send(StoredQueues(hubs[1], town.policy), race, done, plan=plan),
            lambda: _withdraw(hubs[2], town.policy, race, plan=plan, progress=progress),
        )
        threads = [threading.Thread(target=_noting, args=(work, race)) for work in works]
        for thread in threads:
            thread.start()
        _step(town, threads[1], race=race, plan=plan)
        done.set()
        for thread in threads:
            thread.join()
        return _told(town, race, plan=plan)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url, Vault(bytes(32)))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _slow(race: Race) -> Iterator[None]:
    """With a moment between looking at the record and what comes of it."""
    looked_at = proven.looked_at

    def slowly(*args: Any, **kwargs: Any) -> proven.Proven:
        found = looked_at(*args, **kwargs)
        race.looked_at = {_product_of(one) for one in found.goes if one.type == Product.type}
        if race.looked_at:
            time.sleep(_LOOKED)
        race.looked_at = set()
        return found

    with mock.patch.object(proven, "looked_at", slowly):
        yield


class Town:
    """Products of two owners that wait for their recipient."""

    def __init__(self, database: Database, count: int) -> None:
        self.database, self.signers = database, signers(OWNER, OTHER)
        self.policy: Policy = policy_of(*(one.partner() for one in self.signers.values()))
        with database.transaction() as transaction:
            number = policies.adopt(transaction, self.policy)
        self.hub = Embedded(database, whole_hub(), Adopted(number, self.policy))
        self.queues = StoredQueues(database, self.policy)
        for index in range(count):
            items = (_item(OWNER, index), _item(OTHER, index))
            self._tell(products.drafted(*items, product_id=f"product-{index}", **_head(index)))
        for signer in self.signers.values():
            self._tell(*(signer.approves(one) for one in self._requests(signer)))

    def _tell(self, *facts: Fact) -> None:
        now = dt.datetime.now(dt.UTC)
        with self.database.transaction() as transaction:
            cursor = cursors.lock(transaction, "proof")
            told = [given.message(fact, at=now) for fact in facts]
            journal.append(transaction, cursor, messages=told)
            cursors.store(transaction, cursor)
        self.hub.drain()

    def _requests(self, signer: Signer) -> Iterator[ApprovalRequest]:
        for letter in self.queues.lease(signer.agency, limit=10_000, seconds=1):
            if letter.type == ApprovalRequest.type:
                yield ApprovalRequest.model_validate(json.loads(letter.body)["data"])

    def order(self, index: int) -> list[Fact]:
        """What of a product was recorded first: that it was handed over, or its owner's word."""
        types = {ProductFetched.type, ItemRuled.type}
        with self.database.view() as view:
            subjects = {f"case-{index}"}
            found = said.load(view, subjects=subjects, referrals=set(), types=types)
        return [message.data for _, message in found]


def _head(index: int) -> dict[str, Any]:
    return {"referral_id": f"ref-{index}", "case_id": f"case-{index}"}


def _item(owner: str, index: int) -> Any:
    return products.draft_item(owner, f"item-{owner}-{index}")


R = TypeVar("R")


def _retried(act: Callable[[], R], race: Race) -> R:
    """Done again where another transaction was first, as every part of the hub does."""
    while True:
        try:
            return act()
        except Conflict:
            race.conflicts += 1


def _noting(work: Callable[[], None], race: Race) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - told, and the proof fails
        race.failed.append(type(error).__name__)


def _withdraw(
    database: Database,
    policy: Policy,
    race: Race,
    *,
    plan: Plan,
    progress: Callable[[int], None],
) -> None:
    """Owners' words come in: about what is just looked at, or about any."""
    chance = Random(plan.seed)  # noqa: S311
    left = {f"product-{index}": index for index in range(plan.products)}
    while left:
        time.sleep(chance.random() * 0.01)
        hot = sorted(race.looked_at & left.keys())
        if not hot and chance.random() < 0.93:
            continue
        index = left.pop(chance.choice(hot or [*left]))
        ruled = products.ruled(_item(OWNER, index), Ruling.WITHHOLD, **_head(index))
        arrival = Arrival(OWNER, "http", f"e-{index}", b"{}", "application/json", ruled)
        _retried(partial(_taken_in, database, arrival, policy=policy), race)
        race.committed[f"product-{index}"] = time.monotonic()
        progress(1)


def _taken_in(database: Database, arrival: Arrival, *, policy: Policy) -> None:
    with database.transaction() as transaction:
        take_in(transaction, [arrival], policy=policy)


def _send(queues: StoredQueues, race: Race, done: threading.Event, *, plan: Plan) -> None:
    """Lease some, look at each once more, and send: as what delivers does."""
    chance = Random(plan.seed + 1)  # noqa: S311
    while not done.is_set():
        began = time.monotonic()
        some = partial(queues.lease, RECIPIENT, limit=chance.randint(1, 4), seconds=_SECONDS)
        leased = _retried(some, race)
        mine = [letter for letter in leased if letter.type == Product.type]
        race.leased |= {_product_of(letter) for letter in mine if _is_whole(letter)}
        for letter in mine:
            _note(race, letter, asked=began)
        for letter in mine:
            time.sleep(chance.random() * _LOOKED)
            asked = time.monotonic()
            if _retried(partial(queues.may_go, letter), race):
                _note(race, letter, asked=asked)
                (race.whole if _is_whole(letter) else race.less).add(_product_of(letter))
                _retried(partial(queues.acknowledge, RECIPIENT, [letter.id]), race)
            else:
                race.stopped += 1
                back = partial(queues.give_back, RECIPIENT, [letter.id], after_seconds=0)
                _retried(back, race)
        others = [one.id for one in leased if one not in mine]
        _retried(partial(queues.acknowledge, RECIPIENT, others), race)
        if not leased:
            time.sleep(0.005)


def _note(race: Race, letter: Leased, *, asked: float) -> None:
    """Whether it is handed over though its owner's word was committed before that was asked."""
    product_id = _product_of(letter)
    if _is_whole(letter) and race.committed.get(product_id, asked) < asked:
        race.late.append(product_id)


def _product_of(letter: Leased) -> str:
    return str(json.loads(letter.body)["data"]["product_id"])


def _is_whole(letter: Leased) -> bool:
    return OWNER in {one["owner"] for one in json.loads(letter.body)["data"]["items"]}


def _step(town: Town, withdrawing: threading.Thread, *, race: Race, plan: Plan) -> None:
    """The steps hear of it all, until every product is with its recipient, in whatever words; in a
    control only for a moment.
    """
    while withdrawing.is_alive():
        _retried(town.hub.drain, race)
        time.sleep(_LAG)
    deadline = time.monotonic() + (2.0 if plan.without else _SECONDS)
    while time.monotonic() < deadline and not race.failed:
        _retried(town.hub.drain, race)
        if len(race.whole | race.less) == plan.products:
            return
        _retried(partial(_let_go, town.database), race)
        time.sleep(_LAG)


def _let_go(database: Database) -> None:
    """What was to be looked at again a minute later is looked at now."""
    with database.transaction() as transaction:
        transaction.connection.execute(
            update(letters).where(letters.c.attempts == 0).values(leased_until=0)
        )


def _told(town: Town, race: Race, *, plan: Plan) -> dict[str, Any]:
    after = 0
    for index in range(plan.products):
        kinds = [type(fact) for fact in town.order(index)]
        leased = f"product-{index}" in race.leased
        after += leased and kinds.index(ItemRuled) < kinds.index(ProductFetched)
    return {
        "products": plan.products,
        "seed": plan.seed,
        "without": plan.without,
        "whole_before_its_owner_withdrew": len(race.whole),
        "less_of_it": len(race.less - race.whole),
        "stopped_in_hand": race.stopped,
        "handed_over_after_the_word": len(race.late) + after,
        "never_came": plan.products - len(race.whole | race.less),
        "conflicts": race.conflicts,
        "failed": race.failed,
    }
