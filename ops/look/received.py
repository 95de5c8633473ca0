"""What an agency was sent about children: products that nobody of it has yet, and what is wanted
back of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter
from pydantic_core import from_json

from ops.access.acting import Asker
from ops.look import letters, recalls
from ops.look.clocks import keys_of
from ops.look.recalls import Recalled
from ops.run.wiring import Hub
from router.handing_out import handed_out
from router.steps.now import Now
from router.steps.release import decide as release
from router.steps.release import sending
from router.steps.release.state import Released, State
from schemas.product import Product, ProductRecalled, ToAct
from schemas.rating import Colour
from schemas.school import SchoolNotice
from stores import linking, queues, states
from stores.database import View

_STATE: Final[TypeAdapter[State]] = TypeAdapter(State)
_WHY: Final = "To act on it at the desk"
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A product that nobody of its recipient has yet: nothing of what it says."""

    product_id: str
    colour: Colour
    urgent: bool
    purpose: str
    due_at: dt.datetime
    """By when a person is to say that they have it."""
    left_seconds: int


def waiting(hub: Hub, asker: Asker) -> list[Waiting]:
    """All for the agency of who asks, Reds for the front line first, then what is due first."""
    now = letters.now_at(hub)
    with hub.database.view() as view:
        keys = keys_of(view, release.STEP.name, at=now.at)
        documents = states.load(view, release.STEP.name, keys=keys)
        known = [(key, _mine(body, asker)) for key, (_, body) in documents.items()]
    found = [_waiting(key, one, now=now) for key, one in known if one is not None]
    told = [one for one in found if one is not None]
    return sorted(told, key=lambda one: (not one.urgent, one.due_at, one.product_id))


def opened(hub: Hub, asker: Asker, product_id: str) -> Product | SchoolNotice | None:
    """One of them as its recipient gets it; None where there is no such, it is another agency's, or
    it does not go now. Who opens what nobody of the agency has fetched has fetched it: from then on
    it can only be recalled. Raises ``Denied``.
    """
    agency = asker.agency or ""
    with hub.database.view() as view:
        state = _state(view, product_id, asker)
    if state is None or state.letter is None:
        return None
    letters.opened(hub, asker, wanted=product_id, referral_id=state.referral_id, why=_WHY)
    with hub.database.transaction() as transaction:
        leased = queues.lease(transaction, agency, limit=1, seconds=_SECONDS, only=[state.letter])
        goes = handed_out(transaction, agency, leased=leased, policy=hub.policy.value)
        if goes:
            # The agency's own system gets it still.
            queues.give_back(transaction, agency, ids=[state.letter], after_seconds=0)
            kind = Product if goes[0].type == Product.type else SchoolNotice
            return kind.model_validate(from_json(goes[0].body)["data"])
        return None if leased else _had(transaction, product_id, asker, now=letters.now_at(hub))


def wanted_back(hub: Hub, asker: Asker) -> Sequence[Recalled]:
    """What owners want back of the agency of who asks, and it has not said what it did."""
    return [one for one in recalls.of(hub) if one.recipient == asker.agency]


def recalled(hub: Hub, asker: Asker, recall_id: str) -> tuple[Recalled, ProductRecalled] | None:
    """One of these, and as it was told, which is recorded; None where there is no such or it is
    another agency's.
    """
    found = next((one for one in wanted_back(hub, asker) if one.recall_id == recall_id), None)
    if found is None:
        return None
    with hub.database.reading() as connection:
        told = linking.about(
            connection, hub.database.vault, ids=[found.case_id], types=[ProductRecalled]
        )
    facts = [(one.message.id, one.message.data) for one in told]
    mine = (
        fact
        for id_, fact in facts
        if isinstance(fact, ProductRecalled) and (fact.recall_id or id_) == recall_id
    )
    fact = next(mine, None)
    letters.opened(hub, asker, wanted=recall_id, referral_id=found.case_id, why=_WHY)
    return None if fact is None else (found, fact)


def _mine(body: bytes, asker: Asker) -> Released | None:
    state = _STATE.validate_json(body)
    is_mine = isinstance(state, Released) and state.recipient == asker.agency
    return state if isinstance(state, Released) and is_mine and not state.recalled else None


def _state(view: View, product_id: str, asker: Asker) -> Released | None:
    found = states.load(view, release.STEP.name, keys={product_id}).get(product_id)
    state = _mine(found[1], asker) if found else None
    return state if state and state.holds and not state.kept_back else None


def _waiting(product_id: str, state: Released, *, now: Now) -> Waiting | None:
    if state.holds is None or state.kept_back or state.receipt is None:
        return None
    due = state.receipt.due_at
    return Waiting(
        product_id,
        state.holds.colour,
        state.holds.urgent,
        state.holds.purpose,
        due,
        int((due - now.at).total_seconds()),
    )


def _had(view: View, product_id: str, asker: Asker, *, now: Now) -> Product | SchoolNotice | None:
    """What the agency has already, or its system has in hand: as it would be handed out now."""
    state = _state(view, product_id, asker)
    if state is None or state.holds is None or state.letter is None or not state.fetched:
        return None
    told = {state.letter: sending.letter(state.holds, ToAct(**state.shared(ToAct)))}
    data = letters.looked_at(view, told, agency=asker.agency or "", now=now)[state.letter]
    kind = SchoolNotice if state.holds.school_notice else Product
    return None if data is None else kind.model_validate(data)
