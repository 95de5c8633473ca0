# mypy: allow-untyped-calls
"""Letters leave for their agency and are deleted only once the other side has them."""

import json
import threading
import time
from collections.abc import Callable, Collection
from uuid import uuid4

import httpx
import pytest
from kombu.connection import Connection

from connectors import deliver
from connectors.deliver import (
    Deliverer,
    HttpSender,
    Look,
    NotSent,
    QueueSender,
    deliverers,
    pause_after,
)
from connectors.formats.media import STRUCTURED
from connectors.port import Routes, SecretMissing, routes
from schemas.settings import HubSettings
from stores.context import Context
from stores.ports import EdgeQueues, Intake, Leased, Unavailable


def put(queues: EdgeQueues, *ids: str) -> None:
    for letter_id in ids:
        queues.put("police", letter_id)  # type: ignore[attr-defined]


def waiting(queues: EdgeQueues) -> list[tuple[str, int]]:
    return [(letter.id, letter.attempts) for letter in vars(queues)["waiting"].get("police", [])]


def posting(answer: Callable[[httpx.Request], httpx.Response]) -> HttpSender:
    return HttpSender("http://police.test/inbox", "secret", transport=httpx.MockTransport(answer))


def test_a_letter_is_posted_as_a_structured_event_and_then_deleted(queues: EdgeQueues) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202)

    put(queues, "l1", "l2")
    assert Deliverer("police", queues, posting(answer)).deliver_once() == 2
    assert [json.loads(request.content)["id"] for request in seen] == ["l1", "l2"]
    assert (seen[0].headers["content-type"], seen[0].headers["authorization"]) == (
        STRUCTURED,
        "Bearer secret",
    )
    assert (waiting(queues), vars(queues)["leased"]) == ([], {})


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_any_answer_but_2xx_keeps_the_letter_for_later(queues: EdgeQueues, status: int) -> None:
    put(queues, "l1")
    assert (
        Deliverer("police", queues, posting(lambda _: httpx.Response(status))).deliver_once() == 0
    )
    assert waiting(queues) == [("l1", 1)]


def test_an_agency_that_cannot_be_reached_keeps_its_letters_waiting(queues: EdgeQueues) -> None:
    put(queues, "l1", "l2")
    assert Deliverer("police", queues, HttpSender("http://127.0.0.1:1/")).deliver_once() == 0
    assert [letter_id for letter_id, _ in waiting(queues)] == ["l1", "l2"]


def test_a_letter_that_fails_does_not_take_those_before_it_along(queues: EdgeQueues) -> None:
    put(queues, "l1", "l2", "l3")
    refused = posting(lambda request: httpx.Response(400 if b"l2" in request.content else 200))
    deliverer = Deliverer("police", queues, refused)
    assert deliverer.deliver_once() == 1
    assert [letter_id for letter_id, _ in waiting(queues)] == ["l2", "l3"]


def test_no_more_are_in_hand_than_go_in_a_moment_as_a_red_would_wait_behind_them(
    queues: EdgeQueues,
) -> None:
    put(queues, *(f"l{number}" for number in range(40)))

    def slow(_: httpx.Request) -> httpx.Response:
        time.sleep(0.02)
        return httpx.Response(202)

    deliverer = Deliverer("police", queues, posting(slow))
    first, then = deliverer.deliver_once(), deliverer.deliver_once()
    assert 1 <= then < first <= 20
    assert then <= 3, "of 20 ms each in 50 ms"


def test_what_may_not_go_any_more_while_it_is_in_hand_is_not_sent(queues: EdgeQueues) -> None:
    put(queues, "l1", "l2", "l3")
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["id"])
        vars(queues)["kept_back"].add("l2")  # its owner withdraws while the first is sent
        return httpx.Response(202)

    assert Deliverer("police", queues, posting(answer)).deliver_once() == 2
    assert seen == ["l1", "l3"]
    assert waiting(queues) == [("l2", 1)]


def test_a_letter_that_the_hub_fails_over_waits_and_those_behind_it_go(
    queues: EdgeQueues,
) -> None:
    put(queues, "l1", "l2", "l3")
    sender = posting(lambda _: httpx.Response(200))
    worded = sender.wording

    def failing(letter: Leased) -> tuple[bytes, str]:
        if letter.id == "l1":
            raise ZeroDivisionError
        return worded(letter)

    sender.wording = failing
    assert Deliverer("police", queues, sender).deliver_once() == 2
    assert [letter_id for letter_id, _ in waiting(queues)] == ["l1"]


def test_the_pause_doubles_up_to_five_minutes() -> None:
    assert [pause_after(attempts) for attempts in (0, 1, 2, 8, 9, 10_000)] == [
        1,
        2,
        4,
        256,
        300,
        300,
    ]


def test_a_letter_waits_longer_each_time_it_fails(queues: EdgeQueues) -> None:
    put(queues, "l1")
    deliverer = Deliverer("police", queues, posting(lambda _: httpx.Response(500)))
    for _ in range(3):
        deliverer.deliver_once()
    assert vars(queues)["delays"] == [1, 2, 4]


def test_a_letter_goes_to_a_queue_as_a_structured_event(queues: EdgeQueues) -> None:
    name = f"deliveries-{uuid4()}"
    put(queues, "l1")
    assert Deliverer("police", queues, QueueSender("memory://", name)).deliver_once() == 1
    with Connection("memory://") as connection:
        message = connection.SimpleQueue(name).get(timeout=5)
        assert (json.loads(message.body)["id"], message.content_type) == ("l1", STRUCTURED)
        message.ack()


def test_a_letter_about_a_red_goes_before_those_that_lie_at_the_broker() -> None:
    name = f"deliveries-{uuid4()}"
    sender = QueueSender("memory://", name)
    sender.send(Leased("usual", "police", "x", b"{}", 1))
    sender.send(Leased("red", "police", "x", b"{}", 1, red=True))
    with Connection("memory://") as connection:
        lying = [connection.SimpleQueue(name).get(timeout=5) for _ in range(2)]
    told = {one.properties["message_id"]: one.properties["priority"] for one in lying}
    assert told["usual"] < 5 <= told["red"], "a quorum queue knows two priorities"


def test_the_span_that_handed_a_letter_out_goes_along_by_every_way_where_there_is_one() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    span, name = Context(2**127 + 1, 7), f"deliveries-{uuid4()}"
    for sender in (QueueSender("memory://", name), posting(answer)):
        sender.send(Leased("plain", "police", "x", b"{}", 1))
        sender.send(Leased("traced", "police", "x", b"{}", 1, sent_by=span))
    with Connection("memory://") as connection:
        lying = [connection.SimpleQueue(name).get(timeout=5) for _ in range(2)]
    by_queue = [one.headers.get("traceparent") for one in lying]
    by_http = [one.headers.get("traceparent") for one in asked]
    assert by_queue == by_http == [None, "00-80000000000000000000000000000001-0000000000000007-01"]


def test_a_broker_that_is_away_keeps_the_letter(queues: EdgeQueues) -> None:
    put(queues, "l1")
    assert (
        Deliverer("police", queues, QueueSender("amqp://x:y@127.0.0.1:1//", "q")).deliver_once()
        == 0
    )
    assert waiting(queues) == [("l1", 1)]


def test_after_a_failed_publish_the_next_one_has_a_connection_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channels: list[object] = []

    def failing(channel: object, *_: object, **__: object) -> None:
        channels.append(channel)
        raise TimeoutError

    monkeypatch.setattr(deliver, "publish", failing)
    sender, letter = QueueSender("memory://", f"q-{uuid4()}"), Leased("l1", "police", "x", b"{}", 0)
    for _ in range(2):
        with pytest.raises(NotSent):
            sender.send(letter)
    assert channels[0] is not channels[1]


def test_delivery_goes_on_through_an_absent_store_until_told_to_stop(
    queues: EdgeQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "POLL_SECONDS", 0.001)
    stop, lease, failures = threading.Event(), queues.lease, [Unavailable()]

    def away_at_first(agency: str, *, limit: int, seconds: float) -> list[Leased]:
        if failures:
            raise failures.pop()
        return lease(agency, limit=limit, seconds=seconds)

    def answer(_: httpx.Request) -> httpx.Response:
        stop.set()
        return httpx.Response(200)

    vars(queues)["lease"] = away_at_first
    put(queues, "l1")
    Deliverer("police", queues, posting(answer)).run(stop)
    assert (waiting(queues), vars(queues)["leased"]) == ([], {})


def test_queues_are_looked_into_once_for_all_deliverers(queues: EdgeQueues) -> None:
    look, asked = Look(queues, ["police", "health"]), []
    ask = queues.with_letters

    def counted(agencies: Collection[str]) -> set[str]:
        asked.append(list(agencies))
        return ask(agencies)

    vars(queues)["with_letters"] = counted
    put(queues, "l1")
    sender = posting(lambda _: httpx.Response(202))
    others = [Deliverer(code, queues, sender, look) for code in ("health", "police", "health")]
    assert [one.deliver_once() for one in others] == [0, 1, 0]
    assert asked == [["police", "health"]]


def test_a_letter_that_came_after_a_look_is_sent_after_the_next(
    queues: EdgeQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "POLL_SECONDS", 0.0)
    sender = posting(lambda _: httpx.Response(202))
    deliverer = Deliverer("police", queues, sender, Look(queues, ["police"]))
    assert deliverer.deliver_once() == 0
    put(queues, "l1")
    assert deliverer.deliver_once() == 1


def hub(environ: dict[str, str]) -> Routes:
    agencies: dict[str, dict[str, object]] = {
        "csc": {},
        "police": {
            "push": {"kind": "http", "url": "http://police.test/", "token_variable": "POLICE_TOKEN"}
        },
        "health": {"push": {"kind": "queue", "url_variable": "HEALTH_BROKER", "queue": "inbox"}},
    }
    named = {
        code: {"name": code, "signpost_contact": "01632 960001", **extra}
        for code, extra in agencies.items()
    }
    return routes(
        HubSettings.model_validate({"area": "e1", "lead_agency": "csc", "agencies": named}), environ
    )


def test_each_agency_gets_its_letters_the_way_it_is_configured(
    queues: EdgeQueues, intake: Intake
) -> None:
    made = hub({"POLICE_TOKEN": "t", "HEALTH_BROKER": "amqp://their-broker"})
    embedded = {
        deliverer.agency: deliverer.sender
        for deliverer in deliverers(made, queues, intake=intake, broker_url=None)
    }
    production = {
        deliverer.agency: deliverer.sender
        for deliverer in deliverers(made, queues, intake=intake, broker_url="amqp://ours")
    }
    assert {agency: type(sender) for agency, sender in embedded.items()} == {
        "police": HttpSender,
        "health": QueueSender,
    }
    csc = production["csc"]
    assert isinstance(csc, QueueSender)
    assert (csc.url, csc.queue) == ("amqp://ours", "deliveries.csc")


def test_a_secret_that_is_not_set_is_named_by_its_variable() -> None:
    with pytest.raises(SecretMissing, match="POLICE_TOKEN"):
        hub({"HEALTH_BROKER": "amqp://their-broker"})


def test_no_repr_shows_a_secret(queues: EdgeQueues, intake: Intake) -> None:
    made = hub({"POLICE_TOKEN": "open-sesame", "HEALTH_BROKER": "amqp://u:open-sesame@b"})
    ours = "amqp://u:open-sesame@c"
    pushing = deliverers(made, queues, intake=intake, broker_url=ours)
    everything = [made, *made, *(deliverer.sender for deliverer in pushing)]
    assert "open-sesame" not in "".join(map(repr, everything))


def test_a_token_of_odd_letters_keeps_no_hub_from_starting() -> None:
    assert HttpSender("http://police.test/inbox", "clé").url == "http://police.test/inbox"
