"""Agencies post events and fetch letters over HTTP, each with its own token; nothing is promised
before it is kept.
"""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from connectors.clients.http_client import HubClient, HubRefused, HubUnavailable, cloud_event
from connectors.formats.media import BATCH, STRUCTURED
from connectors.http import MANY, create_app
from schemas.notification import Receipt, ReceiptStatus
from stores.database import Unstorable
from stores.ports import Arrival, EdgeQueues, Intake
from tests.support.agencies import EverybodysOwn, hub_with_tokens, serving

Make = Callable[..., dict[str, object]]


@pytest.fixture
def url(intake: Intake, queues: EdgeQueues, now: dt.datetime) -> Iterator[str]:
    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse("monitor", headers={"X-Frame-Options": "SAMEORIGIN"})

    app = create_app(
        hub_with_tokens(),
        intake=intake,
        queues=queues,
        access=EverybodysOwn(),
        largest_body=10_000,
        clock=lambda: now,
        extra_routes=[Route("/", page)],
    )
    with serving(app) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[HubClient]:
    with HubClient(url, "health-token") as made:
        yield made


@pytest.fixture
def raw(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer health-token"}) as made:
        yield made


def test_a_single_event_is_answered_by_its_receipt(
    raw: httpx.Client, event: Make, own_notification: dict[str, object]
) -> None:
    answer = raw.post(
        "/v1/events", json=event(own_notification), headers={"Content-Type": STRUCTURED}
    )
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["message_id"], answer.json()["reference"]) == (
        "accepted",
        "e1",
        "HV-7",
    )


def test_the_same_event_again_is_answered_by_the_first_ones_id(
    raw: httpx.Client, event: Make, own_notification: dict[str, object]
) -> None:
    body, headers = json.dumps(event(own_notification)), {"Content-Type": STRUCTURED}
    first, again = (raw.post("/v1/events", content=body, headers=headers) for _ in range(2))
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert again.json()["duplicate_of"] == first.json()["id"]


def test_a_batch_is_answered_by_a_receipt_each_in_its_order(
    client: HubClient, own_notification: dict[str, object]
) -> None:
    notes: list[Any] = [
        own_notification,
        7,
        own_notification | {"reference": "HV-8"},
    ]
    events = [
        cloud_event(
            event_id=f"e{n}", source="urn:test", event_type="mash.notification.v1", data=note
        )
        for n, note in enumerate(notes)
    ]
    receipts = client.send(events)
    assert [receipt.status for receipt in receipts] == [
        ReceiptStatus.ACCEPTED,
        ReceiptStatus.REJECTED,
        ReceiptStatus.ACCEPTED,
    ]
    assert (receipts[1].reason, receipts[1].field) == ("invalid.value", "data")


def test_a_batch_of_one_is_still_a_list(
    raw: httpx.Client, event: Make, own_notification: dict[str, object]
) -> None:
    answer = raw.post("/v1/events", json=[event(own_notification)], headers={"Content-Type": BATCH})
    assert len(answer.json()) == 1


def test_when_everything_is_rejected_the_answer_is_422_with_receipts(
    raw: httpx.Client, client: HubClient
) -> None:
    answer = raw.post("/v1/events", content=b"{", headers={"Content-Type": STRUCTURED})
    assert (answer.status_code, answer.json()["reason"]) == (422, "unreadable.json")
    (receipt,) = client.send_raw(b"<x>", "application/xml")
    assert receipt.reason == "unknown.format"


def test_a_binary_event_takes_its_attributes_from_percent_encoded_headers(
    client: HubClient, own_notification: dict[str, object]
) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "caf%C3%A9",
        "ce-source": "s",
        "ce-type": "mash.notification.v1",
    }
    body = json.dumps(own_notification).encode()
    (receipt,) = client.send_raw(body, "application/json", headers=headers)
    assert (receipt.status, receipt.message_id) == (ReceiptStatus.ACCEPTED, "café")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", "Basic health-token", "Bearer café"]
)
def test_without_a_known_token_nothing_is_taken(
    url: str, intake: Intake, authorization: str
) -> None:
    headers = {b"Authorization": authorization.encode()}
    answer = httpx.post(f"{url}/v1/events", content=b"{}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert not getattr(intake, "taken", None)


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_a_body_is_refused_while_it_is_read(raw: httpx.Client, chunked: bool) -> None:
    body = b"x" * 200_000
    answer = raw.post(
        "/v1/events",
        content=iter([body]) if chunked else body,
        headers={"Content-Type": STRUCTURED},
    )
    assert answer.status_code == 413


def test_what_no_store_can_be_asked_for_is_answered_400_and_not_to_be_sent_again(
    raw: httpx.Client, queues: EdgeQueues
) -> None:
    def never(*_: object) -> int:
        raise Unstorable

    vars(queues)["acknowledge"] = never
    answer = raw.post("/v1/inbox/acknowledge", json={"ids": ["a\x00b"]})
    assert answer.status_code == 400
    assert "retry-after" not in answer.headers


def test_while_the_store_is_away_the_answer_is_503_and_a_time_to_come_back(
    raw: httpx.Client,
    client: HubClient,
    intake: Intake,
    event: Make,
    own_notification: dict[str, object],
) -> None:
    vars(intake)["refusals_left"] = 2
    answer = raw.post(
        "/v1/events", json=event(own_notification), headers={"Content-Type": STRUCTURED}
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    with pytest.raises(HubUnavailable):
        client.send([event(own_notification)])
    assert [receipt.status for receipt in client.send([event(own_notification)])] == [
        ReceiptStatus.ACCEPTED
    ]


class TestInbox:
    def test_an_agency_fetches_its_own_letters_and_acknowledges_them(
        self, client: HubClient, queues: EdgeQueues
    ) -> None:
        put(queues, "health", "l1", "l2")
        put(queues, "school", "l3")
        assert [letter["id"] for letter in client.fetch()] == ["l1", "l2"]
        assert client.fetch() == []
        assert client.acknowledge(["l1", "l2", "l3"]) == 2

    def test_no_more_letters_come_than_were_asked_for(
        self, client: HubClient, queues: EdgeQueues
    ) -> None:
        put(queues, "health", "l1", "l2", "l3")
        assert len(client.fetch(limit=2)) == 2

    def test_a_fetch_that_waits_gets_what_comes_meanwhile(
        self, client: HubClient, queues: EdgeQueues
    ) -> None:
        asked = threading.Event()
        original = queues.lease

        def lease(agency: str, *, limit: int, seconds: float) -> object:
            found = original(agency, limit=limit, seconds=seconds)
            if not asked.is_set():
                asked.set()
                put(queues, "health", "l1")
            return found

        vars(queues)["lease"] = lease
        assert [letter["id"] for letter in client.fetch(wait=20)] == ["l1"]

    @pytest.mark.parametrize("query", ["limit=x", "limit=-1", "limit=101", "wait=21", "wait=nan"])
    def test_a_senseless_question_is_answered_with_what_is_right(
        self, raw: httpx.Client, query: str
    ) -> None:
        assert raw.get(f"/v1/inbox?{query}").status_code == 400

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"ids": [1]}', b'{"ids": "l1"}', b"\xff"])
    def test_an_acknowledgement_of_nothing_is_refused(self, raw: httpx.Client, body: bytes) -> None:
        assert raw.post("/v1/inbox/acknowledge", content=body).status_code == 400


def test_health_and_the_monitors_pages_need_no_agency(url: str) -> None:
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert httpx.get(url).text == "monitor"


def test_answers_stay_out_of_caches_and_frames_unless_a_page_says_otherwise(url: str) -> None:
    health, page = httpx.get(f"{url}/healthz").headers, httpx.get(url).headers
    assert (health["cache-control"], health["x-content-type-options"]) == ("no-store", "nosniff")
    assert (health["x-frame-options"], page["x-frame-options"]) == ("DENY", "SAMEORIGIN")


def test_a_client_tells_a_refusal_from_an_absence(url: str) -> None:
    with HubClient(url, "wrong") as client, pytest.raises(HubRefused) as refused:
        client.fetch()
    assert refused.value.status == 401
    with HubClient("http://127.0.0.1:1", "x") as nobody, pytest.raises(HubUnavailable):
        nobody.fetch()


def put(queues: EdgeQueues, agency: str, *ids: str) -> None:
    for letter_id in ids:
        queues.put(agency, letter_id)  # type: ignore[attr-defined]


def test_an_agency_that_sends_all_at_once_leaves_room_for_another_ones_red(
    intake: Intake, url: str, event: Make, own_notification: dict[str, object]
) -> None:
    may_go_on, take = threading.Event(), intake.take

    def slow_for_one(arrivals: Sequence[Arrival]) -> list[Receipt]:
        if arrivals[0].agency == "school":
            assert may_go_on.wait(30)
        return take(arrivals)

    intake.take = slow_for_one  # type: ignore[method-assign]
    body = json.dumps(event(own_notification))
    headers = {"Content-Type": STRUCTURED}
    limits = httpx.Limits(max_connections=50)
    with ThreadPoolExecutor(45) as executor, httpx.Client(base_url=url, limits=limits) as client:
        post = partial(client.post, "/v1/events", content=body, timeout=30)
        school, health = (
            headers | {"Authorization": f"Bearer {agency}-token"} for agency in ("school", "health")
        )
        flood = [executor.submit(post, headers=school) for _ in range(44)]
        answer = executor.submit(post, headers=health)
        try:
            assert answer.result(20).status_code == 202
            assert not any(one.done() for one in flood)
        finally:
            may_go_on.set()
        assert all(one.result(30).is_success for one in flood)


class _Nobodys:
    """No agency may have its letters."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def may_fetch(self, agency: str) -> bool:
        return agency == ""

    def refused(self, agency: str) -> None:
        self.told.append(agency)


def test_letters_that_the_access_rules_withhold_are_not_given_and_what_is_told_is_taken(
    intake: Intake, queues: EdgeQueues, now: dt.datetime
) -> None:
    access = _Nobodys()
    app = create_app(
        hub_with_tokens(), intake=intake, queues=queues, access=access, clock=lambda: now
    )
    headers = {"Authorization": "Bearer health-token"}
    with serving(app) as address, httpx.Client(base_url=address, headers=headers) as client:
        assert client.get("/v1/inbox").status_code == 403
        assert client.post("/v1/inbox/acknowledge", json={"ids": ["a"]}).status_code == 403
        assert client.post("/v1/events", content=b"{}").status_code not in (401, 403)
    assert access.told == ["health", "health"]


def test_a_body_of_many_lets_others_pass_before_it_is_read_and_one_message_does_not(
    intake: Intake, queues: EdgeQueues, now: dt.datetime
) -> None:
    passed: list[str] = []
    app = create_app(
        hub_with_tokens(),
        intake=intake,
        queues=queues,
        access=EverybodysOwn(),
        clock=lambda: now,
        lets_pass=lambda: passed.append("others"),
    )
    headers = {"Authorization": "Bearer health-token"}
    with serving(app) as address, httpx.Client(base_url=address, headers=headers) as client:
        client.post("/v1/events", content=b"{}")
        assert passed == []
        client.post("/v1/events", content=b"[" + b" " * MANY + b"]")
        assert passed == ["others"]
