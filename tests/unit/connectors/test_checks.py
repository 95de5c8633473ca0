# mypy: allow-untyped-calls
"""Systems that speak the draft MAIS standard, or drop a file, are asked and answer like the others;
what they say is recorded before the question counts as put.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kombu.connection import Connection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors import mais
from connectors.clients import broker
from connectors.deliver import deliverers
from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.folder import WatchedFolder
from connectors.formats.mapping import load
from connectors.formats.media import NAMES, STRUCTURED
from connectors.port import AgencyRoute, MappingMisplaced, Routes, routes
from connectors.queue_feed import QueueFeed
from schemas.base import Fact, Notice
from schemas.checks import CheckReplyReceived, CheckRequest
from schemas.enquiries import EnquiryReceived, EnquiryReply
from schemas.notification import Notification
from schemas.person import Address, Contact, Name, NameUse, PartialDate, Person, RelatedPerson
from schemas.refusals import Refusal
from schemas.registers import Involvement, RegisterEntryReceived
from schemas.settings import HubSettings
from stores import codec
from stores.ports import Arrival, EdgeQueues, Intake, Leased, Unavailable
from tests.support.agencies import serving
from tests.support.given import child

NOW = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
AGREEMENT = {"reference": "ISA-2026", "signatory": "A. Partner", "since": "2025-01-01"}
CHECK = "0193f0a0-1b00-8a11-8a11-000000000001/police-records"


def hub(**agency: Any) -> Routes:
    """Early help keeps its register with the hub; the police are as told."""
    known = {"name": "x", "signpost_contact": "01632 960001", "agreement": AGREEMENT}
    made = HubSettings.model_validate(
        {
            "area": "e08000999",
            "lead_agency": "csc",
            "agencies": {
                "csc": known,
                "early_help": known | {"mappings": ["ecaf-csv"]},
                "police": known | agency,
            },
            "checks": [
                {
                    "system": "ecaf",
                    "agency": "early_help",
                    "kind": "ecaf",
                    "answered_by": "register",
                }
            ],
        }
    )
    return routes(made, {"POLICE_BROKER": "memory://"})


def police(**agency: Any) -> AgencyRoute:
    return hub(**agency).by_code["police"]


def letter(notice: Notice, id_: str = "l1") -> Leased:
    """A letter as the hub writes it."""

    class Sent:
        agency = "police"

        def __init__(self) -> None:
            self.notice = notice

    body = codec.letter_body(Sent(), id_=id_, time=NOW)  # type: ignore[arg-type]
    return Leased(id=id_, agency="police", type=notice.type, body=body, attempts=0)


def check_request(**changes: Any) -> CheckRequest:
    told = {
        "check_id": CHECK,
        "system": "police-records",
        "agency": "police",
        "kind": "police",
        "purpose": "To safeguard the child named",
        "legal_basis": "Children Act 2004, section 11",
        "sharing_policy": "ISA-2026",
        "due_at": NOW,
        "child": child().model_copy(update={"address": (), "related_person": (), "contact": ()}),
    }
    return CheckRequest.model_validate(told | changes)


def replied(**changes: Any) -> bytes:
    told = json.loads(Path("connectors/agencies/samples/mais-reply.json").read_bytes())
    return json.dumps({name: part for name, part in (told | changes).items() if part}).encode()


def only(arrivals: list[Arrival]) -> Fact | Refusal:
    (arrival,) = arrivals
    return arrival.body


# --- registers dropped as files


def entries(agency: str, body: bytes, **attributes: str) -> list[Fact | Refusal]:
    told = {"specversion": "1.0", "id": "e1", "source": "urn:x", "type": "mash.register-entry.v1"}
    door = Door(hub().by_code[agency], "http", NOW)
    found = parse(door, body, content_type="text/csv", attributes=told | attributes)
    return [arrival.body for arrival in found]


ECAF = Path("connectors/agencies/samples/ecaf.csv").read_bytes()


def test_each_row_of_a_register_is_an_entry() -> None:
    one, other = entries("early_help", ECAF)
    assert isinstance(one, RegisterEntryReceived)
    assert isinstance(other, RegisterEntryReceived)
    said = one.entry
    assert (said.system, said.reference, said.involvement) == (
        "ecaf",
        "EH-0107",
        "Early help assessment",
    )
    assert (said.since, said.until, said.worker) == (dt.date(2025, 9, 1), None, "Rae Holt")
    assert said.child.name[0].family_name == ("Bell",)
    assert other.entry.until == dt.date(2024, 6, 30)


def test_the_same_row_has_the_same_id_wherever_it_stands_and_another_child_another() -> None:
    head, first, second = ECAF.splitlines()
    swapped = b"\n".join([head, second, first])
    ids = [one.entry_id for one in entries("early_help", ECAF)]  # type: ignore[union-attr]
    again = [one.entry_id for one in entries("early_help", swapped)]  # type: ignore[union-attr]
    assert ids == again[::-1]
    other = ECAF.replace(b"14/03/2018", b"15/03/2018")
    assert entries("early_help", other)[0].entry_id not in ids  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "reason", "field"),
    [
        (b"EH-0107", b"", "missing.field", "Ref"),
        (b"30/06/2024", b"June", "invalid.date", "Closed"),
        (b"EH-0107,Idris,Bell,14/03/2018,M,,Z801200001001", b"EH-0107,,,,M,,", "missing.child", ""),
    ],
)
def test_a_row_that_says_nothing_to_answer_with_is_refused_and_the_other_is_taken(
    old: bytes, new: bytes, reason: str, field: str
) -> None:
    found = entries("early_help", ECAF.replace(old, new))
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert refused.reason == reason
    assert field in (refused.field or "")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("old", "new"), [(b"14/03/2018", b"14 March"), (b"01/09/2025", b"2025"), (b"BD54 5UN", b"no")]
)
def test_a_row_is_taken_without_what_cannot_be_read_of_it(old: bytes, new: bytes) -> None:
    fact = entries("early_help", ECAF.replace(old, new))[0]
    assert isinstance(fact, RegisterEntryReceived)
    assert [one.value for one in fact.entry.set_aside] == [new.decode()]


def test_a_register_is_fed_by_its_own_agency_alone() -> None:
    own = {"system": "ics", "reference": "1", "child": child().model_dump(mode="json")}
    event = {"specversion": "1.0", "id": "1", "source": "urn:x", "type": "mash.register-entry.v1"}
    body = json.dumps(event | {"data": own}).encode()

    def sent(agency: str) -> Fact | Refusal:
        door = Door(hub().by_code[agency], "http", NOW)
        return only(parse(door, body, content_type=STRUCTURED))

    assert sent("police") == Refusal("refused.role")
    assert sent("early_help") == Refusal("refused.role", "system")


def test_a_register_is_dropped_as_a_file(intake: Intake, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir(mode=0o700)
    route = hub().by_code["early_help"]
    folder = WatchedFolder(route, intake, drop, work=tmp_path / "work", clock=lambda: NOW)
    (drop / "ecaf-week-24.csv").write_bytes(ECAF)
    folder.scan_once()
    report = folder.scan_once()
    assert (report.files, report.accepted, report.rejected) == (1, 2, 0)
    (told,) = (drop / "receipts").iterdir()
    first = json.loads(told.read_text().splitlines()[0])
    assert (first["status"], first["reference"]) == ("accepted", "EH-0107")


def test_service_episodes_in_mais_are_entries_of_the_case_system() -> None:
    mapping = load("mais-episode-json")
    form = mapping.format("json-lines")
    assert form is not None
    with Path("connectors/agencies/samples/episodes.jsonl").open("rb") as text:
        made = [form.make(one, now=NOW)[0] for one in form.records(text, largest=100_000)]
    told = [json.loads(one.model_dump_json(exclude_none=True)) for one in made]
    assert [(one["system"], one["reference"], one["involvement"]) for one in told] == [
        ("ics", "ICS-4711", "cin-plan"),
        ("ics", "ICS-3890", "cp-plan"),
    ]
    assert told[0]["worker"] == "W. Orker"
    assert told[1]["until"] == "2024-11-29"
    assert "set_aside" not in told[0]


def test_a_mapping_of_notifications_does_not_stand_among_the_others() -> None:
    with pytest.raises(MappingMisplaced) as misplaced:
        police(mappings=["sample-json"])
    assert misplaced.value.place == "mapping"
    with pytest.raises(MappingMisplaced) as other:
        police(mapping="ecaf-csv")
    assert other.value.place == "mappings"


# --- a Request of the hub's


def test_a_check_goes_out_as_a_request_with_the_standards_names() -> None:
    body, media = mais.worded(letter(check_request()), area="e08000999")
    assert media == NAMES["json"]
    assert json.loads(body) == {
        "Identifier": CHECK,
        "DateStamp": NOW.isoformat(),
        "RequesterIdentifier": "urn:mash-hub:e08000999",
        "RequestedData": {
            "Query": {
                "identifier": [
                    {"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"}
                ],
                "name": [{"familyName": ["Thornbury"], "givenName": ["Tilly"], "use": "usual"}],
                "dateOfBirth": {"date": "2018-02-03", "accuracyIndicator": "AAA"},
                "sexCode": "unknown",
            }
        },
        "AssertedPurpose": "To safeguard the child named",
        "SharingPolicy": [
            {"Identifier": "ISA-2026", "LegalCompliance": ["Children Act 2004, section 11"]}
        ],
    }


FULL = Person(
    identifier=child().identifier,
    name=(
        Name(given_name=("Mary", "Ann"), family_name=("O'Neil",), preferred_name="Molly"),
        Name(given_name=("Mo",), use=NameUse.NICKNAME),
    ),
    date_of_birth=PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX"),
    address=(
        Address(line1="1 A St", line2="B", city="C", postcode="ZZ99 3VZ", uprn="1", usrn="2"),
    ),
    contact=(Contact(name="home", email=("a@b.example",), telephone=("01632 960123",)),),
    related_person=(
        RelatedPerson(
            name=Name(given_name=("Mariam",), family_name=("Chowdhury",)), relationship="mother"
        ),
    ),
)


@pytest.mark.parametrize("person", [FULL, child(), Person(identifier=child().identifier)])
def test_a_person_that_goes_out_comes_in_the_same(person: Person) -> None:
    request = json.loads(Path("connectors/agencies/samples/mais-request.json").read_bytes())
    request["RequestedData"]["Query"] = mais.person(person)
    route = police(mappings=["mais-request-json"], plain="mash.enquiry.v1")
    door = Door(route, "http", NOW)
    fact = only(parse(door, json.dumps(request).encode(), content_type="application/json"))
    assert isinstance(fact, EnquiryReceived)
    assert fact.enquiry.query == person
    assert fact.enquiry.set_aside == ()


# --- enquiries that come in


def test_a_request_in_mais_is_an_enquiry() -> None:
    body = Path("connectors/agencies/samples/mais-request.json").read_bytes()
    route = police(mappings=["mais-request-json"], plain="mash.enquiry.v1")
    fact = only(parse(Door(route, "http", NOW), body, content_type="application/json"))
    assert isinstance(fact, EnquiryReceived)
    told = fact.enquiry
    assert (fact.agency, told.identifier, told.asserted_purpose, told.sharing_policy) == (
        "police",
        "SCH12-2026-0007",
        "section 47 enquiry",
        ("ISA-2026",),
    )
    assert told.query.name[0].given_name == ("Tilly",)


@pytest.mark.parametrize("gone", ["Identifier", "DateStamp", "AssertedPurpose", "SharingPolicy"])
def test_a_request_without_what_it_stands_on_is_refused(gone: str) -> None:
    told = json.loads(Path("connectors/agencies/samples/mais-request.json").read_bytes())
    del told[gone]
    route = police(mappings=["mais-request-json"], plain="mash.enquiry.v1")
    body = json.dumps(told).encode()
    refused = only(parse(Door(route, "http", NOW), body, content_type="application/json"))
    assert isinstance(refused, Refusal)
    assert refused.reason == "missing.field"
    assert gone in (refused.field or "")


def test_without_an_agreement_on_it_a_body_without_an_event_is_refused() -> None:
    body = Path("connectors/agencies/samples/mais-request.json").read_bytes()
    refused = only(parse(Door(police(), "http", NOW), body, content_type="application/json"))
    assert refused == Refusal("unknown.format", "Content-Type")


def test_an_event_says_itself_what_it_is_whatever_was_agreed_of_plain_bodies() -> None:
    route = police(mapping="sample-json", plain="mash.enquiry.v1")
    told = {"specversion": "1.0", "id": "1", "source": "urn:x", "type": "mash.notification.v1"}
    line = Path("ops/sample/notifications.jsonl").read_bytes().splitlines()[0]
    found = parse(Door(route, "http", NOW), line, content_type="application/json", attributes=told)
    assert isinstance(getattr(only(found), "notification", None), Notification)


def enquiry_reply(**changes: Any) -> EnquiryReply:
    told = {
        "identifier": "r1",
        "in_reply_to": "SCH12-2026-0007",
        "date_stamp": NOW,
        "decision": "permit",
        "sharing_policy": "ISA-2026",
        "known": True,
        "involvement": (
            Involvement(involvement="cin-plan", since=dt.date(2026, 2, 1), worker="W. Orker"),
        ),
        "contact": "MASH manager, 01632 960102",
    }
    return EnquiryReply.model_validate(told | changes)


def test_an_answer_goes_out_in_mais() -> None:
    body, _ = mais.worded(letter(enquiry_reply()), area="e1")
    assert json.loads(body) == {
        "Identifier": "r1",
        "DateStamp": NOW.isoformat(),
        "RequestIdentifier": "SCH12-2026-0007",
        "Decision": "PERMIT",
        "Reasons": [],
        "SharingPolicy": [{"Identifier": "ISA-2026"}],
        "Known": True,
        "Involvement": [
            {
                "type": ["cin-plan"],
                "timeInformation": [{"startDateTime": "2026-02-01"}],
                "relatedProfessional": [{"name": "W. Orker"}],
            }
        ],
        "Contact": {"name": "MASH manager, 01632 960102"},
    }


def test_a_denial_goes_out_without_a_word_of_whether_the_child_is_known() -> None:
    told = {"decision": "deny", "known": None, "involvement": (), "contact": None}
    body, _ = mais.worded(letter(enquiry_reply(**told)), area="e1")
    said = json.loads(body)
    assert said["Decision"] == "DENY"
    assert not {"Known", "Involvement", "Contact"} & set(said)


def test_what_one_hub_answers_another_can_read_as_the_answer_to_its_check() -> None:
    body, _ = mais.worded(letter(enquiry_reply(in_reply_to=CHECK)), area="e1")
    route = police(mappings=["mais-reply-json"], plain="mash.check-reply.v1")
    fact = only(parse(Door(route, "http", NOW), body, content_type="application/json"))
    assert isinstance(fact, CheckReplyReceived)
    told = fact.reply
    assert (told.known, told.involvement, told.since, told.worker, told.contact) == (
        True,
        "cin-plan",
        dt.date(2026, 2, 1),
        "W. Orker",
        "MASH manager, 01632 960102",
    )


# --- answers in the response


System = Callable[[bytes], Response]


@pytest.fixture
def asked() -> list[dict[str, Any]]:
    """What the system was sent."""
    return []


@pytest.fixture
def system(asked: list[dict[str, Any]]) -> Iterator[Callable[[System], str]]:
    """A system of the police's on a port of its own, which answers as told."""
    answering: list[System] = []

    async def receive(request: Request) -> Response:
        body = await request.body()
        asked.append({"type": request.headers["content-type"], "body": json.loads(body)})
        return answering[-1](body)

    app = Starlette(routes=[Route("/mais", receive, methods=["POST"])])
    with serving(app) as url:

        def told(answer: System) -> str:
            answering.append(answer)
            return f"{url}/mais"

        yield told


def delivered(url: str, queues: EdgeQueues, intake: Intake) -> int:
    """How many letters arrived at the police's system."""
    push = {"kind": "http", "url": url, "shape": "mais"}
    (made,) = deliverers(hub(push=push), queues, intake=intake, broker_url=None)
    with closing(made.sender):
        return made.deliver_once()


def put(queues: EdgeQueues, notice: Notice | None = None) -> None:
    one = letter(notice or check_request())
    vars(queues)["waiting"].setdefault("police", []).append(one)


def waiting(queues: EdgeQueues) -> list[str]:
    return [one.id for one in vars(queues)["waiting"].get("police", [])]


@pytest.mark.parametrize("without", [{}, {"RequestIdentifier": None}])
def test_an_answer_in_the_response_is_taken_in(
    queues: EdgeQueues,
    intake: Intake,
    system: Callable[[System], str],
    asked: list[dict[str, Any]],
    without: dict[str, None],
) -> None:
    put(queues)
    url = system(lambda _: Response(replied(**without), media_type="application/json"))
    assert delivered(url, queues, intake) == 1
    assert [(one["type"], one["body"]["Identifier"]) for one in asked] == [
        ("application/json", CHECK)
    ]
    (arrival,) = vars(intake)["taken"]
    assert isinstance(arrival.body, CheckReplyReceived)
    told = arrival.body.reply
    assert (told.check_id, told.known, told.involvement, told.contact) == (
        CHECK,
        True,
        "child-come-to-notice",
        "MASH sergeant, 01632 960101",
    )
    assert (arrival.agency, waiting(queues)) == ("police", [])


def test_an_empty_response_is_no_answer_yet(
    queues: EdgeQueues, intake: Intake, system: Callable[[System], str]
) -> None:
    put(queues)
    assert delivered(system(lambda _: Response(status_code=202)), queues, intake) == 1
    assert vars(intake)["taken"] == []


@pytest.mark.parametrize("body", [b"<html>Thank you</html>", b"[]", b'{"Known": "perhaps"}'])
def test_a_response_that_is_no_answer_is_kept_and_the_system_not_asked_again(
    queues: EdgeQueues, intake: Intake, system: Callable[[System], str], body: bytes
) -> None:
    put(queues)
    assert delivered(system(lambda _: Response(body)), queues, intake) == 1
    (arrival,) = vars(intake)["taken"]
    assert isinstance(arrival.body, Refusal)
    assert waiting(queues) == []


def test_a_system_that_fails_is_asked_again_later(
    queues: EdgeQueues, intake: Intake, system: Callable[[System], str]
) -> None:
    put(queues)
    url = system(lambda _: Response(status_code=503))
    assert delivered(url, queues, intake) == 0
    assert (waiting(queues), vars(intake)["taken"]) == (["l1"], [])


def test_an_answer_that_cannot_be_recorded_leaves_the_question_to_be_put_again(
    queues: EdgeQueues, intake: Intake, system: Callable[[System], str]
) -> None:
    put(queues)
    vars(intake)["refusals_left"] = 1
    with pytest.raises(Unavailable):
        delivered(system(lambda _: Response(replied())), queues, intake)
    assert list(vars(queues)["leased"]) == ["l1"], "nobody acknowledged it"


def test_other_letters_go_to_such_an_agency_as_events_and_their_responses_are_not_read(
    queues: EdgeQueues,
    intake: Intake,
    system: Callable[[System], str],
    asked: list[dict[str, Any]],
) -> None:
    queues.put("police", "l2", "mash.product.v1")  # type: ignore[attr-defined]
    assert delivered(system(lambda _: Response(replied())), queues, intake) == 1
    assert [one["type"] for one in asked] == [STRUCTURED]
    assert vars(intake)["taken"] == []


# --- over a queue


def test_over_a_queue_a_request_goes_out_and_its_reply_comes_in(
    queues: EdgeQueues, intake: Intake
) -> None:
    out, back = f"mais-out-{uuid4()}", f"mais-back-{uuid4()}"
    push = {"kind": "queue", "url_variable": "POLICE_BROKER", "queue": out, "shape": "mais"}
    made = hub(push=push, mappings=["mais-reply-json"], plain="mash.check-reply.v1")
    put(queues)
    (deliverer,) = deliverers(made, queues, intake=intake, broker_url=None)
    with closing(deliverer.sender):
        assert deliverer.deliver_once() == 1
    with Connection("memory://") as connection:
        message = connection.SimpleQueue(out).get(timeout=5)
        request = json.loads(message.body)
        message.ack()
        broker.ensure_queue(connection, back)
        connection.Producer().publish(
            replied(RequestIdentifier=request["Identifier"]),
            routing_key=back,
            content_type="application/json",
            content_encoding="binary",
            message_id="reply-1",
        )
    taken_in(made.by_code["police"], intake, back)
    (arrival,) = vars(intake)["taken"]
    assert isinstance(arrival.body, CheckReplyReceived)
    assert (arrival.body.reply.check_id, arrival.event_id) == (CHECK, "reply-1")


def taken_in(route: AgencyRoute, intake: Intake, queue: str) -> None:
    """What lies in the queue goes through the feed."""
    stop = threading.Event()
    vars(intake)["on_take"] = stop.set
    feed = QueueFeed(route, intake, "memory://", queue, f"{queue}.receipts", clock=lambda: NOW)
    thread = threading.Thread(target=feed.run, args=(stop,))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
