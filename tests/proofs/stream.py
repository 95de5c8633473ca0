"""What simulated agencies send under proof: the sample's beginning, and cases of which every run
must have one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any

from connectors.clients.http_client import HubClient, cloud_event
from connectors.port import routes
from ops.demo.simulation.agencies import Notes, Sender, persistently
from ops.demo.simulation.bad import bad_messages
from ops.demo.simulation.stream import sample_lines, sample_open_cases
from ops.linkage.arrivals import arrival_of
from ops.run.configuration import read_settings
from schemas.notification import NotificationReceived
from tests.proofs.place import BY_FOLDER, Place

_TRICKLE_SECONDS = 0.5


def notifications(number: int) -> list[str]:
    """So many of the sample's lines, again under other references once they are used up, and the
    special ones.
    """
    sample = sample_lines()
    rounds = (divmod(n, len(sample)) for n in range(number))
    lines = [_again(sample[n], str(round_)) if round_ else sample[n] for round_, n in rounds]
    return [*lines, *_special(lines)]


def _again(line: str, round_: str) -> str:
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


def write_stream(place: Place, number: int) -> Path:
    """The stream as a file for ``hub simulate``."""
    path = place.file("notifications.jsonl")
    path.write_text("".join(f"{line}\n" for line in notifications(number)), encoding="utf-8")
    return path


def send_more(place: Place, numbers: Iterable[int], *, ledger: str, stop: threading.Event) -> None:
    """The sample again under other references, a notification for each number, one at a time over
    HTTP; noted like the stream.
    """
    sample = sample_lines()
    lines = (_again(sample[number % len(sample)], f"more-{number}") for number in numbers)
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        clients = {
            agency: stack.enter_context(HubClient(place.url, token))
            for agency, token in tokens.items()
        }
        Sender(clients, place.file(ledger), batch=1).send(lines, stop)


def red_events(place: Place, *, besides: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    """The sample's notifications again, each of a new concern that its sender calls urgent and
    codes as a danger to life, with the agency; from all agencies ``besides`` one.
    """
    found = routes(read_settings(place.folder.config, place.environment), place.environment)
    records = (json.loads(line) for line in cycle(sample_lines()))
    others = (one for one in records if one["source_agency"] != besides)
    for number, record in enumerate(others):
        fact = arrival_of(found, record).body
        assert isinstance(fact, NotificationReceived)
        named = {"reference": f"RED-{number}", "urgent": True, "concern": ("danger-to-life",)}
        data = fact.notification.model_copy(update=named)
        type_ = "mash.notification.v1"
        told = cloud_event(event_id=f"red-{number}", source="urn:red", event_type=type_, data=data)
        yield fact.agency, told


@contextmanager
def trickle(place: Place, wanted: Callable[[], bool]) -> Iterator[Callable[[], None]]:
    """One notification after another whenever any are wanted, until what is given is called."""
    stop = threading.Event()

    def numbers() -> Iterator[int]:
        for number in count(1):
            while not wanted():
                if stop.wait(_TRICKLE_SECONDS):
                    return
            yield number
            if stop.wait(_TRICKLE_SECONDS):
                return

    sending = partial(send_more, place, numbers(), ledger="more.jsonl", stop=stop)
    thread = threading.Thread(target=sending, daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    try:
        yield end
    finally:
        end()


def send_first(place: Place, stop: threading.Event) -> None:
    """What comes before the stream over HTTP: the feed of open cases, and one bad message of each
    kind; noted.
    """
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    notes = Notes(place.file("first.jsonl"))
    with ExitStack() as stack:
        clients = {
            agency: stack.enter_context(HubClient(place.url, tokens[agency]))
            for agency in ("childrens_social_care", "police")
        }
        for agency, body, content_type, headers in _first():
            raw = partial(clients[agency].send_raw, body, content_type, headers=headers)
            for receipt in persistently(raw, stop) or []:
                note = {
                    "event": receipt.message_id,
                    "source": receipt.source,
                    "status": receipt.status,
                    "id": receipt.id,
                }
                notes.write(agency=agency, **note)


def _first() -> Iterator[tuple[str, bytes, str, Mapping[str, str]]]:
    """Agency, body, content type and headers."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "open-cases-1",
        "ce-source": "urn:simulated:case-system",
        "ce-type": "mash.open-case.v1",
    }
    yield "childrens_social_care", sample_open_cases().encode(), "text/csv", headers
    for bad in bad_messages():
        yield "police", bad.body, bad.content_type, {}
