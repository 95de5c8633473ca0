"""Whatever comes in whatever order: a Red that no person has is on somebody's running clock, or in
an alarm that repeats (issue 9, point 2).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from router.step import Step
from router.steps.alarm import decide as alarm
from router.steps.alarm.state import Alarms
from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from router.steps.release import decide as release
from router.steps.release.state import Delivered, Released
from schemas.alarms import AlarmReceipt, AlarmReceived
from schemas.base import Fact
from schemas.decisions import (
    DeliveryReceipt,
    DeliveryReceived,
    ItemDecision,
    ItemRuled,
    ProductFetched,
    ProductStopped,
    Ruling,
)
from schemas.message import Message, caused_by
from schemas.policy import Policy
from schemas.product import ProductDrafted, items_of_notification
from schemas.rating import Colour
from tests.support import given

STEPS: tuple[Step[Any], ...] = (compose.STEP, approve.STEP, release.STEP, alarm.STEP)
WHO = ("csc_duty_team", "police_cait", "csc_assessment_team")
MINUTE = dt.timedelta(minutes=1)


def policy() -> Policy:
    """The police let their concern go out at once to who is told at once, and to nobody else."""
    standing = given.standing("csc_duty_team", recipients=WHO[:2])
    there = [given.partner(code, kind="front_line") for code in WHO]
    return given.policy(given.releasing("police", standing, signposts=True), *there)


class Borough:
    """Four steps as workers of their own: each hears every topic in its order, and of several
    topics any one first.
    """

    def __init__(self) -> None:
        self.policy, self.now, self.count = policy(), given.NOON, 0
        self.states: dict[tuple[str, str], Any] = {}
        self.waiting: dict[tuple[str, str], deque[Message]] = defaultdict(deque)
        self.timers: dict[tuple[dt.datetime, str, str], None] = {}
        self.drafted: dict[str, ProductDrafted] = {}
        self.rated = Colour.RED
        self.say(given.linked(given.HIT))
        self.say(given.assigned(Colour.RED))

    def say(self, fact: Fact) -> None:
        """Something comes from outside."""
        self.count += 1
        self._publish(given.message(fact, at=self.now, id_=f"m-{self.count}"))

    def _publish(self, message: Message) -> None:
        for step in STEPS:
            if step.concerns(message):
                self.waiting[(step.name, message.topic)].append(message)
        if isinstance(message.data, ProductDrafted) and message.data.urgent:
            self.drafted[message.data.product_id] = message.data

    def work(self, choose: Callable[[int], int]) -> None:
        """Until nothing waits; which topic comes next is chosen."""
        while places := [place for place, queue in sorted(self.waiting.items()) if queue]:
            place = places[choose(len(places))]
            self._hear(place[0], self.waiting[place].popleft())

    def _hear(self, name: str, message: Message) -> None:
        step = next(one for one in STEPS if one.name == name)
        key, beside = step.key(message), step.beside(message)
        own = self.states.get((name, key))
        others = {one: self.states[(name, one)] for one in beside if (name, one) in self.states}
        state = step.join(own, others) if beside else own
        outcome = step.decide(state, message, self.policy)
        if outcome.state is not None:
            adapter: TypeAdapter[Any] = TypeAdapter(step.state)
            kept = adapter.validate_json(adapter.dump_json(outcome.state))
            self.states[(name, key)] = kept
        for number, fact in enumerate(outcome.facts):
            self._publish(caused_by(message, name, fact=fact, ordinal=number))
        for timer in outcome.timers:
            self.timers[(timer.due_at, name, timer.key)] = None

    def tick(self) -> None:
        """The next time comes that anybody waits for."""
        if self.timers:
            due_at, step, key = min(self.timers)
            del self.timers[(due_at, step, key)]
            self.now = max(self.now, due_at)
            self._publish(given.elapsed(step, due_at, key))

    # --- what is so

    def products(self) -> Iterator[tuple[ProductDrafted, Any]]:
        for id_, draft in self.drafted.items():
            yield draft, self.states.get(("release", id_))

    def alarms(self) -> Alarms:
        found: Alarms = self.states.get(("alarm", "ref-1"), Alarms())
        return found

    def somebody_has_it(self) -> bool:
        taken = bool(self.alarms().taken_by)
        return taken or any(isinstance(state, Delivered) for _, state in self.products())

    def is_on_a_clock(self) -> bool:
        """Of a recipient, or of an alarm; each with a timer that will go off."""
        clocks = [
            (state.receipt.next_at, "release", draft.product_id)
            for draft, state in self.products()
            if isinstance(state, Released) and state.receipt
        ]
        clocks += [(one.next_at, "alarm", "ref-1") for one in self.alarms().running]
        return any(clock in self.timers for clock in clocks)


def act(borough: Borough, number: int) -> None:
    """One thing that somebody does, or that time does."""
    kind, which = number % 12, number // 12
    drafts = list(borough.drafted.values())
    draft = drafts[which % len(drafts)] if drafts else None
    running = borough.alarms().running
    match kind:
        case 0 | 1 | 2 | 3:
            borough.tick()
        case 4 | 5 if draft:
            borough.say(receipt(draft, "received" if which % 3 == 0 else "refused"))
        case 6 if draft:
            _of_its_letter(borough, draft, ProductFetched)
        case 7 if draft:
            _of_its_letter(borough, draft, ProductStopped)
        case 8:
            borough.rated = (Colour.RED, Colour.AMBER, Colour.RED)[which % 3]
            borough.now += MINUTE
            borough.say(given.assigned(borough.rated))
        case 9:
            rulings = (Ruling.WITHHOLD, Ruling.RECALL, Ruling.LIFT)
            borough.say(ruled(rulings[which % 3]))
        case 10 if which % 2:
            borough.now += MINUTE
            borough.say(given.corrected(revision=1))
        case 11 if running and which % 3 == 0:
            borough.say(taken(running[0]))


def receipt(draft: ProductDrafted, status: str) -> DeliveryReceived:
    said = {"product_id": draft.product_id, "case_id": draft.case_id, "status": status}
    told = DeliveryReceipt.model_validate(said | {"received_by": "T. Manager"})
    return DeliveryReceived(agency=draft.recipient, receipt=told)


def _of_its_letter(
    borough: Borough, draft: ProductDrafted, kind: type[ProductFetched] | type[ProductStopped]
) -> None:
    state = borough.states.get(("release", draft.product_id))
    if isinstance(state, Released) and state.letter:
        head = {"product_id": draft.product_id, "case_id": draft.case_id}
        borough.say(kind(**head, recipient=draft.recipient, letter_id=state.letter))


def ruled(ruling: Ruling) -> ItemRuled:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "item_id": items_of_notification("ref-1", 0)[0],
        "ruling": ruling,
        "decided_by": "Decision maker of police",
        "reason": None if ruling is Ruling.LIFT else "It would put the child at more risk.",
    }
    return ItemRuled(agency="police", decision=ItemDecision.model_validate(told))


def taken(running: Any) -> AlarmReceived:
    said = {name: getattr(running, name) for name in ("alarm_id", "subject_id", "case_id")}
    told = AlarmReceipt.model_validate(said | {"taken_by": "D. Manager"})
    return AlarmReceived(agency="childrens_social_care", receipt=told)


@settings(max_examples=150)
@hypothesis_given(
    acts=st.lists(st.integers(0, 719), max_size=25),
    order=st.lists(st.integers(0, 11), min_size=1, max_size=40),
)
def test_a_red_that_nobody_has_is_on_a_clock_or_in_an_alarm(
    acts: list[int], order: list[int]
) -> None:
    borough, turn = Borough(), iter(range(10**6))

    def choose(places: int) -> int:
        return order[next(turn) % len(order)] % places

    borough.work(choose)
    assert borough.is_on_a_clock()
    for number in acts:
        act(borough, number)
        borough.work(choose)
        if borough.rated is Colour.RED and not borough.somebody_has_it():
            assert borough.is_on_a_clock()
