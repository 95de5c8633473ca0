"""Approvals: where an agency's decision makers say what of its own may leave, and take it back."""

from __future__ import annotations

from ops.console.approvals import (
    beforehand,
    deciding,
    items,
    ours,
    requests,
    second,
    signing,
    standing,
    standing_second,
)
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Resource, Role

_REQUEST = "request/{referral_id}/{name}"
_ITEM = "item/{referral_id}/{name}"

DESK = Desk(
    code="approvals",
    name="Approvals",
    says="What the hub asks your agency to let leave: exactly which words, for whom and what for.",
    roles=frozenset({Role.DECISION_MAKER}),
    resource=Resource.LETTER,
    own=True,
    screens=(
        Screen("", requests.listed, hears=Hears.OWN),
        Screen(_REQUEST, requests.one, requests.chosen),
        Screen(f"{_REQUEST}/file", signing.file),
        Screen(f"{_REQUEST}/signed", signing.bring, signing.brought, uploads=True),
        Screen(f"{_REQUEST}/second", second.asks, second.taken),
        Screen(f"{_REQUEST}/{{choice}}", deciding.asks, deciding.taken),
        Screen("items", items.listed, hears=Hears.OWN),
        Screen(_ITEM, items.one, items.chosen),
        Screen(f"{_ITEM}/{{ruling}}", items.asks, items.taken),
        Screen("standing", standing.listed, hears=Hears.OWN),
        Screen("beforehand", beforehand.asks, beforehand.taken),
        Screen("standing/{name}", standing.asks, standing.taken),
        Screen("standing/{name}/second", standing_second.asks, standing_second.taken),
        Screen("ours", ours.ours),
    ),
    done={
        "sent": "Your decision is recorded, and the hub has acted on it.",
        "begun": "You have signed. Nothing leaves until a colleague has signed too, at their desk.",
        "released": "It is released beforehand: from its first day you are not asked about these.",
        "ended": "It is ended: nothing more leaves by it.",
        "taken": "Your decision is recorded. The hub acts on it in a moment.",
    },
)
