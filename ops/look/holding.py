"""Who holds which product of a case now, and what they know of it; no personal data (R36, R37)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from ops.access.acting import AT_THE_MACHINE, Asker
from ops.look.reading import Guarded
from ops.look.revealing import looked_at
from router.steps.approve import decide as approve
from router.steps.approve.state import Approvals, Draft, deciders
from router.steps.approve.state import State as Approving
from schemas.base import Fact
from schemas.changes import ChangeAcknowledged, ChangeFetched, ChangeTold
from schemas.decisions import ProductFetched
from schemas.message import Message
from schemas.product import (
    ProductActedOn,
    ProductApproved,
    ProductDelivered,
    ProductDrafted,
    ProductEnded,
    ProductHeldBack,
    ProductRecalled,
    ProductRefused,
    ProductReleased,
    ProductReturned,
    ProductTakenBack,
    ProductVoided,
    RecallAnswered,
)
from stores import states, trail
from stores.database import View

_APPROVING: Final[TypeAdapter[Approving]] = TypeAdapter(Approving)
_FETCHED = "fetched"
_WHERE: tuple[tuple[type[Fact], str], ...] = (
    (ProductApproved, "approved"),
    (ProductReleased, "on its queue"),
    (ProductFetched, _FETCHED),
    (ProductDelivered, "a person has it"),
    (ProductActedOn, "a person has it, and told what was done"),
    (ProductReturned, "not taken"),
    (ProductHeldBack, "held back: no agreement"),
)
_TAKEN_BACK = "taken back from its queue"
_ANSWERED = {
    "acknowledged": "recalled, acknowledged",
    "destroyed": "destroyed",
    "cannot": "recalled, cannot be undone",
}


@dataclass(frozen=True, slots=True)
class Awaited:
    """An agency that has not decided about what is its own, and by when it is to."""

    agency: str
    due_at: str | None


@dataclass(frozen=True, slots=True)
class Holding:
    """One product: for whom, of which rating, where it is, and what was told of it since."""

    product_id: str
    referral_id: str
    recipient: str
    colour: str
    urgent: bool
    supersedes: str | None
    """The product that held earlier words of its items."""
    state: str
    """Where it is: ``waits for its owners``, ``on its queue``, ``a person has it`` and so on."""
    stands: bool
    """Whether it is of the rating and the case as they are now."""
    change: str | None
    """Of what changed since: ``told``, or ``acknowledged``; None where nothing was to be told."""
    since: str
    """When that last became so."""
    awaits: tuple[Awaited, ...] = ()
    """While it waits for its owners: those of them that its reader may know of."""


def of(hub: Guarded, wanted: str, *, asker: Asker = AT_THE_MACHINE) -> list[Holding]:
    """By a case, referral or product id, or ``agency/reference``, in the order of drafting."""
    with hub.database.view() as view:
        entries = trail.about(view.connection, hub.database.vault, wanted=wanted)
        known = looked_at(hub, entries, asker=asker, now=hub.database.clock())
        drafts = [one for entry in known if isinstance(one := entry.message.data, ProductDrafted)]
        awaited = _awaited(view, drafts)
    found = held(entry.message for entry in entries)
    return [replace(one, awaits=awaited.get(one.product_id, ())) for one in found]


def _awaited(view: View, drafts: Sequence[ProductDrafted]) -> dict[str, tuple[Awaited, ...]]:
    """Who has still to decide about each of these products, as far as a reader may know."""
    keys = {one.concern_id or one.referral_id for one in drafts}
    documents = states.load(view, approve.STEP.name, keys=keys)
    read = (_APPROVING.validate_json(body) for _, body in documents.values())
    stages = {
        id_: stage
        for known in read
        if isinstance(known, Approvals)
        for id_, stage in known.products.items()
        if isinstance(stage, Draft)
    }
    return {
        one.product_id: tuple(awaited_of(one, stages[one.product_id]))
        for one in drafts
        if one.product_id in stages
    }


def awaited_of(known: ProductDrafted, draft: Draft) -> Iterator[Awaited]:
    """Who has not decided about a draft, by those of its items that a reader may know of."""
    owing = (
        agency
        for item in known.items
        for agency in deciders(item)
        if draft.decision(item.item_id, agency) is None and not draft.kept_in(item.item_id)
    )
    for agency in sorted(set(owing)):
        clock = draft.clocks.get(agency)
        yield Awaited(agency, clock.due_at.isoformat() if clock else None)


def held(messages: Iterable[Message]) -> list[Holding]:
    """What these facts, in the order of their recording, come to."""
    found: dict[str, Holding] = {}
    changes: dict[str, ChangeTold] = {}
    for message in messages:
        at = message.time.isoformat()
        match message.data:
            case ProductDrafted() as drafted:
                found[drafted.product_id] = _drafted(drafted, at)
            case ChangeTold() as told:
                changes[told.change_id] = told
                _note(found, told.product_ids, change="told", since=at)
            case ChangeFetched(change_id=id_) if id_ in changes:
                first = tuple(_read_first(found, changes[id_]))
                whole = {"product_ids": (*changes[id_].product_ids, *first)}
                changes[id_] = changes[id_].model_copy(update=whole)
                _note(found, first, change="told", since=at)
            case ChangeAcknowledged(change_id=id_) if id_ in changes:
                _note(found, changes[id_].product_ids, change="acknowledged", since=at)
            case ProductVoided() | ProductEnded() as ended:
                _note(found, (ended.product_id,), stands=False)
            case fact if fact.of_product in found:
                id_ = str(fact.of_product)
                found[id_] = _moved(found[id_], fact, at=at)
    return list(found.values())


def _drafted(drafted: ProductDrafted, at: str) -> Holding:
    return Holding(
        product_id=drafted.product_id,
        referral_id=drafted.referral_id,
        recipient=drafted.recipient,
        colour=drafted.colour.value,
        urgent=drafted.urgent,
        supersedes=drafted.supersedes,
        state="waits for its owners",
        stands=True,
        change=None,
        since=at,
    )


def _read_first(found: dict[str, Holding], told: ChangeTold) -> Iterator[str]:
    """What its recipient was handed since it was told and before it reads so: that is told, too."""
    of = told.referral_id, told.agency
    for id_, one in found.items():
        here = (one.referral_id, one.recipient) == of and one.state == _FETCHED
        if here and one.change is None and one.colour != told.colour:
            yield id_


def _note(found: dict[str, Holding], ids: Iterable[str], **changes: object) -> None:
    for id_ in ids:
        if id_ in found:
            found[id_] = replace(found[id_], **changes)  # type: ignore[arg-type]


def _moved(before: Holding, fact: Fact, *, at: str) -> Holding:
    for kind, state in _WHERE:
        if isinstance(fact, kind):
            return replace(before, state=state, since=at)
    match fact:
        case ProductRefused() if before.state != _TAKEN_BACK:
            return replace(before, state="does not leave", since=at)
        case ProductTakenBack(item_id=None):
            return replace(before, state=_TAKEN_BACK, stands=False, since=at)
        case ProductRecalled(item_id=item_id):
            part = "recalled" if item_id is None else "an item of it is recalled"
            return replace(before, state=part, since=at)
        case RecallAnswered(answer=answer):
            return replace(before, state=_ANSWERED[answer.value], since=at)
    return before
