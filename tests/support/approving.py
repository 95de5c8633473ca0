"""A hub in which the police are asked what of their own may leave."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ops.access.accounts import account
from ops.access.acting import asker
from ops.demo.running import DemoFolder, prepare
from ops.demo.simulation.answers import event
from ops.look import asked as look
from ops.run.wiring import Hub, open_hub
from schemas.case import ChildLinked
from stores import linking
from tests.support.authenticator import Authenticator
from tests.support.desk import LEAD, letters, tells
from tests.support.filled import seen_by_lead, send

SERGEANT = "M. Sergeant"
NARRATIVE = (
    "Kim was hit at home, <b>she</b> said.\nNeighbour at 12 Example Street, LS99 9ZZ rang us on "
    "01632 960555. Ms Jane Sample saw it."
)
KIM: dict[str, Any] = {
    "name": [{"given_name": ["Kim"], "family_name": ["Invented"]}],
    "date_of_birth": {"date": "2017-02-09"},
    "identifier": [{"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
ROBIN: dict[str, Any] = {
    "name": [{"given_name": ["Robin"], "family_name": ["Sample"]}],
    "date_of_birth": {"date": "2014-07-21"},
    "identifier": [{"value": "9990000026", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
RELEASE: dict[str, Any] = {
    "standing_id": "early-help-2026",
    "recipients": ["early_help"],
    "purposes": ["early help assessment"],
    "since": "2026-03-12",
    "until": "2030-12-31",
    "decided_by": SERGEANT,
    "reason": "Agreed with early help",
}

_OTHERS = """
[[people]]
name = "N. Inspector"
agency = "police"
roles = ["decision_maker"]
account = "{account}"

[[people]]
name = "P. Nurse"
agency = "health_visiting"
roles = ["decision_maker"]
account = "{account}"

[[people]]
name = "Q. Teacher"
agency = "school"
roles = ["researcher"]
account = "{account}"
"""
"""One who is not registered as a decision maker, and two of other agencies."""


def asking_hub(path: Path, *, signing: bool = False) -> tuple[DemoFolder, Hub]:
    """The sample's hub, empty; ``signing``: its agencies have keys."""
    folder = prepare(path, port=0, signing=signing)
    with folder.config.open("a", encoding="utf-8") as opened:
        opened.write(_OTHERS.format(account=account()))
    return folder, open_hub(folder.config, {})


def passkey_hub(
    path: Path, url: str, *, devices: Mapping[str, Authenticator], two: bool = False
) -> tuple[DemoFolder, Hub]:
    """As :func:`asking_hub`, where police sign with these passkeys at the hub's own pages, by whose
    they are; ``two``: two people for everything.
    """
    folder, made = asking_hub(path, signing=True)
    made.database.close()
    before, table, after = folder.config.read_text("utf-8").partition("[agencies.police]\n")
    keys = ", ".join(_registered(who, one, url) for who, one in devices.items())
    after = after.replace("keys = [", f"keys = [{keys}, ", 1)
    after = after.replace('"M. Sergeant"]', '"M. Sergeant", "N. Inspector"]', 1)
    if two:
        sample = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
        profile = folder.path / "borough.toml"
        profile.write_text(f'two_people_for = "everything"\n{sample}', "utf-8")
        before = before.replace('"sample-borough"', f'"{profile}"')
    text = f'{before}{table}{after}\n[identity]\nurl = "{url}"\n'
    folder.config.write_text(text, "utf-8")
    return folder, open_hub(folder.config, {})


def _registered(who: str, device: Authenticator, url: str) -> str:
    public = base64.b64encode(device.spki).decode()
    site = f'{{ rp_id = "{device.rp_id}", origins = ["{url}"] }}'
    since = "2020-01-01T00:00:00Z"
    return f'{{ decided_by = "{who}", public = "{public}", since = {since}, passkey = {site} }}'


def asked(
    hub: Hub,
    *,
    reference: str = "R-1",
    narrative: str = NARRATIVE,
    child: dict[str, Any] = KIM,
    colour: str = "green",
    answered: bool = True,
) -> str:
    """The police notify, and a social worker rates it; the referral. ``answered``: nobody who
    was asked knows the child, and so the police are asked about their own words.
    """
    told = {"reference": reference, "observed_at": "2026-11-03T19:40:00Z", "subject": child}
    told |= {"narrative": narrative}
    sent = event(f"n-{reference}", "mash.notification.v1", agency="police", data=told)
    (receipt,) = send(hub, "police", [sent])
    hub.embedded().drain()
    requests = letters(hub, LEAD, "mash.rating-request.v1")
    (request,) = [one for one in requests if one["referral_id"] == receipt.id]
    tells(
        hub,
        LEAD,
        "mash.rating-decision.v1",
        referral_id=receipt.id,
        case_id=request["case_id"],
        colour=colour,
        decided_by="SIMULATED social worker",
        rationale="As seen",
        saw=seen_by_lead(hub, receipt.id),
    )
    if answered:
        _answer(hub)
    return receipt.id


def _answer(hub: Hub) -> None:
    """Nobody who was asked knows the child."""
    for agency in hub.settings.agencies:
        for told in letters(hub, agency, "mash.information-request.v1"):
            tells(
                hub,
                agency,
                "mash.information-response.v1",
                request_id=told["identifier"],
                referral_id=told["referral_id"],
                case_id=told["case_id"],
                known=False,
                answered_by="A. Researcher",
            )


def released(hub: Hub) -> None:
    """The sergeant lets all leave as sanitised."""
    for one in look.open_requests(hub, asker(hub, SERGEANT))[0].shown:
        request = one.request
        tells(
            hub,
            "police",
            "mash.release-decision.v1",
            referral_id=one.referral_id,
            product_id=request.product_id,
            case_id=request.case_id,
            item_id=request.item.item_id,
            choice="release_sanitised",
            digest=request.item.sanitised_digest,
            recipient=request.recipient,
            purpose=request.purpose,
            decided_by=SERGEANT,
        )


def wanted_back(hub: Hub) -> None:
    """The sergeant asks all back."""
    for item in look.items(hub, asker(hub, SERGEANT), days=3).shown:
        tells(
            hub,
            "police",
            "mash.item-decision.v1",
            referral_id=item.referral_id,
            case_id=item.case_id,
            item_id=item.item_id,
            ruling="recall",
            reason="It was wrong",
            decided_by=SERGEANT,
        )


def rerated(hub: Hub, referral: str) -> None:
    """The lead agency finds that it is worse, after early help was sent what the police know."""
    told = hub.database
    with told.reading() as connection:
        (linked,) = linking.about(connection, told.vault, ids=[referral], types=[ChildLinked])
    tells(
        hub,
        LEAD,
        "mash.rating-decision.v1",
        referral_id=referral,
        case_id=linked.message.data.of_case,
        colour="amber",
        decided_by="S. Worker",
        rationale="The nurse has seen more",
        saw=seen_by_lead(hub, referral),
    )
