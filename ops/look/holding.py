"""Who holds which product of a case now, and what they know of it; no personal data (R36, R37)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ops.look.reading import Readable
from schemas.base import Fact
from schemas.changes import ChangeAcknowledged, ChangeTold
from schemas.decisions import ProductFetched
from schemas.message import Message
from schemas.product import (
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
from stores import trail

_WHERE: tuple[tuple[type[Fact], str], ...] = (
    (ProductApproved, "approved"),
    (ProductReleased, "on its queue"),
    (ProductFetched, "fetched"),
    (ProductDelivered, "a person has it"),
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


def of(hub: Readable, wanted: str) -> list[Holding]:
    """By a case, referral or product id, or ``agency/reference``, in the order of drafting."""
    with hub.database.reading() as connection:
        entries = trail.about(connection, hub.database.vault, wanted=wanted)
    return held(entry.message for entry in entries)


def held(messages: Iterable[Message]) -> list[Holding]:
    """What these facts, in the order of their recording, come to."""
    found: dict[str, Holding] = {}
    changes: dict[str, tuple[str, ...]] = {}
    for message in messages:
        at = message.time.isoformat()
        match message.data:
            case ProductDrafted() as drafted:
                found[drafted.product_id] = _drafted(drafted, at)
            case ChangeTold() as told:
                changes[told.change_id] = told.product_ids
                _note(found, told.product_ids, change="told", since=at)
            case ChangeAcknowledged() as known:
                _note(found, changes.get(known.change_id, ()), change="acknowledged", since=at)
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
