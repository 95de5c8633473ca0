"""Letters that ask somebody to decide get their picture as they are handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic_core import from_json, to_json

from router.picture.drawing import draw, part_of
from router.picture.elsewhere import with_adults
from router.picture.reading import find
from schemas.disagreements import DisagreementOpened
from schemas.handover import HandoverMade, HandoverNotTaken
from schemas.information import InformationRequest
from schemas.message import Message, derived_id
from schemas.notices import LinkReview, RatingRequest, WhatIsNew
from schemas.picture import Picture, PictureGiven, PicturePart, PictureShown, Shown, shown_id
from schemas.policy import Policy
from stores import codec, cursors, journal, pictures
from stores.database import Transaction
from stores.ports import Leased

_PICTURED: Final = frozenset(
    {
        HandoverMade.type,
        HandoverNotTaken.type,
        RatingRequest.type,
        LinkReview.type,
        WhatIsNew.type,
        InformationRequest.type,
    }
)
_FOR_THE_LEAD: Final = frozenset({*_PICTURED, DisagreementOpened.type})


def with_pictures(
    transaction: Transaction, letters: Sequence[Leased], *, policy: Policy
) -> list[Leased]:
    """The letters of one agency, those that ask for a decision with the picture of now.

    What is shown for the first time with this content is recorded in the same transaction.
    """
    leads = bool(letters) and letters[0].agency == policy.lead_agency
    wanted = _FOR_THE_LEAD if leads else _PICTURED
    events = {one.id: from_json(one.body) for one in letters if one.type in wanted}
    if not events:
        return list(letters)
    about = {id_: event["data"]["referral_id"] for id_, event in events.items()}
    agency = letters[0].agency
    found = find(transaction, set(about.values()))
    found = with_adults(transaction, found) if leads else found
    drawn = {id_: draw(id_, found, policy=policy) for id_ in dict.fromkeys(about.values())}
    given = {
        id_: _given(picture if leads else part_of(picture, agency), agency)
        for id_, picture in drawn.items()
        if picture
    }
    _record(transaction, agency, given=list(given.values()))
    return [
        _filled(one, events.get(one.id), given=given.get(about.get(one.id, ""))) for one in letters
    ]


def given_to(transaction: Transaction, picture: Picture, *, agency: str) -> PictureGiven:
    """A picture as somebody of an agency is shown it, with its record where there is none yet."""
    given = _given(picture, agency)
    _record(transaction, agency, given=[given])
    return given


def _given(picture: Picture | PicturePart, agency: str) -> PictureGiven:
    digest = picture.digest()
    id_ = derived_id("picture", picture.referral_id, agency, digest)
    return PictureGiven(id=id_, digest=digest, content=picture)


def _record(transaction: Transaction, agency: str, *, given: Sequence[PictureGiven]) -> None:
    """Record what was not shown before; the agency's chain is held while it is looked up."""
    cursor = cursors.lock(transaction, f"shown/{agency}")
    known = pictures.load(transaction, [one.id for one in given])
    new = [one for one in given if one.id not in known]
    messages = [_message(transaction, one, agency=agency) for one in new]
    journal.append(transaction, cursor, messages=messages)
    cursors.store(transaction, cursor)
    pictures.note(transaction, [_shown(one, agency) for one in new])


def _shown(given: PictureGiven, agency: str) -> Shown:
    content = given.content
    return Shown(
        id=given.id,
        digest=given.digest,
        agency=agency,
        referral_id=content.referral_id,
        revision=content.revision,
    )


def _message(transaction: Transaction, given: PictureGiven, *, agency: str) -> Message:
    content = given.content
    return Message(
        id=shown_id(given.id),
        source=f"mash-hub/shown/{agency}",
        time=codec.from_micros(transaction.now),
        key=content.case_id,
        correlation_id=content.referral_id,
        causation_id=None,
        data=PictureShown(
            agency=agency,
            case_id=content.case_id,
            referral_id=content.referral_id,
            picture=given,
        ),
    )


def _filled(
    letter: Leased, event: Mapping[str, Any] | None, *, given: PictureGiven | None
) -> Leased:
    if event is None or given is None:
        return letter
    # The picture is most of the letter: it is written as it is, in the place of its id.
    here = to_json(given.id)
    body = to_json({**event, "data": {**event["data"], "picture": given.id}})
    filled = body.replace(b'"picture":' + here, b'"picture":' + codec.encode(given), 1)
    return replace(letter, body=filled)
