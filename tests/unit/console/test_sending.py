"""What is decided at a desk is its agency's message, once, and what became of it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.port import routes
from ops.access.acting import NotRecent, asker
from ops.console import sending
from ops.console.desks import DESKS
from ops.console.screen import Form, Visit
from ops.run.wiring import Hub
from schemas.decisions import RatingDecided
from stores import linking
from tests.support.desk import LEAD, concern, letters
from tests.support.filled import empty_hub, seen_by_lead

RATING = "mash.rating-decision.v1"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path / "hub")
    yield made
    made.database.close()


@contextmanager
def working(hub: Hub) -> Iterator[None]:
    """While its steps are at work."""
    stop = threading.Event()
    thread = threading.Thread(target=hub.embedded().run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def visit(hub: Hub) -> Visit:
    found = routes(hub.settings, {})
    return Visit(hub, found, asker(hub, "S. Worker"), DESKS[0], form=Form({"once": ["1"]}))


def decided(hub: Hub) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, RatingDecided)


def rating(referral: str, **changes: object) -> dict[str, object]:
    return {"referral_id": referral, "colour": "green", "decided_by": "S. Worker"} | changes


def test_it_is_the_agencys_own_message_and_what_the_hub_did_is_told(hub: Hub) -> None:
    referral = concern(hub)
    (request,) = letters(hub, LEAD, "mash.rating-request.v1")
    saw = seen_by_lead(hub, referral)
    data = rating(referral, case_id=request["case_id"], rationale="As seen", saw=saw)
    with working(hub):
        sent = sending.send(visit(hub), RATING, data, about=referral)
    assert (sent.settled, sent.refused) == (True, None)
    with hub.database.reading() as connection:
        vault = hub.database.vault
        (fact,) = linking.about(connection, vault, ids=[referral], types=[RatingDecided])
    assert fact.message.data.of_agency == LEAD
    assert fact.chain == f"intake/desk/{LEAD}"


def test_who_signed_in_long_ago_decides_nothing(hub: Hub) -> None:
    old = visit(hub)
    old = replace(old, asker=replace(old.asker, recent=False))
    data = rating("nothing", case_id="none", rationale="As seen")
    with pytest.raises(NotRecent):
        sending.send(old, RATING, data, about="nothing")
    assert decided(hub) == 0
    assert not sending.send(old, RATING, data, about="nothing", decides=False).refused


def test_why_a_step_refuses_it_is_told_in_words(hub: Hub) -> None:
    data = rating("nothing", case_id="none", rationale="As seen")
    with working(hub):
        sent = sending.send(visit(hub), RATING, data, about="nothing")
    assert sent.settled
    assert sent.refused is not None
    assert sent.refused.endswith(".")


def test_what_cannot_be_read_is_told_with_its_field(hub: Hub) -> None:
    data = rating("nothing", case_id="none", rationale="x" * 501)
    sent = sending.send(visit(hub), RATING, data, about="nothing")
    assert sent.field is not None
    assert "rationale" in sent.field


def test_a_form_that_is_sent_twice_is_one_message_and_a_changed_one_is_another(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)
    once, data = visit(hub), rating("nothing", case_id="none", rationale="As seen")
    first, again = (sending.send(once, RATING, data, about="nothing") for _ in range(2))
    assert first.id == again.id
    assert decided(hub) == 1
    changed = sending.send(once, RATING, data | {"colour": "red"}, about="nothing")
    assert (changed.refused, decided(hub)) == (None, 2)
    other = replace(once, form=Form({"once": ["2"]}))
    sending.send(other, RATING, data, about="nothing")
    assert decided(hub) == 3
