"""What an owner is asked to let leave, as the letters to it say, and what became of its items: from
what approving remembers, so that whoever asks sees what holds now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_json

from ops.access.acting import Asker
from ops.look import documents, letters
from ops.look.clocks import keys_of, seconds_left
from ops.look.paging import Part, page_of
from ops.look.signatures import Signed, signed_by
from ops.run.wiring import Hub
from router.steps.approve import decide as approve
from router.steps.approve.closing import awaited, may_be_shown, requests
from router.steps.approve.owing import by_when
from router.steps.approve.state import (
    Approvals,
    Approved,
    Closed,
    Draft,
    Withheld,
    deciders,
)
from router.steps.compose import decide as compose
from router.steps.compose.gathering import Gathering
from router.steps.now import Now
from router.steps.sanitising import Sanitised, known_of, sanitise
from schemas.decisions import ReleaseBegun, ReleaseDecision
from schemas.letter import Letter
from schemas.message import derived_id
from schemas.notices import ApprovalRequest
from schemas.person import Person
from schemas.product import (
    Choice,
    ItemDecided,
    ItemWithheld,
    OwnerSilent,
    ProductApproved,
    ProductVoided,
)
from stores import codec, linking, noted, states
from stores.database import View
from stores.noted import OfAgencies, Question
from stores.trail import Entry

_SILENT_FOR: Final = dt.timedelta(days=365)
"""How long it is looked for what waits without a clock, as its owner was silent."""
_PAGE: Final = 25
"""Referrals whose items are on a page."""
_WHY: Final = "To decide about it at the desk"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """One item of one product, which its owner is to decide about."""

    referral_id: str
    """Under which it is remembered, and which the decision names."""
    name: str
    """Of the request, in an address: it follows from what is asked and of whom, and tells nothing.
    """
    request: ApprovalRequest
    left_seconds: int | None
    """Until it is due; None where no clock runs."""
    may_decide: bool
    """Whether who asks is one of the people who decide for the agency."""


@dataclass(frozen=True, slots=True, repr=False)
class Gone:
    """A product that an item was approved for."""

    product_id: str
    recipient: str
    purpose: str
    decided_by: str | None
    decided_at: dt.datetime | None
    """None: it was not noted, as nobody had to sign then."""
    signed: Signed | None
    """None: nobody signed it."""
    taken_back: bool
    recalled: bool


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """An item that an agency decides about, whatever product it is in."""

    referral_id: str
    case_id: str
    item_id: str
    name: str
    text: str | None
    """As it was last told; None where that is not remembered."""
    withheld: Withheld | None
    products: tuple[Gone, ...]


def open_requests(hub: Hub, asker: Asker, *, page: int = 1) -> tuple[Part[Asked], int]:
    """What the agency of who asks has still to decide, what is due first; and how many more would
    be on this page that are kept back until a human has looked whether they are safe.
    """
    with hub.database.view() as view:
        now = letters.now_at(hub)
        referrals = {*keys_of(view, approve.STEP.name, at=now.at), *_silent(view, now)}
        wanted = [*_letters(view, asker=asker, referrals=referrals, now=now)]
        wanted.sort(key=lambda one: (getattr(one[1].notice, "due_at", None) or now.at, one[1].key))
        part = page_of(wanted, page=page, most=_PAGE)
        found = list(_asked(view, part.shown, asker=asker, now=now))
    shown = [one for one in found if one is not None]
    shown.sort(key=lambda one: (one.request.due_at or now.at, one.name))
    return Part(shown, part.page, part.pages, part.found), len(found) - len(shown)


def request(hub: Hub, asker: Asker, *, referral_id: str, name: str) -> Asked | None:
    """One of them; None where there is no such, or it is another agency's."""
    with hub.database.view() as view:
        now = letters.now_at(hub)
        wanted = [*_letters(view, asker=asker, referrals={referral_id}, now=now)]
        found = _asked(view, wanted, asker=asker, now=now)
        return next((one for one in found if one and one.name == name), None)


def decided(
    hub: Hub, asker: Asker, *, referral_id: str, name: str
) -> tuple[str, dt.datetime] | None:
    """Who of the agency of who asks has decided about a request, and when; None: nobody has."""
    with hub.database.reading() as connection:
        found = linking.about(
            connection, hub.database.vault, ids=[referral_id], types=[ItemDecided]
        )
    for entry in reversed(found):
        fact = entry.message.data
        if not isinstance(fact, ItemDecided) or fact.owner != asker.agency:
            continue
        if name_of(asker, fact.product_id, fact.item_id) == name:
            return fact.decided_by, entry.message.time
    return None


def begun(hub: Hub, asker: Asker, found: Asked) -> tuple[ReleaseDecision, dt.datetime] | None:
    """What somebody of the agency of who asks has signed of a request as the first of two, and
    when; None: nobody has, of what is asked now.
    """
    with hub.database.reading() as connection:
        told = linking.about(
            connection, hub.database.vault, ids=[found.referral_id], types=[ReleaseBegun]
        )
    for entry in reversed(told):
        fact = entry.message.data
        assert isinstance(fact, ReleaseBegun)
        if fact.agency == asker.agency and _is_of(fact.decision, found.request):
            return fact.decision, entry.message.time
    return None


def _is_of(decision: ReleaseDecision, request: ApprovalRequest) -> bool:
    own, item = decision.choice is Choice.RELEASE_REWORDED, request.item
    shown = {item.original_digest, item.sanitised_digest}
    is_shown = (decision.instead_of if own else decision.digest) in shown
    same = (decision.product_id, decision.item_id) == (request.product_id, item.item_id)
    return same and is_shown


def item(hub: Hub, asker: Asker, *, referral_id: str, name: str) -> Item | None:
    """One item that the agency of who asks decides about; None where there is no such."""
    return next((one for one in _items(hub, asker, {referral_id}) if one.name == name), None)


def items(hub: Hub, asker: Asker, *, days: int, page: int = 1) -> Part[Item]:
    """Every item of the agency of who asks, of the referrals about which it decided in so many
    days, those about which it did last first: of some referrals at a time.
    """
    with hub.database.view() as view:
        at = codec.to_micros(letters.now_at(hub).at - dt.timedelta(days=days))
        since = noted.position_of(view, at)
        with _DECIDED.asked(view, since=since) as decided_:
            found = decided_.newest_first(asker.agency or "", since=since)
    part = page_of([referral for _, referral in found], page=page, most=_PAGE)
    place = {referral: number for number, referral in enumerate(part.shown)}
    shown = sorted(_items(hub, asker, part.shown), key=lambda one: place[one.referral_id])
    return Part(shown, part.page, part.pages, part.found)


class _Decided(OfAgencies):
    """About what an agency decided."""

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        fact, referral = entry.message.data, entry.message.correlation_id
        if isinstance(fact, ItemDecided | ItemWithheld):
            self.opened(fact.owner, referral, entry, of=referral)


_DECIDED: Final = Question((ItemDecided, ItemWithheld), _Decided)


def opened(hub: Hub, asker: Asker, *, item_id: str, referral_id: str) -> None:
    """Record that somebody read what their agency is asked; raises ``Denied``."""
    letters.opened(hub, asker, wanted=item_id, referral_id=referral_id, why=_WHY)


def left_in(hub: Hub, text: str, *, referral_id: str) -> Sanitised:
    """What the sanitiser would take out of words of an owner's own."""
    with hub.database.view() as view:
        found = states.load(view, compose.STEP.name, keys={referral_id}).get(referral_id)
    told = Gathering.model_validate_json(found[1]).notified if found else None
    known = known_of(Person()) if told is None else told.known
    if told is not None and known is None:
        known = known_of(told.child or Person(), *told.family)
    assert known is not None
    return sanitise(text, known=known)


def name_of(asker: Asker, *of: str) -> str:
    """What something of an agency's is called in an address."""
    return derived_id("desk", *of, asker.agency or "")


def _silent(view: View, now: Now) -> set[str]:
    """Referrals of which something waits for an owner whose whole chain was told."""
    since = noted.position_of(view, codec.to_micros(now.at - _SILENT_FOR))
    with _SILENT.asked(view, since=since) as silent:
        return set[str]().union(*(silent.of(name, since=since) for name in _NAMES))


class _Silent(OfAgencies):
    """Products that wait for somebody silent: neither approved nor voided since, which is for good.
    Their owners are not told apart, as an item may have several.
    """

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case OwnerSilent(product_id=id_) as silent:
                for name, referral in zip(
                    _NAMES, (entry.message.correlation_id, silent.referral_id), strict=True
                ):
                    self.opened(name, id_, entry, of=referral)
            case ProductApproved(product_id=id_) | ProductVoided(product_id=id_):
                for name in _NAMES:
                    self.over(name, id_)


_NAMES: Final = ("correlation", "referral")
"""By which of both a product's document is known depends on what it follows."""
_SILENT: Final = Question((OwnerSilent, ProductApproved, ProductVoided), _Silent)


def _known(view: View, referrals: Collection[str]) -> Iterator[tuple[str, Approvals]]:
    found = documents.of(view, approve.STEP, referrals)
    yield from ((key, known) for key, known in found.items() if isinstance(known, Approvals))


def _letters(
    view: View, *, asker: Asker, referrals: Collection[str], now: Now
) -> Iterator[tuple[str, Letter]]:
    """What would be asked, with under what it is remembered."""
    for key, known in _known(view, referrals):
        for _, draft in known.in_stage(Draft):
            wanted = _wanted(draft, asker.agency or "", now=now)
            for letter in requests(draft, wanted, now=now) if wanted else ():
                yield key, by_when(letter, known, now=now)


def _asked(
    view: View, wanted: Sequence[tuple[str, Letter]], *, asker: Asker, now: Now
) -> Iterator[Asked | None]:
    """None for one that is kept back."""
    keys = {letter.key: key for key, letter in wanted}
    told = {letter.key: letter for _, letter in wanted}
    for id_, data in letters.looked_at(view, told, agency=asker.agency or "", now=now).items():
        yield None if data is None else _shown(data, key=keys[id_], asker=asker, now=now)


def _wanted(draft: Draft, agency: str, *, now: Now) -> set[tuple[str, str]]:
    unasked = draft.held.items if draft.held else ()
    waits = awaited(draft, now) if draft.waits else set()
    return {one for one in waits if one[1] == agency and one[0] not in unasked}


def _shown(told: dict[str, Any], *, key: str, asker: Asker, now: Now) -> Asked:
    request = ApprovalRequest.model_validate_json(to_json(told))
    due = request.due_at
    return Asked(
        referral_id=key,
        name=name_of(asker, request.product_id, request.item.item_id),
        request=request,
        left_seconds=seconds_left(due, now.at) if due else None,
        may_decide=now.may_decide(asker.agency or "", asker.who or ""),
    )


def _items(hub: Hub, asker: Asker, referral_ids: Collection[str]) -> Iterator[Item]:
    agency, now = asker.agency or "", letters.now_at(hub)
    with hub.database.view() as view:
        for key, known in _known(view, referral_ids):
            for item_id in dict.fromkeys(_ids(known, agency)):
                yield _item(known, item_id, key=key, asker=asker, now=now)


def _ids(known: Approvals, agency: str) -> Iterator[str]:
    """What the agency knows to be its own: not yet what another tells in its name, until that is
    put before it.
    """
    for _, draft in known.in_stage(Draft):
        own = (one for one in draft.items if agency in deciders(one))
        yield from (one.item_id for one in own if may_be_shown(draft, one, agency=agency))
    for stage in known.products.values():
        if isinstance(stage, Closed):
            mine = (id_ for id_, by in stage.deciders.items() if agency in by)
            yield from (id_ for id_ in mine if _was_shown(stage, id_, agency=agency))
    yield from (one.item_id for one in known.withheld if one.owner == agency)


def _was_shown(stage: Closed, item_id: str, *, agency: str) -> bool:
    teller = stage.deciders[item_id][-1]
    told = (one for one in stage.decided if (one.item_id, one.owner) == (item_id, teller))
    return teller == agency or any(one.digest for one in told)


def _item(known: Approvals, item_id: str, *, key: str, asker: Asker, now: Now) -> Item:
    agency = asker.agency or ""
    drafted = [one for one in known.products.values() if isinstance(one, Draft | Closed)]
    tellers = {by[-1] for one in drafted for id_, by in one.deciders.items() if id_ == item_id}
    said = known.said.get(item_id)
    return Item(
        referral_id=key,
        case_id=next((one.case_id for one in drafted if item_id in one.deciders), ""),
        item_id=item_id,
        name=name_of(asker, item_id),
        text=said.texts[-1] if said and said.texts and tellers == {agency} else None,
        withheld=known.withheld_by(item_id, agency),
        products=tuple(
            _gone(product_id, stage, item_id, agency=agency, now=now)
            for product_id, stage in known.in_stage(Approved)
            if item_id in stage.left and agency in stage.deciders.get(item_id, ())
        ),
    )


def _gone(product_id: str, stage: Approved, item_id: str, *, agency: str, now: Now) -> Gone:
    decided = next(
        (one for one in stage.decided if (one.item_id, one.owner) == (item_id, agency)), None
    )
    envelope = decided.envelope if decided else None
    beforehand = decided is not None and decided.standing is not None
    return Gone(
        product_id=product_id,
        recipient=stage.recipient,
        purpose=stage.purpose,
        decided_by=decided.decided_by if decided else None,
        decided_at=decided.decided_at if decided else None,
        signed=signed_by(envelope, agency, now=now, beforehand=beforehand) if envelope else None,
        taken_back=item_id in stage.withdrawn,
        recalled=item_id in stage.recalled,
    )
