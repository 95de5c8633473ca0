"""The hub's own web server: bound before anything is said of it, quick to answer, and rid of those
who keep it waiting.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from connectors.http_connections import Connections
from connectors.port import routes
from ops.run.serve import listening, web_server
from ops.run.wiring import Hub
from tests.support.filled import empty_hub

DEADLINE = 30.0
SOON, NEVER = 0.05, 3600.0
_TIMES = ("head_seconds", "body_seconds", "answer_seconds", "idle_seconds")
LARGE = "x" * 20_000_000
"""More than the sockets of both sides hold."""
HEAD = b"POST /v1/events HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\n"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n"


def test_an_answer_does_not_wait_for_its_receiver_to_confirm_its_head() -> None:
    with listening("127.0.0.1", 0) as bound, socket.create_connection(bound.getsockname()):
        taken, _ = bound.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


Serving = Callable[..., Connections]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("served") / "hub")
    yield made
    made.database.close()


@pytest.fixture
def address() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def serving(hub: Hub, address: list[tuple[str, int]]) -> Iterator[Serving]:
    """A web server with these limits, and all others far away."""
    with ExitStack() as running:

        def serve(**limits: float) -> Connections:
            far = dict.fromkeys(_TIMES, NEVER)
            settings = hub.settings.http.model_copy(update={**far, **limits})
            served = replace(hub, settings=hub.settings.model_copy(update={"http": settings}))
            connections, stop = Connections(settings), threading.Event()
            server = web_server(
                served,
                routes(hub.settings, {}),
                bound=listening("127.0.0.1", 0),
                extra_routes=[Route("/large", _large)],
                connections=connections,
            )
            address.append(server.address)
            thread = threading.Thread(target=server.run, args=(stop,), daemon=True)
            running.callback(thread.join, DEADLINE)
            running.callback(stop.set)
            thread.start()
            return connections

        yield serve


async def _large(_: Request) -> PlainTextResponse:
    return PlainTextResponse(LARGE)


def connected(address: list[tuple[str, int]]) -> socket.socket:
    return socket.create_connection(address[-1], timeout=DEADLINE)


def ends(connection: socket.socket) -> bool:
    """Waits until the other side has closed; whatever it sent before is read."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("head_seconds", b""),
        ("head_seconds", b"GET /healthz HT"),
        ("head_seconds", b"GET /healthz HTTP/1.1\r\nHost: h"),
        ("head_seconds", WHOLE + b"GET /healthz HT"),
        ("body_seconds", HEAD + b"{"),
        ("idle_seconds", WHOLE),
    ],
)
def test_a_sender_that_does_not_go_on_is_cut_off(
    serving: Serving, address: list[tuple[str, int]], limit: str, sent: bytes
) -> None:
    serving(**{limit: SOON})
    with connected(address) as connection:
        connection.sendall(sent)
        assert ends(connection)


@pytest.mark.parametrize(
    ("limit", "begun"), [("head_seconds", b"GET /healthz HTTP/1.1\r\nX: "), ("body_seconds", HEAD)]
)
def test_a_byte_now_and_then_prolongs_nothing(
    serving: Serving, address: list[tuple[str, int]], limit: str, begun: bytes
) -> None:
    connections = serving(**{limit: SOON})
    with connected(address) as connection:
        connection.sendall(begun)
        until(lambda: _is_refused(connection, b"x"))
    assert connections.counts()["late"] == 1


def _is_refused(connection: socket.socket, sent: bytes) -> bool:
    try:
        connection.sendall(sent)
    except ConnectionError:
        return True
    return False


def test_a_receiver_that_does_not_take_its_answer_is_cut_off(
    serving: Serving, address: list[tuple[str, int]]
) -> None:
    connections = serving(answer_seconds=SOON)
    with connected(address) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
        until(lambda: connections.counts()["late"] == 1)
        assert ends(connection)
    until(lambda: connections.counts()["open"] == 0)


def test_a_large_answer_that_is_taken_arrives_whole(
    serving: Serving, address: list[tuple[str, int]]
) -> None:
    connections = serving()
    host, port = address[-1]
    assert httpx.get(f"http://{host}:{port}/large").text == LARGE
    assert connections.counts()["late"] == 0


def test_several_requests_on_one_connection_are_each_given_their_time(
    serving: Serving, address: list[tuple[str, int]]
) -> None:
    connections = serving(head_seconds=DEADLINE, body_seconds=DEADLINE)
    host, port = address[-1]
    with httpx.Client(base_url=f"http://{host}:{port}") as client:
        for _ in range(20):
            assert client.get("/healthz").status_code == 200
            assert client.post("/v1/events", content=b"x" * 100_000).status_code == 401
    assert connections.counts()["late"] == 0


@pytest.mark.parametrize("limit", ["most_connections", "most_from_one_address"])
def test_above_the_limits_a_connection_is_refused_until_another_ends(
    serving: Serving, address: list[tuple[str, int]], limit: str
) -> None:
    connections = serving(**{limit: 3})
    with ExitStack() as opened:
        held = [opened.enter_context(connected(address)) for _ in range(3)]
        until(lambda: connections.counts()["open"] == 3)
        with connected(address) as fourth:
            assert fourth.recv(100).startswith(b"HTTP/1.1 503")
            assert ends(fourth)
        assert (connections.counts()["open"], connections.counts()["refused"]) == (3, 1)
        held[0].close()
        until(lambda: connections.counts()["open"] == 2)
        with connected(address) as again:
            again.sendall(WHOLE)
            assert again.recv(100).startswith(b"HTTP/1.1 200")
    until(lambda: connections.counts()["open"] == 0)


def test_six_hundred_that_say_nothing_are_all_cut_off(
    serving: Serving, address: list[tuple[str, int]]
) -> None:
    connections = serving(head_seconds=SOON, most_connections=300, most_from_one_address=300)
    with ExitStack() as opened:
        silent = [opened.enter_context(connected(address)) for _ in range(600)]
        assert all(map(ends, silent))
    until(lambda: connections.counts()["open"] == 0)
    told = connections.counts()
    assert told["late"] + told["refused"] == 600


def until(holds: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(int(DEADLINE / 0.01)):
        if holds():
            return
        waited.wait(0.01)
    raise AssertionError("in vain")


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"])
def test_what_is_no_http_is_answered_by_a_problem(
    serving: Serving, address: list[tuple[str, int]], sent: bytes
) -> None:
    serving()
    with socket.create_connection(address[0], timeout=DEADLINE) as line:
        line.sendall(sent)
        told = b"".join(iter(lambda: line.recv(1000), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == 400
