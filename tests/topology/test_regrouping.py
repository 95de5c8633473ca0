"""Steps that are grouped anew lose nothing of what was on its way, and repeat nothing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ops.run.wiring import Hub, open_hub
from router.handle import handle
from router.runtimes.partition import Partition
from router.runtimes.take_over import TakeOver
from router.topology import WRITTEN_BY, bound_steps, unit_of, whole_hub
from schemas.case import ChildLinked
from stores import journal
from stores.topics import TopicRecord
from tests.support.faults import Heard, failing, first_child, listening
from tests.support.production import wait_until
from tests.support.size import FULL
from tests.support.units import (
    ALL,
    APART,
    MIXED,
    Started,
    Workers,
    answer_everything,
    complete,
    depths,
    facts,
    grouped,
    notify,
    redrive,
    replayed,
    rows,
    working,
)

ACCEPTED = Partition("notifications.accepted", 0)
EACH = 2 if FULL else 1
"""Notifications each time that steps are grouped anew."""


def link_past_the_topic(workers: Workers) -> None:
    """The unit of ``link`` alone hears what is accepted and not sent yet; nobody else can have."""
    query = "SELECT * FROM journal JOIN outbox USING (position) ORDER BY position"
    with workers.hub.database.reading() as connection:
        accepted = [journal.sealed(row) for row in connection.execute(text(query))]
    first = workers.topics.ends()[ACCEPTED]
    unsent = [TopicRecord(first + n, one.to_event(), 0) for n, one in enumerate(accepted)]
    assert workers.parts["link"].work(ACCEPTED, unsent)


@pytest.mark.parametrize(
    "later", [ALL, MIXED, ("link rate", "deduplicate compose", "request_information")]
)
def test_what_was_left_in_topics_is_heard_by_other_units(
    hub: Hub, started: Started, later: tuple[str, ...]
) -> None:
    notify(hub, 0, 6)
    apart = started(*APART)
    apart.relay()
    for step in ("deduplicate", "link", "rate"):
        apart.round(step)
        apart.relay()
    notify(hub, 6, 9)
    apart.relay()
    apart.round("deduplicate")
    started(*later).drain()
    assert complete(hub, 9)


def test_what_a_whole_unit_left_is_heard_by_its_steps_apart(hub: Hub, started: Started) -> None:
    notify(hub, 0, 4)
    started("all").drain()
    notify(hub, 4, 8)
    whole = started("all")
    whole.relay()
    started(*APART).drain()
    assert complete(hub, 8)


def test_grouped_anew_again_and_again_at_any_moment(hub: Hub, started: Started) -> None:
    for number, units in enumerate([APART, ALL, MIXED, APART, MIXED, ALL]):
        notify(hub, EACH * number, EACH * (number + 1))
        workers = started(*units, batch=EACH + 1)
        for _ in range(number + 1):
            workers.relay()
            workers.round()
    count = 6 * EACH + 2
    notify(hub, 6 * EACH, count)
    last = started(*APART)
    last.drain()
    assert complete(hub, count)
    answer_everything(hub, last.drain)
    answer_everything(hub, started("all").drain)
    assert replayed(hub).well


def test_a_worker_killed_while_it_takes_over_goes_on_where_it_was(
    hub: Hub, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify(hub, 0, 8)
    apart = started(*APART)
    apart.relay()
    apart.round("deduplicate")
    killed = iter([False, True])

    def dying(*arguments: Any, **named: Any) -> int:
        if next(killed):
            raise KeyboardInterrupt
        return handle(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr("router.runtimes.take_over.handle", dying)
        with pytest.raises(KeyboardInterrupt):
            started("all", batch=3)
    started("all", batch=3).drain()
    assert complete(hub, 8)


def test_a_worker_told_to_stop_while_it_takes_over_leaves_the_rest_to_the_next_one(
    hub: Hub, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify(hub, 0, 8)
    apart = started(*APART)
    apart.relay()
    apart.round("deduplicate")
    stop = threading.Event()

    def told(*arguments: Any, **named: Any) -> int:
        stop.set()
        return handle(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr("router.runtimes.take_over.handle", told)
        TakeOver(whole_hub(), hub.database, hub.policy, stop, batch=3).once()
    assert facts(hub, "case.child-linked") == 3
    started("all").drain()
    assert complete(hub, 8)


def test_what_an_older_unit_still_writes_is_taken_over_too(hub: Hub, started: Started) -> None:
    """As when workers are replaced one by one."""
    others = (one for one in APART if one not in ("link", "rate"))
    older, newer = started(*APART), started("link rate", *others)
    notify(hub, 0, 5)
    older.relay()
    older.round("deduplicate")
    older.relay()
    older.round("link")
    newer.drain()
    assert facts(hub, "rating.suggested") == 0, "nobody told the unit of link and rate"
    for part in newer.parts.values():
        assert part.take_over()
    newer.drain()
    assert complete(hub, 5)


def test_a_worker_takes_over_again_and_again_while_it_runs(
    hub: Hub, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.runtimes.faust_worker._TAKE_OVER_SECONDS", 0.1)
    older = started(*APART)
    notify(hub, 0, 1)
    older.relay()
    older.round("deduplicate")
    older.relay()
    with working(hub, unit_of("link", "rate")):
        wait_until(lambda: facts(hub, "rating.suggested") == 1)
        older.round("link")
        notify(hub, 1, 5)
        older.relay()
        older.round("deduplicate")
        link_past_the_topic(older)
        wait_until(lambda: facts(hub, "rating.suggested") == 5)


def test_a_fact_sent_again_to_one_step_keeps_no_other_from_taking_over(
    hub: Hub, started: Started
) -> None:
    notify(hub, 0, 2)
    unit = failing(whole_hub(), "compose", at="recall", on=first_child())
    started(unit).drain()
    redrive(hub)
    started("link rate", *APART[:1], *APART[3:]).drain()
    assert complete(hub, 2)


@pytest.mark.parametrize("units", [ALL, APART, MIXED])
def test_a_fact_sent_again_reaches_the_step_that_failed_on_it_and_no_other(
    hub: Hub, started: Started, units: tuple[str, ...]
) -> None:
    notify(hub, 0, 2)
    bad = first_child()
    started(*(failing(unit, "compose", at="recall", on=bad) for unit in grouped(*units))).drain()
    again, heard = redrive(hub), Heard()
    started(*(listening(unit, heard) for unit in grouped(*units))).drain()
    assert [step for step, id_ in heard if id_ == again] == ["compose"]
    assert complete(hub, 2)


def test_a_hub_goes_on_in_one_process_and_back_on_its_topics(
    hub: Hub, started: Started, tmp_path: Path
) -> None:
    notify(hub, 0, 4)
    apart = started(*APART)
    apart.relay()
    apart.round("deduplicate")
    apart.relay()
    apart.round("link", "rate")
    notify(hub, 4, 6)
    config, store = tmp_path / "hub" / "hub.toml", {"HUB_STORE": hub.settings.runtime.store}
    alone = open_hub(config, store)
    notify(alone, 6, 7)
    alone.embedded().drain()
    assert complete(alone, 7)
    alone.database.close()
    notify(hub, 7, 8)
    started("all").drain()
    assert complete(hub, 8)
    notify(hub, 8, 9)
    started(*APART).drain()
    assert complete(hub, 9)


@pytest.mark.parametrize(("before", "after"), [(APART, ALL), (ALL, APART), (APART, MIXED)])
def test_a_unit_begins_where_its_steps_have_been_whoever_served_them(
    hub: Hub, started: Started, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    notify(hub, 0, 4)
    started(*before).drain()
    workers = started(*after)
    workers.catch_up()
    written_as_one = set(WRITTEN_BY) if before == ALL else set()
    assert {place.topic for place, _ in workers.left()} <= written_as_one
    assert before == ALL or depths(hub) == {}
    notify(hub, 4, 6)
    workers.drain()
    assert complete(hub, 6)


def test_a_unit_hears_what_one_of_its_steps_has_not_heard_yet(hub: Hub, started: Started) -> None:
    notify(hub, 0, 2)
    apart = started(*APART)
    for step in ("deduplicate", "link", "rate"):
        apart.relay()
        apart.round(step)
    heard = Heard()
    workers = started(listening(whole_hub(), heard))
    workers.catch_up()
    workers.drain()
    query = "SELECT message_id FROM journal WHERE type = 'mash.case.child-linked.v1'"
    linked = [(step, id_) for step, id_ in heard if (id_,) in rows(hub, query)]
    hearers = {one.step.name for one in bound_steps() if ChildLinked in one.step.hears}
    unheard = sorted(hearers - {"rate"})
    assert {"check", "compose", "request_information"} < set(unheard)
    assert sorted(step for step, _ in linked) == [step for step in unheard for _ in range(2)]
    assert facts(hub, "rating.suggested") == facts(hub, "information.prepared") == 2
