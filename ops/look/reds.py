"""Every Red and possible Red of the last days, and where each is now; no personal data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ops.look import documents
from ops.look.reading import Readable
from router.steps.alarm import decide as alarm
from router.steps.alarm.state import Alarm, Alarms
from router.steps.approve import decide as approve
from router.steps.approve.state import Draft
from router.steps.rate import decide as rate
from router.steps.rate.state import Assigned, Suggested
from router.steps.release import decide as release
from router.steps.release.state import Delivered, HeldBack, Released, Returned
from schemas.alarms import AlarmRaised
from schemas.base import Fact
from schemas.case import ChildLinked
from schemas.message import Message
from schemas.product import ProductDrafted, ProductEnded, ProductVoided
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from stores import codec, linking, noted, overview, reds, timers, trail
from stores.database import View
from stores.trail import Entry

_GONE: Final = (ProductEnded, ProductVoided)
_TYPES: Final = (ChildLinked, RatingSuggested, RatingAssigned, ProductDrafted, *_GONE)


@dataclass(frozen=True, slots=True)
class Sent:
    """An urgent product: to whom, and where it is."""

    product_id: str
    recipient: str
    where: str
    in_time: bool = False
    """Whether its recipient has still time to say that they have it."""
    has_it: bool = False
    """Whether a person there said so."""


@dataclass(frozen=True, slots=True)
class Red:
    """One Red, possible Red, or what may hold one."""

    subject_id: str
    """The referral, or what was refused, or the way in that does not work."""
    what: str
    """``red``, ``possible red``, or why there is an alarm about what has no referral."""
    since: dt.datetime
    where: str
    nobody_has_it: bool
    products: tuple[Sent, ...] = ()
    alarms: int = 0
    """Those that nobody has taken."""
    told: int = 0
    """How often people were told of these."""
    taken_for: tuple[str, ...] = ()
    """Agencies of which somebody has taken one."""


def alarms(hub: Readable) -> list[Alarm]:
    """Those that nobody has taken, the oldest first."""
    with hub.database.view() as view:
        found = documents.of(view, alarm.STEP, timers.waited_for(view, alarm.STEP.name))
    running = (one for document in found.values() for one in document.running)
    return sorted(running, key=lambda one: (one.since, one.alarm_id))


def untaken(hub: Readable) -> dict[str, Any]:
    """How many alarms nobody has taken, and for how long the oldest has run."""
    running = alarms(hub)
    return {"untaken": len(running), "since": running[0].since if running else None}


def lately(hub: Readable, *, days: int, at: dt.datetime) -> list[Red]:
    """Those of the last days, the newest first; those that nobody has before all others."""
    since = codec.to_micros(at - dt.timedelta(days=days))
    with hub.database.view() as view:
        after = noted.position_of(view, since)
        told = _Noted()
        for entry in _facts(view, after):
            told.note(entry.message)
        found = list(_reds(told, view, at=at))
    return sorted(found, key=lambda one: (not one.nobody_has_it, -one.since.timestamp()))


def _facts(view: View, after: int) -> list[Entry]:
    """What was said of late of all that may be a Red, and every alarm, in order."""
    told = trail.referrals_with(view.connection, [one.type for one in _TYPES], after=after)
    found = _about(view, reds.among(view, told), types=_TYPES)
    drafts = (entry.message.data for entry in found.values())
    ids = {fact.product_id for fact in drafts if isinstance(fact, ProductDrafted)}
    found |= _about(view, ids, types=_GONE)
    period = (after, overview.last_position(view.connection))
    alarms = linking.within(view, type_=AlarmRaised, period=period)
    found |= {entry.position: entry for entry in alarms}
    return [found[position] for position in sorted(found) if position > after]


def _about(view: View, ids: Collection[str], *, types: Collection[type[Fact]]) -> dict[int, Entry]:
    found = linking.about(view.connection, view.vault, ids=ids, types=types)
    return {entry.position: entry for entry in found}


@dataclass(slots=True)
class _Noted:
    """What facts say: when referrals came, those that may be or are Reds, and their products; what
    follows one that went without it is none.
    """

    came: dict[str, dt.datetime] = field(default_factory=dict)
    reds: dict[str, dt.datetime] = field(default_factory=dict)
    rated: set[str] = field(default_factory=set)
    """Those that a person rated Red, whatever they are rated now."""
    handed: dict[str, str] = field(default_factory=dict)
    """By referral, whose team it was handed to."""
    products: dict[str, list[ProductDrafted]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Products that stand no more: who had them has nothing of the Red as it is now."""
    others: dict[str, AlarmRaised] = field(default_factory=dict)
    """Alarms about what has no referral."""

    def standing(self, referral_id: str) -> list[ProductDrafted]:
        """The urgent products of a referral that stand."""
        drafts = self.products.get(referral_id, ())
        return [one for one in drafts if one.product_id not in self.gone]

    def note(self, message: Message) -> None:
        """Note a fact."""
        match message.data:
            case ChildLinked(referral_id=id_) as linked:
                self.came[id_] = message.time
                if linked.allocated_to:
                    self.handed[id_] = linked.allocated_to.team
                if linked.notification.urgent:
                    self._red(id_, message)
            case RatingSuggested(referral_id=id_, colour=Colour.RED):
                self._red(id_, message)
            case RatingAssigned(referral_id=id_, colour=Colour.RED):
                self.rated.add(id_)
                self._red(id_, message)
            case ProductDrafted(referral_id=id_, urgent=True, follows=None) as drafted:
                self.products.setdefault(id_, []).append(drafted)
            case ProductEnded(product_id=id_) | ProductVoided(product_id=id_):
                self.gone.add(id_)
            case AlarmRaised(referral_id=None, subject_id=id_) as raised:
                self.others[id_] = raised
            case AlarmRaised(referral_id=str() as id_):
                self._red(id_, message)

    def _red(self, id_: str, message: Message) -> None:
        self.reds.setdefault(id_, self.came.get(id_, message.time))


def _reds(told: _Noted, view: View, *, at: dt.datetime) -> Iterator[Red]:
    ratings = documents.of(view, rate.STEP, told.reds)
    alarms = documents.of(view, alarm.STEP, {*told.reds, *told.others})
    ids = {one.product_id for referral_id in told.reds for one in told.standing(referral_id)}
    products = documents.of(view, release.STEP, ids)
    concerns = {one.concern_id or id_ for id_, each in told.products.items() for one in each}
    waiting = _waiting(view, keys=concerns)
    for id_, since in told.reds.items():
        sent = tuple(
            _sent(one, products.get(one.product_id), waits=one.product_id in waiting, at=at)
            for one in told.standing(id_)
        )
        known = _Known(
            referral_id=id_,
            since=since,
            rating=ratings.get(id_),
            sent=sent,
            alarms=alarms.get(id_),
            handed_to=told.handed.get(id_),
            rated_red=id_ in told.rated,
        )
        yield known.red(at)
    for id_, raised in told.others.items():
        yield _other(id_, raised, alarms=alarms.get(id_))


def _waiting(view: View, *, keys: Collection[str]) -> set[str]:
    """The products of these concerns that their owners are still asked about."""
    return {
        product_id
        for approvals in documents.of(view, approve.STEP, keys).values()
        for product_id, draft in approvals.in_stage(Draft)
        if draft.held is None
    }


def _sent(draft: ProductDrafted, state: object, *, waits: bool, at: dt.datetime) -> Sent:
    where = "waits for its owners" if waits else "kept back"
    in_time, has_it = False, isinstance(state, Delivered)
    match state:
        case Delivered():
            where = "a person has it"
        case Returned():
            where = "given back"
        case HeldBack():
            where = "no agreement in force"
        case Released(recalled=True) | Released(holds=None):
            where = "taken back"
        case Released(receipt=clock, fetched=fetched, not_taken=not_taken):
            in_time = not not_taken and clock is not None and clock.due_at >= at
            said = "fetched" if fetched else "on its queue"
            where = said if in_time else f"{said}, nobody has said that they have it"
    return Sent(draft.product_id, draft.recipient, where, in_time, has_it)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a referral that is or may be a Red."""

    referral_id: str
    since: dt.datetime
    rating: object
    sent: tuple[Sent, ...]
    alarms: Alarms | None
    handed_to: str | None
    rated_red: bool

    def red(self, at: dt.datetime) -> Red:
        """As it is now."""
        what, where, had = self._where(at)
        running = self.alarms.running if self.alarms else ()
        taken = tuple(sorted(set(self.alarms.taken_by.values()))) if self.alarms else ()
        return Red(
            subject_id=self.referral_id,
            what=what,
            since=self.since,
            where=where,
            nobody_has_it=not had and not (taken and not running),
            products=self.sent,
            alarms=len(running),
            told=sum(one.times for one in running),
            taken_for=taken,
        )

    def _where(self, at: dt.datetime) -> tuple[str, str, bool]:
        """What it is, where it is, and whether a person has it or has still time to take it."""
        match self.rating:
            case Suggested(possible_red=None, amended_by=str()) if not self._alarmed:
                return "possible red", "its agency has amended it since", True
            case Suggested(possible_red=clock):
                in_time = clock is not None and clock.due_at >= at
                where = "waits for a person to open it"
                where = f"{where}; {self._with_whom()}" if self.sent else where
                return "possible red", where, in_time or self._is_with_somebody()
            case Assigned(closed=closed) if closed is not None:
                return "red", f"closed: {closed.outcome.value}", True
            case Assigned(colour=Colour.RED):
                return "red", self._with_whom(), self._is_with_somebody()
            case Assigned(colour=colour):
                what = "red" if self.rated_red else "possible red"
                return what, f"rated {colour.value} by a person", True
        handed = f"handed over to {self.handed_to or 'a worker'}"
        return "possible red", handed, not self._alarmed

    @property
    def _alarmed(self) -> bool:
        return bool(self.alarms and self.alarms.running)

    def _with_whom(self) -> str:
        if not self.sent:
            return "rated red by a person, and nothing of it has gone out"
        return "; ".join(f"{one.recipient}: {one.where}" for one in self.sent)

    def _is_with_somebody(self) -> bool:
        return any(one.has_it or one.in_time for one in self.sent)


def _other(id_: str, raised: AlarmRaised, *, alarms: Alarms | None) -> Red:
    """What may hold a Red, and is no referral."""
    running = alarms.running if alarms else ()
    taken = tuple(sorted(set(alarms.taken_by.values()))) if alarms else ()
    whose = f" of {raised.agency}" if raised.agency else ""
    return Red(
        subject_id=id_,
        what=raised.cause.replace("_", " ") + whose,
        since=raised.since,
        where="nobody has taken the alarm" if running else _settled(taken),
        nobody_has_it=bool(running),
        alarms=len(running),
        told=sum(one.times for one in running),
        taken_for=taken,
    )


def _settled(taken: tuple[str, ...]) -> str:
    return f"taken by {', '.join(taken)}" if taken else "dealt with"
