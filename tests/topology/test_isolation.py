"""A message on which a pass fails is kept from one step only, wherever in the pass it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ops.run.wiring import Hub
from router.runtimes.embedded import Embedded
from router.topology import whole_hub
from router.unit import Unit
from schemas.case import ChildLinked
from schemas.message import Message
from schemas.notification import NotificationReceived
from schemas.rating import RatingAssigned
from tests.support.faults import PLACES, Heard, failing, listening
from tests.support.faults import Wanted as On
from tests.support.production import fresh_database
from tests.support.units import (
    Workers,
    connected,
    dead,
    decided,
    embedded_hub,
    facts,
    notify,
    production_hub,
    replayed,
    rows,
)

Drain = Callable[[Unit], None]


@pytest.fixture(params=["sqlite", "postgres", "production"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Hub, Drain]]:
    """A hub, and how a unit of all its steps works everything off."""
    asked = request.getfixturevalue
    with ExitStack() as stack:
        path = tmp_path / "hub"
        if request.param == "production":
            made = production_hub(path, asked("kafka_url"), asked("postgres_url"))
            hub = stack.enter_context(made)
            topics = stack.enter_context(connected(hub))
            yield hub, lambda unit: Workers(hub, topics, unit).drain()
            return
        store = None
        if request.param == "postgres":
            store = stack.enter_context(fresh_database(asked("postgres_url")))
        hub = stack.enter_context(embedded_hub(path, store=store))
        yield hub, lambda unit: Embedded(hub.database, unit, hub.policy).drain()


def third(kind: type) -> On:
    """The third message of this kind, whenever it comes again."""
    seen: list[str] = []

    def wanted(message: Message) -> bool:
        if isinstance(message.data, kind) and message.id not in seen:
            seen.append(message.id)
        return message.id in seen[2:3]

    return wanted


@pytest.mark.parametrize("at", PLACES)
def test_a_fact_three_hops_deep_on_which_a_step_fails_costs_that_step_alone(
    served: tuple[Hub, Drain], at: str
) -> None:
    hub, drain = served
    notify(hub, 0, 6)
    drain(failing(whole_hub(), "request_information", at=at, on=third(ChildLinked)))
    assert dead(hub) == [("request_information", "undecidable")]
    assert facts(hub, "case.child-linked") == facts(hub, "rating.suggested") == 6
    assert facts(hub, "information.prepared") == 5


@pytest.mark.parametrize("at", PLACES)
def test_an_input_on_which_a_step_fails_costs_that_step_alone(
    served: tuple[Hub, Drain], at: str
) -> None:
    hub, drain = served
    notify(hub, 0, 6)
    drain(failing(whole_hub(), "deduplicate", at=at, on=third(NotificationReceived)))
    assert dead(hub) == [("deduplicate", "undecidable")]
    assert facts(hub, "notification.accepted") == facts(hub, "information.prepared") == 5


@pytest.mark.parametrize("at", PLACES)
def test_an_input_that_two_steps_hear_is_kept_from_the_one_that_fails_on_it(
    served: tuple[Hub, Drain], at: str
) -> None:
    hub, drain = served
    notify(hub, 0, 6)
    drain(whole_hub())
    decided(hub, 3)
    heard: Heard = []
    drain(listening(failing(whole_hub(), "compose", at=at, on=third(RatingAssigned)), heard))
    assert dead(hub) == [("compose", "undecidable")]
    rated = rows(hub, "SELECT message_id FROM journal WHERE type = 'mash.rating.assigned.v1'")
    assert len(rated) == 3
    asked = {id_ for step, id_ in heard if step == "request_information"}
    assert asked == {id_ for (id_,) in rated}


@pytest.mark.parametrize("at", ["recall", "remember", "flush"])
def test_a_fact_on_which_two_steps_fail_costs_these_two_alone(
    served: tuple[Hub, Drain], at: str
) -> None:
    hub, drain = served
    notify(hub, 0, 6)
    bad, unit = third(ChildLinked), whole_hub()
    for step in ("rate", "request_information"):
        unit = failing(unit, step, at=at, on=bad)
    drain(unit)
    assert dead(hub) == [("rate", "undecidable"), ("request_information", "undecidable")]
    assert facts(hub, "case.child-linked") == 6
    assert facts(hub, "rating.suggested") == facts(hub, "information.prepared") == 5
    assert replayed(hub).well
