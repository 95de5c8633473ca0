"""What simulated agencies send under proof: the sample's beginning, and cases of which every run
must have one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from connectors.clients.http_client import HubClient
from ops.demo.simulation.agencies import Notes, Sender, persistently
from ops.demo.simulation.bad import bad_messages
from ops.demo.simulation.stream import sample_lines, sample_open_cases
from tests.proofs.place import BY_FOLDER, Place


def notifications(count: int) -> list[str]:
    """So many of the sample's lines, again under other references once they are used up, and the
    special ones.
    """
    sample = sample_lines()
    lines = [_again(sample[number % len(sample)], number // len(sample)) for number in range(count)]
    return [*lines, *_special(lines)]


def _again(line: str, round_: int) -> str:
    if round_ == 0:
        return line
    record = json.loads(line)
    names = ("notification_id", "source_reference")
    return json.dumps(record | {name: f"{record[name]}-{round_}" for name in names})


def _special(lines: Iterable[str]) -> Iterable[str]:
    """An exact resend, the same content under a new id, an amendment, an unborn child (R3), and a
    file.
    """
    records = [json.loads(line) for line in lines]
    first, second = records[0], next(record for record in records if record["date_of_birth"])
    yield json.dumps(first)
    yield json.dumps(first | {"notification_id": "S0000001"})
    amended = {
        "notification_id": "S0000002",
        "narrative": f"{second['narrative']} Seen again, with a new bruise.",
    }
    yield json.dumps(second | amended)
    yield json.dumps(second | _UNBORN)
    if not any(record["source_agency"] in BY_FOLDER for record in records):
        yield json.dumps(second | _BY_FILE | {"source_agency": BY_FOLDER[0]})


UNBORN_NAME, UNBORN_WORD = "Fernsbyquillthorpe", "quarrelsomemarkenstone"
"""Invented words that stand nowhere else: a name, and one of the narrative."""

_UNBORN: dict[str, Any] = {
    "notification_id": "S0000003",
    "source_reference": "PROOF-UNBORN",
    "given_name": None,
    "middle_names": [],
    "family_name": UNBORN_NAME,
    "alias_names": [],
    "date_of_birth": None,
    "expected_date_of_birth": "2027-03-01",
    "sex": "unknown",
    "nhs_number": None,
    "upn": None,
    "guardians": [
        {"relation": "mother", "name": f"Dana {UNBORN_NAME}", "date_of_birth": "2003-06-03"}
    ],
    "narrative": "Concern for an unborn child: domestic abuse incident at the home address, "
    f"{UNBORN_WORD}.",
}


_BY_FILE = {"notification_id": "S0000005", "source_reference": "PROOF-FILE"}


def write_stream(place: Place, count: int) -> Path:
    """The stream as a file for ``hub simulate``."""
    path = place.file("notifications.jsonl")
    path.write_text("".join(f"{line}\n" for line in notifications(count)), encoding="utf-8")
    return path


def send_last(place: Place) -> None:
    """One more notification, over HTTP; noted like the stream."""
    record = json.loads(sample_lines(1)[0])
    told = {
        "notification_id": "S0000004",
        "source_reference": "PROOF-LAST",
        "narrative": f"{record['narrative']} Seen once more.",
    }
    agency = record["source_agency"]
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    with HubClient(place.url, tokens[agency]) as client:
        sender = Sender({agency: client}, place.file("last.jsonl"))
        sender.send([json.dumps(record | told)], threading.Event())


def send_first(place: Place, stop: threading.Event) -> None:
    """What comes before the stream over HTTP: the feed of open cases, and one bad message of each
    kind; noted.
    """
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    notes = Notes(place.file("first.jsonl"))
    with (
        HubClient(place.url, tokens["childrens_social_care"]) as authority,
        HubClient(place.url, tokens["police"]) as police,
    ):
        headers = {
            "ce-specversion": "1.0",
            "ce-id": "open-cases-1",
            "ce-source": "urn:simulated:case-system",
        }
        headers |= {"ce-type": "mash.open-case.v1"}
        sends = [
            (
                "childrens_social_care",
                partial(
                    authority.send_raw, sample_open_cases().encode(), "text/csv", headers=headers
                ),
            )
        ]
        sends += [
            ("police", partial(police.send_raw, bad.body, bad.content_type))
            for bad in bad_messages()
        ]
        for agency, send in sends:
            for receipt in persistently(send, stop) or []:
                notes.write(
                    agency=agency, event=receipt.message_id, status=receipt.status, id=receipt.id
                )
