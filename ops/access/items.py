"""Whose items a fact holds, how sensitive they are, and what others may know of them (R26, R28)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import Any

from schemas.access import Existence
from schemas.base import Fact, Shape
from schemas.case import Worker
from schemas.notification import Notification
from schemas.product import items_of_notification
from schemas.sharing import Sensitivity, names_to
from stores.trail import Entry


@dataclass(frozen=True, slots=True)
class Kept:
    """What the access rules ask of an item."""

    owner: str | None = None
    """None: the hub's own record."""
    sensitivity: Sensitivity = Sensitivity.SENSITIVE
    existence: Existence = Existence.OPEN
    named_to: tuple[str, ...] = ()
    """Agencies who alone may know that it is there, where its owner names them; none: all."""

    def to(self, agency: str | None) -> Existence:
        """What an agency may know of it."""
        if self.named_to and agency not in self.named_to:
            return Existence.SILENT
        return self.existence

    @property
    def is_silent(self) -> bool:
        """Whether it is so to anybody."""
        return self.existence is Existence.SILENT or bool(self.named_to)


OF_THE_HUB = Kept()


@dataclass(frozen=True, slots=True)
class _Said:
    """What an owner says of who may be told of an item."""

    signpost: bool | None = None
    signpost_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """The items of some entries, by which everything that repeats one of them is known again.

    ``signposts``: whether the agreement of an agency lets it be named as holding something.
    """

    signposts: Callable[[str], bool]
    by_id: dict[str, set[Kept]] = field(default_factory=lambda: defaultdict(set))
    notified: dict[str, set[Kept]] = field(default_factory=lambda: defaultdict(set))
    """Of what notifications tell beside their parts, by referral and by ``agency/reference``."""
    told_by: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the id of an item, who told it, and whose it is."""
    told_in: dict[str, dict[str, Entry]] = field(default_factory=lambda: defaultdict(dict))
    """By the id of an item, or a referral or ``agency/reference``: the messages that told it."""
    sent: dict[str, Entry] = field(default_factory=dict)
    """What agencies sent, by its id."""

    def learn(self, entries: Iterable[Entry]) -> None:
        """Remember every item that these entries tell for the first time."""
        for entry in entries:
            if is_told(entry):
                self.sent[entry.message.id] = entry
            for shape in _shapes(entry.message.data):
                if isinstance(shape, Notification):
                    self._notified(entry, shape)
                elif id_ := _part(shape, "item_id"):
                    self._item(entry, id_, self._own(shape, entry.message.data))

    def _item(self, entry: Entry, id_: str, kept: Kept | None) -> None:
        if kept is not None:
            self.by_id[id_].add(kept)
            self._told(id_, kept.owner, entry.message.data.of_agency)
            self._came(id_, entry)

    def held(self, entry: Entry) -> set[Kept]:
        """All that an entry holds or repeats; the hub's own record where that is nothing."""
        fact, found = entry.message.data, set[Kept]()
        for shape in _shapes(fact):
            found |= self._of(shape, fact)
        if found:
            return found
        return {Kept(fact.of_agency)} if is_told(entry) else {OF_THE_HUB}

    def whole(self, entry: Entry) -> set[Kept]:
        """What an entry is as a whole: of a notification, without what its parts are."""
        said = getattr(entry.message.data, "notification", None)
        return self._of(said, entry.message.data) if said is not None else self.held(entry)

    def of(self, shape: Shape, fact: Fact | None = None) -> set[Kept]:
        """What one shape itself holds, without the shapes in it."""
        return self._of(shape, fact)

    def named(self, id_: str, fact: Fact | None) -> set[Kept]:
        """The item that a fact names. An agency that did not tell a silent one only guesses: what
        it says is kept from nobody, or that would tell that the guess is right.
        """
        found, teller = self.by_id.get(id_, set()), fact.of_agency if fact else None
        if teller is None or teller in self.told_by.get(id_, ()):
            return found
        return {one for one in found if not one.is_silent}

    def repeated(self, shown: Shape, *, is_open: Callable[[Kept], bool]) -> dict[str, Entry]:
        """The messages that told the open words in what is shown, by their ids."""
        found: dict[str, Entry] = {}
        for shape in _shapes(shown):
            has_words = any(_part(shape, name) is not None for name in _WORDS)
            if has_words and all(map(is_open, self.of(shape))):
                for name in (*_texts(shape), *_notified_as(shape)):
                    found |= self.told_in.get(name, {})
        return found

    def said(self, shape: Shape, fact: Fact) -> set[Kept]:
        """What a shape says of who may know of it."""
        return {kept} if (kept := self._own(shape, fact)) else set()

    def _came(self, name: str, entry: Entry) -> None:
        """Where a step gave an item another id, the message is what the step had heard."""
        if is_told(entry):
            self.told_in[name][entry.message.id] = entry
        elif entry.message.causation_id in self.sent:
            self.told_in[name][entry.message.causation_id] = self.sent[entry.message.causation_id]

    def _told(self, item_id: str, *agencies: str | None) -> None:
        self.told_by[item_id].update(filter(None, agencies))

    def _of(self, shape: Shape, fact: Fact | None) -> set[Kept]:
        if isinstance(shape, Notification):
            return {self._kept(shape.kept, owner=fact.of_agency if fact else None)}
        found = {kept} if (kept := self._own(shape, fact)) else set()
        for text in _texts(shape):
            found |= self.named(text, fact)
        if _part(shape, "narrative") is not None:
            found |= self._told_of(shape)
        return found

    def _told_of(self, shape: Shape) -> set[Kept]:
        """Of a notification that is shown in part, by its referral or its agency's reference."""
        return {kept for name in _notified_as(shape) for kept in self.notified.get(name, ())}

    def _own(self, shape: Shape, fact: Fact | None) -> Kept | None:
        """What a shape says of itself; None where it says nothing of who may know it."""
        if not (_has(type(shape), "sensitivity") or _has(type(shape), "may_be_revealed")):
            return None
        if isinstance(getattr(shape, "sensitivity", None), tuple):
            return None  # a rule that speaks of several, and is itself nobody's item
        agency = getattr(shape, "agency", None) or (fact.of_agency if fact else None)
        return self._kept(shape, owner=getattr(shape, "owner", None) or agency)

    def _kept(self, shape: Shape, *, owner: str | None) -> Kept:
        sensitivity = getattr(shape, "sensitivity", Sensitivity.SENSITIVE)
        kept = Kept(owner, Sensitivity(sensitivity))
        if getattr(shape, "may_be_revealed", True):
            return kept
        told = getattr(shape, "signpost_to", ())
        said = _Said(getattr(shape, "signpost", None), told)
        if not names_to(said, told[0] if told else None, agreed=self.signposts(owner or "")):
            return replace(kept, existence=Existence.SILENT)
        return replace(kept, existence=Existence.SIGNPOST, named_to=told)

    def _notified(self, entry: Entry, told: Notification) -> None:
        fact = entry.message.data
        agency, referral = fact.of_agency, entry.message.correlation_id
        whole, *parts = (self._kept(one, owner=agency) for one in (told.kept, *told.parts))
        for name in (referral, f"{agency}/{told.reference}"):
            self.notified[name].add(whole)
            self._came(name, entry)
        concern = getattr(fact, "concern_id", None) or referral
        ids = items_of_notification(concern, len(told.parts))
        for id_, kept in zip(ids, (whole, *parts), strict=True):
            self.by_id[id_].add(kept)
            self._told(id_, agency)
            self._came(id_, entry)


_WORDS = ("text", "narrative", "original")
"""Where a shape has the words of an item."""


def is_told(entry: Entry) -> bool:
    """Whether it is what an agency sent, and not what a step made of it."""
    return entry.chain.startswith("intake/")


def referrals_in(shown: Iterable[Shape]) -> set[str]:
    """The referrals that what is shown tells of, as far as their owners reveal it."""
    return {
        id_
        for one in shown
        for shape in _shapes(one)
        if _has(type(shape), "narrative") and (id_ := _part(shape, "referral_id"))
    }


def _notified_as(shape: Shape) -> Iterator[str]:
    """By what names a notification is known of which this has the narrative."""
    if _part(shape, "narrative") is not None:
        yield str(getattr(shape, "referral_id", None))
        yield f"{getattr(shape, 'agency', None)}/{getattr(shape, 'reference', None)}"


def works_on(entries: Iterable[Entry], *, name: str | None, agency: str | None) -> bool:
    """Whether somebody works on a case: is its worker, or has decided about it."""
    return name is not None and any(
        _is_by(entry.message.data, name, agency=agency) for entry in entries if name
    )


def _is_by(fact: Fact, name: str, *, agency: str | None) -> bool:
    if fact.of_agency not in (None, agency):
        return False
    return any(
        (isinstance(shape, Worker) and shape.name == name) or _part(shape, "decided_by") == name
        for shape in _shapes(fact)
    )


_PLAIN = (str, int, float, type(None), dt.date, Enum)
"""What nearly all of a shape is, and holds no shapes."""


@cache
def _has(type_: type[Shape], name: str) -> bool:
    """Whether shapes of a type have something of this name: to ask one of them is slow."""
    return name in type_.model_fields or hasattr(type_, name)


def _part(shape: Shape, name: str) -> Any:
    return getattr(shape, name) if _has(type(shape), name) else None


def _shapes(value: object) -> Iterator[Shape]:
    """A shape and all the shapes in it."""
    if isinstance(value, Shape):
        yield value
        for part in value.__dict__.values():
            if not isinstance(part, _PLAIN):
                yield from _shapes(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _shapes(part)
    elif isinstance(value, tuple | list | set | frozenset):
        for part in value:
            yield from _shapes(part)


def _texts(shape: Shape) -> Iterator[str]:
    """The texts of a shape itself, among them ids; not of the shapes in it."""
    for value in shape.__dict__.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple | list | set | frozenset):
            yield from (one for one in value if isinstance(one, str))
