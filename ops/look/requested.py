"""What an agency is asked about children, as the letters to it say, from what the hub remembers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

from ops.access.acting import Asker
from ops.look import documents, letters
from ops.look.asked import name_of
from ops.look.clocks import keys_of, seconds_left
from ops.look.paging import Part, page_of
from ops.run.wiring import Hub
from router.steps.now import Now
from router.steps.request_information import decide as request_information
from router.steps.request_information.requests import letter_of, requests_to
from router.steps.request_information.state import Asked, Asking
from schemas.information import (
    InformationAnswered,
    InformationMissing,
    InformationRequest,
    InformationRequested,
    RequestCancelled,
    RequestChanged,
)
from stores import codec, linking, noted
from stores.database import View
from stores.noted import OfAgencies, Question
from stores.trail import Entry

_LATE_FOR: Final = dt.timedelta(days=365)
"""How long it is looked for what was due and is not answered."""
_PAGE: Final = 50
_WHY: Final = "To answer it at the desk"


@dataclass(frozen=True, slots=True, repr=False)
class Requested:
    """One request that an agency has not answered."""

    name: str
    """In an address: it follows from the request and whose it is, and tells nothing."""
    request: InformationRequest
    due_at: dt.datetime
    left_seconds: int
    paused: bool


def open_requests(hub: Hub, asker: Asker, *, page: int = 1) -> tuple[Part[Requested], int]:
    """What the agency of who asks has still to answer, what is due first; and how many more would
    be on this page that are kept back until a human has looked whether they are safe.
    """
    now = letters.now_at(hub)
    with hub.database.view() as view:
        step = request_information.STEP.name
        referrals = {*keys_of(view, step, at=now.at), *_late(view, asker, now=now)}
        awaited = sorted(_awaited(view, referrals, asker=asker), key=_pressing)
        part = page_of(awaited, page=page, most=_PAGE)
        found = list(_requested(view, part.shown, asker=asker, now=now))
    shown = sorted((one for one in found if one), key=lambda one: (one.due_at, one.name))
    return Part(shown, part.page, part.pages, part.found), len(found) - len(shown)


def request(hub: Hub, asker: Asker, *, referral_id: str, name: str) -> Requested | None:
    """One of them; None where there is no such, or it is another agency's."""
    now = letters.now_at(hub)
    with hub.database.view() as view:
        awaited = list(_awaited(view, {referral_id}, asker=asker))
        found = _requested(view, awaited, asker=asker, now=now)
        return next((one for one in found if one and one.name == name), None)


def answered(
    hub: Hub, asker: Asker, *, referral_id: str, name: str
) -> tuple[str, dt.datetime] | None:
    """Who of the agency of who asks has answered a request, and when; None: nobody has."""
    with hub.database.reading() as connection:
        vault = hub.database.vault
        found = linking.about(connection, vault, ids=[referral_id], types=[InformationAnswered])
    for entry in reversed(found):
        fact = entry.message.data
        if isinstance(fact, InformationAnswered) and name_of(asker, fact.request_id) == name:
            return fact.answered_by, entry.message.time
    return None


def opened(hub: Hub, asker: Asker, found: Requested) -> None:
    """Record that somebody read what their agency is asked; raises ``Denied``."""
    told = found.request
    letters.opened(hub, asker, wanted=told.identifier, referral_id=told.referral_id, why=_WHY)


class _Late(OfAgencies):
    """Requests that were due, and that are neither answered nor cancelled."""

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case InformationMissing() as late:
                self.opened(late.agency, late.request_id, entry, of=late.referral_id)
            case InformationAnswered() | RequestCancelled() as settled:
                self.over(settled.agency, settled.request_id)


_LATE: Final = Question((InformationMissing, InformationAnswered, RequestCancelled), _Late)


def _late(view: View, asker: Asker, *, now: Now) -> set[str]:
    since = noted.position_of(view, codec.to_micros(now.at - _LATE_FOR))
    with _LATE.asked(view, since=since) as late:
        return late.of(asker.agency or "", since=since)


class _Awaited(NamedTuple):
    referral_id: str
    state: Asking
    one: Asked


def _pressing(awaited: _Awaited) -> tuple[dt.datetime, str]:
    return awaited.one.due_at, awaited.one.request_id


def _awaited(view: View, referrals: Collection[str], *, asker: Asker) -> Iterator[_Awaited]:
    known = documents.of(view, request_information.STEP, referrals)
    for referral_id, state in known.items():
        if isinstance(state, Asking):
            mine = (one for one in state.asked if one.agency == asker.agency and one.awaited)
            yield from (_Awaited(referral_id, state, one) for one in mine)


def _requested(
    view: View, awaited: Sequence[_Awaited], *, asker: Asker, now: Now
) -> Iterator[Requested | None]:
    """None for one that is kept back."""
    sent = _sent(view, {one.referral_id for one in awaited})
    told = {
        one.letter or one.request_id: (one, _as_it_stands(state, sent[one.request_id], now))
        for _, state, one in awaited
        if one.request_id in sent
    }
    wanted = {id_: letter_of(said) for id_, (_, said) in told.items()}
    looked = letters.looked_at(view, wanted, agency=asker.agency or "", now=now)
    for id_, data in looked.items():
        yield None if data is None else _shown(data, told[id_][0], asker=asker, now=now)


def _sent(view: View, referral_ids: Collection[str]) -> dict[str, InformationRequest]:
    """What each request said, with the question that is asked by now."""
    sent: dict[str, InformationRequest] = {}
    types = (InformationRequested, RequestChanged)
    found = linking.about(view.connection, view.vault, ids=referral_ids, types=types)
    for entry in found:
        match entry.message.data:
            case InformationRequested() as told:
                sent |= {one.identifier: one for one in told.requests}
            case RequestChanged() as told if told.request_id in sent and told.question:
                before = sent[told.request_id]
                sent[told.request_id] = before.model_copy(update={"question": told.question})
    return sent


def _as_it_stands(state: Asking, sent: InformationRequest, now: Now) -> InformationRequest:
    """With the legal basis on which it would be asked now, and whose child it is by now."""
    changes: dict[str, Any] = {"case_id": state.cases.now}
    if state.rated and state.concern and now.agreement_with(sent.agency):
        # By when stays as it was sent, and need not be worked out again.
        rating = state.rated.model_copy(update={"due_at": sent.due_at})
        (today,) = requests_to(
            [sent.agency], state.concern, rating=rating, case_id=state.cases.now, now=now
        )
        names = ("legal_basis", "basis_reason", "consent", "checks")
        changes |= {name: getattr(today, name) for name in names}
    return sent.model_copy(update=changes)


def _shown(data: dict[str, Any], one: Asked, *, asker: Asker, now: Now) -> Requested:
    return Requested(
        name=name_of(asker, one.request_id),
        request=InformationRequest.model_validate_json(to_json(data)),
        due_at=one.due_at,
        left_seconds=seconds_left(one.due_at, now.at),
        paused=bool(one.paused),
    )
