"""Requests: where an agency's researchers say what it knows of a child, or that it knows none."""

from __future__ import annotations

from ops.console.researching import answering, differing, disagreeing, requests, volunteering
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Resource, Role

_REQUEST = "request/{referral_id}/{name}"

DESK = Desk(
    code="requests",
    name="Requests",
    says="What the hub asks your agency about children: who the child is, why, and by when.",
    roles=frozenset({Role.RESEARCHER}),
    resource=Resource.LETTER,
    own=True,
    screens=(
        Screen("", requests.listed, hears=Hears.OWN),
        Screen("tell", volunteering.asks, volunteering.taken),
        Screen("disagree", disagreeing.asks, disagreeing.taken),
        Screen("differences", differing.listed, hears=Hears.OWN),
        Screen("differences/{disagreement_id}", differing.asks, differing.taken),
        Screen(_REQUEST, requests.one, requests.chosen),
        Screen(f"{_REQUEST}/{{choice}}", answering.asks, answering.taken),
    ),
    done={
        "disagreed": "Your view is kept as your own. Who decides about it has been told.",
        "agreed": "It is taken back. Whoever was to decide about it has been told.",
        "sent": "Your answer is recorded, and the hub has acted on it.",
        "taken": "Your answer is recorded. The hub acts on it in a moment.",
    },
)
