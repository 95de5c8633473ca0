"""The last look before a letter is handed out: nobody may be put at risk by it (L7).

What an agency told of a child or of its brothers and sisters may have come after the letter was
written. What is found is kept back and recorded, and a human is asked by the hold step; what humans
decided is followed here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import from_json, to_json

from router.around import around
from router.steps import hold
from router.steps.hold import Held, Holds
from router.steps.identity import as_block, as_person
from router.steps.link.register import STEP_NAME
from router.steps.safety import NOT_SAFE, Leaving, guarded, unsafe
from schemas.checks import CheckRequest
from schemas.identity import IdentityBlock
from schemas.information import InformationRequest
from schemas.message import derived_id
from schemas.notices import Handover, RequestCancellation, RequestChange
from schemas.outcome import ReferralOutcome
from schemas.person import Person
from schemas.policy import Partner, Policy
from schemas.product import Product, ProductRecall
from schemas.safety import Around, Hit, LetterHeld, SafetyChoice
from stores import states
from stores.database import View
from stores.ports import Leased

_LEAVING: Final = frozenset(
    notice.type
    for notice in (
        CheckRequest,
        Handover,
        InformationRequest,
        Product,
        ProductRecall,
        ReferralOutcome,
        RequestCancellation,
        RequestChange,
    )
)
"""What goes to people outside the hub and tells of a child."""


@dataclass(frozen=True, slots=True, repr=False)
class Looked:
    """Letters as they may be handed out, and what is kept back, each with why."""

    goes: Sequence[Leased]
    kept: Mapping[str, LetterHeld | None]
    """By letter; None where it was recorded before, and waits still."""


def looked_through(view: View, agency: str, leased: Sequence[Leased], *, policy: Policy) -> Looked:
    """The letters of one agency; those inside the hub, and where nobody is at risk, as they are."""
    recipient = policy.partners.get(agency)
    outside = [one for one in leased if one.type in _LEAVING]
    if recipient is None or agency == policy.lead_agency or not outside:
        return Looked(leased, {})
    events = {one.id: from_json(one.body) for one in outside}
    referrals = {id_: _referral_of(event["data"]) for id_, event in events.items()}
    known = around(view, set(referrals.values()))
    if not known:
        return Looked(leased, {})
    holds, cases = _holds(view, known), _cases(view, known)
    goes: list[Leased] = []
    kept: dict[str, LetterHeld | None] = {}
    for one in leased:
        id_ = referrals.get(one.id)
        if id_ is None or id_ not in known:
            goes.append(one)
            continue
        head = {"referral_id": id_, "case_id": cases[id_]}
        looking = _Looking(one, events[one.id], head, holds.get(id_, Holds()), recipient)
        hits = looking.hits(known[id_])
        if hits:
            kept[one.id] = looking.held(hits)
        else:
            goes.append(looking.letter())
    return Looked(goes, kept)


@dataclass(frozen=True, slots=True, repr=False)
class _Looking:
    """One letter, with what humans decided of it."""

    leased: Leased
    event: dict[str, Any]
    head: Mapping[str, str]
    """Its referral, and the case that this is of, for a letter that names none."""
    holds: Holds
    recipient: Partner

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        data: dict[str, Any] = self.event["data"]
        return data

    def decided(self) -> Iterator[Held]:
        """What humans decided of it, or of the product that it brings."""
        product_id = self.data.get("product_id")
        return self.holds.decided(product_id=product_id, letter_id=self.leased.id)

    def about(self) -> IdentityBlock | None:
        """Whom it says that it is about, without what a human left out."""
        block = self._told()
        if block is None:
            return None
        fields = [f for one in self.decided() if one.decision for f in one.decision.leaves_out]
        return block.without(fields, reason=NOT_SAFE)

    def _told(self) -> IdentityBlock | None:
        """Whom it says that it is about, as it was written."""
        if self.leased.type == CheckRequest.type:
            return as_block(Person.model_validate(self.data["child"]))
        told = self.data.get("about")
        return None if told is None else IdentityBlock.model_validate(told)

    def hits(self, around: Sequence[Around]) -> tuple[Hit, ...]:
        """What speaks against handing it out, and no human decided to send all the same."""
        worker = self.data.get("worker") or {}
        leaving = Leaving(self.about(), dict(_texts(self.data)), worker.get("name"))
        found = unsafe(self.recipient, known=guarded(around), leaving=leaving)
        sent = {
            hit
            for one in self.decided()
            if one.decision and one.decision.choice is SafetyChoice.SEND
            for hit in one.hits
        }
        return tuple(hit for hit in found if hit not in sent)

    def held(self, hits: Sequence[Hit]) -> LetterHeld | None:
        """The fact that it is kept back; None where that was recorded before."""
        hold_id = derived_id("hold", self.leased.id, *(hit.model_dump_json() for hit in hits))
        if hold_id in self.holds.holds:
            return None
        return LetterHeld(
            referral_id=self.head["referral_id"],
            case_id=self.data.get("case_id", self.head["case_id"]),
            hold_id=hold_id,
            letter_id=self.leased.id,
            letter=self.leased.type,
            recipient=self.leased.agency,
            product_id=self.data.get("product_id"),
            purpose=self.data.get("purpose"),
            about=self.about(),
            hits=tuple(hits),
        )

    def letter(self) -> Leased:
        """As it is handed out."""
        about = self.about()
        if about is None or about == self._told():
            return self.leased
        if self.leased.type == CheckRequest.type:
            child = as_person(about).model_copy(update={"address": about.address})
            said = {"child": child.model_dump(mode="json")}
        else:
            said = {"about": about.model_dump(mode="json")}
        data = {**self.data, **said}
        return replace(self.leased, body=to_json({**self.event, "data": data}))


def _texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text that a letter tells, by where it stands; whom it is about is looked at apart."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in ("about", "child"):
                inside = where if name == "text" else f"{where}.{name}".lstrip(".")
                yield from _texts(part, inside)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            id_ = part.get("item_id") if isinstance(part, dict) else None
            yield from _texts(part, f"{where}.{id_ or number}")
    elif isinstance(value, str) and " " in value:
        yield where, value


def _referral_of(data: Mapping[str, Any]) -> str:
    """A check is named after its referral."""
    return str(data.get("referral_id") or data.get("check_id", "").rpartition("/")[0])


def _cases(view: View, referral_ids: Collection[str]) -> dict[str, str]:
    """The case that each of these referrals is of now."""
    documents = states.load(view, STEP_NAME, keys=referral_ids)
    return {id_: from_json(body)["case_id"] for id_, (_, body) in documents.items()}


def _holds(view: View, referral_ids: Collection[str]) -> dict[str, Holds]:
    documents = states.load(view, hold.STEP.name, keys=referral_ids)
    return {id_: Holds.model_validate_json(body) for id_, (_, body) in documents.items()}
