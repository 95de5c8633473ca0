"""Who keeps sending wrong tokens is answered ever more slowly; a right token never is."""

from __future__ import annotations

import asyncio
import datetime as dt
from hashlib import sha256
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from connectors.http import create_app
from connectors.port import routes
from connectors.wrong_tokens import WrongTokens, neighbourhood
from ops.run.log import only_listed
from schemas.settings import HttpCredential, HubSettings
from stores.ports import EdgeQueues, Intake
from tests.support.agencies import EverybodysOwn

TOKEN = "the right one"


class Clock:
    """Time that passes only while somebody is made to wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wrong(clock: Clock) -> WrongTokens:
    return WrongTokens(clock, clock.sleep)


def test_each_wrong_token_from_an_address_is_answered_later_than_the_one_before(
    wrong: WrongTokens,
) -> None:
    assert [wrong.came("192.0.2.1") for _ in range(9)] == [0, 0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert wrong.came("192.0.2.2") == 0
    assert wrong.total == 10


def test_an_address_begins_anew_after_ten_quiet_minutes(wrong: WrongTokens, clock: Clock) -> None:
    for _ in range(5):
        wrong.came("192.0.2.1")
    clock.now += 601
    assert wrong.came("192.0.2.1") == 0


def test_from_many_addresses_at_once_all_wait_longest(wrong: WrongTokens) -> None:
    pauses = [wrong.came(f"192.0.2.{number}") for number in range(101)]
    assert (pauses[99], pauses[100]) == (0, 8)


def test_no_more_than_a_thousand_addresses_are_remembered(wrong: WrongTokens) -> None:
    for number in range(3000):
        wrong.came(f"192.0.{number // 250}.{number % 250}")
    assert len(wrong._by_address) == 1000


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2", "2001:db8::/64"),
        ("2001:db8::ffff:9:9:9", "2001:db8::/64"),
        ("whatever a header says", "elsewhere"),
    ],
)
def test_what_one_sender_takes_addresses_from_at_will_is_one(host: str, told: str) -> None:
    assert neighbourhood(host) == told


def test_it_is_logged_with_its_address_and_never_with_the_token_and_ever_more_seldom(
    wrong: WrongTokens,
) -> None:
    with capture_logs() as lines:
        for _ in range(100):
            wrong.came("2001:db8::1")
    assert [line["count"] for line in lines] == [1, 2, 4, 8, 16, 32, 64]
    listed = only_listed(None, "warning", lines[0])
    assert {key: listed[key] for key in ("event", "connector", "address", "count")} == {
        "event": "token.wrong",
        "connector": "http",
        "address": "2001:db8::/64",
        "count": 1,
    }


@pytest.fixture
def client(
    intake: Intake, queues: EdgeQueues, now: dt.datetime, wrong: WrongTokens
) -> httpx.AsyncClient:
    agency = {
        "name": "Health",
        "signpost_contact": "01632 960001",
        "http": {"token_sha256": sha256(TOKEN.encode()).hexdigest()},
    }
    settings = {"area": "e1", "lead_agency": "health", "agencies": {"health": agency}}
    app = create_app(
        routes(HubSettings.model_validate(settings), {}),
        intake=intake,
        queues=queues,
        access=EverybodysOwn(),
        clock=lambda: now,
        wrong_tokens=wrong,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


def test_wrong_tokens_are_slowed_over_http_and_the_right_one_is_not(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    async def asked() -> list[int]:
        tokens = ["wrong", "wrong", "wrong", TOKEN, "", "wrong"]
        return [await _status(client, token) for token in tokens]

    assert asyncio.run(asked()) == [401, 401, 401, 200, 401, 401]
    assert clock.pauses == [0, 0.25, 0.5, 1]


def test_when_too_many_wait_already_the_next_is_told_to_come_back(
    client: httpx.AsyncClient, wrong: WrongTokens
) -> None:
    async def asked() -> list[int]:
        wrong.waiting = 50
        return [await _status(client, token) for token in ("wrong", TOKEN)]

    assert asyncio.run(asked()) == [429, 200]


async def _status(client: httpx.AsyncClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (await client.get("/v1/inbox", headers=headers)).status_code


def test_while_a_token_is_renewed_two_open_each_in_its_time() -> None:
    def of(token: str, **when: str) -> dict[str, str]:
        return {"sha256": sha256(token.encode()).hexdigest(), **when}

    noon = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
    tokens = [
        of("old", until="2026-11-27T13:00:00Z"),
        of("new", since="2026-11-27T11:00:00Z"),
    ]
    agency = {"name": "Health", "signpost_contact": "01632 960001", "http": {"tokens": tokens}}
    settings = {"area": "e1", "lead_agency": "health", "agencies": {"health": agency}}
    known = routes(HubSettings.model_validate(settings), {})
    opens = {
        hours: [
            token
            for token in ("old", "new", "other")
            if known.with_token(token, noon + dt.timedelta(hours=hours))
        ]
        for hours in (-2, 0, 1)
    }
    assert opens == {-2: ["old"], 0: ["old", "new"], 1: ["new"]}


@pytest.mark.parametrize(
    "http",
    [
        {},
        {"token_sha256": "0" * 64, "tokens": [{"sha256": "1" * 64}]},
        {"tokens": [{"sha256": digit * 64} for digit in "012"]},
    ],
    ids=["none", "both", "three"],
)
def test_a_credential_is_a_token_or_two(http: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpCredential.model_validate(http)
