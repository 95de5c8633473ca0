"""One sequence of F18: a child, and people who tell, approve, withdraw and release by chance.

Whatever they write has a canary in it, and what the model knows of it is told it in the same
moment (:mod:`tests.proofs.may_see`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from connectors.edge.approving import Decision, decide
from connectors.edge.keys import SigningKey
from ops.demo.simulation.answers import DECISION_MAKER, SOCIAL_WORKER
from ops.demo.simulation.answers import answer as simulated
from schemas.notices import ApprovalRequest
from schemas.product import Choice, release_digest
from tests.proofs.canary import MARK, canary
from tests.proofs.may_see import (
    FRONT_LINE,
    LEAD,
    Canary,
    Item,
    Story,
    What,
)

NOTIFIERS: Final = ("police", "school", "gp", "nhs_emergency", "housing")
VOLUNTEERS: Final = ("housing", "youth_justice", "midwifery")
_ASKED: Final = ("police", "school", "gp", "health_visiting")
_SYSTEMS: Final = ("early_help",)
_SIGNS: Final = (
    "Child disclosed that they were hit at home",
    "Domestic abuse incident at the home address",
    "Missing episode, returned after some hours",
    "Attendance has fallen, and the child is often tired",
)
Said = tuple[str, str, dict[str, Any]]
"""An agency, the type of what it sends without version, and the data."""
Letter = dict[str, Any]
_OF_ONE: Final = 10_000
"""More canaries than any story has."""


@dataclass(slots=True)
class Canaries:
    """All of a run, by word; each is planted once, and the same whoever else plays."""

    by_word: dict[str, Canary] = field(default_factory=dict)
    _planted: Counter[int] = field(default_factory=Counter)

    def plant(self, story: int, what: What, *, by: str, **more: Any) -> str:
        """A new canary, as a name is written; ``more``: as the model has it."""
        self._planted[story] += 1
        word = canary(story * _OF_ONE + self._planted[story])
        owners = frozenset({by}) | more.pop("owners", frozenset())
        self.by_word[word] = Canary(word, story, what, owners, **more)
        return word.capitalize()


@dataclass
class Child:
    """A child, what is known of it, and who has what in hand."""

    number: int
    chance: Random
    canaries: Canaries
    keys: Mapping[str, SigningKey]
    story: Story = field(default_factory=Story)
    notifier: str = ""
    referral_id: str = ""
    case_id: str = ""
    saw: list[dict[str, str]] = field(default_factory=list)
    """What the lead agency was shown last."""
    in_hand: list[tuple[str, Letter]] = field(default_factory=list)
    """Letters that nobody has answered."""
    named: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the test's name of an item, the hub's, and who decides about it."""
    kin: str = ""
    told: int = 0
    did: list[str] = field(default_factory=list)

    # --- what is told

    def begins(self) -> Iterator[Said]:
        """A concern comes, now and then about a child who has a worker."""
        self.notifier = self.chance.choice(NOTIFIERS)
        self.story.involved |= {self.notifier, *_ASKED, *_SYSTEMS, *FRONT_LINE}
        self._is_somebody()
        if self.chance.random() < 0.15:
            yield self._has_worker()
        yield self.notifies()

    def _has_worker(self) -> Said:
        """Somebody of the assessment team looks after the child already."""
        known = ("identifier", "name", "date_of_birth")
        case = f"ICS-{self.number}"
        worker = {"name": "W. Allocated", "team": "csc_assessment_team", "case_reference": case}
        told = {"reference": case, "since": "2026-01-05", "worker": worker}
        return LEAD, "open-case", told | {"child": {one: self.person[one] for one in known}}

    def _plant(self, what: What, by: str = "", **more: Any) -> str:
        return self.canaries.plant(self.number, what, by=by or self.notifier, **more)

    def _is_somebody(self) -> None:
        day = dt.date(2013, 1, 1) + dt.timedelta(days=self.number * 7 % 2000)
        self.kin = f"Bert {self._plant(What.KIN)}"
        informant = f"Ida {self._plant(What.PROTECTED)}"
        self.informant = informant
        self.person: dict[str, Any] = {
            "identifier": [{"value": nhs_number(self.number), "system": _NHS}],
            "name": [_name(self._plant(What.WHO), self._plant(What.WHO))],
            "date_of_birth": {"date": day.isoformat()},
            "address": [
                _home(self._plant(What.WHERE), self.number),
                _home(self._plant(What.PROTECTED), self.number + 5000) | _HIDDEN,
            ],
            "contact": [{"telephone": [f"01632 {self._plant(What.WHERE)}"]}],
            "related_person": [
                {"name": _name(*self.kin.split()), "relationship": "uncle"},
                {"name": _name(*informant.split()), "relationship": "neighbour", "protected": True},
            ],
            "sex_code": self._plant(What.FOR_DECIDERS, readers=_WORKERS),
            "school": {"name": f"{self._plant(What.WHERE)} Primary School"},
        }

    def notifies(self) -> Said:
        """The concern, or an amendment of it: every word is new."""
        self.told += 1
        item = self.story.items.setdefault("narrative", self._item(notification=True))
        words = self._plant(What.WORDS, item="narrative")
        item.amend({words.lower()})
        sign = self.chance.choice(_SIGNS)
        kept = {
            "sensitivity": "restricted" if item.restricted else "sensitive",
            "may_be_revealed": item.revealed,
            "may_leave": item.may_leave,
            "reason": self._plant(What.OWNERS_REASON),
        }
        return (
            self.notifier,
            "notification",
            {
                "reference": f"REF-{self.number}",
                "observed_at": "2026-11-02T10:00:00Z",
                "subject": self.person,
                "narrative": f"{sign}. {self.kin} spoke of {words.lower()}. {self.informant} rang.",
                "parents_informed": {
                    "informed": False,
                    "consent": "not_sought",
                    "reason": f"Afraid of {self._plant(What.FOR_DECIDERS, readers=_WORKERS)}",
                },
                "sharing": kept,
            },
        )

    def _item(self, *owners: str, notification: bool = False) -> Item:
        open_ = self.chance.random() < 0.6
        return Item(
            owners=frozenset(owners or {self.notifier}),
            revealed=open_ or self.chance.random() < 0.6,
            may_leave=open_ or self.chance.random() < 0.5,
            restricted=not open_ and self.chance.random() < 0.3,
            notification=notification,
        )

    def _tells(self, agency: str, owner: str | None = None) -> dict[str, Any]:
        """An item of an agency's answer; ``owner``: whose it says that it is."""
        key = f"{agency}-{len(self.story.items)}"
        owners = frozenset({agency, owner or agency})
        item = self.story.items[key] = self._item(*owners)
        words = self._plant(What.WORDS, agency, owners=owners, item=key)
        told = {
            "item_id": f"S{self.number}/{key}",
            "owner": owner or agency,
            "text": f"Seen with {self.kin}. He said {words.lower()}.",
            "sensitivity": "restricted" if item.restricted else "sensitive",
            "may_be_revealed": item.revealed,
            "may_leave": item.may_leave,
            "signpost": self.chance.random() < 0.7,
        }
        if not (item.revealed and item.may_leave):
            told["reason"] = f"Because of {self._plant(What.OWNERS_REASON, agency, owners=owners)}"
        return told

    # --- what people do

    def goes_on(self) -> Iterator[Said]:
        """Whoever has something in hand answers, mostly, and somebody does something besides."""
        waiting, self.in_hand = self.in_hand, []
        for agency, letter in waiting:
            if self.chance.random() < 0.85:
                yield from self._answered(agency, letter)
            else:
                self.in_hand.append((agency, letter))
        if not self.referral_id:
            return
        acts = list(_ACTS)
        act = self.chance.choices(acts, [_ACTS[one] for one in acts])[0]
        said = list(act(self))
        if said:
            self.did.append(act.__name__.strip("_"))
        yield from said

    def _answered(self, agency: str, letter: Letter) -> Iterator[Said]:
        own = _ANSWERS.get(letter["type"])
        if own is not None:
            self.did.append(own.strip("_"))
            yield from getattr(self, own)(agency, letter["data"])
        elif made := simulated(letter):
            yield agency, made["type"].split(".")[1], made["data"]

    def _head(self) -> dict[str, str]:
        return {"referral_id": self.referral_id, "case_id": self.case_id}

    def _decided(self) -> dict[str, Any]:
        said = f"Thought of {self._plant(What.FOR_DECIDERS, LEAD)}"
        return self._head() | {"decided_by": SOCIAL_WORKER, "rationale": said, "saw": self.saw}

    def _rated(self, _agency: str, letter: Letter) -> Iterator[Said]:
        self.referral_id, self.case_id = letter["referral_id"], letter["case_id"]
        yield from self._rates()

    def _rates(self) -> Iterator[Said]:
        colour = self.chance.choice(("red", "red", "amber", "green", "blue"))
        data = self._decided() | {"colour": colour}
        if self.chance.random() < 0.5:
            words = self._plant(What.FOR_READER, LEAD, readers=frozenset({self.notifier}))
            data["may_be_told"] = f"Thank you. We look at {words}."
        if colour == "red" and self.chance.random() < 0.3:
            words = self._plant(What.FOR_READER, LEAD, readers=FRONT_LINE)
            data["for_front_line"] = f"Go to {words} at once."
        yield LEAD, "rating-decision", data

    def _informs(self, agency: str, request: Letter) -> Iterator[Said]:
        count = self.chance.randint(0, 2)
        data = {one: request[one] for one in ("referral_id", "case_id")}
        yield (
            agency,
            "information-response",
            data
            | {
                "request_id": request["identifier"],
                "known": count > 0,
                "items": [self._tells(agency) for _ in range(count)],
                "answered_by": f"P. {self._plant(What.FOR_DECIDERS, agency)}",
            },
        )

    def _volunteers(self) -> Iterator[Said]:
        agency = self.chance.choice(VOLUNTEERS)
        self.story.involved.add(agency)
        owner = self.chance.choice((None, None, "gp"))
        yield (
            agency,
            "information-volunteered",
            {
                "referral_id": self.referral_id,
                "items": [self._tells(agency, owner)],
                "volunteered_by": f"V. {self._plant(What.FOR_DECIDERS, agency)}",
            },
        )

    def _approves(self, agency: str, data: Letter) -> Iterator[Said]:
        request = ApprovalRequest.model_validate(data)
        key = self._known(request, agency)
        if key is None:
            return
        item, product = self.story.items[key], request.product_id
        choice = self.chance.choice((*Choice, Choice.RELEASE_SANITISED, Choice.RELEASE_SANITISED))
        self.story.recipients[product] = request.recipient
        words = words_in(request.item.original, self.canaries)
        told: dict[str, Any] = {"leaves_out": []}
        if choice is Choice.WITHHOLD:
            told["reason"] = f"Harm by {self._plant(What.OWNERS_REASON, agency)}"
        elif choice is Choice.RELEASE_REWORDED:
            own = self._plant(What.WORDS, agency, owners=item.owners, item=key)
            told["text"], words = f"The child is safe, says {own.lower()}.", {own.lower()}
        elif choice is Choice.RELEASE_SANITISED and not self._is_agreed(request, agency, item=item):
            kinds = self.canaries.by_word
            words = {one for one in words if kinds[one].what is What.WORDS}
        if request.asks and self.chance.random() < 0.5:
            told["leaves_out"] = list(request.asks)
        yield agency, "release-decision", self._release(request, agency, choice=choice, told=told)
        if choice is Choice.WITHHOLD:
            item.withhold(agency)
            return
        item.approve(product, agency, words=words)
        # Whoever answers about words that were amended since is refused, whatever it says.
        if request.asks and item.standing <= words_in(request.item.original, self.canaries):
            item.where[product] = not told["leaves_out"]

    def _is_agreed(self, request: ApprovalRequest, agency: str, *, item: Item) -> bool:
        """Whether all that it is asked about are the words that the item's other owner chose."""
        words = words_in(request.item.sanitised, self.canaries)
        only = request.item.sanitised == request.item.original
        return only and words == item.agreed(request.product_id, but=agency)

    def _known(self, request: ApprovalRequest, agency: str) -> str | None:
        """Which item it is, by the canary in it; and how the hub calls it."""
        words = words_in(request.item.original, self.canaries)
        keys = {self.canaries.by_word[word].item for word in words} - {""}
        key = min(keys, default=None)
        if key is not None:
            self.named[key] = (request.item.item_id, agency)
        return key

    def _release(
        self, request: ApprovalRequest, agency: str, *, choice: Choice, told: dict[str, Any]
    ) -> dict[str, Any]:
        """The decision, signed by an agency that has a key."""
        more = {"signpost": self.chance.random() < 0.5, "leaves_out": told["leaves_out"]}
        decision = Decision(choice, reason=told.get("reason"), text=told.get("text"))
        if agency in self.keys:
            return decide(request, decision, key=self.keys[agency]) | more
        made = {one: getattr(request, one) for one in _OF_PRODUCT} | {"choice": choice}
        made |= {"item_id": request.item.item_id, "decided_by": DECISION_MAKER} | more
        if choice is Choice.WITHHOLD:
            return made | {"reason": told["reason"]}
        text = told.get("text")
        if text is None:
            original = choice is Choice.RELEASE_ORIGINAL
            item = request.item
            return made | {"digest": item.original_digest if original else item.sanitised_digest}
        digest = release_digest(
            item_id=request.item.item_id,
            recipient=request.recipient,
            purpose=request.purpose,
            text=text,
            about=request.about_digest or "",
        )
        return made | {
            "text": text,
            "digest": digest,
            "instead_of": request.item.original_digest,
        }

    def _rules(self) -> Iterator[Said]:
        """An owner withholds, lifts, recalls or amends one of its items."""
        if not self.named:
            return
        key = self.chance.choice(sorted(self.named))
        item_id, agency = self.named[key]
        item = self.story.items[key]
        ruling = self.chance.choice(("withhold", "withhold", "recall", "lift", "amend"))
        data = self._head() | {"item_id": item_id, "ruling": ruling, "decided_by": DECISION_MAKER}
        if ruling == "lift":
            item.lift(agency)
        elif ruling == "amend":
            words = self._plant(What.WORDS, agency, owners=item.owners, item=key).lower()
            data["text"] = f"Seen again. It was {words}."
            item.amend({words})
        else:
            data["reason"] = f"Harm by {self._plant(What.OWNERS_REASON, agency)}"
            item.withhold(agency)
        yield agency, "item-decision", data

    def _settles(self, _agency: str, review: Letter) -> Iterator[Said]:
        """A human looks at what would put somebody at risk, and may send it all the same."""
        dangers = {hit["danger"] for hit in review["hits"]}
        sends = "withheld-words" not in dangers and self.chance.random() < 0.2
        if sends:
            self.story.risked.add(review.get("product_id") or review["letter"])
        yield (
            LEAD,
            "safety-decision",
            {
                **{one: review[one] for one in ("referral_id", "case_id", "hold_id")},
                "choice": "send" if sends else "do_not_send",
                "leaves_out": [],
                "decided_by": DECISION_MAKER,
                "rationale": f"Rang {self._plant(What.FOR_DECIDERS, LEAD)}",
            },
        )

    def _amends(self) -> Iterator[Said]:
        if self.told < 3:
            yield self.notifies()

    def _closes(self) -> Iterator[Said]:
        words = self._plant(What.FOR_READER, LEAD, readers=frozenset({self.notifier}))
        outcomes = ("no_further_action", "early_help", "front_line_team")
        yield (
            LEAD,
            "outcome-decision",
            self._decided()
            | {
                "outcome": self.chance.choice(outcomes),
                "may_be_told": f"Thank you. We looked at {words}.",
                "without_product": f"Told by {self._plant(What.FOR_DECIDERS, LEAD)}",
            },
        )

    def _asks(self) -> Iterator[Said]:
        agency = self.chance.choice(_ASKED)
        words = self._plant(What.FOR_READER, LEAD, readers=frozenset({agency}))
        data = {"action": "ask", "agency": agency, "question": f"What of {words}?"}
        yield LEAD, "request-decision", self._decided() | data

    def _disagrees(self) -> Iterator[Said]:
        told = self.chance.random() < 0.5
        view = What.FOR_DECIDERS if told else What.OWNERS_REASON
        agency = self.notifier
        yield (
            agency,
            "disagreement",
            {
                "referral_id": self.referral_id,
                "disputes": "rating",
                "profession": "teacher",
                "view": f"She is afraid of {self._plant(view, agency)}.",
                "asks_for": f"Ask {self._plant(view, agency)}.",
                "raised_by": f"T. {self._plant(What.FOR_DECIDERS, agency)}",
                "may_be_revealed": told,
            },
        )

    def _errs(self) -> Iterator[Said]:
        """What cannot be taken: nobody is told what it was."""
        refused = self._plant(What.REFUSED)
        sent = self.chance.choice(
            (
                ("release-decision", {"reason": refused, "choice": refused}),
                ("rating-decision", self._head() | {"colour": "red", "rationale": refused}),
                ("information-response", {"items": [{"text": refused}], refused: 1}),
                (
                    "item-decision",
                    self._head()
                    | {"item_id": "nothing", "ruling": "withhold", "reason": refused}
                    | {"decided_by": DECISION_MAKER},
                ),
            )
        )
        yield self.notifier, *sent

    def _waits(self) -> Iterator[Said]:
        yield from ()


_OF_PRODUCT = ("referral_id", "product_id", "case_id", "recipient", "purpose")
_WORKERS = frozenset({"csc_assessment_team"})
"""Whom a child's own worker is of: handed all that its notifier told, where that may leave."""
_NHS = "https://fhir.nhs.uk/Id/nhs-number"
_HIDDEN = {"protected": True, "use": "temporary"}
_ACTS: Mapping[Callable[[Child], Iterator[Said]], int] = {
    Child._rules: 6,
    Child._rates: 2,
    Child._volunteers: 2,
    Child._amends: 1,
    Child._closes: 1,
    Child._asks: 1,
    Child._disagrees: 1,
    Child._errs: 1,
    Child._waits: 4,
}
_ANSWERS: Mapping[str, str] = {
    "mash.rating-request.v1": "_rated",
    "mash.information-request.v1": "_informs",
    "mash.approval-request.v1": "_approves",
    "mash.safety-review.v1": "_settles",
}


def words_in(text: str, canaries: Canaries) -> set[str]:
    """Those that a text says as they are."""
    said = re.findall(rf"[a-z]{{8}}{MARK}", text.lower())
    return {word for word in said if word in canaries.by_word}


def _name(given: str, family: str) -> dict[str, Any]:
    return {"given_name": [given], "family_name": [family]}


def _home(word: str, number: int) -> dict[str, Any]:
    return {"line1": f"{number % 90 + 1} {word} Street", "postcode": f"ZZ{number % 90 + 1} 3VZ"}


def nhs_number(number: int) -> str:
    """A number that nobody has (they begin with 999) and that passes as one."""
    for own in range(number * 10, number * 10 + 10):
        digits = f"999{own % 10**6:06d}"
        check = 11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return f"{digits}{check % 11}"
    raise AssertionError("one of ten has a check digit")
