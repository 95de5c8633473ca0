"""People of the sample's agencies at their desks, and a hub in this process between them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ops.demo.simulation.answers import DECISION_MAKER, SOCIAL_WORKER, event
from ops.run.wiring import Hub
from router.runtimes.clock import publish_due
from stores import journal
from tests.support.filled import send

LEAD = "childrens_social_care"
KIM: dict[str, Any] = {
    "name": [{"given_name": ["Kim"], "family_name": ["Invented"]}],
    "date_of_birth": {"date": "2017-02-09"},
    "identifier": [{"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
Data = dict[str, Any]


class Desks:
    """Everybody's desks at one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.sent, self._day = hub, 0, 0

    def tells(self, agency: str, kind: str, **data: Any) -> str:
        """An agency sends ``mash.<kind>.v1``; the id of its receipt, or why it is refused."""
        self.sent += 1
        sent = event(f"e-{self.sent}", f"mash.{kind}.v1", agency=agency, data=data)
        (receipt,) = send(self.hub, agency, [sent])
        self.hub.embedded().drain()
        return receipt.reason or receipt.id

    def letters(self, agency: str, kind: str) -> list[Data]:
        """The agency's letters of this kind that lie in its inbox, the newest last."""
        leased = self.hub.queues.lease(agency, limit=500, seconds=0)
        events = [json.loads(one.body) for one in leased]
        return [one["data"] for one in events if one["type"] == f"mash.{kind}.v1"]

    def facts(self, type_: str) -> list[Any]:
        """What the hub has recorded of a type, in order."""
        with self.hub.database.reading() as connection:
            rows = journal.rows_after(connection, 0, limit=5000)
            vault = self.hub.database.vault
            keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
        messages = [journal.opened(row, keys) for row in rows]
        return [message.data for message in messages if message.type == f"mash.{type_}.v1"]

    def notified(self, narrative: str = "Kim was alone in the street.") -> Data:
        """The police notify; the request to rate it."""
        told = {"reference": "R-1", "observed_at": "2026-11-03T19:40:00Z", "subject": KIM}
        self.tells("police", "notification", **told, narrative=narrative)
        (request,) = self.letters(LEAD, "rating-request")
        return request

    def rates(self, request: Data, colour: str = "green") -> str:
        """The lead agency rates on the picture of a letter."""
        return self.tells(
            LEAD,
            "rating-decision",
            referral_id=request["referral_id"],
            case_id=request["case_id"],
            colour=colour,
            decided_by=SOCIAL_WORKER,
            rationale="As shown",
            saw=[seen(request)],
        )

    def answers(self, request: Data, *texts: str) -> str:
        """An agency answers what it was asked."""
        agency = request["agency"]
        told = {"owner": agency, "sensitivity": "routine"}
        flags = {"may_be_revealed": True, "may_leave": True}
        return self.tells(
            agency,
            "information-response",
            request_id=request["identifier"],
            referral_id=request["referral_id"],
            case_id=request["case_id"],
            known=bool(texts),
            items=[
                {"item_id": str(n), "text": text} | told | flags for n, text in enumerate(texts)
            ],
            answered_by="A. Researcher",
        )

    def approves(self, request: Data, owner: str) -> str:
        """An owner lets an item leave as it is."""
        item = request["item"]
        return self.tells(
            owner,
            "release-decision",
            referral_id=request["referral_id"],
            product_id=request["product_id"],
            case_id=request["case_id"],
            item_id=item["item_id"],
            choice="release_original",
            digest=item["original_digest"],
            recipient=request["recipient"],
            purpose=request["purpose"],
            decided_by=DECISION_MAKER,
        )

    def wait(self, monkeypatch: pytest.MonkeyPatch, *, days: int) -> None:
        """So many days pass, and every clock that comes to its time is heard."""
        for _ in range(days):
            self._day += 1
            later = (time.time_ns() + self._day * 24 * 3600 * 1_000_000_000) // 1000
            monkeypatch.setattr(self.hub.database, "clock", lambda at=later: at)
            while publish_due(self.hub.database, limit=100):
                self.hub.embedded().drain()


def seen(letter: Data) -> Data:
    """What a decision names of a letter's picture."""
    return {name: letter["picture"][name] for name in ("id", "digest")}
