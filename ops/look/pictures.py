"""The pictures of a referral: as they were shown, and as the hub would draw one now (R46, R47)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ops.access.acting import Asker
from ops.access.items import OF_THE_HUB
from ops.access.masking import masked
from ops.look.reading import Readable
from ops.look.revealing import Seen as Sighted
from ops.look.revealing import see
from ops.run.wiring import Hub
from router.picture.drawing import draw
from router.picture.elsewhere import with_adults
from router.picture.giving import given_to
from router.picture.reading import find
from schemas.access import Resource
from schemas.information import RequestPlan, RequestsPrepared
from schemas.operations import RecordRevealed
from schemas.picture import Picture, PicturePart, PictureShown, Seen
from schemas.rating import RatingAssigned
from stores import codec, linking, trail
from stores.database import Transaction
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
        _, now, seen = _looked_at(hub, transaction, referral_id, asker=asker)
    told = seen.or_refused().entries
    return _showings(told, referral_id), now and _as_seen(now, seen)


def _looked_at(
    hub: Hub, transaction: Transaction, referral_id: str, *, asker: Asker
) -> tuple[Sequence[Entry], Picture | None, Sighted]:
    """All of a referral, the picture of now, and what of it somebody is shown, on record."""
    entries = trail.about(transaction.connection, transaction.vault, wanted=referral_id)
    found = with_adults(transaction, find(transaction, [referral_id]))
    now = draw(referral_id, found, policy=hub.policy.value)
    seen = see(
        hub,
        transaction,
        entries=entries,
        wanted=referral_id,
        asker=asker,
        resource=Resource.PICTURE,
        beside=[now] if now else [],
    )
    return entries, now, seen


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """The picture of a referral before somebody who may decide on it."""

    saw: Seen
    """What a decision on it names."""
    picture: Picture
    """As far as the access rules let them see it."""
    before: Picture | None
    """The last one that they were shown, likewise; None: they have not opened it before."""
    looks: tuple[Look, ...]
    """By whom it was opened until now, oldest first; theirs too."""
    plan: RequestPlan | None
    """Who would be asked what, as it was last prepared."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody opened it."""

    who: str
    why: str
    at: dt.datetime
    until: dt.datetime | None
    """So long they may look again for the same reason."""


def open_for(hub: Hub, referral_id: str, *, asker: Asker) -> Opened | None:
    """The picture of now, shown to somebody of the lead agency, who may then decide on it; None for
    a referral that is not linked.

    Who looked and why is recorded first, and told to each agency of which there is something.
    Raises ``Denied`` or ``NobodyReviews``.
    """
    with hub.database.transaction() as transaction:
        entries, now, seen = _looked_at(hub, transaction, referral_id, asker=asker)
        picture = now and seen.refused is None and _as_seen(now, seen)
        if now and picture:
            given = given_to(transaction, now, agency=hub.settings.lead_agency)
    seen.or_refused()
    if not picture:
        return None
    return Opened(
        saw=Seen(id=given.id, digest=given.digest),
        picture=picture,
        before=_shown_before(entries, referral_id, seen=seen, asker=asker),
        looks=_looks(entries, referral_id),
        plan=_plan(entries),
    )


def looks_at(hub: Readable, referral_id: str) -> tuple[Look, ...]:
    """Who has opened the picture of a referral, oldest first."""
    with hub.database.view() as view:
        kinds = (RecordRevealed,)
        entries = linking.about(view.connection, view.vault, ids=[referral_id], types=kinds)
    return _looks(entries, referral_id)


def _looks(entries: Iterable[Entry], referral_id: str) -> tuple[Look, ...]:
    facts = ((entry.message.data, entry.recorded_at) for entry in entries)
    return tuple(
        Look(
            fact.seen_by,
            fact.why,
            codec.from_micros(at),
            fact.access.until if fact.access else None,
        )
        for fact, at in facts
        if isinstance(fact, RecordRevealed) and fact.record_id == referral_id
    )


def _shown_before(
    entries: Sequence[Entry], referral_id: str, *, seen: Sighted, asker: Asker
) -> Picture | None:
    """What was shown when they last opened it: a look and what it showed are of one moment."""
    mine = [one.at for one in _looks(entries, referral_id) if one.who == asker.who]
    if not mine:
        return None
    until = codec.to_micros(mine[-1])
    facts = [entry.message.data for entry in entries if entry.recorded_at <= until]
    shown = [fact.picture.content for fact in facts if isinstance(fact, PictureShown)]
    last = next((one for one in reversed(shown) if isinstance(one, Picture)), None)
    return last and _as_seen(last, seen)


def _plan(entries: Sequence[Entry]) -> RequestPlan | None:
    facts = (entry.message.data for entry in reversed(entries))
    return next((fact.plan for fact in facts if isinstance(fact, RequestsPrepared)), None)


def _as_seen(now: Picture, seen: Sighted) -> Picture | None:
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
