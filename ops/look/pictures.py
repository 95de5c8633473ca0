"""The pictures of a referral: as they were shown, and as the hub would draw one now (R46, R47)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.look.reading import Readable
from ops.look.revealing import reveal_entries
from ops.run.wiring import Hub
from router.picture.drawing import draw
from router.picture.elsewhere import with_adults
from router.picture.reading import find
from schemas.picture import Picture, PicturePart, PictureShown
from schemas.rating import RatingAssigned
from stores import trail
from stores.trail import Entry


@dataclass(frozen=True, slots=True, repr=False)
class Showing:
    """A picture that was shown: to whom, when, and which ratings were decided on it."""

    id: str
    digest: str
    agency: str
    shown_at: str
    revision: int
    decided: tuple[str, ...]
    """The colours of ratings that name it."""
    picture: Picture | PicturePart | None = None
    """None unless revealed."""


def of(hub: Readable, referral_id: str) -> list[Showing]:
    """What was shown of a referral, oldest first, without what it showed."""
    with hub.database.reading() as connection:
        entries = trail.about(connection, hub.database.vault, wanted=referral_id)
    return _showings(entries, referral_id, revealed=False)


def reveal(
    hub: Hub, referral_id: str, *, who: str, why: str
) -> tuple[list[Showing], Picture | None]:
    """What was shown of a referral, with what it showed, and the picture of now.

    Who looked and why is recorded first, and told to each agency of which there is something.
    """
    with hub.database.transaction() as transaction:
        entries = trail.about(transaction.connection, transaction.vault, wanted=referral_id)
        found = with_adults(transaction, find(transaction, [referral_id]))
        now = draw(referral_id, found, hub.policy.value)
        if entries:
            reveal_entries(hub, transaction, entries=entries, wanted=referral_id, who=who, why=why)
    return _showings(entries, referral_id, revealed=True), now


def _showings(entries: Sequence[Entry], referral_id: str, *, revealed: bool) -> list[Showing]:
    facts = [(entry.message.time.isoformat(), entry.message.data) for entry in entries]
    rated = [fact for _, fact in facts if isinstance(fact, RatingAssigned)]
    return [
        Showing(
            id=fact.picture.id,
            digest=fact.picture.digest,
            agency=fact.agency,
            shown_at=at,
            revision=fact.picture.content.revision,
            decided=tuple(one.colour for one in rated if one.picture_id == fact.picture.id),
            picture=fact.picture.content if revealed else None,
        )
        for at, fact in facts
        if isinstance(fact, PictureShown) and fact.referral_id == referral_id
    ]
