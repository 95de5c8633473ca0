"""The pictures of a referral: as they were shown, and as the hub would draw one now (R46, R47)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.access.acting import Asker
from ops.access.items import OF_THE_HUB
from ops.access.masking import masked
from ops.look.reading import Readable
from ops.look.revealing import Seen, see
from ops.run.wiring import Hub
from router.picture.drawing import draw
from router.picture.elsewhere import with_adults
from router.picture.reading import find
from schemas.access import Record
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
    return _showings([(entry, False) for entry in entries], referral_id)


def reveal(hub: Hub, referral_id: str, *, asker: Asker) -> tuple[list[Showing], Picture | None]:
    """What was shown of a referral, with what it showed, and the picture of now, as far as the
    access rules let somebody see them.

    Who looked and why is recorded first, and told to each agency of which there is something.
    Raises ``Denied`` or ``NobodyReviews``.
    """
    with hub.database.transaction() as transaction:
        entries = trail.about(transaction.connection, transaction.vault, wanted=referral_id)
        found = with_adults(transaction, find(transaction, [referral_id]))
        now = draw(referral_id, found, policy=hub.policy.value)
        seen = see(
            hub,
            transaction,
            entries=entries,
            wanted=referral_id,
            asker=asker,
            record=Record.PICTURE,
        )
    told = seen.or_refused().entries
    return _showings(told, referral_id), now and _as_seen(now, seen)


def _as_seen(now: Picture, seen: Seen) -> Picture | None:
    """The picture without the words of items that are not open to whoever looks."""
    if seen.sight is None or not seen.sight.is_open(OF_THE_HUB):
        return None
    return masked(now, seen.sight.items, is_open=seen.sight.is_open)


def _showings(entries: Sequence[tuple[Entry, bool]], referral_id: str) -> list[Showing]:
    """``entries``: each with whether its contents are shown."""
    facts = [
        (entry.message.time.isoformat(), entry.message.data, shown) for entry, shown in entries
    ]
    rated = [fact for _, fact, _ in facts if isinstance(fact, RatingAssigned)]
    return [
        Showing(
            id=fact.picture.id,
            digest=fact.picture.digest,
            agency=fact.agency,
            shown_at=at,
            revision=fact.picture.content.revision,
            decided=tuple(one.colour for one in rated if one.picture_id == fact.picture.id),
            picture=fact.picture.content if shown else None,
        )
        for at, fact, shown in facts
        if isinstance(fact, PictureShown) and fact.referral_id == referral_id
    ]
