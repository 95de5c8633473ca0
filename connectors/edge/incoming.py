"""Whether what the hub sent is what it says, before anybody at the agency sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.edge.approving import NotAsShown, request_of
from connectors.edge.keys import Keys
from connectors.edge.releases import Found, NoRelease, verify
from schemas.notices import ApprovalRequest
from schemas.product import Product
from schemas.sealed import SEALED_TYPE, NotOpened, unseal

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
"""Both are in names of files."""


@dataclass(frozen=True, slots=True, repr=False)
class OpenedLetter:
    """A letter in clear; ``asks``: it is a request that somebody of the agency decides about;
    ``unsigned``: what of a product stands on the hub's word alone, where an owner's was to be had.
    """

    id: str
    type: str
    body: bytes
    asks: bool
    unsigned: tuple[str, ...] = ()


class NotOurs(Exception):
    """What came is not handed on: it says why, for the agency's people, and nothing that it holds.

    ``letter_id`` None: nobody can say which letter it was.
    """

    def __init__(self, why: str, *, letter_id: str | None = None, kind: str = "unknown") -> None:
        super().__init__(why)
        self.letter_id, self.kind = letter_id, kind


@dataclass(frozen=True, slots=True, repr=False)
class Looking:
    """By what an agency looks at its letters."""

    agency: str
    keys: Sequence[Mapping[str, Any]]
    """Its own private ones, by which it opens what is sealed."""
    owners: Keys
    """Everybody's public ones, by which releases are verified."""
    unsigned: tuple[str, ...] = ()

    def look(self, came: bytes) -> OpenedLetter:
        """The letter, opened and verified; raises :class:`NotOurs`."""
        outer = _event(came)
        letter_id, kind = str(outer.get("id", "")), str(outer.get("type", ""))
        if _ID.fullmatch(letter_id) is None or _TYPE.fullmatch(kind) is None:
            raise NotOurs("it has no id or type of a letter")
        try:
            return self._looked(came, outer, letter_id=letter_id)
        except NotOurs as error:
            raise NotOurs(str(error), letter_id=letter_id, kind=kind) from None

    def _looked(self, came: bytes, outer: Mapping[str, Any], *, letter_id: str) -> OpenedLetter:
        body, event = came, outer
        if outer["type"] == SEALED_TYPE:
            try:
                body = unseal(str(outer.get("data", "")), self.keys)
            except NotOpened as error:
                raise NotOurs(str(error)) from None
            event = _event(body)
        kind = str(event.get("type", ""))
        if event.get("id") != letter_id or _TYPE.fullmatch(kind) is None:
            raise NotOurs("another letter was sealed in it than it says")
        if event.get("subject") != self.agency:
            raise NotOurs("it is a letter for another agency")
        unsigned = self._verified(body) if kind == Product.type else ()
        return OpenedLetter(letter_id, kind, body, asks=_asks(kind, body), unsigned=unsigned)

    def _verified(self, body: bytes) -> tuple[str, ...]:
        """Every owner of every item in a product signed it, for this agency, as it is; what nobody
        signed, where that is more than the hub always adds.
        """
        try:
            told = verify(body, self.owners, recipient=self.agency)
        except NoRelease:
            raise NotOurs("it is no product as the hub sends it") from None
        if told.recipient != self.agency:
            raise NotOurs("it was released to another recipient")
        wrong = [one for one in told.found if one.wrong is not None and not self._agreed(one)]
        if wrong:
            raise NotOurs("; ".join(f"{one.agency}: {one.wrong}" for one in wrong[:5]))
        if told.well and (told.about or not told.tells_whom):
            return ()
        agreed = dict.fromkeys(one.agency for one in told.found if one.wrong is not None)
        words = (f"what is {one}'s: taken from the hub by agreement" for one in agreed)
        return (*words, *told.hubs_word) or ("all of it",)

    def _agreed(self, one: Found) -> bool:
        """Whether the owner has no key, and its word is taken from the hub by agreement."""
        nobody = one.decided_by is None and not self.owners.get(one.agency)
        return nobody and one.agency in self.unsigned


def _asks(kind: str, body: bytes) -> bool:
    if kind != ApprovalRequest.type:
        return False
    try:
        request_of(body)
    except NotAsShown as error:
        raise NotOurs(str(error)) from None
    return True


def _event(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise NotOurs("it is no event in JSON")
    return told
