"""A Red has a lane of its own: heard before all that waits, and never before what it follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ops.demo.simulation.answers import event
from ops.run.wiring import Hub
from router import ways_in
from router.handle import _send
from router.lane import Lane
from router.one_pass import Effects
from router.runtimes.clock import publish_due
from router.runtimes.embedded import Embedded
from router.step import Outcome
from router.unit import BoundStep, Unit
from schemas.changes import ProductChange
from schemas.decisions import RatingDecided, RatingDecision
from schemas.letter import Letter
from schemas.message import Message
from schemas.picture import Seen
from schemas.policy import Policy
from schemas.rating import Colour
from schemas.refusals import Refusal
from stores import codec, journal, outbox, queues, timers
from stores.ports import Arrival, Unavailable
from stores.tables import outbox as outbox_table
from stores.timers import StoredTimer
from tests.support import desk
from tests.support import given as give
from tests.support.faults import Heard, failing, listening
from tests.support.filled import empty_hub, seen_by_lead, send
from tests.support.notifying import LEAD, URGENT, arrival, asked, flood, told, took
from tests.support.units import embedded_hub, facts, replayed, rows


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    yield from embedded_hub.__wrapped__(tmp_path / "hub")  # type: ignore[attr-defined]


def slow(hub: Hub, heard: Heard | None = None, *, unit: Unit | None = None) -> Embedded:
    """The hub's own loop, which hears two messages at a time."""
    listened = listening(unit or hub.unit, heard if heard is not None else [])
    return Embedded(hub.database, listened, hub.policy, batch=2)


def decided(hub: Hub, referral_id: str, colour: Colour, *, case_id: str) -> Arrival:
    """A social worker's rating, on what is shown now."""
    decision = RatingDecision(
        referral_id=referral_id,
        case_id=case_id,
        colour=colour,
        decided_by="SIMULATED social worker",
        rationale="As seen.",
        saw=tuple(Seen(**one) for one in seen_by_lead(hub, referral_id)),
    )
    fact = RatingDecided(agency=LEAD, decision=decision)
    id_ = f"{referral_id}-{colour}"
    return Arrival(LEAD, "test", id_, b"", "application/json", fact)


def change(was: Colour, colour: Colour) -> ProductChange:
    """A holder of products is told that a referral is rated otherwise."""
    return ProductChange(
        referral_id="ref-1",
        case_id="case-1",
        change_id=f"{was}-{colour}",
        agency="gp",
        product_ids=("product-1",),
        was=was,
        colour=colour,
        changed="The rating was changed.",
        to_do="Go on.",
        contact="the duty desk",
    )


def test_who_is_told_of_a_red_reads_first_what_was_told_of_it_before(hub: Hub) -> None:
    """Otherwise what it reads last would be the rating of before."""
    told = [
        ("other", "ref-2", change(Colour.BLUE, Colour.AMBER)),
        ("earlier", "ref-1", change(Colour.BLUE, Colour.GREEN)),
        ("red", "ref-1", change(Colour.GREEN, Colour.RED)),
    ]
    for id_, about, notice in told:
        effects = Effects(letters={id_: Letter(id_, "gp", notice)}, about={id_: about})
        with hub.database.transaction() as transaction:
            _send(effects, transaction, lane=Lane())
    with hub.database.transaction() as transaction:
        leased = queues.lease(transaction, "gp", limit=9, seconds=60)
    assert [one.id for one in leased] == ["earlier", "red", "other"]


@pytest.mark.parametrize(
    "said",
    [{"urgent": True}, {"concern": ("danger-to-life",)}],
    ids=["the sender says so", "its code points to Red"],
)
def test_what_may_be_a_red_is_heard_before_all_that_came_earlier(
    hub: Hub, said: dict[str, Any]
) -> None:
    flood(hub)
    (red,) = took(hub, arrival("R-1", **said))
    heard: Heard = []
    slow(hub, heard).once()
    assert told(heard, "deduplicate")[0] == red
    assert next(iter(asked(hub))) == red


def test_everybody_else_is_heard_in_turn_and_nothing_twice(hub: Hub) -> None:
    flood(hub, 5)
    (red,) = took(hub, arrival("R-1", **URGENT))
    flood(hub, 4, first=5)
    heard: Heard = []
    slow(hub, heard).drain()
    once = told(heard, "deduplicate")
    in_turn = "SELECT message_id FROM journal WHERE type = 'mash.notification.received.v1' "
    others = rows(hub, in_turn + "AND message_id <> :red ORDER BY position", red=red)
    assert once == [red, *(id_ for (id_,) in others)]
    assert facts(hub, "notification.received") == facts(hub, "notification.accepted") == 10
    assert replayed(hub).well


def test_a_red_letter_leaves_before_those_that_lie_there_already(hub: Hub) -> None:
    flood(hub, 3)
    slow(hub).drain()
    (red,) = took(hub, arrival("R-1", **URGENT))
    slow(hub).drain()
    assert (next(iter(asked(hub))), len(asked(hub))) == (red, 4)


@pytest.mark.parametrize(
    "again",
    [
        arrival("F-3", **URGENT),
        arrival("F-3 (amended)", **URGENT),
        arrival("S-1", agency="school", narrative="Fwd from police, ref F-3: worse.", **URGENT),
    ],
    ids=["the same reference", "a mark of a new version", "a copy that another agency forwards"],
)
def test_a_red_does_not_overtake_the_notification_that_it_amends(hub: Hub, again: Arrival) -> None:
    flood(hub)
    (red,) = took(hub, again)
    heard: Heard = []
    slow(hub, heard).once()
    first = rows(hub, "SELECT message_id FROM journal WHERE subject = 'police/F-3' LIMIT 1")[0][0]
    assert told(heard, "deduplicate")[:2] == [first, red]
    slow(hub, heard).drain()
    kept = rows(hub, "SELECT referral_id FROM reference_versions WHERE number = 2")
    assert kept == [(red,)]
    assert replayed(hub).well


def test_a_red_does_not_overtake_an_earlier_rating_of_the_same_referral(hub: Hub) -> None:
    (referral,) = took(hub, arrival("R-1"))
    slow(hub).drain()
    case = asked(hub)[referral]
    flood(hub)
    amber, red = took(
        hub,
        decided(hub, referral, Colour.AMBER, case_id=case),
        decided(hub, referral, Colour.RED, case_id=case),
    )
    heard: Heard = []
    slow(hub, heard).once()
    assert [id_ for id_ in told(heard, "rate") if id_ in (amber, red)] == [amber, red]
    assert facts(hub, "rating.assigned") == 2
    assert facts(hub, "notification.accepted") < 10, "the flood waits still"
    slow(hub).drain()
    assert replayed(hub).well


def test_what_is_said_later_of_a_red_goes_ahead_too(hub: Hub) -> None:
    (referral,) = took(hub, arrival("R-1", **URGENT))
    slow(hub).drain()
    case = asked(hub)[referral]
    flood(hub)
    (amber,) = took(hub, decided(hub, referral, Colour.AMBER, case_id=case))
    heard: Heard = []
    slow(hub, heard).once()
    assert told(heard, "rate")[0] == amber


def test_a_clock_of_a_red_is_told_before_the_flood(hub: Hub) -> None:
    (referral,) = took(hub, arrival("R-1", **URGENT))
    slow(hub).drain()
    flood(hub)
    past = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp() * 1_000_000)
    timer = StoredTimer("rate", referral, past, correlation_id=referral, message_key="case-1")
    with hub.database.transaction() as transaction:
        timers.start(transaction, [timer])
    heard: Heard = []
    slow(hub, heard).once()
    assert told(heard, "rate")[0] == timer.id


def test_no_clock_of_a_red_overtakes_the_receipt_that_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receipt names a product and its case, and no referral."""
    _, hub = empty_hub(tmp_path / "hub")
    desk.rates(hub, desk.concern(hub))
    products = {who: desk.letters(hub, who, "mash.product.v1") for who in (desk.DUTY, desk.CAIT)}
    flood(hub, 40)
    for who, (product,) in products.items():
        said = {name: product[name] for name in ("product_id", "case_id")}
        said |= {"status": "received", "received_by": "T. Manager"}
        send(hub, who, [event(who, "mash.delivery-receipt.v1", agency=who, data=said)])
    late = codec.to_micros(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=16))
    monkeypatch.setattr(hub.database, "clock", lambda: late)
    assert publish_due(hub.database, limit=9)
    slow(hub).once()
    assert facts(hub, "notification.accepted") < 40, "the flood waits still"
    slow(hub).drain()
    assert (facts(hub, "product.delivered"), facts(hub, "product.not-taken")) == (2, 0)
    assert desk.letters(hub, desk.NEXT, "mash.product.v1") == []


def test_what_was_refused_and_may_be_a_red_alarms_people_before_the_flood(hub: Hub) -> None:
    flood(hub)
    words = b"Kim was strangled last night and has stopped talking"
    refused = Refusal("missing.field", "subject")
    took(hub, Arrival("police", "test", "R-1", words, "text/plain", refused))
    flood(hub, 4, first=9)
    slow(hub).once()
    assert facts(hub, "notification.accepted") < 10, "the flood waits still"
    (first, *_) = hub.queues.lease(LEAD, limit=9, seconds=0)
    assert first.type == "mash.alarm.v1"


def test_a_way_in_that_does_not_work_alarms_people_before_the_flood(hub: Hub) -> None:
    flood(hub)
    ways_in.stuck(hub.database, "R-1.json", agency="police")
    slow(hub).once()
    assert facts(hub, "notification.accepted") < 9
    assert facts(hub, "alarm.raised") == 1


def test_an_alarm_is_read_before_letters_that_lie_there_already(hub: Hub) -> None:
    flood(hub, 3)
    slow(hub).drain()
    ways_in.stuck(hub.database, "R-1.json", agency="police")
    slow(hub).drain()
    (first, *_) = hub.queues.lease(LEAD, limit=9, seconds=0)
    assert first.type == "mash.alarm.v1"


def test_words_alone_do_not_open_the_lane(hub: Hub) -> None:
    flood(hub, 3)
    took(hub, arrival("R-1", narrative=give.HIT))
    with hub.database.reading() as connection:
        assert outbox.reds(connection, limit=9) == []


def test_a_red_that_was_heard_in_its_turn_is_not_heard_again(hub: Hub) -> None:
    took(hub, arrival("R-1", **URGENT))
    with hub.database.transaction() as transaction:
        waiting = outbox.reds(transaction.connection, limit=9)
        outbox.sent(transaction, [row.position for row in waiting])
    slow(hub).drain()
    with hub.database.transaction() as transaction:
        row = {"position": waiting[0].position, "topic": "messages.red"}
        transaction.insert(outbox_table, [row])
    heard: Heard = []
    slow(hub, heard).drain()
    assert heard == []
    assert facts(hub, "notification.accepted") == 1
    with hub.database.reading() as connection:
        assert outbox.reds(connection, limit=9) == []


def test_a_red_on_which_a_step_fails_holds_up_no_other(hub: Hub) -> None:
    flood(hub, 3)
    bad, good = took(hub, arrival("R-1", **URGENT), arrival("R-2", **URGENT))
    unit = failing(hub.unit, "link", at="recall", on=lambda one: one.correlation_id == bad)
    slow(hub, unit=unit).drain()
    assert rows(hub, "SELECT reason FROM dead_letters") == [("undecidable",)]
    assert good in asked(hub)
    assert bad not in asked(hub)
    with hub.database.reading() as connection:
        assert outbox.reds(connection, limit=9) == []


def during(hub: Hub, come: Iterator[Arrival], heard: Heard) -> Embedded:
    """The hub's own loop; whenever what is no Red is linked, the next of these comes in."""
    embedded = slow(hub, heard)

    def changed(bound: BoundStep) -> BoundStep:
        def decide(state: Any, message: Message, policy: Policy) -> Outcome[Any]:
            urgent = getattr(message.data, "notification", None)
            if bound.step.name == "link" and urgent is not None and not urgent.urgent:
                took(hub, *islice(come, 1))
            return bound.step.decide(state, message, policy)

        return replace(bound, step=replace(bound.step, decide=decide))

    steps = tuple(map(changed, embedded.unit.steps))
    return replace(embedded, unit=Unit(embedded.unit.name, steps))


def test_what_is_in_hand_is_put_off_for_a_red_and_heard_whole_behind_it(hub: Hub) -> None:
    flood(hub, 2)
    heard: Heard = []
    embedded = during(hub, iter([arrival("R-1", **URGENT)]), heard)
    embedded.once()
    assert facts(hub, "notification.accepted") == 0, "nothing came of what was put off"
    heard.clear()
    embedded.once()
    (red,) = (id_ for id_ in asked(hub) if id_ == told(heard, "deduplicate")[0])
    assert next(iter(asked(hub))) == red
    embedded.drain()
    assert facts(hub, "notification.accepted") == 3
    assert replayed(hub).well


def test_reds_that_come_again_and_again_do_not_put_off_the_others_for_ever(hub: Hub) -> None:
    flood(hub, 3)
    reds = (arrival(f"R-{number}", **URGENT) for number in count())
    embedded = during(hub, reds, [])
    for _ in range(6):
        embedded.once()
    with hub.database.reading() as connection:
        others = "SELECT count(*) FROM journal WHERE type = 'mash.notification.accepted.v1' "
        query = text(others + "AND subject LIKE 'police/F-%'")
        assert connection.execute(query).scalar_one() >= 2


def test_a_red_waits_for_nobody_at_the_door_and_others_let_it_through(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []
    monkeypatch.setattr(hub.database, "lets_reds_pass", lambda: waited.append("others"))
    took(hub, arrival("R-1", **URGENT))
    assert waited == []
    took(hub, arrival("R-2"))
    assert waited == ["others"]


def test_who_lets_reds_through_waits_until_they_are_heard_and_for_a_moment_at_most(
    hub: Hub,
) -> None:
    hub.database.lets_reds_pass()
    hub.database.reds_are_heard.clear()
    hub.database.lets_reds_pass()  # ends by itself
    took(hub, arrival("R-1", **URGENT))
    slow(hub).once()
    assert hub.database.reds_are_heard.is_set()


def test_a_store_that_goes_away_leaves_the_red_on_its_lane(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood(hub, 3)
    (red,) = took(hub, arrival("R-1", **URGENT))

    def away(_decided: object, _transaction: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr("router.runtimes.embedded.record", away)
        with pytest.raises(Unavailable):
            slow(hub).once()
    heard: Heard = []
    slow(hub, heard).once()
    assert told(heard, "deduplicate")[0] == red


SAID = st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans())
"""A reference, what it says, and whether that is urgent."""


@given(st.lists(st.one_of(SAID, st.none()), max_size=14))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_versions_of_a_reference_stay_in_the_order_in_which_they_came(
    tmp_path_factory: pytest.TempPathFactory, came: list[tuple[int, int, bool] | None]
) -> None:
    """None: the hub hears a little of what waits."""
    opened = embedded_hub.__wrapped__(tmp_path_factory.mktemp("hub"))  # type: ignore[attr-defined]
    hub = next(opened)
    embedded, expected = slow(hub), dict[int, list[tuple[int, bool]]]()
    for one in came:
        if one is None:
            embedded.once()
            continue
        reference, says, urgent = one
        took(hub, arrival(f"R-{reference}", narrative=f"Seen {says} times.", urgent=urgent))
        versions = expected.setdefault(reference, [])
        if (says, urgent) not in versions:
            versions.append((says, urgent))
    embedded.drain()
    assert versions_of(hub) == expected
    assert replayed(hub).well
    opened.close()


def versions_of(hub: Hub) -> dict[int, list[tuple[int, bool]]]:
    """What was accepted under each reference, by version."""
    found: dict[int, dict[int, tuple[int, bool]]] = {}
    for _, message in journal.messages_after(hub.database, 0, limit=10_000):
        if message.type == "mash.notification.accepted.v1":
            said = message.data.notification  # type: ignore[attr-defined]
            reference = int(said.reference.removeprefix("R-"))
            content = (int(said.narrative.split()[1]), said.urgent)
            found.setdefault(reference, {})[message.data.version] = content  # type: ignore[attr-defined]
    return {
        reference: [one for _, one in sorted(versions.items())]
        for reference, versions in found.items()
    }
