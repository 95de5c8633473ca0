"""Whatever goes wrong with a request is told as a problem (RFC 9457) in words for its sender."""

import datetime as dt
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.http import create_app
from connectors.problems import TOLD, problem
from stores.ports import EdgeQueues, Intake
from tests.support.agencies import EverybodysOwn, hub_with_tokens, serving


@pytest.fixture
def raw(intake: Intake, queues: EdgeQueues, now: dt.datetime) -> Iterator[httpx.Client]:
    async def slowed(_: Request) -> Response:
        raise problem(429, headers={"Retry-After": "7"})

    def faulty(_: Request) -> Response:
        raise ZeroDivisionError

    app = create_app(
        hub_with_tokens(),
        intake=intake,
        queues=queues,
        access=EverybodysOwn(),
        largest_body=10_000,
        clock=lambda: now,
        extra_routes=[Route("/slowed", slowed), Route("/faulty", faulty)],
    )
    with (
        serving(app) as address,
        httpx.Client(base_url=address, headers={"Authorization": "Bearer health-token"}) as made,
    ):
        yield made


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "told"),
    [
        ("GET", "/nowhere", {}, 404, {}),
        ("GET", "/v1/nowhere?name=x", {}, 404, {}),
        ("GET", "/v1/events", {}, 405, {"allow": "POST"}),
        ("DELETE", "/v1/inbox/acknowledge", {}, 405, {"allow": "POST"}),
        ("POST", "/v1/inbox", {"Authorization": "Bearer x"}, 405, {}),
        ("POST", "/v1/events", {"Authorization": "x"}, 401, {"www-authenticate": "Bearer"}),
        ("POST", "/v1/events", {"Content-Encoding": "gzip"}, 415, {"accept-encoding": "identity"}),
        ("GET", "/v1/inbox?limit=many", {}, 400, {}),
        ("POST", "/v1/inbox/acknowledge", {}, 400, {}),
        ("GET", "/slowed", {}, 429, {"retry-after": "7"}),
        ("GET", "/faulty", {}, 500, {}),
    ],
)
def test_a_request_that_fails_is_answered_by_a_problem(
    raw: httpx.Client,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
    told: dict[str, str],
) -> None:
    answer = raw.request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"], set(body)) == (
        "about:blank",
        status,
        {"type", "title", "status", "detail"},
    )
    assert {name: answer.headers[name] for name in told} == told


def test_a_body_that_is_too_large_is_told_how_large_one_may_be(raw: httpx.Client) -> None:
    answer = raw.post("/v1/events", content=b"x" * 200_000)
    assert (answer.status_code, answer.json()["title"]) == (413, HTTPStatus(413).phrase)
    assert "10000 bytes" in answer.json()["detail"]


def test_while_the_store_is_away_the_problem_says_when_to_come_back(
    raw: httpx.Client, intake: Intake
) -> None:
    vars(intake)["refusals_left"] = 1
    answer = raw.post("/v1/events", content=b"{}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_kind_of_problem_has_words_of_its_own() -> None:
    assert len({told.detail for told in TOLD.values()}) == len(TOLD)
