"""Agencies, samples and stand-ins for the store that the connector tests share. All people are
invented.
"""

import datetime as dt
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.port import Routes, routes
from schemas.message import derived_id
from schemas.notification import Receipt, ReceiptStatus
from schemas.refusals import Refusal
from schemas.settings import HubSettings
from stores.ports import Arrival, Leased, Unavailable

NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
AGREEMENT = {"reference": "ISA-2026", "signatory": "A. Partner", "since": "2025-01-01"}


def settings(**agencies: dict[str, object]) -> HubSettings:
    """A hub whose lead agency is ``csc``, with the agencies given besides."""
    lead = {
        "name": "Children's social care",
        "signpost_contact": "01632 960001",
        "agreement": AGREEMENT,
    }
    every = {"csc": lead} | {
        code: {"name": code, "signpost_contact": "01632 960002"} | a for code, a in agencies.items()
    }
    return HubSettings.model_validate(
        {"area": "e08000032", "lead_agency": "csc", "agencies": every}
    )


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def hub() -> Routes:
    """The lead; police with Merlin's XML, school with the sample's JSON, yos with CSV; gp's
    agreement has ended.
    """
    ended = AGREEMENT | {"until": "2025-12-31"}
    made = settings(
        csc={"agreement": AGREEMENT, "open_cases": "open-cases-csv", "mapping": "case-system-csv"},
        police={"agreement": AGREEMENT, "mapping": "merlin-xml"},
        school={"agreement": AGREEMENT, "mapping": "sample-json"},
        yos={"agreement": AGREEMENT, "mapping": "case-system-csv"},
        health={"agreement": AGREEMENT},
        gp={"agreement": ended, "mapping": "sample-json"},
        stranger={},
    )
    return routes(made, {})


@pytest.fixture
def samples() -> Path:
    return Path("connectors/agencies/samples")


@pytest.fixture
def sample_record() -> dict[str, object]:
    """One notification as the sample agencies write them."""
    return {
        "notification_id": "N0000001",
        "source_agency": "school",
        "source_reference": "SCH24-01062",
        "observed_at": "2026-01-05T09:45:18Z",
        "given_name": "Amelia",
        "middle_names": ["Rose"],
        "family_name": "Ashdown",
        "alias_names": ["Millie", "Amelia Thorne"],
        "date_of_birth": "2020-09-29",
        "dob_estimated": False,
        "expected_date_of_birth": None,
        "sex": "female",
        "nhs_number": "999 175 4377",
        "upn": "Z801200001001",
        "address_lines": ["Flat 4", "75 Balmoral Place", "Brackenroyd"],
        "postcode": "bd536qd",
        "phone": "01632 960097",
        "guardians": [
            {"name": "Keira Ashdown", "date_of_birth": "1996-02-14", "relation": "mother"}
        ],
        "narrative": "Bruise on the upper arm, not explained.",
    }


@pytest.fixture
def own_notification() -> dict[str, object]:
    """One notification in the hub's own shape."""
    return {
        "reference": "HV-7",
        "observed_at": "2026-03-12T09:30:00Z",
        "subject": {"name": [{"given_name": ["Idris"], "family_name": ["Bell"]}]},
        "narrative": "Seen alone at night.",
    }


@pytest.fixture
def event() -> Callable[..., dict[str, object]]:
    """A structured CloudEvent."""

    def make(data: object, **attributes: object) -> dict[str, object]:
        envelope: dict[str, object] = {
            "specversion": "1.0",
            "id": "e1",
            "source": "urn:test",
            "type": "mash.notification.v1",
        }
        return envelope | {"data": data} | attributes

    return make


@dataclass
class FakeIntake:
    """An intake that remembers in memory, and can be told to be unavailable."""

    taken: list[Arrival] = field(default_factory=list)
    refusals_left: int = 0
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    on_take: Callable[[], None] = lambda: None

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        self.on_take()
        if self.refusals_left:
            self.refusals_left -= 1
            raise Unavailable
        return [self._receipt(arrival) for arrival in arrivals]

    def _receipt(self, arrival: Arrival) -> Receipt:
        event_id = arrival.event_id or derived_id(arrival.original.hex())
        key, message_id = (arrival.agency, event_id), derived_id(arrival.agency, event_id)
        if key in self.seen:
            return Receipt(
                status=ReceiptStatus.DUPLICATE,
                id=message_id,
                message_id=arrival.event_id,
                duplicate_of=self.seen[key],
            )
        self.seen[key] = message_id
        self.taken.append(arrival)
        if isinstance(arrival.body, Refusal):
            return Receipt(
                status=ReceiptStatus.REJECTED,
                id=message_id,
                message_id=arrival.event_id,
                reason=arrival.body.reason,
                field=arrival.body.field,
            )
        return Receipt(
            status=ReceiptStatus.ACCEPTED,
            id=message_id,
            message_id=arrival.event_id,
            reference=arrival.reference,
        )


@dataclass
class FakeQueues:
    """Edge queues in memory: what is leased is held until given back or acknowledged."""

    waiting: dict[str, list[Leased]] = field(default_factory=dict)
    leased: dict[str, Leased] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    kept_back: set[str] = field(default_factory=set)
    """What may not be handed over any more."""

    def put(self, agency: str, letter_id: str, kind: str = "mash.product.v1") -> None:
        body = json.dumps(
            {"specversion": "1.0", "id": letter_id, "source": "mash-hub", "type": kind, "data": {}}
        ).encode()
        letter = Leased(id=letter_id, agency=agency, type=kind, body=body, attempts=0)
        self.waiting.setdefault(agency, []).append(letter)

    def may_go(self, letter: Leased) -> bool:
        return letter.id not in self.kept_back

    def with_letters(self, agencies: Collection[str]) -> set[str]:
        return {agency for agency in agencies if self.waiting.get(agency)}

    def lease(self, agency: str, *, limit: int, seconds: float) -> list[Leased]:
        assert seconds > 0
        queue = self.waiting.get(agency, [])
        taken, self.waiting[agency] = queue[:limit], queue[limit:]
        self.leased |= {letter.id: letter for letter in taken}
        return taken

    def acknowledge(self, agency: str, ids: Collection[str]) -> int:
        mine = [
            letter_id
            for letter_id in ids
            if letter_id in self.leased and self.leased[letter_id].agency == agency
        ]
        return len([self.leased.pop(letter_id) for letter_id in mine])

    def give_back(self, agency: str, ids: Collection[str], *, after_seconds: float) -> None:
        self.delays.append(after_seconds)
        for letter_id in ids:
            old = self.leased.pop(letter_id)
            again = Leased(
                id=old.id, agency=agency, type=old.type, body=old.body, attempts=old.attempts + 1
            )
            self.waiting.setdefault(agency, []).append(again)


@pytest.fixture
def intake() -> FakeIntake:
    return FakeIntake()


@pytest.fixture
def queues() -> FakeQueues:
    return FakeQueues()
