"""Received: where a recipient's people read what they were sent, say that they have it, and answer
what is wanted back.
"""

from __future__ import annotations

from ops.console.receiving import changed, handovers, products, recalled
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Resource, Role

DESK = Desk(
    code="received",
    name="Received",
    says="What your agency was sent about children, and what is wanted back of it.",
    roles=frozenset({Role.RESEARCHER}),
    resource=Resource.LETTER,
    own=True,
    screens=(
        Screen("", products.listed, hears=Hears.OWN),
        Screen("product/{product_id}", products.one, products.taken),
        Screen("recall/{recall_id}", recalled.one, recalled.taken),
        Screen("change/{change_id}", changed.one, changed.taken),
        Screen("handover/{referral_id}", handovers.one, handovers.taken),
    ),
    done={
        "sent": "Your answer is recorded, and the hub has acted on it.",
        "acted": "What was done is recorded, and the social worker sees it.",
        "taken": "Your answer is recorded. The hub acts on it in a moment.",
    },
)
