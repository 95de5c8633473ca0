"""What is open at the front door, by time left; ids, codes and times alone, no words of anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from ops.look import documents, kept_back
from ops.look.reading import Readable
from router.steps.rate.decide import STEP, News
from router.steps.rate.state import Assigned, HandedOver, Suggested
from schemas.case import ChildLinked
from schemas.operations import RecordRevealed
from schemas.rating import Clock, Colour, DueTimeBreached, DueTimeEscalated, RatingAssigned
from stores import codec, linking, noted, timers, trail
from stores.database import View

_NEWS: Final = get_args(News)
_LATELY: Final = 300
"""So many of the latest are shown though none of their clocks runs any more."""
_MOST: Final = 50
"""On a page."""
_LATE: Final = (DueTimeBreached.type, DueTimeEscalated.type)
_LATER: Final = dt.timedelta(hours=1)
_UNRATED_FOR: Final = dt.timedelta(days=365)
"""How long it is looked for what was due and nobody has rated."""


@dataclass(frozen=True, slots=True)
class Row:
    """One referral, and what is to be done about it."""

    referral_id: str
    colour: Colour
    rated: bool
    """Whether a human has; otherwise the colour is what the profile suggests."""
    may_be_red: bool
    received_at: dt.datetime | None
    agency: str | None
    """Who brought the concern, and what they call it."""
    reference: str | None
    clock: Clock | None = None
    """The one that ends first; None: none runs."""
    due_at: dt.datetime | None = None
    by: str | None = None
    """Who rated it last."""
    team: str | None = None
    """Whose worker's team has it."""
    closed: bool = False
    also_with: str | None = None
    """The team that was handed it, and has it beside the front door."""
    holder: str | None = None
    """Who of the front door was given it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as one person has it before them."""

    row: Row
    left_seconds: float | None
    opened_by: tuple[str, ...] = ()
    """Who has opened it lately, the last first."""
    mine: bool = False
    """Whether they were given it; or, where nobody was, rated or opened it."""
    new: bool = False
    """Whether something came since they last opened it, or they were given it and have not."""
    kept_back: bool = False
    """Whether something of it waits for somebody to say whether it is safe to send."""


@dataclass(frozen=True, slots=True)
class Worklist:
    """Rows by time left, of one page."""

    rows: tuple[Shown, ...]
    page: int = 1
    pages: int = 1
    found: int = 0
    """How many there are on all pages."""


def worklist(hub: Readable, who: str, *, which: str = "team", page: int = 1) -> Worklist:
    """``team``: all that is open here; ``mine``: of that what somebody was given, or where
    nobody was rated or opened; ``all``: with what a worker's team has, and what was closed lately.
    """
    at = codec.from_micros(hub.database.clock())
    with hub.database.view() as view:
        rows = sorted(_rows(view), key=_pressing)
        found = rows if which == "all" else [row for row in rows if not (row.closed or row.team)]
        if which == "mine":
            opened = _opened(view, [row.referral_id for row in found])
            found = [row for row in found if _is_of(row, opened[row.referral_id], who=who)]
        pages = max(1, -(-len(found) // _MOST))
        page = min(max(page, 1), pages)
        shown = found[(page - 1) * _MOST : page * _MOST]
        ids = [row.referral_id for row in shown]
        opened = _opened(view, ids)
        news = linking.last_of(view.connection, ids, types=_NEWS)
        kept = kept_back.among(view, ids, at=at)
    told = (
        _told(row, opened[row.referral_id], who=who, at=at, news=news.get(row.referral_id, 0))
        for row in shown
    )
    marked = tuple(replace(one, kept_back=one.row.referral_id in kept) for one in told)
    return Worklist(marked, page=page, pages=pages, found=len(found))


def unrated(hub: Readable) -> list[Row]:
    """What nobody has rated, the most pressing first, with a clock that runs or without."""
    with hub.database.view() as view:
        rows = [row for row in _rows(view) if not (row.rated or row.team)]
    return sorted(rows, key=_pressing)


def _overdue(view: View, at: dt.datetime) -> set[str]:
    """What was due, and nobody has rated in a year since: it is in doubt whether a clock runs. From
    the beginning once a day; then only what is new is looked through.
    """
    kept = view.decoded.kept
    day, before, upto = kept.get(_overdue, (None, frozenset(), 0))
    if day != at.date():
        before, upto = frozenset(), noted.position_of(view, codec.to_micros(at - _UNRATED_FOR))
    last = noted.position_of(view, codec.to_micros(at - _LATER))
    late = before | trail.referrals_with(view.connection, _LATE, after=upto)
    rated = linking.last_of(view.connection, late, types=(RatingAssigned,))
    kept[_overdue] = at.date(), frozenset(late - rated.keys()), max(last, upto)
    return {*late} - rated.keys()


def _rows(view: View) -> Iterator[Row]:
    lately = (RatingAssigned.type, ChildLinked.type)
    keys = {
        referral
        for type_ in lately
        for referral in trail.latest(view.connection, type_, limit=_LATELY)
    }
    keys |= _overdue(view, dt.datetime.now(dt.UTC)).union(timers.waited_for(view, STEP.name))
    for referral_id, state in documents.of(view, STEP, keys).items():
        if row := _row(referral_id, state):
            yield row


def _row(referral_id: str, state: Any) -> Row | None:
    match state:
        case HandedOver(kept=kept) if kept is not None and state.allocated.has_it:
            return Row(
                referral_id,
                kept.colour,
                rated=False,
                may_be_red=kept.may_be_red,
                received_at=None,
                agency=kept.referrer.agency if kept.referrer else None,
                reference=kept.referrer.reference if kept.referrer else None,
                team=state.allocated.has_it.team,
                holder=state.holder.person if state.holder else None,
            )
        case Suggested() if state.amended_by is None:
            return _standing(referral_id, state)
        case Assigned():
            return _standing(referral_id, state)
    return None


def _standing(referral_id: str, state: Suggested | Assigned) -> Row:
    clocks = {} if isinstance(state, Assigned) and state.closed else state.clocks
    first = min(clocks, key=lambda name: clocks[name].due_at, default=None)
    return Row(
        referral_id,
        state.colour,
        rated=isinstance(state, Assigned),
        may_be_red=isinstance(state, Suggested) and state.may_be_red,
        received_at=state.received_at,
        agency=state.referrer.agency if state.referrer else None,
        reference=state.referrer.reference if state.referrer else None,
        clock=first,
        due_at=clocks[first].due_at if first else None,
        by=state.history[-1].decided_by if isinstance(state, Assigned) else None,
        closed=isinstance(state, Assigned) and state.closed is not None,
        also_with=state.allocated.has_it.team if state.allocated.has_it else None,
        holder=state.holder.person if state.holder else None,
    )


_NEVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


def _pressing(row: Row) -> tuple[object, ...]:
    """What may be a Red and nobody has rated, then by time left, then the oldest."""
    return (
        row.closed,
        not (row.may_be_red and not row.rated),
        row.due_at or _NEVER,
        row.received_at or _NEVER,
        row.referral_id,
    )


def _opened(view: View, referral_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """By referral, who has opened it, and the position of when they last did."""
    ids = list(referral_ids)
    found: dict[str, dict[str, int]] = {id_: {} for id_ in ids}
    looks = linking.about(view.connection, view.vault, ids=ids, types=(RecordRevealed,))
    for entry in looks:
        fact = entry.message.data
        if isinstance(fact, RecordRevealed) and fact.record_id in found:
            found[fact.record_id][fact.seen_by] = entry.position
    return found


def _told(row: Row, opened: Mapping[str, int], *, who: str, at: dt.datetime, news: int) -> Shown:
    lately = sorted(opened, key=lambda one: opened[one], reverse=True)
    return Shown(
        row,
        left_seconds=(row.due_at - at).total_seconds() if row.due_at else None,
        opened_by=tuple(lately[:3]),
        mine=_is_of(row, opened, who=who),
        new=row.holder == who if who not in opened else news > opened[who],
    )


def _is_of(row: Row, opened: Mapping[str, int], *, who: str) -> bool:
    return row.holder == who if row.holder else row.by == who or who in opened


def is_open(hub: Readable, referral_id: str) -> bool | None:
    """Whether a referral is open at the front door: neither closed nor with a worker's team; None:
    there is no such referral.
    """
    with hub.database.view() as view:
        found = documents.of(view, STEP, [referral_id])
    for state in found.values():
        row = _row(referral_id, state)
        return row is not None and not (row.closed or row.team)
    return None
