# mypy: allow-untyped-calls
"""A letter goes sealed to the key that its agency registered, and in clear only where nobody on the
way can read it.
"""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest
from kombu.connection import Connection

from connectors.clients.broker import connect
from connectors.clients.broker_client import BrokerClient, QueueNames
from connectors.deliver import Deliverer, HttpSender, NotSent, deliverers
from connectors.http import create_app
from connectors.port import Routes, routes
from connectors.sealing import is_private
from ops.run import sealing
from ops.run.doors import Server, wrong_schemes
from schemas.sealed import MEDIA_TYPE, SEALED_TYPE, NoKeyNow, NotOpened
from schemas.settings import HubSettings
from stores.ports import EdgeQueues, Intake
from tests.support.agencies import EverybodysOwn, serving
from tests.support.sealing import Opener

LONG_AGO, LATER = "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"
TODAY = dt.date(2026, 3, 20)


@pytest.fixture
def police() -> Opener:
    return Opener()


def settings(**police: Any) -> HubSettings:
    named = {
        code: {"name": code, "signpost_contact": "01632 960001"} | more
        for code, more in {"csc": {}, "police": police}.items()
    }
    return HubSettings.model_validate({"area": "e1", "lead_agency": "csc", "agencies": named})


def hub(**police: Any) -> Routes:
    return routes(settings(**police), {})


def letter(queues: EdgeQueues, letter_id: str = "l1") -> bytes:
    queues.put("police", letter_id)  # type: ignore[attr-defined]
    body: bytes = vars(queues)["waiting"]["police"][-1].body
    return body


def fetched(made: Routes, queues: EdgeQueues, *, intake: Intake) -> httpx.Response:
    app = create_app(made, intake=intake, queues=queues, access=EverybodysOwn())
    with serving(app) as url:
        return httpx.get(f"{url}/v1/inbox", headers={"Authorization": "Bearer secret"})


TOKEN = {"token_sha256": sha256(b"secret").hexdigest()}


def test_what_an_agency_fetches_is_sealed_to_its_key_and_keeps_its_id(
    queues: EdgeQueues, intake: Intake, police: Opener
) -> None:
    body = letter(queues)
    made = hub(http=TOKEN, encryption=[police.registered()])
    (event,) = fetched(made, queues, intake=intake).json()
    assert (event["id"], event["type"]) == ("l1", SEALED_TYPE)
    assert "mash.product" not in json.dumps(event)
    assert police.opens(event["data"]) == body


def test_without_a_key_it_is_as_it_was(queues: EdgeQueues, intake: Intake) -> None:
    body = letter(queues)
    assert fetched(hub(http=TOKEN), queues, intake=intake).content == b"[" + body + b"]"


def test_once_all_its_keys_have_ended_nothing_goes_in_clear(
    queues: EdgeQueues, intake: Intake, police: Opener
) -> None:
    letter(queues)
    made = hub(http=TOKEN, encryption=[police.registered(until=LONG_AGO)])
    answer = fetched(made, queues, intake=intake)
    assert (answer.status_code, "register the next" in answer.text) == (503, True)
    assert vars(queues)["leased"] == {}


def test_what_is_pushed_is_sealed_too(queues: EdgeQueues, intake: Intake, police: Opener) -> None:
    body, seen = letter(queues), []
    push = {"kind": "http", "url": "https://police.test/"}
    made = hub(push=push, encryption=[police.registered()])
    (deliverer,) = deliverers(made, queues, intake=intake, broker_url=None)
    wording = deliverer.sender.wording  # type: ignore[attr-defined]

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(202)

    sender = HttpSender(
        "https://police.test/", transport=httpx.MockTransport(answer), wording=wording
    )
    assert Deliverer("police", queues, sender).deliver_once() == 1
    assert police.opens(seen[0]["data"]) == body


def to_queue(url: str, made: Routes, queues: EdgeQueues, *, intake: Intake) -> Deliverer:
    every = deliverers(made, queues, intake=intake, broker_url=url)
    return next(one for one in every if one.agency == "police")


def on_queue(url: str, made: Routes, queues: EdgeQueues, *, intake: Intake) -> int:
    return to_queue(url, made, queues, intake=intake).deliver_once()


def test_on_a_broker_lies_a_sealed_letter_and_a_second_one_opens_to_the_same_bytes(
    queues: EdgeQueues, intake: Intake, police: Opener
) -> None:
    url, lay = f"memory://{uuid4()}", []
    made = hub(encryption=[police.registered()])
    body = letter(queues)
    assert on_queue(url, made, queues, intake=intake) == 1
    letter(queues)  # it comes again
    assert on_queue(url, made, queues, intake=intake) == 1
    with Connection(url) as connection:
        queue = connection.SimpleQueue("deliveries.police")
        for _ in range(2):
            message = queue.get(timeout=1)
            lay.append(message.body)
            assert message.content_type == MEDIA_TYPE
            assert message.properties["message_id"] == "l1"
            message.ack()
    assert lay[0] != lay[1]
    assert [police.opens(one) for one in lay] == [body, body]


def test_an_agencys_own_client_opens_it_and_nobody_elses(
    queues: EdgeQueues, intake: Intake, police: Opener
) -> None:
    url, names = f"memory://{uuid4()}", QueueNames.of("police")
    letter(queues)
    on_queue(url, hub(encryption=[police.registered()]), queues, intake=intake)
    with BrokerClient(url, names, opening=Opener().opens) as other, pytest.raises(NotOpened):
        other.fetch()
    letter(queues)
    on_queue(url, hub(encryption=[police.registered()]), queues, intake=intake)
    with BrokerClient(url, names, opening=police.opens) as client:
        assert client.fetch()[0]["id"] == "l1"


def test_over_a_broker_without_tls_it_goes_sealed_or_waits(
    queues: EdgeQueues, intake: Intake
) -> None:
    letter(queues)
    (waits,) = vars(queues)["waiting"]["police"]
    with pytest.raises(NotSent, match="NoKeyNow"):
        to_queue("amqp://broker.test/", hub(), queues, intake=intake).sender.send(waits)
    url = f"memory://{uuid4()}"
    assert on_queue(url, hub(), queues, intake=intake) == 1, "nobody is on the way there"


@pytest.mark.parametrize("shape", ["hub", "mais"])
def test_what_is_pushed_to_another_machine_goes_by_tls_or_sealed_or_waits(
    queues: EdgeQueues, intake: Intake, police: Opener, shape: str
) -> None:
    letter(queues)
    (waits,) = vars(queues)["waiting"]["police"]

    def wording(url: str, **more: Any) -> Any:
        made = hub(push={"kind": "http", "url": url, "shape": shape}, **more)
        (deliverer,) = deliverers(made, queues, intake=intake, broker_url=None)
        return deliverer.sender.wording  # type: ignore[attr-defined]

    clear, keys = "http://police.test/", [police.registered()]
    with pytest.raises(NoKeyNow):
        wording(clear)(waits)
    assert wording("https://police.test/")(waits)[0]
    assert wording("http://127.0.0.1:1/")(waits)[0]
    if shape == "hub":
        assert b"mash.product" not in wording(clear, encryption=keys)(waits)[0]
    else:  # it opens nothing
        with pytest.raises(NoKeyNow):
            wording(clear, encryption=keys)(waits)


def test_a_list_of_brokers_is_as_open_as_its_last_and_is_not_spoken_to(
    queues: EdgeQueues, intake: Intake
) -> None:
    letter(queues)
    (waits,) = vars(queues)["waiting"]["police"]
    for first in ("amqp://localhost", "amqps://broker.test/"):
        url = f"{first};amqp://far.test/"
        assert not is_private(url)
        with pytest.raises(NotSent, match="NoKeyNow"):
            to_queue(url, hub(), queues, intake=intake).sender.send(waits)
        with pytest.raises(ConnectionError, match="list"):
            connect(url)
        (fault,) = wrong_schemes([Server("runtime.queues", "queues", url)])
        assert "list of brokers" in str(fault)


def told(made: HubSettings, **environment: str) -> str:
    faults = (
        *sealing.kept_waiting(made, environment, today=TODAY),
        *sealing.shared_keys(made),
    )
    return "\n".join(map(str, (*faults, *sealing.in_clear(made, today=TODAY))))


QUEUE = {"kind": "queue", "url_variable": "BROKER"}


def test_config_check_says_whose_letters_are_not_sealed() -> None:
    assert "not sealed, letters go to: police -" in told(settings(http=TOKEN))
    assert "so they wait" in told(settings(push=QUEUE), BROKER="amqp://broker.test/")
    assert "so they wait" not in told(settings(push=QUEUE), BROKER="amqps://broker.test/")
    assert "so they wait" not in told(settings(push=QUEUE), BROKER="amqp://127.0.0.1/")
    assert "so they wait" in told(settings(push=QUEUE), BROKER="amqp://localhost;amqp://far/")
    assert "over HTTP without TLS, so they wait" in told(settings(push=pushed("http")))
    assert "so they wait" not in told(settings(push=pushed("https")))


def pushed(scheme: str, **more: str) -> dict[str, str]:
    return {"kind": "http", "url": f"{scheme}://police.test/"} | more


def test_and_is_content_where_they_are(police: Opener) -> None:
    made = settings(push=QUEUE, encryption=[police.registered()])
    assert told(made, BROKER="amqp://broker.test/") == ""
    assert told(settings(push=pushed("http"), encryption=[police.registered()])) == ""
    mais = settings(push=pushed("http", shape="mais"), encryption=[police.registered()])
    assert "so they wait - write https://" in told(mais), "it opens nothing that is sealed"


def test_config_check_says_which_keys_end_and_whose_are_the_same(police: Opener) -> None:
    ended = settings(http=TOKEN, encryption=[police.registered(until=LONG_AGO)])
    assert "the last key has ended: its letters wait" in told(ended)
    soon = settings(http=TOKEN, encryption=[police.registered(until="2026-04-01T00:00:00Z")])
    assert "the last key ends on 2026-04-01" in told(soon)
    folder = {"path": "letters"}
    files = settings(letters=folder, encryption=[police.registered(until=LATER)])
    assert "does not hold for letters that are put into a folder" in told(files)
    same = {"name": "x", "signpost_contact": "x", "encryption": [police.registered()]}
    both = {"csc": same, "police": same}
    raw = {"area": "e1", "lead_agency": "csc", "agencies": both}
    assert "police.encryption: has the key of csc" in told(HubSettings.model_validate(raw))
