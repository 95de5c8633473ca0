"""What one agency owns in the record, over all cases: what it told, what it let leave or took back,
what left, and who looked at it (R49).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, TypeVar

from ops.access.acting import Asker
from ops.access.items import Items
from ops.access.recording import accessed
from ops.look import letters
from ops.look.deeds import leaves_of
from ops.look.signatures import Signed, signed_by
from ops.run.wiring import Hub
from router.steps.now import Now
from router.steps.release.sending import letter_named
from schemas.access import Act, Resource
from schemas.base import Fact
from schemas.case import ChildLinked, NotificationAmended
from schemas.decisions import (
    ProductFetched,
    ProductUnsent,
    StandingReleased,
    StandingWithdrawn,
)
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationOffered,
    InformationReceived,
    InformationVolunteered,
)
from schemas.notification import NotificationAccepted, NotificationReceived
from schemas.operations import DeadLetterRevealed, RecordAccessed, RecordRevealed
from schemas.picture import PictureShown
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    ItemAmended,
    ItemDecided,
    ItemLifted,
    ItemWithheld,
    OwnersWord,
    ProductApproved,
    ProductReleased,
)
from stores import codec, journal, linking, overview, trail
from stores.database import View
from stores.trail import Entry

Kind: TypeAlias = Literal[
    "told", "approved", "withheld", "lifted", "amended", "withdrawn", "released", "handed over",
    "not sent", "looked at",
]  # fmt: skip
_T = TypeVar("_T")
Watched: TypeAlias = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Told how many cases there are, and then how many more were read."""
_CASES: Final = 200
"""Whose products are remembered while what became of them is read."""
_DIGITS: Final = 19
_PAGE_CASES: Final = 25
_PAGE_FACTS: Final = 200
"""What a page reads at most, however much is stored."""


@dataclass(frozen=True, slots=True, repr=False)
class Owned:
    """Something that was done with what the agency owns: ids, codes and names, and no contents."""

    position: int
    leaf: int | None
    at: str
    kind: Kind
    type: str
    by: str | None
    """Who did it; None: an agency or the hub, without a name."""
    agency: str | None
    """Whose person that was, or who got it."""
    items: tuple[str, ...]
    product: str | None
    why: str | None
    message_id: str
    about: str
    signed: tuple[Signed, ...] = ()
    """Of what left: what the agency signed to let it, item by item."""


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when it was recorded, in microseconds; the end is not in it."""

    since: int = 0
    until: int = 1 << 62

    def has(self, micros: int) -> bool:
        """Whether a moment is in it."""
        return self.since <= micros < self.until


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """The newest of it, or the newest before some position."""

    found: list[Owned]
    """In the order of the record; may be none, where all that was read is others'."""
    older: int | None
    """Before which position the next part begins; None: there is none."""


def ask(
    hub: Hub,
    agency: str,
    *,
    asker: Asker,
    period: Period,
    act: Act = Act.LOOK,
    watched: Watched = lambda _: nullcontext(lambda _: None),
) -> list[Owned]:
    """All of it in the order of the record; that somebody asked is recorded first, and is not among
    the answers. ``act``: whether they read it or take it away. Raises ``Denied`` and, where they
    take it away, ``NotRecent``.
    """
    last = _recorded(hub, agency, asker=asker, act=act)
    with hub.database.view() as view:
        return _Owner(view, agency, period, last, letters.now_at(hub)).all(watched)


def newest(
    hub: Hub, agency: str, *, asker: Asker, period: Period, before: int | None = None
) -> Part:
    """The newest of it, as much as is read at once: some 25 cases. Recorded as all of it is. Raises
    ``Denied``.
    """
    last = _recorded(hub, agency, asker=asker, act=Act.LOOK)
    last = last if before is None else min(last, before - 1)
    with hub.database.view() as view:
        return _Owner(view, agency, period, last, letters.now_at(hub)).newest()


def position(said: str) -> int | None:
    """Where somebody reads on, as a page names it; None: from the newest."""
    return int(said) if said.isdecimal() and len(said) < _DIGITS else None


def _recorded(hub: Hub, agency: str, *, asker: Asker, act: Act) -> int:
    """Record that somebody asks; the position of the newest entry before that."""
    with hub.database.transaction() as transaction:
        last = overview.last_position(transaction.connection)
        refused = accessed(
            hub,
            transaction,
            asker=asker,
            act=act,
            resource=Resource.ACCESSES,
            wanted=agency,
            about=agency,
            owner=agency,
        )
    if refused is not None:
        raise refused
    return last


@dataclass(frozen=True, slots=True)
class _Said:
    """What an entry says of the agency's."""

    kind: Kind
    by: str | None = None
    agency: str | None = None
    items: tuple[str, ...] = ()
    product: str | None = None
    why: str | None = None
    signed: tuple[Signed, ...] = ()


@dataclass(slots=True)
class _Case:
    """What the record has of one referral, each entry opened once."""

    view: View
    referral: str
    _opened: dict[int, Entry] = field(default_factory=dict)
    _items: Items | None = None

    def opened(self, rows: Sequence[Any]) -> list[Entry]:
        """These entries, as far as they can be opened."""
        new = [row for row in rows if row.position not in self._opened]
        keys = self.view.vault.readable(self.view.connection, {row.key_id for row in new})
        for row in new:
            message = journal.opened(row, keys)
            self._opened[row.position] = Entry(row.position, row.recorded_at, row.chain, message)
        return [self._opened[row.position] for row in rows]

    def items(self) -> Items:
        """Whose what is that was told of it."""
        if self._items is None:
            self._items = Items(lambda _: True)
            told = trail.rows(self.view.connection, wanted=self.referral, types=TELLING)
            self._items.learn(self.opened(told))
        return self._items


@dataclass(slots=True)
class _Owner:
    """An agency, and the entries of a time."""

    view: View
    agency: str
    period: Period
    last: int
    """The position of the newest entry that is told of."""
    now: Now
    _of: _Case = field(init=False)
    """The case that is read."""
    _products: dict[str, list[Entry]] = field(default_factory=dict)

    def all(self, watched: Watched) -> list[Owned]:
        """All of it; ``watched`` as it is read, case by case."""
        places: dict[str, list[int]] = {}
        for position, referral in self._places():
            places.setdefault(referral, []).append(position)
        with watched(len(places)) as read:
            return self._told_at(places, read)

    def newest(self) -> Part:
        """What is read at once, up to the last position."""
        places: dict[str, list[int]] = {}
        for count, (position, referral) in enumerate(self._places()):
            full = len(places) == _PAGE_CASES and referral not in places
            if full or count == _PAGE_FACTS:
                return Part(self._told_at(places), older=position + 1)
            places.setdefault(referral, []).append(position)
        return Part(self._told_at(places), older=None)

    def _places(self) -> Iterator[tuple[int, str]]:
        """Where in the record are facts that may tell of it, the newest first, and of what."""
        types, positions = self._readers(), self._positions()
        found = linking.newest_first(self.view, types=types, period=positions)
        return (
            (position, referral)
            for position, recorded_at, referral in found
            if self.period.has(recorded_at)
        )

    def _told_at(
        self, places: Mapping[str, Sequence[int]], read: Callable[[int], None] = lambda _: None
    ) -> list[Owned]:
        """What these facts tell, read case by case."""
        found: list[tuple[Entry, _Said]] = []
        for referral, positions in places.items():
            found += self._of_case(referral, positions)
            read(1)
        found.sort(key=lambda one: one[0].position)
        leaf = leaves_of(self.view, [entry.position for entry, _ in found])
        return [_owned(entry, said, leaf=leaf.get(entry.position)) for entry, said in found]

    def _of_case(self, referral: str, positions: Sequence[int]) -> Iterator[tuple[Entry, _Said]]:
        self._of = _Case(self.view, referral)
        readers = {type_.type: reads for type_, reads in self._readers().items()}
        rows = sorted(
            journal.rows_at(self.view.connection, positions), key=lambda row: row.position
        )
        for row, entry in zip(rows, self._of.opened(rows), strict=True):
            yield from ((entry, said) for said in readers[row.type](entry))

    def _positions(self) -> tuple[int, int]:
        """Between which positions all of that time is: they and times grow together, but for the
        minutes that somebody was under way.
        """
        since, until = self.period.since - _UNDER_WAY, self.period.until + _UNDER_WAY
        first, behind = (
            overview.position_before(self.view.connection, at) for at in (since, until)
        )
        return first, min(behind, self.last)

    def _readers(self) -> Mapping[type[Fact], Callable[[Entry], Iterable[_Said]]]:
        types: Mapping[Sequence[type[Fact]], Callable[[Entry], Iterable[_Said]]] = {
            (NotificationReceived, InformationReceived, InformationOffered): self._told,
            (ItemDecided, ItemWithheld, ItemLifted, ItemAmended, ApprovalWithdrawn): self._decided,
            (StandingReleased, StandingWithdrawn): self._standing,
            (ProductReleased, ProductFetched, ProductUnsent): self._left,
            (PictureShown, RecordRevealed, DeadLetterRevealed, RecordAccessed): self._looked,
        }
        return {type_: reads for of_types, reads in types.items() for type_ in of_types}

    def _told(self, entry: Entry) -> Iterator[_Said]:
        """What it told itself, and what another told as its own."""
        fact, by, told = entry.message.data, None, tuple[InformationItem, ...]()
        if isinstance(fact, InformationReceived):
            by, told = fact.response.answered_by, fact.response.items
        if isinstance(fact, InformationOffered):
            by, told = fact.offered.volunteered_by, fact.offered.items
        items = tuple(item.item_id for item in told if item.owner == self.agency)
        if items or fact.of_agency == self.agency:
            yield _Said("told", by, fact.of_agency, items)

    def _decided(self, entry: Entry) -> Iterator[_Said]:
        fact = entry.message.data
        if isinstance(fact, ItemDecided | OwnersWord | ApprovalWithdrawn):
            if fact.owner != self.agency:
                return
            kind: Kind = _WORDS.get(type(fact), "approved")
            if isinstance(fact, ItemDecided) and fact.choice is Choice.WITHHOLD:
                kind = "withheld"
            product = getattr(fact, "product_id", None)
            yield _Said(kind, fact.decided_by, self.agency, (fact.item_id,), product)

    def _standing(self, entry: Entry) -> Iterator[_Said]:
        fact = entry.message.data
        if isinstance(fact, StandingReleased | StandingWithdrawn) and fact.agency == self.agency:
            kind: Kind = "approved" if isinstance(fact, StandingReleased) else "withdrawn"
            by, items = fact.decision.decided_by, (fact.decision.standing_id,)
            yield _Said(kind, by, self.agency, items)

    def _left(self, entry: Entry) -> Iterator[_Said]:
        """Products that have something of it: what was approved of them, in so far as it is in the
        letter that was released, handed over or not sent.
        """
        fact = entry.message.data
        if not isinstance(fact, ProductReleased | ProductFetched | ProductUnsent):
            return
        before = [one for one in self._of_products(fact.case_id) if one.position <= entry.position]
        approved, released = _letter(before, fact)
        if approved is None:
            return
        items = tuple(
            item.item_id
            for item in approved.items
            if item.owner == self.agency
            and (released is None or item.digest in released.item_digests)
        )
        if items or any(post.owner == self.agency for post in approved.signposts):
            kind = _ON_ITS_WAY[type(fact)]
            yield _Said(
                kind,
                agency=fact.recipient,
                items=items,
                product=fact.product_id,
                signed=tuple(self._signed(approved, items)),
            )

    def _signed(self, approved: ProductApproved, items: Sequence[str]) -> Iterator[Signed]:
        for one in approved.approvals:
            if one.agency == self.agency and one.item_id in items and one.envelope is not None:
                at, before = one.decided_at.isoformat(), one.standing is not None
                told = signed_by(one.envelope, self.agency, now=self.now, at=at, beforehand=before)
                if told is not None:
                    yield told

    def _looked(self, entry: Entry) -> Iterator[_Said]:
        fact = entry.message.data
        match fact:
            case PictureShown():
                if self._holds([entry]):
                    yield _Said("looked at", None, fact.agency)
            case RecordRevealed():
                shown = journal.rows_of(self.view.connection, fact.message_ids)
                if self._holds(self._of.opened(shown)):
                    agency = fact.access.agency if fact.access else None
                    yield _Said("looked at", fact.seen_by, agency, why=fact.why)
            case DeadLetterRevealed(agency=self.agency):
                agency = fact.access.agency if fact.access else None
                yield _Said("looked at", fact.seen_by, agency, why=fact.why)
            case RecordAccessed(record_id=self.agency):
                yield _Said("looked at", fact.who, fact.access.agency, why=fact.why)

    def _holds(self, shown: Sequence[Entry]) -> bool:
        """Whether any of these says something of the agency's, or repeats it."""
        items = self._of.items()
        items.learn(shown)
        return any(kept.owner == self.agency for one in shown for kept in items.held(one))

    def _of_products(self, case: str) -> list[Entry]:
        if case not in self._products:
            _forget_some(self._products)
            self._products[case] = linking.about(
                self.view.connection,
                self.view.vault,
                ids=[case],
                types=[ProductApproved, ProductReleased],
            )
        return self._products[case]


_UNDER_WAY: Final = 300_000_000
"""Microseconds that somebody may have been under way before what they wrote was committed."""
TELLING: Final[tuple[type[Fact], ...]] = (
    NotificationReceived,
    NotificationAccepted,
    NotificationAmended,
    ChildLinked,
    InformationReceived,
    InformationOffered,
    InformationAnswered,
    InformationVolunteered,
)
"""Facts that say whose an item is, but for pictures: those repeat it."""
_WORDS: Final[Mapping[type[Fact], Kind]] = {
    ItemWithheld: "withheld",
    ItemLifted: "lifted",
    ItemAmended: "amended",
    ApprovalWithdrawn: "withdrawn",
}
_ON_ITS_WAY: Final[Mapping[type[Fact], Kind]] = {
    ProductReleased: "released",
    ProductFetched: "handed over",
    ProductUnsent: "not sent",
}


def _letter(
    before: Sequence[Entry], fact: ProductReleased | ProductFetched | ProductUnsent
) -> tuple[ProductApproved | None, ProductReleased | None]:
    """What was approved of a product last, and the letter of it that this tells of; None: nobody
    knows which one that was.
    """
    approved, released = None, fact if isinstance(fact, ProductReleased) else None
    for entry in before:
        told, cause = entry.message.data, entry.message.causation_id or ""
        if isinstance(told, ProductApproved) and told.product_id == fact.product_id:
            approved = told
        if isinstance(told, ProductReleased) and not isinstance(fact, ProductReleased):
            released = told if letter_named(cause) == fact.letter_id else released
    return approved, released


def _forget_some(kept: dict[str, _T]) -> None:
    while len(kept) >= _CASES:
        del kept[next(iter(kept))]


def _owned(entry: Entry, said: _Said, *, leaf: int | None) -> Owned:
    return Owned(
        position=entry.position,
        leaf=leaf,
        at=codec.from_micros(entry.recorded_at).isoformat(),
        kind=said.kind,
        type=entry.message.type,
        by=said.by,
        agency=said.agency,
        items=said.items,
        product=said.product,
        why=said.why,
        message_id=entry.message.id,
        about=entry.message.data.subject,
        signed=said.signed,
    )
