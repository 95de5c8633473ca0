"""What lies before the duty manager, who settles links and who audits, in a hub of this process."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from ops.demo.simulation.answers import event
from ops.run.wiring import Hub
from stores.database import Conflict
from tests.support import given
from tests.support.desk import CAIT, LEAD, NEXT
from tests.support.filled import seen_by_lead, send

KIM: dict[str, Any] = {
    "name": [{"given_name": ["Kim"], "family_name": ["Invented"]}],
    "date_of_birth": {"date": "2017-02-09"},
}
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TILLY = json.loads(given.child().model_dump_json(exclude_defaults=True))
EVAN = {
    "name": [{"given_name": ["Evan"], "family_name": ["Marsden"]}],
    "date_of_birth": {"date": "2015-03-09"},
    "identifier": [{"value": "9990000026", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
ROBIN = {
    "name": [{"given_name": ["Robin"], "family_name": ["Sampleton"]}],
    "date_of_birth": {"date": "2016-05-01"},
    "identifier": [{"value": "9990000034", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
    "address": [{"line1": "12 Example Street", "city": "Exampleton", "postcode": "ZZ99 3VZ"}],
}
UNSURE = {
    "name": ROBIN["name"],
    "date_of_birth": {"date": "2016-05-01", "accuracy_indicator": "EEA"},
}


class Days:
    """Agencies of the sample: what the hub does with one word is done before the next."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.sent = hub, 0

    def tells(self, agency: str, kind: str, **data: Any) -> str:
        """An agency sends ``mash.<kind>.v1``; the id of its receipt."""
        self.sent += 1
        told = event(f"d-{self.sent}", f"mash.{kind}.v1", agency=agency, data=data)
        (receipt,) = send(self.hub, agency, [told])
        assert receipt.reason is None, receipt
        self._settle()
        return receipt.id

    def _settle(self) -> None:
        """Until everything is done; the hub may be at work beside this."""
        while True:
            with suppress(Conflict):
                self.hub.embedded().drain()
                return

    def notified(self, agency: str, child: Any, narrative: str, **changes: Any) -> str:
        """A concern about a child; the id of the referral."""
        said = {"reference": f"R-{self.sent}", "observed_at": "2026-11-03T19:40:00Z"}
        return self.tells(
            agency, "notification", subject=child, narrative=narrative, **said | changes
        )

    def letters(self, agency: str, kind: str) -> list[Any]:
        """What lies on its queue of a kind; it stays there."""
        leased = self.hub.queues.lease(agency, limit=500, seconds=0)
        self._settle()
        events = [json.loads(one.body) for one in leased]
        return [one["data"] for one in events if one["type"] == f"mash.{kind}.v1"]

    def rated(self, referral: str, colour: str) -> None:
        """S. Worker rates it."""
        found = self.letters(LEAD, "rating-request")
        (request,) = [one for one in found if one["referral_id"] == referral]
        self.tells(
            LEAD,
            "rating-decision",
            referral_id=referral,
            case_id=request["case_id"],
            colour=colour,
            decided_by="S. Worker",
            rationale="As seen",
            saw=seen_by_lead(self.hub, referral),
        )

    def alarm(self, narrative: str = given.HIT) -> str:
        """A Red that a recipient does not take; the id of the referral."""
        referral = self.notified("police", TILLY, narrative)
        self.rated(referral, "red")
        product = self.letters(CAIT, "product")[-1]
        said = {name: product[name] for name in ("product_id", "case_id")}
        self.tells(
            CAIT,
            "delivery-receipt",
            **said,
            status="refused",
            received_by="T. Manager",
            reason="Not our area",
        )
        return referral

    def handover(self, narrative: str = given.MISSING_EPISODE) -> str:
        """A referral with the team of a child's worker, who say that it is not theirs."""
        worker = {"name": "Wren Allocated", "team": NEXT, "case_reference": "ICS-7"}
        case = {"reference": "ICS-7", "child": EVAN, "worker": worker, "since": "2026-01-05"}
        self.tells(LEAD, "open-case", **case)
        referral = self.notified("police", EVAN, narrative)
        (handed,) = [
            one for one in self.letters(NEXT, "handover") if one["referral_id"] == referral
        ]
        said = {name: handed[name] for name in ("referral_id", "case_id")}
        self.tells(
            NEXT,
            "handover-receipt",
            **said,
            status="refused",
            received_by="T. Manager",
            reason="Moved to another team",
        )
        return referral

    def difference(self, view: str = "Kim flinches when spoken to.") -> tuple[str, str]:
        """A partner disagrees with a rating: the referral, and the disagreement."""
        name = f"K-{self.sent}"
        referral = self.notified("school", KIM, "Kim was in the street.", reference=name)
        self.rated(referral, "green")
        return referral, self.tells(
            "school",
            "disagreement",
            reference=name,
            disputes="rating",
            profession="teacher",
            view=view,
            asks_for="Rate it Amber.",
            raised_by="L. Lead",
        )

    def review(self, narrative: str = "A boy called Robin cried.") -> tuple[str, str]:
        """A referral that may be about Robin, and Robin's own."""
        first = self.notified("police", ROBIN, "Robin was alone at the park.")
        return self.notified("school", UNSURE, narrative), first
