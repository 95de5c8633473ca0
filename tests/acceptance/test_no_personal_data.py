"""No personal data where it does not belong (design, section 7): canaries in every field, faults
let in, a search.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.clients.http_client import HubClient, HubUnavailable
from ops.demo.simulation.answers import answer
from ops.linkage.arrivals import notification_event
from tests.proofs.evidence import Evidence, gather
from tests.proofs.place import Place, embedded_place
from tests.proofs.processes import Part, await_serving, hub_part, kept, wait_until
from tests.proofs.quiet import await_quiet
from tests.proofs.rules import UNDECIDABLE
from tests.support.canaries import Aviary, disguises

SECONDS = 180.0


@dataclass(repr=False)
class Left:
    """What the run left behind wherever it could be seen."""

    place: Place
    aviary: Aviary
    evidence: Evidence
    bodies: dict[str, bytes]
    """Answers to good and bad requests alike."""
    process: dict[str, bytes]
    """Environment and arguments of the hub's process."""
    letters: list[dict[str, Any]] = field(default_factory=list)


def notification(aviary: Aviary, number: int, agency: str, narrative: str) -> dict[str, Any]:
    """A notification in the sample's form: a canary in every field that tells of a person."""

    def planted(name: str) -> str:
        return aviary.plant(f"{name} of {number}")

    return {
        "notification_id": f"CANARY-{number}",
        "source_agency": agency,
        "source_reference": f"CN-{number}",
        "observed_at": "2026-05-01T10:00:00Z",
        "given_name": planted("given name"),
        "middle_names": [planted("middle name")],
        "family_name": planted("family name"),
        "alias_names": [f"{planted('alias')} {planted('alias family')}"],
        "date_of_birth": f"2015-02-{number:02d}",
        "dob_estimated": False,
        "expected_date_of_birth": None,
        "sex": "female",
        "nhs_number": planted("nhs number"),
        "upn": planted("upn"),
        "address_lines": [planted("house"), planted("street"), planted("town")],
        "postcode": "LS99 9ZZ",
        "phone": planted("phone"),
        "guardians": [
            {
                "relation": "mother",
                "name": f"Ann {planted('guardian')}",
                "date_of_birth": "1990-01-01",
            }
        ],
        "narrative": f"{narrative} {planted('narrative')}.",
    }


NARRATIVES = (
    ("police", "Child disclosed that they were hit at home. Immediate danger."),
    ("gp", "Domestic abuse incident at the home address."),
    ("health_visiting", "Child presented with an unexplained bruise."),
    ("police", f"This {UNDECIDABLE}:"),
)


def withholding(aviary: Aviary, letter: dict[str, Any]) -> dict[str, Any] | None:
    """The simulated answer, with canaries in what people write; every owner withholds
    everything.
    """
    made = answer(letter)
    if made is None:
        return None
    data = made["data"]
    for name in ("rationale", "answered_by", "reason"):
        if data.get(name):
            data[name] = aviary.plant(f"{name} in {made['type']}")
    for item in data.get("items", ()):
        item["text"] = f"Seen with {aviary.plant('text of an item')} at home."
    if made["type"] == "mash.release-decision.v1":
        data |= {"choice": "withhold", "digest": None, "reason": aviary.plant("reason to withhold")}
    return dict(made)


def persistently(send: Callable[[], Any]) -> Any:
    """Until the store takes it: it refuses every now and then."""
    result: list[Any] = []

    def sent() -> bool:
        try:
            result.append(send())
        except HubUnavailable:
            return False
        return True

    wait_until(sent, seconds=SECONDS, what="sent")
    return result[-1]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """A hub with DEBUG logging, a store that fails now and then, and a step that fails on one
    notification.
    """
    aviary = Aviary()
    with embedded_place(tmp_path_factory.mktemp("canaries") / "hub") as place:
        hub = hub_part(place, module="tests.proofs.part")
        with kept([hub]):
            hub.start(HUB_WITHOUT="steady-store,sound-steps", HUB_LOG_ALL="1")
            await_serving(place)
            bodies = misbehaved(place, aviary)
            process = process_of(hub)
            letters = worked(place, aviary)
            evidence = gather(place.store, place.key, folder=place.path)
            yield Left(place, aviary, evidence, bodies, process, letters)
            assert hub.terminate() == 0


def worked(place: Place, aviary: Aviary) -> list[dict[str, Any]]:
    """Send, let it come to rest, answer until there is nothing left to answer; every letter that
    came.
    """
    tokens = json.loads(place.folder.tokens.read_text("utf-8"))
    clients = {agency: HubClient(place.url, tokens[agency]) for agency in tokens}
    for number, (agency, narrative) in enumerate(NARRATIVES, start=1):
        event = notification_event(notification(aviary, number, agency, narrative))
        (receipt,) = persistently(partial(clients[agency].send, [event]))
        assert receipt.status != "rejected", receipt.field
    drop(place, aviary)
    letters: list[dict[str, Any]] = []
    while came := fetched(place, clients):
        letters += came
        for letter in came:
            client = clients[letter["agency"]]
            if made := withholding(aviary, letter):
                persistently(partial(client.send, [made]))
            persistently(partial(client.acknowledge, [letter["id"]]))
    for client in clients.values():
        client.close()
    return letters


def fetched(place: Place, clients: dict[str, HubClient]) -> list[dict[str, Any]]:
    """Every letter that waits, once the hub has nothing else to do."""
    await_quiet(place, lambda: True, seconds=SECONDS, letters=False)
    return [
        {**letter, "agency": agency}
        for agency, client in clients.items()
        for letter in persistently(partial(client.fetch, 100))
    ]


def drop(place: Place, aviary: Aviary) -> None:
    """A file whose name and content tell of a person, one record of it bad."""
    good = notification(aviary, 5, "school", "Attendance has fallen.")
    bad = notification(aviary, 6, "school", "Never taken.") | {"sex": aviary.plant("sex")}
    folder, name = place.path / "drop" / "school", aviary.plant("file name")
    unfinished = folder / "next.part"
    unfinished.write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n", "utf-8")
    unfinished.rename(folder / f"{name}.jsonl")
    wait_until(
        lambda: any((folder / "receipts").glob("*.receipts.jsonl")),
        seconds=SECONDS,
        what="receipts",
    )


def misbehaved(place: Place, aviary: Aviary) -> dict[str, bytes]:
    """Requests that go wrong in every way, each with a canary where it hurts; what was answered."""
    token = json.loads(place.folder.tokens.read_text("utf-8"))["police"]
    given = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    event = notification_event(notification(aviary, 7, "police", "Bad in some way."))
    strange = aviary.plant("field name")
    requests: dict[str, tuple[str, str, dict[str, str], bytes]] = {
        "wrong token": (
            "POST",
            "/v1/events",
            {"Authorization": f"Bearer {aviary.plant('token')}"},
            _json(event),
        ),
        "cut off": ("POST", "/v1/events", given, _json(event)[:-40]),
        "bad date": (
            "POST",
            "/v1/events",
            given,
            _json(_with(event, date_of_birth=aviary.plant("date of birth"))),
        ),
        "bad sex": ("POST", "/v1/events", given, _json(_with(event, sex=aviary.plant("sex code")))),
        "unknown field": (
            "POST",
            "/v1/events",
            given,
            _json(_own(event, {strange: 1, "subject": {}})),
        ),
        "repeated field": (
            "POST",
            "/v1/events",
            given,
            f'{{"{strange}": 1, "{strange}": 2}}'.encode(),
        ),
        "id that tells": (
            "POST",
            "/v1/events",
            given,
            _json(event | {"id": "x", "type": aviary.plant("type")}),
        ),
        "bad acknowledgement": (
            "POST",
            "/v1/inbox/acknowledge",
            given,
            _json({"ids": aviary.plant("letter id")}),
        ),
        "bad number": ("GET", f"/v1/inbox?wait={aviary.plant('wait')}", given, b""),
        "no such page": ("GET", f"/v1/{aviary.plant('path')}", given, b""),
        "no such method": ("DELETE", "/v1/events", given, _json(event)),
        "too large": ("POST", "/v1/events", given, aviary.plant("large body").encode() * 200_000),
        "format that tells": (
            "POST",
            "/v1/events",
            given | {"Content-Type": _made_up(aviary)},
            _json(event),
        ),
        "binary without a format": (
            "POST",
            "/v1/events",
            given | {"Content-Type": "text/plain"},
            _json(event),
        ),
    }
    bodies = {}
    with httpx.Client(base_url=place.url, timeout=30) as client:
        for name, (method, path, headers, body) in requests.items():
            for attempt in range(3):  # the store fails now and then: its 503 is to be seen as well
                answered = client.request(method, path, headers=headers, content=body)
                bodies[f"{name} {attempt}"] = answered.content + str(answered.headers).encode()
    assert any(b"cannot record anything just now" in body for body in bodies.values())
    return bodies


def _made_up(aviary: Aviary) -> str:
    return f"application/{aviary.plant('content type')}+json"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _with(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return event | {"id": f"CANARY-{'-'.join(changes)}", "data": event["data"] | changes}


def _own(event: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return event | {"id": "CANARY-own", "dataschema": "urn:mash-hub:v1", "data": data}


def process_of(hub: Part) -> dict[str, bytes]:
    assert hub.process is not None
    folder = Path("/proc") / str(hub.process.pid)
    return {
        name: (folder / name).read_bytes() for name in ("environ", "cmdline") if folder.exists()
    }


def command(left: Left, *arguments: str) -> bytes:
    """Everything that a command prints."""
    told = [sys.executable, "-m", "ops.cli", *arguments, "--config", str(left.place.folder.config)]
    done = subprocess.run(told, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()[-300:]
    return done.stdout + done.stderr


def test_the_run_had_what_it_searches_for(left: Left) -> None:
    reasons = {letter.reason for letter in left.evidence.dead}
    assert {"undecidable", "unreadable.json", "unknown.type"} <= reasons
    aside = {
        part["reason"]
        for entry in left.evidence.of("notification.received")
        for part in entry.data["notification"].get("set_aside", ())
    }
    assert {"invalid.date", "invalid.code"} <= aside
    undecidable = [letter for letter in left.evidence.dead if letter.reason == "undecidable"]
    assert len({letter.message_id for letter in undecidable}) == 1, "the one that is meant to be"
    assert {"mash.product.v1", "mash.approval-request.v1", "mash.rating-request.v1"} <= {
        letter["type"] for letter in left.letters
    }
    opened = "".join(json.dumps(entry.data) for entry in left.evidence.journal).lower()
    assert left.aviary.words["narrative of 2"].lower() in opened
    assert left.aviary.words["text of an item"].lower() in opened
    log = (left.place.path / "logs" / "hub.log").read_text("utf-8")
    assert "step.undecidable" in log
    assert "store.unavailable" in log


def test_no_log_line_tells_of_a_person(left: Left) -> None:
    for log in (left.place.path / "logs").iterdir():
        assert left.aviary.found_in(log.name, log.read_bytes()) == []


def test_no_answer_to_any_request_repeats_what_was_sent(left: Left) -> None:
    for name, body in left.bodies.items():
        assert left.aviary.found_in(name, body) == []


def test_no_receipt_tells_of_a_person(left: Left) -> None:
    receipts = left.place.path / "drop" / "school" / "receipts"
    written = b"".join(path.read_bytes() for path in receipts.iterdir())
    sent = json.dumps(
        [letter for letter in left.letters if letter["type"] == "mash.receipt.v1"]
    ).encode()
    assert b"invalid.code" in written
    assert b"undecidable" in sent
    # In its own folder a sender finds which of its files a receipt is for.
    assert left.aviary.found_in("receipts", written, but={"file name"}) == []
    assert left.aviary.found_in("receipts", sent) == []


def test_nothing_lies_in_clear_in_the_files_of_the_store(left: Left) -> None:
    files = sorted(left.place.path.glob("hub.db*"))
    assert {file.name for file in files} >= {"hub.db", "hub.db-wal"}
    for file in files:
        assert left.aviary.found_in(file.name, file.read_bytes()) == []


def test_neither_environment_nor_arguments_of_the_process_tell_of_a_person(left: Left) -> None:
    for name, content in left.process.items():
        assert left.aviary.found_in(name, content) == []


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["words", "json"])
def test_no_command_tells_of_a_person_unless_asked_to_reveal(
    left: Left, form: tuple[str, ...]
) -> None:
    linked = left.evidence.of("case.child-linked")
    assert linked
    said = {
        "status": command(left, "status", *form),
        "list": command(left, "dead-letters", "list", *form),
    }
    said |= {entry.id: command(left, "case", entry.data["case_id"], *form) for entry in linked[:1]}
    said |= {
        letter.id: command(left, "dead-letters", "show", letter.id, *form)
        for letter in left.evidence.dead[:1]
    }
    said["audit"] = command(left, "audit", "verify", *form)
    for name, output in said.items():
        assert left.aviary.found_in(name, output) == []


PERSON = (
    "given name",
    "middle name",
    "family name",
    "alias",
    "nhs number",
    "upn",
    "house",
    "street",
    "town",
)
IDENTITY = (*PERSON, "phone", "guardian")
"""What says who is asked about: in the request for information, and in what the authority and the
worker get.
"""


LEAD = "childrens_social_care"
PICTURED = (*IDENTITY, "narrative", "text of an item", "rationale in mash.rating-decision.v1")
"""What the picture shows to whoever decides; all of it is revealed inside here."""


def may_tell(left: Left, letter: dict[str, Any]) -> set[str]:
    """The fields that a letter may repeat, by what it is for."""
    fields = left.aviary.words
    if "picture" in letter["data"] and letter["agency"] == LEAD:
        return {field_ for field_ in fields if field_.startswith(PICTURED)}
    match letter["type"]:
        case "mash.information-request.v1" | "mash.request-plan.v1" | "mash.check-request.v1":
            return {field_ for field_ in fields if field_.startswith(IDENTITY)}
        case "mash.link-review.v1" | "mash.handover.v1":
            return {field_ for field_ in fields if field_.startswith((*IDENTITY, "narrative"))}
        case "mash.approval-request.v1":
            own = letter["data"]["item"]["owner"] == letter["agency"]
            return {
                field_
                for field_ in fields
                if own and field_.startswith(("narrative", "text of an item"))
            }
        case _:
            return set()


def without_what_only_some_may_see(letter: dict[str, Any]) -> dict[str, Any]:
    """Who decides is to see what could not be used, as its sender wrote it; who is asked, what it
    told and was asked itself; and ``about`` says whom a letter is about, as its owner lets be told.
    """
    apart = ("set_aside", "about")
    data = {name: part for name, part in letter["data"].items() if name not in apart}
    content = data.get("picture", {}).get("content", {})
    if content and letter["agency"] != LEAD:
        told = (*content.get("own", ()), *content.get("asked", ()))
        assert {one["agency"] for one in told} <= {letter["agency"]}
        data.pop("picture", None)
    elif content:
        concern = content["concern"] | {"set_aside": []}
        data["picture"] = data["picture"] | {"content": content | {"concern": concern}}
    return letter | {"data": data}


def test_no_letter_holds_what_its_owner_did_not_approve_for_it(left: Left) -> None:
    approved = {
        (entry.data["product_id"], entry.data["item_id"])
        for entry in left.evidence.of("product.item-decided")
        if entry.data["choice"] != "withhold"
    }
    products = 0
    for letter in left.letters:
        if letter["type"] == "mash.product.v1":
            products += 1
            data = letter["data"]
            held = [
                item
                for item in data["items"]
                if (data["product_id"], item["item_id"]) not in approved
            ]
            assert held == []
            letter = letter | {"data": data | {"items": []}}
        letter = without_what_only_some_may_see(letter)
        found = left.aviary.found_in(
            letter["type"], json.dumps(letter).encode(), but=may_tell(left, letter)
        )
        assert found == []
    assert products


@pytest.mark.parametrize(
    "form", ["plain", "base64 1", "hex", "utf-16-le", "reversed", "percent", "json escapes"]
)
def test_the_search_finds_a_canary_in_any_disguise(form: str) -> None:
    aviary = Aviary()
    word = aviary.plant("name")
    disguised = next(found for name, found, _ in disguises(word) if name == form)
    assert any(
        f"({form})" in found
        for found in aviary.found_in("here", b"before " + disguised + b" after")
    )


def test_the_search_finds_a_canary_within_base64_of_something_longer() -> None:
    aviary = Aviary()
    word = aviary.plant("name")
    for before in ("", "a", "ab", "abc"):
        assert aviary.found_in("here", base64.b64encode(f"{before}{word} and more".encode()))
