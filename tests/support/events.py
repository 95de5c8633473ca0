"""What senders send, as envelopes and as files, and what becomes of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping

from connectors.events.attributes import of_http
from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.port import Routes
from schemas.base import Fact
from schemas.case import OpenCaseReceived
from schemas.decisions import (
    AdultsDecided,
    DeliveryReceived,
    ItemRuled,
    LinkDecided,
    OutcomeDecided,
    PersonsDecided,
    RatingDecided,
    RecallReceived,
    ReleaseDecided,
    RequestDecided,
    SplitDecided,
    StandingReleased,
    StandingWithdrawn,
    UndoDecided,
)
from schemas.handover import HandoverDecided, HandoverReceived
from schemas.information import InformationOffered, InformationReceived
from schemas.keys import KeyDecided
from schemas.manifests import ManifestReceived
from schemas.refusals import REASONS, Refusal
from stores.ports import Arrival

Make = Callable[..., dict[str, object]]


RATING: dict[str, object] = {
    "referral_id": "r1",
    "case_id": "c1",
    "colour": "amber",
    "decided_by": "S. Worker",
    "rationale": "Seen.",
}


DATA: dict[str, tuple[dict[str, object], type[Fact]]] = {
    "mash.rating-decision.v1": (RATING, RatingDecided),
    "mash.link-decision.v1": (
        {
            "referral_id": "r1",
            "person_id": None,
            "decided_by": "S. Worker",
            "rationale": "Another child.",
        },
        LinkDecided,
    ),
    "mash.persons-decision.v1": (
        {
            "person_id": "p1",
            "other_person_id": "p2",
            "same": True,
            "decided_by": "S. Worker",
            "rationale": "Twins.",
        },
        PersonsDecided,
    ),
    "mash.adults-decision.v1": (
        {
            "referral_id": "r1",
            "adult_id": "a1",
            "other_adult_id": "a2",
            "same": False,
            "decided_by": "S. Worker",
            "rationale": "His brother.",
        },
        AdultsDecided,
    ),
    "mash.split-decision.v1": (
        {
            "person_id": "p1",
            "referral_ids": ["r1"],
            "to_person_id": None,
            "decided_by": "S. Worker",
            "rationale": "Twins.",
        },
        SplitDecided,
    ),
    "mash.undo-decision.v1": (
        {"decision_id": "d1", "decided_by": "S. Worker", "rationale": "Two boys after all."},
        UndoDecided,
    ),
    "mash.information-response.v1": (
        {
            "request_id": "q1",
            "referral_id": "r1",
            "case_id": "c1",
            "known": False,
            "answered_by": "A. Nurse",
        },
        InformationReceived,
    ),
    "mash.request-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "action": "cancel",
            "request_id": "q1",
            "decided_by": "S. Worker",
            "rationale": "No longer needed.",
        },
        RequestDecided,
    ),
    "mash.outcome-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "outcome": "early_help",
            "may_be_told": "Somebody will call.",
            "decided_by": "S. Worker",
            "rationale": "The family wants help.",
        },
        OutcomeDecided,
    ),
    "mash.information-volunteered.v1": (
        {
            "reference": "S-1",
            "items": [
                {
                    "item_id": "1",
                    "owner": "police",
                    "text": "Seen in the park.",
                    "sensitivity": "routine",
                    "may_be_revealed": True,
                    "may_leave": False,
                }
            ],
            "volunteered_by": "D. Lead",
        },
        InformationOffered,
    ),
    "mash.item-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "item_id": "i1",
            "ruling": "lift",
            "decided_by": "Sgt",
        },
        ItemRuled,
    ),
    "mash.release-decision.v1": (
        {
            "referral_id": "r1",
            "product_id": "p1",
            "case_id": "c1",
            "item_id": "i1",
            "choice": "withhold",
            "recipient": "school",
            "purpose": "To keep the child safe.",
            "decided_by": "Sgt",
            "reason": "An informant would be known.",
        },
        ReleaseDecided,
    ),
    "mash.delivery-receipt.v1": (
        {"product_id": "p1", "case_id": "c1", "status": "received", "received_by": "Duty desk"},
        DeliveryReceived,
    ),
    "mash.standing-release.v1": (
        {
            "standing_id": "s1",
            "recipients": ["school"],
            "purposes": ["To keep the child safe."],
            "since": "2026-01-01",
            "decided_by": "Sgt",
            "reason": "At once.",
        },
        StandingReleased,
    ),
    "mash.key-decision.v1": (
        {
            "choice": "register",
            "decision_maker": "Sgt",
            "public": "A" * 43 + "=",
            "at": "2026-01-01T00:00:00Z",
            "decided_by": "Information manager",
            "envelope": {
                "payloadType": "application/vnd.in-toto+json",
                "payload": "e30=",
                "signatures": [{"keyid": "k", "sig": "s"}],
            },
        },
        KeyDecided,
    ),
    "mash.manifest.v1": (
        {"day": "2026-01-01", "sent": 2, "first": "n-9", "last": "n-10"},
        ManifestReceived,
    ),
    "mash.standing-withdrawal.v1": (
        {"standing_id": "s1", "decided_by": "Sgt", "reason": "No longer."},
        StandingWithdrawn,
    ),
    "mash.recall-receipt.v1": (
        {
            "product_id": "p1",
            "case_id": "c1",
            "recall_id": "q1",
            "status": "destroyed",
            "answered_by": "Duty desk",
        },
        RecallReceived,
    ),
    "mash.handover-receipt.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "status": "refused",
            "received_by": "Duty desk",
            "reason": "Not ours.",
        },
        HandoverReceived,
    ),
    "mash.handover-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "action": "take_back",
            "decided_by": "D. Manager",
            "rationale": "Another team's.",
        },
        HandoverDecided,
    ),
    "mash.open-case.v1": (
        {"reference": "k1", "child": {}, "worker": None, "since": "2026-01-01"},
        OpenCaseReceived,
    ),
}


class Desk:
    """An agency's end of the line."""

    def __init__(self, hub: Routes, now: dt.datetime) -> None:
        self.hub = hub
        self.now = now

    def __call__(
        self,
        agency: str,
        content_type: str,
        body: bytes | object,
        headers: Mapping[str, str] | None = None,
    ) -> list[Arrival]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        door = Door(self.hub.by_code[agency], "http", self.now)
        attributes = of_http((headers or {}).items())
        return parse(door, raw, content_type=content_type, attributes=attributes)

    def refusal(
        self,
        agency: str,
        content_type: str,
        body: bytes | object,
        headers: Mapping[str, str] | None = None,
    ) -> Refusal:
        (arrival,) = self(agency, content_type, body, headers)
        assert isinstance(arrival.body, Refusal)
        assert arrival.body.reason in REASONS
        return arrival.body


def binary(**attributes: str) -> dict[str, str]:
    given = {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:test",
        "type": "mash.notification.v1",
    } | attributes
    return {f"ce-{name}": value for name, value in given.items()}
