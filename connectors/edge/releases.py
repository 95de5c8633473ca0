"""A recipient looks, without the hub, whether every owner signed what it got: by the letter itself
and the owners' public keys alone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from connectors.edge.keys import Keys
from schemas.envelope import Envelope, NotSigned
from schemas.policy import ApprovalKey, ItemKind, is_shared, plain_name
from schemas.product import ApprovedItem, OwnerApproval, Product
from schemas.statement import ReleaseStatement, StandingStatement, stated, text_digest


class NoRelease(Exception):
    """What is given is no product as the hub sends it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands behind one item for one agency that owns it; ``wrong`` None: its signature."""

    item_id: str
    agency: str
    decided_by: str | None
    wrong: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of each item. ``about``: whether whom it is about is what was signed too; not
    where owners let less of that be told than they were shown, which only the hub can know.
    """

    product_id: str
    recipient: str
    found: tuple[Found, ...]
    about: bool
    tells_whom: bool = False
    """Whether it says whom it is about."""
    hubs_word: tuple[str, ...] = ()
    """What stands in it besides that no owner signed, in words."""

    @property
    def well(self) -> bool:
        """Whether every owner of everything in it signed it."""
        return bool(self.found) and all(one.wrong is None for one in self.found)


def verify(letter: bytes, keys: Keys, *, recipient: str | None = None) -> Verified:
    """A letter as it was received. It counts as of its own time; a key that is revoked by now does
    not. Raises :class:`NoRelease`.
    """
    try:
        event = json.loads(letter)
        product = Product.model_validate_json(json.dumps(event["data"]))
        at = dt.datetime.fromisoformat(event["time"]).astimezone(dt.UTC)
    except (ValidationError, ValueError, KeyError, TypeError):
        raise NoRelease from None
    looking = _Looking(product, keys, at, recipient or product.recipient)
    found = tuple(one for item in product.items for one in looking.look(item))
    about = looking.is_about()
    return Verified(
        product_id=product.product_id,
        recipient=product.recipient,
        found=found,
        about=about,
        tells_whom=product.about is not None,
        hubs_word=tuple(_hubs_word(product, about=about)),
    )


def _hubs_word(product: Product, *, about: bool) -> Iterator[str]:
    if product.about is not None and not about:
        yield "whom it is about: not signed, or less of it is told than was"
    if product.alleged is not None:
        yield "what the concern is about"
    if product.signposts:
        yield "whom to ask for more"


@dataclass(frozen=True, slots=True)
class _Looking:
    product: Product
    keys: Keys
    at: dt.datetime
    recipient: str

    def look(self, item: ApprovedItem) -> Iterator[Found]:
        """What stands behind an item, for its owner and for every other source of it."""
        given = {one.agency: one for one in self.product.approvals if one.item_id == item.item_id}
        owners = dict.fromkeys((item.owner, *given))
        for one in given.values():
            told = stated(one)
            owners |= dict.fromkeys(source.owner for source in told.sources) if told else {}
        for owner in owners:
            yield self._look(item, owner, one=given.get(owner))

    def is_about(self) -> bool:
        """Whether whom the product is about is, in full, what every statement says."""
        about = self.product.about
        told = [one for each in self.product.approvals if (one := stated(each))]
        said = about.model_copy(update={"ring": None}).digest() if about else None
        return bool(told) and all(one.about == said for one in told)

    def _look(self, item: ApprovedItem, owner: str, *, one: OwnerApproval | None) -> Found:
        if one is None or one.envelope is None:
            return Found(item.item_id, owner, None, "nobody signed it")
        if self.product.recipient != self.recipient:  # whoever it was for, it says another now
            return Found(item.item_id, owner, None, "another recipient was signed")
        try:
            own = self._keys_of(owner)
            keys, payload = _opened(one.envelope, own, made_at=one.decided_at)
            wrong = self._wrong_beforehand(one, payload) or self._wrong(item, one, payload=payload)
            wrong = wrong or _wrong_people(one, payload, keys=keys)
        except NotSigned:
            return Found(item.item_id, owner, None, "the signature is of no key of this agency")
        people = " and ".join(sorted({key.decided_by for key in keys}))
        return Found(item.item_id, owner, people, wrong)

    def _keys_of(self, owner: str) -> tuple[ApprovalKey, ...]:
        """Its keys, but for those that are said to be somebody else's as well."""
        every = [(code, key) for code, keys in self.keys.items() for key in keys]
        return tuple(key for key in self.keys.get(owner, ()) if not is_shared(key, owner, every))

    def _wrong(self, item: ApprovedItem, one: OwnerApproval, *, payload: bytes) -> str | None:
        if one.standing is not None:
            return None
        told, product = ReleaseStatement.parse(payload), self.product
        wanted = (
            ("words", told.text_sha256, text_digest(item.text)),
            ("item", told.item_id, item.item_id),
            ("agency", told.agency, one.agency),
            ("recipient", told.recipient, self.recipient),
            ("purpose", told.purpose, product.purpose),
            ("case", told.case_id, product.case_id),
        )
        other = next((what for what, said, is_ in wanted if said != is_), None)
        if other is not None:
            return "other words were signed" if other == "words" else f"another {other} was signed"
        if told.product_id not in (product.product_id, product.follows):
            return "another product was signed"
        in_time = all(told.not_before <= at < told.expires for at in (one.decided_at, self.at))
        return None if in_time else "the approval did not count when it was sent"

    def _wrong_beforehand(self, one: OwnerApproval, payload: bytes) -> str | None:
        if one.standing is None:
            return None
        told = StandingStatement.parse(payload)
        kinds = [kind for kind in ItemKind if kind == one.standing]
        purpose, day = self.product.purpose, self.at.date()
        covers = told.agency == one.agency and any(
            told.release.covers(kind, self.recipient, purpose=purpose, day=day) for kind in kinds
        )
        return None if covers else "what was released beforehand is something else"


def _wrong_people(
    one: OwnerApproval, payload: bytes, *, keys: tuple[ApprovalKey, ...]
) -> str | None:
    """Whether who is said to decide did not sign, or fewer did than have to."""
    people, wanted = {plain_name(key.decided_by) for key in keys}, 1
    if one.standing is not None:
        decided_by: str | None = StandingStatement.parse(payload).release.decided_by
    else:
        told = ReleaseStatement.parse(payload)
        decided_by, wanted = told.decided_by, told.people
    if plain_name(decided_by or "") not in people:
        return "another decision maker was signed"
    return None if len(people) >= wanted else "one more person has to sign it"


def _opened(
    envelope: Envelope, keys: tuple[ApprovalKey, ...], *, made_at: dt.datetime
) -> tuple[tuple[ApprovalKey, ...], bytes]:
    now, named = dt.datetime.now(dt.UTC), {one.keyid for one in envelope.signatures}
    counting = tuple(key for key in keys if key.id in named and key.counts(made_at, at=now))
    told = {key.opens(envelope) for key in counting}
    if len(told) != 1:
        raise NotSigned
    return counting, told.pop()
