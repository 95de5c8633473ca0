"""The last look before a letter is handed out: nobody may be put at risk by it (L7).

What an agency told of a child or of its brothers and sisters may have come after the letter was
written. What is found is kept back and recorded, and a human is asked by the hold step; what humans
decided is followed here. A Red for the front line goes at once without what was found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from router.around import around
from router.steps import hold
from router.steps.approve.guarding import NOT_AT_ONCE
from router.steps.asking import WORDLESS
from router.steps.hold import Held, Holds
from router.steps.identity import as_block, as_person, rung
from router.steps.link.register import STEP_NAME, PersonRecord
from router.steps.release import sending
from router.steps.release.state import Released
from router.steps.release.state import State as Release
from router.steps.safety import NOT_SAFE, Leaving, guarded, unsafe
from router.withheld_words import TELLING, writer_of
from router.withheld_words import found as withheld_words
from schemas.alarms import AlarmNotice
from schemas.changes import ProductChange
from schemas.checks import CheckRequest
from schemas.disagreements import DisagreementEnded, DisagreementOpened
from schemas.handoff import OpenAgainForCases, OutcomeForCases
from schemas.handover import HandoverNews, HandoverNotTaken, HandoverRecall
from schemas.identity import IdentityBlock, IdentityField
from schemas.information import InformationRequest
from schemas.message import derived_id
from schemas.notices import (
    AdultMatter,
    ApprovalCancellation,
    ApprovalRequest,
    DueTimeWarning,
    Handover,
    LinksChanged,
    OutOfArea,
    RecallAnswerNotice,
    RequestCancellation,
    RequestChange,
    WordsKeptBack,
)
from schemas.outcome import OpenAgainForReferrer, ReferralOutcome
from schemas.owed import OwedNotice
from schemas.person import Person
from schemas.policy import Partner, Policy
from schemas.product import Product, ProductRecall, Signpost
from schemas.referrer import ReferralDecision
from schemas.safety import Around, Hit, LetterHeld, SafetyChoice
from schemas.school import SchoolNotice
from stores import people, states
from stores.database import View
from stores.ports import Leased

_TO_OWNERS: Final = frozenset(
    notice.type for notice in (ApprovalCancellation, ApprovalRequest, RecallAnswerNotice)
)
"""About a product that is for somebody else, where it is looked at apart."""
_LEAVING: Final = _TO_OWNERS | frozenset(
    notice.type
    for notice in (
        AdultMatter,
        AlarmNotice,
        CheckRequest,
        DisagreementEnded,
        DisagreementOpened,
        DueTimeWarning,
        Handover,
        HandoverNews,
        HandoverNotTaken,
        HandoverRecall,
        InformationRequest,
        LinksChanged,
        OpenAgainForCases,
        OpenAgainForReferrer,
        OutOfArea,
        OutcomeForCases,
        OwedNotice,
        Product,
        ProductChange,
        ProductRecall,
        ReferralDecision,
        ReferralOutcome,
        RequestCancellation,
        RequestChange,
        SchoolNotice,
        WordsKeptBack,
    )
)
"""What goes to people outside the hub and tells of a child."""
_RELEASE: Final[TypeAdapter[Release]] = TypeAdapter(Release)
_FIELD: Final = "identity."
_RED: Final = {"urgent": True, "rest_goes": True}


@dataclass(frozen=True, slots=True, repr=False)
class Looked:
    """Letters as they may be handed out, and what is kept back, each with why."""

    goes: list[Leased]
    kept: dict[str, LetterHeld | None]
    """By letter; None where it was recorded before, and waits still."""
    told: list[LetterHeld]
    """Of what goes: what was left out of it, for a human to be told."""


def looked_through(view: View, agency: str, *, leased: Sequence[Leased], policy: Policy) -> Looked:
    """The letters of one agency; those inside the hub, and where nobody is at risk, as they are."""
    recipient = policy.partners.get(agency)
    outside = [one for one in leased if one.type in _LEAVING]
    if recipient is None or agency == policy.lead_agency or not outside:
        return Looked(list(leased), {}, [])
    events = {one.id: from_json(one.body) for one in outside}
    ids = _ids(view, {id_: event["data"] for id_, event in events.items()})
    told = around(view, {id_ for each in ids.values() for id_ in each})
    words = _withheld_words(view, events, agency=agency)
    if not told and not words:
        return Looked(list(leased), {}, [])
    referrals = {each[0] for each in ids.values()}
    holds, cases = _holds(view, referrals), _cases(view, referrals)
    looked = Looked([], {}, [])
    for one in leased:
        each = ids.get(one.id, ())
        known = [found for id_ in each for found in told.get(id_, ())]
        said = words.get(one.id)
        if not known and said is None:
            looked.goes.append(one)
            continue
        id_ = each[0]
        head = {"referral_id": id_, "case_id": cases[id_]}
        looking = _Looking(one, events[one.id], head, holds.get(id_, Holds()), recipient, said)
        _look(looked, looking, view=view, known=known, policy=policy)
    return looked


def _withheld_words(
    view: View, events: Mapping[str, Mapping[str, Any]], *, agency: str
) -> dict[str, Hit]:
    telling = {id_: one for id_, one in events.items() if one["type"] in TELLING}
    return withheld_words(view, telling, to=agency) if telling else {}


def _look(
    looked: Looked, looking: _Looking, *, view: View, known: Sequence[Around], policy: Policy
) -> None:
    """A letter goes, or what of it may go at once, or it is kept back."""
    hits = looking.hits(known)
    if not hits:
        looked.goes.append(looking.letter())
        return
    urgent, held = looking.is_urgent(view), looking.held(hits)
    if urgent and (rest := looking.rest(hits, known, policy=policy)):
        looked.goes.append(rest.letter())
        looked.told.extend([held.model_copy(update=_RED)] if held else [])
    else:
        looked.kept[looking.leased.id] = held and held.model_copy(update={"urgent": urgent})


@dataclass(frozen=True, slots=True, repr=False)
class _Looking:
    """One letter, with what humans decided of it."""

    leased: Leased
    event: dict[str, Any]
    head: Mapping[str, str]
    """Its referral, and the case that this is of, for a letter that names none."""
    holds: Holds
    recipient: Partner
    words: Hit | None = None
    """That it says what another agency withholds."""

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        data: dict[str, Any] = self.event["data"]
        return data

    @property
    def product_id(self) -> str | None:
        """The product that it brings, or that its reader has."""
        id_: str | None = self.data.get("product_id")
        return None if self.leased.type in _TO_OWNERS else id_

    def decided(self) -> Iterator[Held]:
        """What humans decided of it, or of the product that it brings."""
        return self.holds.decided(product_id=self.product_id, letter_id=self.leased.id)

    def about(self) -> IdentityBlock | None:
        """Whom it says that it is about, without what a human left out; of several the first."""
        return next(iter(self._blocks()), None)

    def _blocks(self) -> list[IdentityBlock]:
        fields = [f for one in self.decided() if one.decision for f in one.decision.leaves_out]
        return [block.without(fields, reason=NOT_SAFE) for block in self._told()]

    def _told(self) -> list[IdentityBlock]:
        """Whom it says that it is about, as it was written."""
        if self.leased.type == CheckRequest.type:
            return [as_block(Person.model_validate(self.data["child"]))]
        if self.leased.type == LinksChanged.type:
            told = [one["about"] for one in self.data.get("children", ())]
        else:
            told = [self.data["about"]] if self.data.get("about") is not None else []
        return [IdentityBlock.model_validate(one) for one in told]

    def hits(self, around: Sequence[Around]) -> tuple[Hit, ...]:
        """What speaks against handing it out, and no human decided to send all the same."""
        worker, texts = self.data.get("worker") or {}, dict(_texts(self._new_to_its_reader()))
        known = guarded(around)
        leaving = Leaving(self.about(), texts, worker.get("name"))
        others = [Leaving(block) for block in self._blocks()[1:]]
        found = dict.fromkeys([self.words] if self.words else [])
        found |= dict.fromkeys(
            hit
            for one in (leaving, *others)
            for hit in unsafe(self.recipient, known=known, leaving=one)
        )
        sent = {
            hit
            for one in self.decided()
            if one.decision and one.decision.choice is SafetyChoice.SEND
            for hit in one.hits
        }
        return tuple(hit for hit in found if hit not in sent)

    def _new_to_its_reader(self) -> dict[str, Any]:
        """All but the item that whoever is to decide about it told itself."""
        item = self.data.get("item") if self.leased.type == ApprovalRequest.type else None
        if item is None or self.leased.agency != (item.get("held_by") or item["owner"]):
            return self.data
        return {name: told for name, told in self.data.items() if name != "item"}

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
            product_id=self.product_id,
            purpose=self.data.get("purpose"),
            about=self.about(),
            hits=tuple(hits),
            written_by=writer_of(self.event) if self.words in hits else None,
        )

    def is_urgent(self, view: View) -> bool:
        """Whether it is a Red for the front line, as the release step remembers it."""
        if self.leased.type != Product.type:
            return False
        id_ = str(self.data["product_id"])
        found = states.load(view, sending.STEP_NAME, keys={id_}).get(id_)
        sent = _RELEASE.validate_json(found[1]) if found else None
        return isinstance(sent, Released) and bool(sent.holds and sent.holds.urgent)

    def rest(
        self, hits: Sequence[Hit], known: Sequence[Around], *, policy: Policy
    ) -> _Looking | None:
        """The product without what the hits concern; None where that is not all that is dangerous,
        as where the recipient itself is.
        """
        rest = self._without(hits, policy=policy)
        # The contact of an owner that is named instead may be dangerous too.
        rest = rest._without(rest.hits(known), policy=policy)
        return None if rest.hits(known) else rest

    def _without(self, hits: Sequence[Hit], *, policy: Policy) -> _Looking:
        """An item's owner is named in its place: with the item it let that be told."""
        block = self.about()
        if block is not None:
            told = [hit.where.removeprefix(_FIELD) for hit in hits if hit.where.startswith(_FIELD)]
            block = block.without(map(IdentityField, told), reason=NOT_AT_ONCE)
        items = [one for one in self.data["items"] if not _hit(f"items.{one['item_id']}", hits)]
        kept = enumerate(self.data["signposts"])
        signposts = [one for number, one in kept if not _hit(f"signposts.{number}", hits)]
        gone = (one["owner"] for one in self.data["items"] if one not in items)
        signposts += _signposts(set(gone) - {one["owner"] for one in signposts}, policy)
        said: dict[str, Any] = {
            "about": rung(block, policy).model_dump(mode="json") if block else None,
            "items": items,
            "signposts": signposts,
        }
        if _hit("alleged", hits):
            said["alleged"] = WORDLESS
        event = {**self.event, "data": {**self.data, **said}}
        return replace(self, event=event, leased=replace(self.leased, body=to_json(event)))

    def letter(self) -> Leased:
        """As it is handed out."""
        blocks = self._blocks()
        if blocks == self._told():
            return self.leased
        said: dict[str, Any]
        if self.leased.type == CheckRequest.type:
            child = as_person(blocks[0]).model_copy(update={"address": blocks[0].address})
            said = {"child": child.model_dump(mode="json")}
        elif self.leased.type == LinksChanged.type:
            pairs = zip(self.data["children"], blocks, strict=True)
            said = {"children": [one | {"about": _dumped(block)} for one, block in pairs]}
        else:
            said = {"about": _dumped(blocks[0])}
        data = {**self.data, **said}
        return replace(self.leased, body=to_json({**self.event, "data": data}))


def _dumped(block: IdentityBlock) -> dict[str, Any]:
    return block.model_dump(mode="json")


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


def _hit(where: str, hits: Sequence[Hit]) -> bool:
    return any(hit.where == where or hit.where.startswith(f"{where}.") for hit in hits)


def _signposts(owners: Collection[str], policy: Policy) -> Iterator[dict[str, Any]]:
    for owner in sorted(owners):
        if partner := policy.partners.get(owner):
            told = Signpost(owner=owner, contact=partner.signpost_contact)
            yield told.model_dump(mode="json")


def _ids(view: View, told: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """For each letter, what was told of whom it is about: first the referral that a human would be
    asked about. What moved is looked at with those whom it was moved away from, too.
    """
    moved = {id_: data["moved"] for id_, data in told.items() if data.get("moved")}
    before = {one["from_person_id"] for each in moved.values() for one in each}
    found = people.load(view, set(map(people.number_of, before))).values()
    records = [PersonRecord.decode(body) for _, body in found]
    latest = {one.person_id: one.evidence[-1] for one in records if one.evidence}
    ids: dict[str, tuple[str, ...]] = {id_: (_referral_of(data),) for id_, data in told.items()}
    for id_, each in moved.items():
        left = (latest.get(one["from_person_id"]) for one in each)
        ids[id_] = (*(one["referral_id"] for one in each), *filter(None, left))
    return ids


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
