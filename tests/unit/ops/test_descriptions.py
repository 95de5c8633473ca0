"""OpenAPI, AsyncAPI and their page tell of the hub as it is, in words for agencies."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.routing import Route

from connectors.formats.media import STRUCTURED
from connectors.http import create_app
from ops.cli import main
from ops.look.api import asyncapi
from ops.look.api.routes import description_routes
from ops.look.monitor import monitor_routes
from router.intake import StoredIntake
from router.queues import StoredQueues
from stores.database import Database
from stores.vault import Vault
from tests.support import given
from tests.support.agencies import EverybodysOwn, hub_with_tokens, serving
from tests.support.words import OPERATORS

Json = dict[str, Any]


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database("sqlite://", Vault(bytes(32)))
    made.create_tables()
    yield made
    made.close()


@pytest.fixture
def app(database: Database) -> Starlette:
    return create_app(
        hub_with_tokens(),
        intake=StoredIntake(database),
        queues=StoredQueues(database, given.policy()),
        access=EverybodysOwn(),
        largest_body=10_000,
        clock=lambda: dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
        extra_routes=[
            *monitor_routes(lambda: pytest.fail("nobody looks"), may_show=lambda _: True),
            *description_routes(largest_body=10_000),
        ],
    )


@pytest.fixture
def web(app: Starlette) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer health-token"}
    with serving(app) as url, httpx.Client(base_url=url, headers=headers) as client:
        yield client


@pytest.fixture
def openapi(web: httpx.Client) -> Json:
    found: Json = web.get("/openapi.json", headers={"Authorization": ""}).json()
    return found


def parts(value: object) -> Iterator[Json]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from parts(part)


def at(document: Json, reference: str) -> object:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def faults(document: Json, schema: Json, value: object) -> list[str]:
    whole = {**schema, "components": document["components"]}
    checker = Draft202012Validator(whole, format_checker=FormatChecker())
    return [error.json_path for error in checker.iter_errors(value)]


# --- OpenAPI


def test_the_description_of_the_web_addresses_is_valid_openapi(openapi: Json) -> None:
    assert openapi["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(openapi).iter_errors()) == []


def test_it_tells_of_every_address_and_method_that_agencies_have(
    openapi: Json, app: Starlette
) -> None:
    routes = [one for one in app.routes if isinstance(one, Route) and one.include_in_schema]
    served = {(one.path, method) for one in routes for method in one.methods or ()}
    told = {(path, name.upper()) for path, one in openapi["paths"].items() for name in one}
    assert told == {pair for pair in served if pair[1] != "HEAD"}
    assert ("/v1/events", "POST") in told


def test_every_operation_says_what_it_does_and_how_it_fails(openapi: Json) -> None:
    operations = [one for path in openapi["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    for one in operations:
        assert one["summary"]
        assert "500" in one["responses"]


def test_limits_are_those_of_the_server(openapi: Json, web: httpx.Client) -> None:
    assert "10000 bytes" in openapi["paths"]["/v1/events"]["post"]["requestBody"]["description"]
    for one in openapi["paths"]["/v1/inbox"]["get"]["parameters"]:
        most = one["schema"]["maximum"]
        over = web.get("/v1/inbox", params={one["name"]: most + 1})
        assert (over.status_code, f"{most:g}" in over.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("post", "/v1/events", {"content": b"{", "headers": {"Content-Type": STRUCTURED}}),
        ("post", "/v1/events", {"headers": {"Authorization": ""}}),
        ("post", "/v1/events", {"content": b"x" * 20_000}),
        ("post", "/v1/events", {"headers": {"Content-Encoding": "br"}}),
        ("get", "/v1/inbox", {}),
        ("get", "/v1/inbox", {"params": {"wait": "long"}}),
        ("post", "/v1/inbox/acknowledge", {"json": {"ids": ["l1"]}}),
        ("post", "/v1/inbox/acknowledge", {"json": {}}),
        ("get", "/healthz", {}),
    ],
)
def test_the_server_answers_as_is_described(
    openapi: Json, web: httpx.Client, method: str, path: str, request_: Json
) -> None:
    answer = web.request(method, path, **request_)
    told = openapi["paths"][path][method]["responses"][str(answer.status_code)]
    media = answer.headers["content-type"].partition(";")[0]
    assert faults(openapi, told["content"][media]["schema"], answer.json()) == []


def test_the_example_of_an_event_is_taken_by_the_server_and_answered_as_described(
    openapi: Json, web: httpx.Client
) -> None:
    operation = openapi["paths"]["/v1/events"]["post"]
    event = operation["requestBody"]["content"][STRUCTURED]["example"]
    answer = web.post("/v1/events", json=event, headers={"Content-Type": STRUCTURED})
    assert answer.status_code == 202, answer.text
    schema = operation["responses"]["202"]["content"]["application/json"]["schema"]
    assert faults(openapi, schema, answer.json()) == []


def test_every_example_of_an_event_fits_its_description(openapi: Json) -> None:
    schemas = openapi["components"]["schemas"]
    for name in ("SentEvent", "LetterEvent"):
        for choice in schemas[name]["oneOf"]:
            for example in at(openapi, choice["$ref"])["examples"]:  # type: ignore[index]
                assert faults(openapi, schemas[name], example) == [], choice


# --- AsyncAPI


def test_the_command_prints_the_description_of_the_queues() -> None:
    answer = CliRunner().invoke(main, ["schemas", "--asyncapi"])
    assert json.loads(answer.stdout) == asyncapi.describe()


def test_the_description_of_the_queues_has_what_asyncapi_3_wants() -> None:
    told = asyncapi.describe()
    assert told["asyncapi"] == "3.0.0"
    assert set(told["info"]) >= {"title", "version"}
    for one in told["operations"].values():
        assert one["action"] in ("send", "receive")
        assert one["channel"]["$ref"].startswith("#/channels/")
    for one in told["channels"].values():
        named = set(re.findall(r"\{(\w+)\}", one["address"]))
        assert named == set(one["parameters"])
        assert all(ref["$ref"].startswith("#/components/messages/") for ref in parts_of(one))
    for name, one in told["components"]["messages"].items():
        assert (one["name"], bool(one["summary"]), "payload" in one) == (name, True, True)
    for one in told["components"]["schemas"].values():
        assert isinstance(one.get("discriminator", ""), str)


def parts_of(channel: Json) -> list[Json]:
    return list(channel["messages"].values())


def test_agencies_send_what_the_hub_takes_and_get_what_it_sends() -> None:
    told = asyncapi.describe()
    carried = {name: set(one["messages"]) for name, one in told["channels"].items()}
    assert "mash.notification.v1" in carried["feed"]
    assert "mash.product.v1" in carried["letters"]
    assert set.union(*carried.values()) == set(told["components"]["messages"])


# --- both, and their page


def test_every_reference_leads_somewhere(openapi: Json) -> None:
    for document in (openapi, asyncapi.describe()):
        for part in parts(document):
            if isinstance(part.get("$ref"), str):
                assert at(document, part["$ref"]), part
            for reference in part["mapping"].values() if is_discriminator(part) else ():
                assert at(document, reference)


def is_discriminator(part: Json) -> bool:
    return set(part) == {"propertyName", "mapping"}


def test_no_word_of_either_is_for_those_who_run_the_hub(openapi: Json) -> None:
    for document in (openapi, asyncapi.describe()):
        for part in parts(document):
            for key in ("summary", "description", "title"):
                said = part.get(key)
                assert not (isinstance(said, str) and OPERATORS.search(said)), said


class Page(HTMLParser):
    """What a page links to, and what it says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.links |= {str(given[name]) for name in ("href", "src") if name in given}
        self.ids |= {f"#{given['id']}"} if "id" in given else set()

    def handle_data(self, data: str) -> None:
        self.said += data


def test_a_page_without_scripts_tells_people_of_both(web: httpx.Client, openapi: Json) -> None:
    answer = web.get("/docs", headers={"Authorization": ""})
    page = Page(answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert page.tags.isdisjoint({"script", "img", "link", "iframe"})
    assert page.links <= page.ids | {"/openapi.json", "/asyncapi.json"}
    for path in openapi["paths"]:
        assert path in page.said
    for name in asyncapi.describe()["components"]["messages"]:
        assert name in page.said
    assert "refused.agreement" in page.said
