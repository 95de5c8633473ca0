"""One whole child's story of the sample, in plain words: what people saw, decided and sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Final

from ops.look.picture_words import in_words, when
from ops.run.wiring import Hub
from router.picture.drawing import draw
from router.picture.elsewhere import with_adults
from router.picture.reading import find
from schemas.base import Fact
from schemas.case import ChildLinked, LinkOutcome
from schemas.checks import CheckAnswered, CheckLate, ChecksRequested
from schemas.information import InformationAnswered, InformationMissing, InformationRequested
from schemas.message import Message
from schemas.notification import NotificationReceived
from schemas.picture import Picture, PictureShown
from schemas.product import (
    ItemDecided,
    ProductApproved,
    ProductDelivered,
    ProductDrafted,
    ProductReleased,
)
from schemas.rating import RatingAssigned, RatingSuggested
from stores import trail
from stores.database import View

_LOOKED_AT: Final = 40
"""So many of the latest products are looked through for the richest story."""
_LONGEST: Final = 500
"""Characters of a line: among the sample's bad messages is one of words without end."""
_WHO: Final = {
    LinkOutcome.NEW: "It is a child whom the hub has not known",
    LinkOutcome.LINKED: "It is a child whom the hub knows",
    LinkOutcome.REVIEW: "It may be a child whom the hub knows, and a human is asked",
}


def story(hub: Hub) -> Iterator[str]:
    """The referral with the most to tell, line by line; nothing where no product was drafted."""
    names = {code: agency.name for code, agency in hub.settings.agencies.items()}
    with hub.database.view() as view:
        ids = trail.latest(view.connection, ProductDrafted.type, limit=_LOOKED_AT)
        found = with_adults(view, find(view, ids))
        drawn = (draw(id_, found, policy=hub.policy.value) for id_ in ids)
        pictures = [picture for picture in drawn if picture]
        if not pictures:
            return
        picture = max(pictures, key=_richness)
        messages = _messages(view, picture)
    yield "One child's story; everybody in it is invented."
    yield "\nThe picture, as whoever decides sees it now:"
    yield from (f"  {_beginning(line)}" for line in in_words(picture, names))
    yield "\nWhat happened:"
    yield from (
        f"  {line}"
        for message in messages
        if message.correlation_id == picture.referral_id
        for line in _happened(message, names)
    )


def _beginning(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def _richness(picture: Picture) -> tuple[int, int]:
    items = sum(len(asked.items) for asked in picture.asked)
    return min(len(picture.history), 4) + min(items, 4), len(picture.ratings)


def _messages(view: View, picture: Picture) -> list[Message]:
    """What the case's trail has of this referral."""
    entries = trail.about(view.connection, view.vault, wanted=picture.case_id)
    about = [one.message for one in entries]
    products = {one.data.product_id for one in about if isinstance(one.data, ProductDrafted)}
    return [
        one
        for one in about
        if one.data.of_referral == picture.referral_id or one.data.of_product in products
    ]


def _happened(message: Message, names: Mapping[str, str]) -> Iterator[str]:
    words = said(message.data, names)
    if words is not None:
        yield f"{when(message.time)}  {words}"
    if isinstance(message.data, ProductApproved):
        for item in message.data.items:
            yield f"    from {names.get(item.owner, item.owner)}: {item.text}"
        for signpost in message.data.signposts:
            yield f"    {names.get(signpost.owner, signpost.owner)} holds more: {signpost.contact}"


def said(fact: Fact, names: Mapping[str, str]) -> str | None:
    """What a fact says in the story; None where it says nothing there."""
    match fact:
        case NotificationReceived(agency=agency):
            return f"{names.get(agency, agency)} tells of a concern."
        case ChildLinked(outcome=outcome, reasons=reasons):
            return f"{_WHO[outcome]}: {'; '.join(reasons).removesuffix('.')}."
        case RatingSuggested(colour=colour):
            return f"The profile suggests {colour}, which nobody acts on yet."
        case PictureShown(agency=agency):
            return f"The picture is shown to {names.get(agency, agency)}."
        case RatingAssigned(colour=colour, decided_by=who, rationale=why):
            return f"{who} rates it {colour}: {why}."
        case _:
            return _gathered(fact, names) or _left(fact, names)


def _gathered(fact: Fact, names: Mapping[str, str]) -> str | None:
    match fact:
        case ChecksRequested(requests=requests) if requests:
            systems = ", ".join(one.system for one in requests)
            return f"These systems are asked whether they know the child: {systems}."
        case CheckAnswered(result=result):
            said = "knows the child" if result.known else "does not know the child"
            if result.denied:
                said = "does not say whether it knows the child"
            return f"The system {result.system} {said}."
        case CheckLate(result=result):
            return f"The system {result.system} has not answered in time."
        case InformationRequested(requests=requests) if requests:
            asked = ", ".join(names.get(one.agency, one.agency) for one in requests)
            return f"Now these are asked: {asked}."
        case InformationAnswered(agency=agency, items=items):
            return f"{names.get(agency, agency)} answers with {_items(items)}."
        case InformationMissing(agency=agency):
            return f"{names.get(agency, agency)} has not answered in time."
    return None


def _items(items: Sized) -> str:
    return f"{len(items) or 'no'} item{'' if len(items) == 1 else 's'}"


def _left(fact: Fact, names: Mapping[str, str]) -> str | None:
    match fact:
        case ProductDrafted(recipient=recipient, purpose=purpose, items=items):
            whom = names.get(recipient, recipient)
            return f"A product of {_items(items)} is drafted for {whom}: {purpose}."
        case ItemDecided(owner=owner, choice=choice, decided_by=who, reason=why):
            done = choice.replace("_", " ")
            return f"{who} of {names.get(owner, owner)} decides: {done} ({why})."
        case ProductApproved(recipient=recipient):
            return f"This leaves for {names.get(recipient, recipient)}:"
        case ProductReleased(recipient=recipient):
            return f"It is sent to {names.get(recipient, recipient)}."
        case ProductDelivered(recipient=recipient):
            return f"{names.get(recipient, recipient)} has it."
    return None
