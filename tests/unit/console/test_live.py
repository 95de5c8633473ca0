"""What happens elsewhere is on an open screen at once, by one look into the store for all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from starlette.applications import Starlette

from ops.access.pages import SESSION
from ops.console import live
from ops.console.live import ANYTHING, Live, _Found, _When, about, of, position
from ops.run.wiring import Hub
from stores import watching
from tests.support.console import Person, app_of
from tests.support.desk import CAIT, concern, rates
from tests.support.filled import empty_hub

WORKLIST, STREAM = "/desk/front-door", "/desk/live/front-door"
LIMIT = 20.0
"""Seconds in which even a busy machine looks."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("live") / "hub")
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def app(hub: Hub) -> Starlette:
    return app_of(hub)


async def signed_in() -> bool:
    return True


async def said(
    hub: Hub, streams: Live, concern_: str, *, after: int, seconds: float = LIMIT
) -> list[str]:
    """What a stream says until it has told of something, or some seconds have passed."""
    heard: list[str] = []

    async def listen() -> None:
        with streams.counted("1.2.3.4"):
            events = streams.events(hub.database, concern_, after=after, still=signed_in)
            async for event in events:
                heard.append(event)
                if "event:" in event:
                    return

    try:
        await asyncio.wait_for(listen(), seconds)
    except TimeoutError:
        heard.append("nothing")
    return heard


def test_a_stream_tells_of_what_concerns_its_screen_and_of_nothing_else(hub: Hub) -> None:
    before = position(hub.database)
    referral_id = concern(hub)
    rates(hub, referral_id)
    end = position(hub.database)

    async def all_of_them() -> list[list[str]]:
        streams = Live()
        concerns = (ANYTHING, about(referral_id), of(CAIT), about("another"), of("gp_practice_x"))
        return await asyncio.gather(
            *(said(hub, streams, one, after=before, seconds=3) for one in concerns)
        )

    told = asyncio.run(all_of_them())
    changed = [": here\n\n", f"id: {end}\nevent: changed\ndata:\n\n"]
    assert told == [changed, changed, changed, *([[": here\n\n", "nothing"]] * 2)]


def test_what_a_page_shows_already_is_no_news_and_what_comes_then_is(hub: Hub) -> None:
    async def waits() -> list[str]:
        streams, after = Live(), position(hub.database)
        waiting = asyncio.create_task(said(hub, streams, ANYTHING, after=after))
        await asyncio.sleep(1.2)
        assert not waiting.done()
        await asyncio.to_thread(concern, hub, "Another concern about another child")
        began = time.monotonic()
        heard = await waiting
        assert time.monotonic() - began < 2
        return heard

    assert "event: changed" in asyncio.run(waits())[-1]


def test_two_hundred_screens_are_one_look_and_none_is_none(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    once = watching.facts_after

    def counted(connection: Connection, after: int) -> Sequence[Any]:
        looks.append(after)
        return once(connection, after)

    monkeypatch.setattr(watching, "facts_after", counted)

    async def open_for(seconds: float) -> float:
        streams, after = Live(), position(hub.database)
        began = time.monotonic()
        all_ = (said(hub, streams, ANYTHING, after=after, seconds=seconds) for _ in range(200))
        await asyncio.gather(*all_)
        assert streams.pause == 1.0, "all are gone"
        return time.monotonic() - began

    took = asyncio.run(open_for(2))
    assert 1 <= len(looks) <= took / live.EVERY + 1
    looks.clear()
    time.sleep(2 * live.EVERY)
    assert looks == []


def test_what_was_committed_late_under_an_earlier_position_is_seen(hub: Hub) -> None:

    class Row:
        def __init__(self, position: int, referral: str) -> None:
            self.position, self.correlation_id, self.subject = position, referral, referral
            self.topic, self.source = "cases.linked", "mash-hub/link"

    found = _Found()
    found._learn([Row(7, "a")], ())
    since = found.now
    assert not found.concerns(about("b"), since)
    found._learn([Row(7, "a"), Row(6, "b")], ())
    assert found.concerns(about("b"), since)
    assert not found.concerns(about("a"), since)
    assert not found.concerns(about("b"), _When(7, found.looks))


def test_streams_leave_connections_to_those_who_bring_notifications(hub: Hub) -> None:
    streams, limits = Live(), hub.settings.http
    most = limits.most_from_one_address // 2

    @contextmanager
    def many(count: int) -> Iterator[None]:
        if not count:
            yield
            return
        with streams.counted("1.2.3.4"), many(count - 1):
            yield

    with many(most - 1):
        assert not streams.is_full("1.2.3.4", limits)
        with streams.counted("1.2.3.4"):
            assert streams.is_full("1.2.3.4", limits)
            assert not streams.is_full("5.6.7.8", limits)


def test_streams_end_at_once_with_the_server_and_with_the_session(hub: Hub) -> None:
    ending = threading.Event()

    async def ends() -> list[str]:
        streams = Live(ending)
        waiting = asyncio.create_task(heard_of(streams, signed_in))
        await asyncio.sleep(0.2)
        ending.set()
        return await asyncio.wait_for(waiting, LIMIT)

    async def heard_of(streams: Live, still: live.Still, after: int = 10**9) -> list[str]:
        with streams.counted("1.2.3.4"):
            events = streams.events(hub.database, ANYTHING, after=after, still=still)
            return [event async for event in events]

    async def gone() -> bool:
        return False

    async def signs_out() -> list[str]:
        return await asyncio.wait_for(heard_of(Live(), gone, 0), LIMIT)

    assert asyncio.run(ends()) == [": here\n\n"]
    assert asyncio.run(signs_out()) == [": here\n\n", "event: ended\ndata:\n\n"]


# --- by the web


def test_who_may_not_open_a_screen_is_told_of_nothing_of_it(hub: Hub, app: Starlette) -> None:
    nobody, other = Person(app), Person(app)
    other.enters(hub, "J. Auditor")
    assert nobody.get(STREAM).status_code == 401
    assert other.get(STREAM).status_code == 403
    assert other.asks("HEAD", STREAM).status_code == 405
    assert other.get("/desk/live/audit").status_code == 404


def test_a_page_that_renews_itself_keeps_nobody_signed_in(hub: Hub, app: Starlette) -> None:
    worker = Person(app)
    worker.enters(hub, "S. Worker")
    page = worker.get(f"{WORKLIST}?show=mine&done=rate").text
    assert 'hx-get="/desk/front-door?show=mine"' in page
    assert 'hx-sse:connect="/desk/live/front-door?after=' in page
    by_itself = {"hx-request": "true"}
    left = worker.get("/desk/session").json()["left"]
    time.sleep(1.1)
    assert worker.get(WORKLIST, headers=by_itself).status_code == 200
    assert worker.get("/desk/session").json()["left"] < left
    worker.get(WORKLIST)
    assert worker.get("/desk/session").json()["left"] >= left

    worker.cookies = httpx.Cookies()
    answer = worker.get(WORKLIST, headers=by_itself)
    assert answer.status_code == 401
    assert worker.get("/desk/session").json() == {"left": 0}


def test_opening_a_list_again_and_again_records_nothing(hub: Hub, app: Starlette) -> None:
    opened = {
        "D. Manager": ["", "duty", "duty/clocks", "duty/silence", "duty/handovers"],
        "S. Worker": ["front-door", "links"],
        "H. Researcher": ["requests", "received"],
        "M. Sergeant": ["approvals", "approvals/items"],
    }
    for who, paths in opened.items():
        person = Person(app)
        person.enters(hub, who)
        before = position(hub.database)
        assert all(person.get(f"/desk/{path}").status_code < 400 for path in paths), who
        assert position(hub.database) == before, who


def test_only_a_form_of_theirs_keeps_somebody_signed_in(hub: Hub, app: Starlette) -> None:
    worker = Person(app)
    worker.enters(hub, "S. Worker")
    assert worker.posts("/desk/session", {"form_token": ""}).status_code == 403
    told = worker.sends("/desk/session", {}, page=WORKLIST).json()
    assert told["who"] == "S. Worker"
    assert told["longer"] is True
    assert 0 < told["left"] <= 60 * hub.settings.identity.idle_minutes
    assert f"Signed in until {told['until']}" in worker.get(WORKLIST).text
    assert SESSION in worker.cookies
