"""The services that other tests lean on are real, survive a crash with their data, and say so when
they are missing.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import kombu
import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.services import install
from tests.services.folder import temporary_folder
from tests.services.kafka import KafkaService
from tests.services.postgres import PostgresService, private_postgres
from tests.services.process import ServiceUnavailable
from tests.services.rabbitmq import RabbitService

WAIT_SECONDS = 30
untyped_kombu: Any = kombu


def test_kafka_gives_back_what_was_produced(kafka_url: str) -> None:
    topic = _topic(kafka_url)
    _produce(kafka_url, topic)
    assert _consume(kafka_url, topic) == b"one"


def test_kafka_keeps_messages_through_a_kill(private_kafka_service: KafkaService) -> None:
    topic = _topic(private_kafka_service.url)
    _produce(private_kafka_service.url, topic)
    private_kafka_service.kill()
    private_kafka_service.start()
    assert _consume(private_kafka_service.url, topic) == b"one"


def test_rabbitmq_gives_back_what_it_confirmed(rabbitmq_url: str) -> None:
    queue = _publish(rabbitmq_url)
    assert _get(rabbitmq_url, queue) == {"number": 1}


def test_rabbitmq_keeps_confirmed_messages_through_a_kill(
    private_rabbitmq_service: RabbitService,
) -> None:
    queue = _publish(private_rabbitmq_service.url)
    private_rabbitmq_service.await_recorded(queue.name)
    private_rabbitmq_service.kill()
    private_rabbitmq_service.start()
    assert _get(private_rabbitmq_service.url, queue) == {"number": 1}


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_postgres_is_durable(postgres_url: str, setting: str) -> None:
    with psycopg.connect(_libpq(postgres_url)) as connection:
        assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_postgres_keeps_committed_rows_through_a_kill(
    private_postgres_service: PostgresService,
) -> None:
    name = _insert(private_postgres_service.url)
    private_postgres_service.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(_libpq(private_postgres_service.url))
    private_postgres_service.start()
    with psycopg.connect(_libpq(private_postgres_service.url)) as connection:
        found = connection.execute(
            "SELECT name FROM service_test WHERE name = %s", [name]
        ).fetchone()
    assert found == (name,)


def test_postgres_log_names_nobody(private_postgres_service: PostgresService) -> None:
    name = _insert(private_postgres_service.url)
    with pytest.raises(psycopg.IntegrityError, match=name):
        _insert(private_postgres_service.url, name)
    log = private_postgres_service.server.log.read_text()
    assert "duplicate key" in log
    assert name not in log


def test_a_server_is_not_shown_with_its_password(private_postgres_service: PostgresService) -> None:
    assert private_postgres_service.url not in repr(private_postgres_service)


def test_a_folder_serves_one_server_at_a_time(private_postgres_service: PostgresService) -> None:
    folder = private_postgres_service.server.log.parent
    with pytest.raises(ServiceUnavailable, match="another server runs"), private_postgres(folder):
        pass


def test_a_server_that_cannot_start_says_why(private_postgres_service: PostgresService) -> None:
    with temporary_folder() as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (folder / "port").write_text(str(taken.getsockname()[1]))
        with (
            pytest.raises(ServiceUnavailable, match=r"ended while starting.*could not create"),
            private_postgres(folder),
        ):
            pass


def test_a_url_in_the_environment_comes_first(
    private_kafka_service: KafkaService, tmp_path: Path
) -> None:
    run = _run_kafka_test(tmp_path, HUB_TEST_KAFKA_URL=private_kafka_service.url)
    assert "1 passed" in run.stdout


def test_a_missing_service_skips_with_its_reason(tmp_path: Path) -> None:
    run = _run_kafka_test(tmp_path)
    assert run.returncode == 0
    assert "1 skipped" in run.stdout
    assert "make services" in run.stdout


def test_a_missing_service_fails_in_ci(tmp_path: Path) -> None:
    run = _run_kafka_test(tmp_path, CI="true")
    assert run.returncode == 1
    assert "make services" in run.stdout


def test_a_failed_download_is_told_and_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ServiceUnavailable("no network")

    monkeypatch.setattr(install, "run_tool", refuse)
    kafka, *others = install.install_services(tmp_path)
    assert not kafka.ready
    names = [other.service for other in others]
    assert names == ["RabbitMQ", "PostgreSQL", "Chromium", "promtool"]


def _run_kafka_test(empty: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the first test of this file elsewhere: without Docker, without jars, and with this
    environment only.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "CI" and not name.startswith("HUB_")
    }
    nowhere = {"HUB_SERVICES_HOME": str(empty), "DOCKER_HOST": f"unix://{empty}/docker.sock"}
    test = f"{__file__}::{test_kafka_gives_back_what_was_produced.__name__}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test],
        env=inherited | nowhere | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=2 * WAIT_SECONDS,
        check=False,
    )


def _topic(url: str) -> str:
    topic = f"t-{uuid4()}"
    client = AdminClient({"bootstrap.servers": url.removeprefix("kafka://")})
    client.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(
        WAIT_SECONDS
    )
    return topic


def _produce(url: str, topic: str) -> None:
    errors: list[object] = []
    producer = Producer(
        {
            "bootstrap.servers": url.removeprefix("kafka://"),
            "acks": "all",
            "enable.idempotence": True,
        }
    )
    producer.produce(topic, b"one", on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(WAIT_SECONDS) == 0
    assert errors == [None]


def _consume(url: str, topic: str) -> bytes | None:
    settings = {"group.id": topic, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": url.removeprefix("kafka://"), **settings})
    try:
        consumer.subscribe([topic])
        message = consumer.poll(WAIT_SECONDS)
        assert message is not None
        assert message.error() is None
        return message.value()
    finally:
        consumer.close()


def _publish(url: str) -> Any:
    name = f"q-{uuid4()}"
    queue = untyped_kombu.Queue(
        name, routing_key=name, durable=True, queue_arguments={"x-queue-type": "quorum"}
    )
    with untyped_kombu.Connection(url, transport_options={"confirm_publish": True}) as connection:
        queue.bind(connection.default_channel).declare()
        connection.Producer().publish(
            {"number": 1}, routing_key=name, mandatory=True, confirm_timeout=WAIT_SECONDS
        )
    return queue


def _get(url: str, queue: Any) -> object:
    with untyped_kombu.Connection(url) as connection:
        message = queue.bind(connection.default_channel).get()
        assert message is not None
        message.ack()
        return message.payload


def _insert(url: str, name: str | None = None) -> str:
    name = name or f"Name {uuid4()}"
    with psycopg.connect(_libpq(url)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS service_test (name text PRIMARY KEY)")
        connection.execute("INSERT INTO service_test VALUES (%s)", [name])
    return name


def _libpq(url: str) -> str:
    return url.replace("+psycopg", "")
