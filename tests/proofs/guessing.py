"""Whoever works out ids: from every id that an agency was sent, and from all that anybody can read
of the hub, by the rule by which ids followed before there was a secret, and by today's without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import product
from typing import Final
from unittest.mock import patch
from uuid import UUID, uuid5

from schemas.base import Fact
from schemas.product import ProductDrafted
from stores.vault import Vault
from tests.proofs.onlookers import Borough

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMESPACE: Final = UUID("6f1c8f0e-0b5e-5c58-9f0e-8d2f5a1c7b11")
_ORDINALS: Final = range(4)
_OF_WHAT: Final = {"item_id": "items", "product_id": "products", "identifier": "requests"}
_KEYS: Final = ("product", "rating-request", "outcome", "request-plan", "link-review")
"""What steps call letters of theirs."""
_MOST_PARTS: Final = 4


class _NoSecret:
    """Keeps an arrival under what anybody can compute."""

    def known_by(self, key: str) -> str:
        """As it is."""
        return key


def by_the_old_rule() -> AbstractContextManager[object]:
    """Arrivals get ids as before there was a secret, all else follows as then, and none is made."""
    return patch.object(Vault, "secret", lambda *_, **__: _NoSecret())


def following(*parts: str) -> Iterator[str]:
    """What may follow from these parts for who has no secret: by each rule that there ever was."""
    told = "\x1f".join(parts)
    plain = str(uuid5(_NAMESPACE, told))
    dated = next((one for one in parts if _ID.fullmatch(one) and one[14] in "78"), None)
    if dated is None:
        yield plain
        return
    yield f"{dated[:14]}8{plain[15:]}"
    for key in (b"", (dated[15:18] + dated[20:22]).encode()):
        text = blake2b(told.encode(), key=key, digest_size=7).hexdigest()
        group = "89ab"[int(text[0], 16) & 3] + dated[20:22] + text[1]
        yield f"{dated[:19]}{group}-{text[2:]}"


@dataclass(frozen=True, repr=False)
class Guesser:
    """One agency, with what it was sent; it knows how hubs work, and whom this one serves."""

    borough: Borough
    agency: str
    agencies: tuple[str, ...]
    sent: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        mine = (one.content for one in self.borough.seen if one.agency == self.agency)
        object.__setattr__(self, "sent", frozenset(_ids_in(mine)))

    def others(self) -> dict[str, set[str]]:
        """The ids in the hub's record and letters that it was not sent, by what they are of."""
        messages, found = self.borough.messages(Fact), dict[str, set[str]]()
        found["messages"] = {one.id for one in messages}
        found["letters"] = {
            one.content[:36]
            for one in self.borough.seen
            if one.agency != self.agency and one.kind.startswith("letter")
        }
        texts = [one.data.model_dump_json() for one in messages]
        for name, what in _OF_WHAT.items():
            found[what] = {*_called(name, texts)}
        return {what: {one for one in ids if one not in self.sent} for what, ids in found.items()}

    def guesses(self) -> set[str]:
        """All that it can work out."""
        return {
            *self._caused(),
            *self._of_a_referral(),
            *self._products(),
        }

    def _of_a_referral(self) -> Iterator[str]:
        for one in self.sent:
            yield from following("school-notice", one)
            for narrative in following("notification", one):
                yield narrative
                for number in range(1, _MOST_PARTS):
                    yield from following(narrative, str(number))
            for agency in self.agencies:
                requests = [*following("request", one, agency)]
                yield from following("school-notice", one, agency)
                for name in ("1", *(f"{request}/seen" for request in requests)):
                    yield from following("item", one, agency, name)
                yield from requests

    def _products(self) -> Iterator[str]:
        drafted = [one.data for one in self.borough.messages(ProductDrafted)]
        known = [one for one in drafted if isinstance(one, ProductDrafted)]
        purposes = {(one.recipient, one.purpose) for one in known}  # as every profile prints them
        colours, names = {str(one.colour) for one in known}, ("urgent", "whole", "late")
        texts = [one.content for one in self.borough.seen if one.agency == self.agency]
        heads = [set(_called(name, texts)) for name in ("referral_id", "case_id")]
        for referral, case, colour, name in product(*heads, colours, names):
            for recipient, purpose in purposes:
                about = ("product", referral, case, "", colour, name, recipient, purpose)
                yield from following(*about)

    def _caused(self) -> Iterator[str]:
        """Messages that follow from each other along the topology, and letters on them.

        It goes on only from those that are there: as if somebody told it whether it is right.
        """
        messages = self.borough.messages(Fact)
        there, type_of = {one.id for one in messages}, {one.id: one.type for one in messages}
        flow = {
            (type_of.get(one.causation_id or ""), one.source.removeprefix("mash-hub/"), one.type)
            for one in messages
        }
        steps = {step for heard, step, _ in flow if heard}
        front, done = {(one, heard) for one in self.sent for heard, _, _ in flow}, set[object]()
        while front:
            done |= front
            next_ = set[tuple[str, str | None]]()
            for one, heard in front:
                for told_by, told in ((step, told) for hears, step, told in flow if hears == heard):
                    for number in _ORDINALS:
                        made = [*following(one, told_by, told, str(number))]
                        yield from made
                        next_ |= {(id_, told) for id_ in made if id_ in there}
            for one in {one for one, _ in front}:
                for step, key in product(steps, self._keys()):
                    yield from following(one, step, "letter", key)
            front = next_ - done

    def _keys(self) -> tuple[str, ...]:
        return (*_KEYS, *(f"request/{agency}" for agency in self.agencies))


def _ids_in(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _ID.findall(text)


def _called(name: str, texts: Iterable[str]) -> Iterator[str]:
    """The ids that stand under a name in JSON."""
    pattern = re.compile(rf'"{name}": ?"([^"]*)"')
    for text in texts:
        yield from filter(_ID.fullmatch, pattern.findall(text))
