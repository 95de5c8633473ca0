"""Each way in which Faust 0.15.3 loses messages (design, section 5), pinned on a real broker and a
real store.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

import router.runtimes.faust_worker
from router.handle import handle
from router.memory.documents import Documents
from router.runtimes.faust_worker import Crashed, add_agent, assemble_app, build_app, run_worker
from router.runtimes.partition import Partition, UnitPartitions, group_of
from router.runtimes.watchdog import Watchdog
from router.topology import topics_from_outside, unit_of, whole_hub
from router.unit import BoundStep, Unit
from schemas.topics import FOR_EVERYBODY, TOPICS
from stores import codec, dead_letters, pauses, topics
from stores.pauses import Pause
from stores.ports import Unavailable
from stores.tables import keys
from stores.topics import Cluster, TopicRecord, cluster_of
from tests.support.production import (
    DEADLINE,
    HEARD,
    Process,
    Production,
    adopted,
    alone,
    deduplication,
    production,
    wait_until,
)

CLUSTER = Cluster("127.0.0.1:1", "")


@pytest.fixture
def hub(kafka_url: str, postgres_url: str) -> Iterator[Production]:
    with production(kafka_url, postgres_url) as made:
        yield made


@contextmanager
def running(
    hub: Production, bound: BoundStep | None = None, **settings: Any
) -> Iterator[threading.Event]:
    """A worker in this process until the block ends.

    Started anew, as a supervisor would, should Faust give up: it does so now and then on a machine
    under strain.
    """
    stop = threading.Event()

    def run() -> None:
        for _ in range(3):
            try:
                run_worker(
                    alone(bound or deduplication()),
                    url=hub.topics_url,
                    database=hub.database,
                    policy=adopted(),
                    stop=stop,
                    **settings,
                )
            except Crashed:
                continue
            return

    with ThreadPoolExecutor(1) as executor:
        worker = executor.submit(run)
        try:
            yield stop
        finally:
            stop.set()
            worker.result(DEADLINE)


def partitions_of(hub: Production, bound: BoundStep | None = None) -> UnitPartitions:
    """What a worker does with records, without Faust; told to stop when a test should have been
    over.
    """
    stop = threading.Event()
    timer = threading.Timer(20, stop.set)
    timer.daemon = True
    timer.start()
    return UnitPartitions(
        alone(bound or deduplication()), hub.topics_url, hub.database, adopted(), stop, batch=50
    )


def records(hub: Production, partition: int, first: int, last: int) -> list[TopicRecord]:
    return topics.read_range(hub.topics_url, HEARD, partition=partition, first=first, last=last)


def once_each(hub: Production, receipts: Sequence[Any]) -> bool:
    """Whether every notification had its effect, and had it once."""
    return sorted(hub.decided()) == sorted(receipt.id for receipt in receipts)


def test_what_is_received_is_decided_once_and_in_order(hub: Production) -> None:
    receipts = hub.received(range(300))
    hub.relayed()
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, receipts)
    assert hub.flaws() == []
    of_one_area = [receipt.id for receipt in receipts[::8]]
    assert [id_ for id_ in hub.decided() if id_ in of_one_area] == of_one_area


def test_a_step_that_waits_leaves_what_comes_on_its_topic_and_goes_on(hub: Production) -> None:
    receipts, partitions = hub.received(range(5)), partitions_of(hub)
    hub.relayed()
    step = Pause("step", deduplication().step.name, "p", False, 1, 2**62, "A. Operator", "moved")
    with hub.database.transaction() as transaction:
        pauses.put(transaction, step)
    marks = topics.watermarks(hub.topics_url, [HEARD])[HEARD]
    partition, end = next((part, end) for part, (_, end) in marks.items() if end)
    waiting = records(hub, partition, 0, end - 1)
    with ThreadPoolExecutor(1) as executor:
        worked = executor.submit(partitions.work, Partition(HEARD, partition), waiting)
        wait_until(lambda: partitions.waits)
        assert hub.decided() == []
        with hub.database.transaction() as transaction:
            pauses.end(transaction, step)
        assert worked.result(DEADLINE)
    assert set(hub.decided()) <= {receipt.id for receipt in receipts}
    assert len(hub.decided()) == len(waiting) > 0


def test_a_message_whose_handling_raises_is_tried_again_and_not_lost(
    hub: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([Unavailable("down"), RuntimeError("a fault"), Unavailable("down")])

    def failing(*arguments: Any, **named: Any) -> int:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return handle(*arguments, **named)

    monkeypatch.setattr("router.runtimes.partition.handle", failing)
    receipts = hub.received(range(20))
    hub.relayed()
    with running(hub):
        wait_until(hub.settled)
    assert next(failures, None) is None
    assert once_each(hub, receipts)


def test_an_agent_that_raises_ends_the_worker_and_acknowledges_nothing(
    hub: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the rule ever be broken that no exception reaches a stream."""

    def failing(self: UnitPartitions, place: Partition, taken: Sequence[TopicRecord]) -> bool:
        raise RuntimeError("a fault")

    receipts = hub.received(range(10))
    hub.relayed()
    with monkeypatch.context() as patched:
        patched.setattr(UnitPartitions, "work", failing)
        with pytest.raises(Crashed):
            run_worker(
                alone(deduplication()),
                url=hub.topics_url,
                database=hub.database,
                policy=adopted(),
                stop=threading.Event(),
            )
    assert set(
        topics.committed(
            hub.topics_url, "mash-hub.deduplicate", topic=HEARD, partitions=[0, 1]
        ).values()
    ) == {0}
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, receipts)


@pytest.mark.parametrize(
    "value",
    [b"not json", b"[]", b"\xff\xfe", b"", None, b'{"id": "1"}', b"[" * 100_000],
    ids=range(7),
)
def test_a_value_that_is_no_event_becomes_a_dead_letter_and_holds_up_nothing(
    hub: Production, value: bytes | None
) -> None:
    before = hub.received(range(4))
    hub.relayed()
    hub.put(value, partition=0)
    hub.put(value, partition=1)
    after = hub.received(range(4, 8))
    hub.relayed()
    work = partitions_of(hub)
    for partition, end in hub.ends().items():
        assert work.work(Partition(HEARD, partition), records(hub, partition, 0, end - 1))
    assert once_each(hub, [*before, *after])
    assert hub.settled()
    assert [row.reason for row in hub.dead()] == ["unreadable.event"] * 2
    with hub.database.transaction() as transaction:
        kept = dead_letters.load(transaction, hub.dead()[0].id)
    assert kept is not None
    assert kept.original == (value or b"")


def test_faust_itself_passes_on_a_value_that_is_no_event(hub: Production) -> None:
    hub.put(b"not json", partition=0)
    hub.put(None, partition=0)
    receipts = hub.received(range(8))
    hub.relayed()
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, receipts)
    assert len(hub.dead()) == 2


def test_an_event_that_names_what_no_database_can_keep_is_no_event(hub: Production) -> None:
    (receipt,) = hub.received([0], areas=("e09000001",))
    hub.relayed()
    ((partition, _),) = [(number, end) for number, end in hub.ends().items() if end]
    (record,) = records(hub, partition, 0, 0)
    assert record.value is not None
    hub.put(record.value.replace(receipt.id.encode(), b"\\u0000" + b"x" * 35), partition=partition)
    assert partitions_of(hub).work(Partition(HEARD, partition), records(hub, partition, 0, 1))
    assert hub.settled()
    assert [row.reason for row in hub.dead()] == ["unreadable.event"]


def test_an_event_whose_key_is_destroyed_becomes_a_dead_letter(hub: Production) -> None:
    (receipt,) = hub.received([0])
    hub.relayed()
    with hub.database.transaction() as transaction:
        transaction.connection.execute(
            keys.update().where(keys.c.key_id == receipt.id).values(wrapped=None)
        )
    hub.database.vault.forget()
    ((partition, _),) = [(number, end) for number, end in hub.ends().items() if end]
    assert partitions_of(hub).work(Partition(HEARD, partition), records(hub, partition, 0, 0))
    assert [(row.reason, row.message_id) for row in hub.dead()] == [
        ("unreadable.sealed", receipt.id)
    ]
    assert hub.flaws() == []


def test_the_message_that_is_a_steps_undoing_becomes_a_dead_letter_and_the_others_pass(
    hub: Production,
) -> None:
    class Choking(Documents[Any]):
        def recall(self, message: Any) -> Any:
            if message.data.notification.reference == "R-3":
                raise KeyError("a fault outside decide")
            return super().recall(message)

    receipts = hub.received(range(8), areas=("e09000001",))
    hub.relayed()
    ((partition, end),) = [(number, end) for number, end in hub.ends().items() if end]
    bound = BoundStep(deduplication().step, Choking)
    assert partitions_of(hub, bound).work(
        Partition(HEARD, partition), records(hub, partition, 0, end - 1)
    )
    assert once_each(hub, receipts[:3] + receipts[4:])
    assert [(row.reason, row.message_id) for row in hub.dead()] == [("undecidable", receipts[3].id)]


def test_offsets_that_kafka_believes_done_are_found_and_filled_before_anything_later(
    hub: Production,
) -> None:
    receipts = hub.received(range(60))
    hub.relayed()
    ends = hub.ends()
    hub.commit({partition: end // 2 for partition, end in ends.items()})
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, receipts)
    for area in range(8):
        of_one_area = [receipt.id for receipt in receipts[area::8]]
        assert [id_ for id_ in hub.decided() if id_ in of_one_area] == of_one_area


def test_offsets_that_kafka_believes_done_are_done_even_if_nothing_comes_after_them(
    hub: Production,
) -> None:
    receipts = hub.received(range(60))
    hub.relayed()
    hub.commit(hub.ends())
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, receipts)


def test_a_hole_in_the_middle_of_what_comes_is_filled(hub: Production) -> None:
    receipts = hub.received(range(30), areas=("e09000001",))
    hub.relayed()
    ((partition, end),) = [(number, end) for number, end in hub.ends().items() if end]
    come = records(hub, partition, 0, end - 1)
    assert partitions_of(hub).work(Partition(HEARD, partition), come[3:7] + come[12:14] + come[29:])
    assert hub.decided() == [receipt.id for receipt in receipts]


def test_messages_that_come_again_are_absorbed(hub: Production) -> None:
    receipts = hub.received(range(60))
    hub.relayed()
    with running(hub):
        wait_until(hub.settled)
    hub.commit(dict.fromkeys(hub.ends(), 0))
    more = hub.received(range(60, 70))
    hub.relayed()
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, [*receipts, *more])


def test_a_topic_that_was_emptied_is_heard_from_its_start(hub: Production) -> None:
    hub.received(range(20))
    hub.relayed()
    with running(hub):
        wait_until(hub.settled)
    with hub.database.transaction() as transaction:
        for name in hub.offsets():
            cursors_ahead = {"name": name, "next_offset": 1000}
            transaction.connection.exec_driver_sql(
                "UPDATE cursors SET next_offset = %(next_offset)s WHERE name = %(name)s",
                cursors_ahead,
            )
    with running(hub):
        wait_until(hub.settled)
    assert hub.count() == 20


def test_a_worker_killed_in_the_middle_of_a_batch_loses_nothing_and_does_nothing_twice(
    hub: Production, tmp_path: Path
) -> None:
    receipts = hub.received(range(40))
    hub.relayed()
    with Process("worker", hub, tmp_path, pause=0.02, batch=10) as worker:
        wait_until(lambda: hub.count() >= 5 and worker.said("deciding"))
        worker.kill()
    assert 5 <= hub.count() < 40
    with Process("worker", hub, tmp_path) as worker:
        wait_until(hub.settled)
        assert worker.terminate() == 0
    assert once_each(hub, receipts)
    assert hub.flaws() == []


def test_a_worker_told_to_stop_finishes_the_batch_in_hand_within_seconds(
    hub: Production, tmp_path: Path
) -> None:
    hub.received(range(400))
    hub.relayed()
    with Process("worker", hub, tmp_path, pause=0.05, batch=20) as worker:
        wait_until(lambda: worker.said("deciding"))
        assert worker.terminate() == 0
    assert 0 < hub.count() < 400


def test_a_worker_told_to_stop_ends_though_another_holds_up_their_group(
    hub: Production, tmp_path: Path
) -> None:
    receipts = hub.received(range(8))
    hub.relayed()
    with Process("worker", hub, tmp_path, pause=DEADLINE, patience=10 * DEADLINE) as busy:
        wait_until(lambda: busy.said("deciding"))
        with Process("worker", hub, tmp_path) as worker:
            wait_until(lambda: is_rebalancing(hub))
            assert worker.terminate() == 0
            assert worker.said("worker.overdue")
    heir = partitions_of(hub)
    for partition, end in hub.ends().items():
        assert heir.work(Partition(HEARD, partition), records(hub, partition, 0, end - 1))
    assert once_each(hub, receipts)


def is_rebalancing(hub: Production) -> bool:
    """Whether the workers' group waits for a member to let go of its partitions."""
    cluster = cluster_of(hub.topics_url)
    group = cluster.wire_name(group_of("deduplicate"))
    admin = AdminClient({"bootstrap.servers": cluster.servers})
    described = admin.describe_consumer_groups([group])[group].result(DEADLINE)
    return bool(described.state == ConsumerGroupState.PREPARING_REBALANCING)


def test_two_workers_share_the_partitions_of_a_step(hub: Production, tmp_path: Path) -> None:
    receipts = hub.received(range(40))
    hub.relayed()
    with Process("worker", hub, tmp_path) as one, Process("worker", hub, tmp_path) as other:
        wait_until(hub.settled)
        assert (one.terminate(), other.terminate()) == (0, 0)
    assert once_each(hub, receipts)


def test_a_zombie_finds_its_offsets_done_and_changes_nothing(hub: Production) -> None:
    receipts = hub.received(range(30), areas=("e09000001",))
    hub.relayed()
    ((partition, end),) = [(number, end) for number, end in hub.ends().items() if end]
    come = records(hub, partition, 0, end - 1)
    zombie, heir = partitions_of(hub), partitions_of(hub)
    with ThreadPoolExecutor(2) as executor:
        both = [
            executor.submit(one.work, Partition(HEARD, partition), come) for one in (zombie, heir)
        ]
        assert [one.result(DEADLINE) for one in both] == [True, True]
    assert zombie.work(Partition(HEARD, partition), come[:10])
    assert hub.decided() == [receipt.id for receipt in receipts]
    assert hub.flaws() == []


def test_a_worker_waits_for_the_store_however_long_and_loses_nothing(
    hub: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = threading.Event()
    down.set()
    asked = threading.Event()

    def out(*arguments: Any, **named: Any) -> int:
        if down.is_set():
            asked.set()
            raise Unavailable("down")
        return handle(*arguments, **named)

    monkeypatch.setattr("router.runtimes.partition.handle", out)
    receipts = hub.received(range(10))
    hub.relayed()
    with running(hub):
        wait_until(asked.is_set)
    assert hub.count() == 0
    assert set(
        topics.committed(
            hub.topics_url, "mash-hub.deduplicate", topic=HEARD, partitions=[0, 1]
        ).values()
    ) == {0}
    down.clear()
    with running(hub):
        wait_until(hub.settled)
    assert once_each(hub, receipts)


def test_a_partition_without_progress_is_found_and_ends_the_worker(
    hub: Production, tmp_path: Path
) -> None:
    hub.received(range(8))
    hub.relayed()
    with Process("worker", hub, tmp_path, pause=3.0, patience=1.0, batch=8) as worker:
        assert worker.ended() != 0
        assert worker.said("worker.stuck")
        assert worker.said("Stuck")


def test_the_watchdog_is_silent_while_there_is_progress_or_nothing_to_do(hub: Production) -> None:
    step = deduplication().step
    watchdog = Watchdog(step.name, [HEARD], hub.topics_url, hub.database, 10)
    watchdog.watch([Partition(HEARD, 0), Partition(HEARD, 1)])
    assert watchdog.look(0) is None
    assert watchdog.look(100) is None
    hub.received(range(8))
    hub.relayed()
    assert watchdog.look(200) is None
    assert watchdog.look(209) is None
    work = partitions_of(hub)
    for partition in hub.ends():
        work.work(Partition(HEARD, partition), records(hub, partition, 0, 1))
    assert watchdog.look(215) is None
    stuck = watchdog.look(226)
    assert stuck is not None
    watchdog.watch([])
    assert watchdog.look(400) is None


def test_the_app_is_built_by_the_rules() -> None:
    async def build() -> Any:
        app = build_app("compose", CLUSTER)

        async def work(place: Partition, taken: Sequence[TopicRecord]) -> bool:
            return True

        for topic in ("ratings.assigned", "cases.linked"):
            add_agent(app, topic, cluster=CLUSTER, work=work, most=800, ended=asyncio.Event())
        return app

    app = asyncio.run(build())
    conf = app.conf
    assert conf.id == group_of("compose") == "mash-hub.compose"
    assert [agent.concurrency for agent in app.agents.values()] == [1, 1]
    assert {agent.channel.get_topic_name() for agent in app.agents.values()} == {
        "ratings.assigned",
        "cases.linked",
    }
    assert all(agent.channel.value_serializer == "raw" for agent in app.agents.values())
    assert all(agent.channel.key_serializer == "raw" for agent in app.agents.values())
    assert conf.stream_wait_empty is True
    assert conf.web_enabled is False
    assert conf.topic_allow_declare is False
    assert conf.topic_disable_leader is True
    assert conf.processing_guarantee.value == "at_least_once"
    assert not app.tables


@pytest.mark.parametrize(
    "forbidden", [".noack(", ".take(", "noack_take", ".Table(", ".send(", "concurrency=2"]
)
def test_the_worker_never_uses_what_loses_messages(forbidden: str) -> None:
    assert forbidden not in inspect.getsource(router.runtimes.faust_worker)


def test_a_unit_hears_from_outside_what_its_own_steps_do_not_write() -> None:
    def heard(unit: Unit) -> set[str]:
        return {topic.name for topic in topics_from_outside(unit)}

    assert heard(unit_of("rate")) == {
        "cases.linked",
        "checks.requested",
        "checks.answered",
        "ratings.decided",
        "outcomes.decided",
        "information.requested",
        "information.answered",
        "handovers.decided",
        "handovers.settled",
        "disagreements.told",
        "products.approved",
        "products.released",
        "timers.elapsed",
        *FOR_EVERYBODY,
    }
    assert "cases.linked" not in heard(unit_of("link", "rate"))
    assert heard(whole_hub()) == {
        topic.name for topic in TOPICS if topic.external and topic.keyed_by != "message"
    } - {"pictures.shown", "releases.begun"} | {*FOR_EVERYBODY} | {
        "dead_letters.settled",
        "messages.refused",  # any step writes to it
        "ways_in.broken",
    }


def test_a_step_hears_its_topics_and_no_others(hub: Production) -> None:
    async def heard() -> set[str]:
        with ThreadPoolExecutor(1) as executor:
            app, _ = assemble_app(partitions_of(hub), executor, watch=lambda _: None)
            return {agent.channel.get_topic_name() for agent in app.agents.values()}

    cluster = cluster_of(hub.topics_url)
    assert asyncio.run(heard()) == {cluster.wire_name(one) for one in (HEARD, *FOR_EVERYBODY)}


def test_topics_are_made_explicitly_and_kept_for_ever(hub: Production) -> None:
    assert topics.create_topics(hub.topics_url, 2) == [], "those that are there stay as they are"
    cluster = cluster_of(hub.topics_url)
    admin = AdminClient({"bootstrap.servers": cluster.servers})
    name = cluster.wire_name(HEARD)
    asked = ConfigResource(ConfigResource.Type.TOPIC, name)
    config = admin.describe_configs([asked])[asked].result(DEADLINE)
    assert config["cleanup.policy"].value == "delete"
    assert config["retention.ms"].value == config["retention.bytes"].value == "-1"
    there = admin.list_topics(timeout=DEADLINE).topics
    assert {cluster.wire_name(topic.name) for topic in TOPICS} <= there.keys()
    assert len(there[name].partitions) == 2


def test_nothing_personal_is_on_the_wire_in_clear(hub: Production) -> None:
    hub.received(range(4))
    hub.relayed()
    for partition, end in hub.ends().items():
        for record in records(hub, partition, 0, end - 1) if end else ():
            assert record.value is not None
            assert codec.SEALED.encode() in record.value
            for word in (b"Thornbury", b"Tilly", b"Balmoral", b"9990000018", b"Domestic abuse"):
                assert word not in record.value
