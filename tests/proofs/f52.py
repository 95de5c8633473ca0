"""F52: whoever held what changed is told: re-rating, correction, recall, cancellation, closure, in
random sequences against a small model (:mod:`tests.proofs.told`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from schemas.base import Fact
from schemas.changes import ChangeReceipt, ChangeReceived, ProductChange
from schemas.decisions import (
    ItemDecision,
    ItemRuled,
    OutcomeDecided,
    OutcomeDecision,
    RatingDecided,
    RatingDecision,
    RecallReceipt,
    RecallReceived,
    ReleaseDecided,
    ReleaseDecision,
    RequestDecided,
    RequestDecision,
    Ruling,
)
from schemas.information import (
    InformationItem,
    InformationReceived,
    InformationRequest,
    InformationResponse,
    Sensitivity,
)
from schemas.notices import ApprovalRequest
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.owed import OwedNotice
from schemas.product import (
    Choice,
    Disposal,
    Product,
    ProductEnded,
    ProductRecall,
    ProductVoided,
    RecallAnswer,
)
from schemas.rating import Colour, RatingAssigned, TimerElapsed
from tests.proofs.borough import Hub
from tests.proofs.told import Told
from tests.support import given

LEAD: Final = "childrens_social_care"
CONTROLS: Final[Mapping[str, tuple[type[Fact], ...]]] = {
    "ending": (ProductEnded,),
    "voiding": (ProductVoided,),
    "reopening": (ReferralReopened,),
}
"""Facts that a control keeps from everybody: the model has to find what comes of that."""
_MOST = 20
_ITEM = "The child was seen."
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """So many sequences from a seed; half of them with facts that overtake each other, and half of
    these with products that letters overtake.
    """

    sequences: int = 10_000
    seed: int = 1
    without: str = ""


def prove(plan: Plan, *, progress: Progress) -> dict[str, Any]:
    """The figures of F52."""
    wrong: dict[str, list[str]] = {}
    did: Counter[str] = Counter()
    for number in range(plan.sequences):
        story = played(
            f"{plan.seed}/{number}",
            apart=number % 2 == 1,
            late=number % 4 == 3,
            without=plan.without,
        )
        did.update(story.did)
        if story.wrong:
            wrong[story.name] = story.wrong
        progress(1)
    return {
        "sequences": plan.sequences,
        "wrong": len(wrong),
        "kinds": dict(Counter(one for each in wrong.values() for one in each).most_common(9)),
        "first": next(iter(wrong.items()), None),
        "did": dict(sorted(did.items())),
        "without": plan.without,
    }


@dataclass
class Story:
    """One sequence: a hub, people who act by chance, and what the model says of it."""

    name: str
    hub: Hub
    model: Told
    chance: Random
    did: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asks: dict[Colour, set[str]] = field(default_factory=dict)
    """By rating, the agencies that it would ask: the profile's level, without whom the hub does
    not ask about a child of eight of whom the police told.
    """
    owed: dict[str, str] = field(default_factory=dict)
    """Changes and recalls that nobody has acknowledged, with whom they were told to."""
    open_: list[tuple[str, Any]] = field(default_factory=list)
    """Letters in somebody's hands that may be answered."""
    moves: int = 0
    seen: int = 0

    def goes_on(self) -> None:
        """Somebody does something."""
        self.hub.now += dt.timedelta(minutes=1)
        acts = {
            self.rates: 7,
            self.fetches: 10,
            self.answers: 12,
            self.closes: 2,
            self.moved: 1,
            self.cancels: 1,
            self.recalls: 1,
        }
        act = self.chance.choices(list(acts), list(acts.values()))[0]
        self.did.append(act.__name__)
        act()
        self.hub.work(self.chance.randrange(30) if self.hub.apart else None)
        self._learns()

    def _head(self) -> dict[str, str]:
        return {"referral_id": "ref-1", "case_id": self.model.case_id}

    def _said(self) -> dict[str, Any]:
        return self._head() | {
            "decided_by": "S. Worker",
            "rationale": f"As seen at {self.hub.now:%H:%M}",
        }

    def rates(self) -> None:
        """A social worker rates."""
        colour = self.chance.choice(list(Colour))
        decision = RatingDecision(colour=colour, **self._said())
        self.hub.tell(given.on_picture(RatingDecided(agency=LEAD, decision=decision)))

    def closes(self) -> None:
        """A social worker closes."""
        decision = OutcomeDecision(
            outcome=self.chance.choice([Disposal.NO_FURTHER_ACTION, *Disposal]),
            may_be_told="Thank you.",
            without_product="It was told by telephone.",
            **self._said(),
        )
        self.hub.tell(given.on_picture(OutcomeDecided(agency=LEAD, decision=decision)))

    def moved(self) -> None:
        """A human finds that it is about another child."""
        self.moves += 1
        was, to = self.model.case_id, f"case-{self.moves + 1}"
        self.hub.tell(given.corrected(from_=was, to=to, revision=self.moves))
        self.hub.work()
        self.model.moved(to)
        self.owed = {id_: who for id_, who in self.owed.items() if id_.startswith("recall:")}

    def cancels(self) -> None:
        """A social worker awaits an answer no longer."""
        requests = [one for _, one in self.open_ if isinstance(one, InformationRequest)]
        if requests:
            id_ = self.chance.choice(requests).identifier
            decision = RequestDecision(action="cancel", request_id=id_, **self._said())
            self.hub.tell(given.on_picture(RequestDecided(agency=LEAD, decision=decision)))

    def recalls(self) -> None:
        """The police wants its notification back, for good."""
        products = [one for _, one in self.open_ if isinstance(one, Product) and one.items]
        items = [item for one in products for item in one.items if item.owner == "police"]
        if items and not self.model.recalled:
            id_ = items[0].item_id
            decision = ItemDecision(
                item_id=id_,
                ruling=Ruling.RECALL,
                decided_by="Decision maker of police",
                reason="It would put somebody at risk.",
                **self._head(),
            )
            self.hub.tell(ItemRuled(agency="police", decision=decision))
            self.hub.work()
            self.model.recalled.append((self.model.clock, id_))

    def fetches(self) -> None:
        """An agency takes what lies on its queue."""
        waiting = [one for one in given.AGENCIES if self.hub.waits_for(one)]
        if waiting:
            self.fetched_by(self.chance.choice(waiting))

    def fetched_by(self, agency: str) -> None:
        """This agency does."""
        self._learns()
        for letter in self.hub.hand(agency):
            self.model.handed(agency, letter, at=self.hub.now)
            self.open_.append((agency, letter))
            if isinstance(letter, ProductChange):
                self.owed = {
                    id_: to for id_, to in self.owed.items() if not _replaced(id_, to, agency)
                }
                self.owed[letter.change_id] = agency
            elif isinstance(letter, ProductRecall) and letter.recall_id:
                self.owed[f"recall:{letter.recall_id}"] = agency

    def answers(self) -> None:
        """Somebody answers a letter that it has in hand."""
        if not self.open_:
            return
        agency, letter = self.open_.pop(self.chance.randrange(len(self.open_)))
        fact = self._answer(agency, letter)
        if fact is not None:
            self.hub.tell(fact)

    def _answer(self, agency: str, letter: object) -> Fact | None:
        match letter:
            case ApprovalRequest():
                self.model.decided.add((letter.product_id, agency))
                return _released(letter, agency)
            case InformationRequest():
                self.model.answered.add(letter.identifier)
                return _informed(letter)
            case ProductChange():
                self.owed.pop(letter.change_id, None)
                receipt = ChangeReceipt(received_by="T. Manager", **letter.shared(ChangeReceipt))
                return ChangeReceived(agency=agency, receipt=receipt)
            case ProductRecall() if letter.recall_id:
                self.owed.pop(f"recall:{letter.recall_id}", None)
                return RecallReceived(
                    agency=agency,
                    receipt=RecallReceipt(
                        status=RecallAnswer.DESTROYED,
                        answered_by="T. Manager",
                        **letter.shared(RecallReceipt) | {"recall_id": letter.recall_id},
                    ),
                )
        return None

    def _learns(self) -> None:
        """What was decided, as everybody in the hub can see."""
        for message in self.hub.facts[self.seen :]:
            match message.data:
                case RatingAssigned(colour=colour):
                    self.model.rated(colour, message.time)
                case ReferralClosed(outcome=outcome):
                    self.model.closed(outcome, message.time)
                case ReferralReopened():
                    self.model.closed(None, message.time)
        self.seen = len(self.hub.facts)

    def ends(self) -> None:
        """All is heard; what is wrong then, and once everybody has fetched, is wrong for good."""
        self.hub.work()
        self._learns()
        self.hub.now += dt.timedelta(minutes=1)
        queued = [(one.agency, one.notice) for one in self.hub.letters.values() if not one.handed]
        for agency in given.AGENCIES:
            while self.hub.waits_for(agency):
                self.fetched_by(agency)
                self.hub.work()
                self._learns()
        colour, outcome = self.model.truth
        assert colour is not None, "it was rated first"
        wrong = [*self.model.wrong(queued, self.asks[colour]), *self._reminds()]
        if outcome is None and not self.model.recalled:
            self._all_answer()
            rule = self.hub.policy.profile.colours[colour]
            wrong += self.model.without(one.agency for one in (*rule.at_once, *rule.recipients))
        self.wrong = list(dict.fromkeys(wrong))

    def _all_answer(self) -> None:
        """Whoever was asked answers, until nothing is left to answer."""
        self.hub.late = None
        while self.open_:
            while self.open_:
                self.answers()
                self.hub.work()
            for agency in given.AGENCIES:
                self.fetched_by(agency)

    def _reminds(self) -> list[str]:
        """Who has not said that a person knows is reminded, and nobody else is."""
        last = max((at for at, step, _ in self.hub.due if step == "inform"), default=None)
        if last is None:
            return []
        self.hub.now = last + dt.timedelta(days=30)
        self.hub.tell(TimerElapsed(step="inform", key="ref-1", due_at=self.hub.now))
        self.hub.work()
        told = (one.notice for one in self.hub.letters.values())
        reminded = {one.subject_id for one in told if isinstance(one, OwedNotice)}
        owed = {id_.removeprefix("recall:") for id_ in self.owed}
        if reminded != owed:
            return ["somebody is not reminded of a receipt, or is who gave it"]
        return []


def _replaced(id_: str, to: str, agency: str) -> bool:
    return to == agency and not id_.startswith("recall:")


def _released(request: ApprovalRequest, agency: str) -> ReleaseDecided:
    return ReleaseDecided(
        agency=agency,
        decision=ReleaseDecision(
            item_id=request.item.item_id,
            choice=Choice.RELEASE_SANITISED,
            digest=request.item.sanitised_digest,
            decided_by=f"Decision maker of {agency}",
            reason=None,
            **request.shared(ReleaseDecision),
        ),
    )


def _informed(request: InformationRequest) -> InformationReceived:
    item = InformationItem(
        item_id="1",
        owner=request.agency,
        text=_ITEM,
        sensitivity=Sensitivity.ROUTINE,
        may_be_revealed=True,
        may_leave=True,
    )
    return InformationReceived(
        agency=request.agency,
        response=InformationResponse(
            request_id=request.identifier,
            referral_id=request.referral_id,
            case_id=request.case_id,
            known=True,
            items=(item,),
            answered_by="A. Professional",
        ),
    )


def played(
    name: str, *, apart: bool, late: bool = False, without: str = "", most: int = _MOST
) -> Story:
    """A sequence by this name, which is its seed."""
    chance, policy = Random(name), given.policy()  # noqa: S311 - plays, and keeps no secret
    keeping = Random(f"{name}/late") if late else None  # noqa: S311
    hub = Hub(policy, chance, apart, keeping, dropped=CONTROLS.get(without, ()))
    asks = {
        colour: set(policy.profile.levels[rule.level]) - {"police", "health_visiting"}
        for colour, rule in policy.profile.colours.items()
    }
    story = Story(name, hub, Told(), chance, asks=asks)
    hub.tell(given.linked(given.HIT))
    hub.work()
    story.rates()
    hub.work()
    for _ in range(chance.randint(3, most)):
        story.goes_on()
    story.ends()
    return story
