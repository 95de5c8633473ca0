"""Real services for tests, started when first used: a URL in the environment, else a container,
else a private server.

A service that cannot be had skips the test with its reason; in CI (`CI=true`) it fails it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import cache, partial
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from tests.services.folder import services_home, temporary_folder
from tests.services.kafka import KafkaService, private_kafka
from tests.services.postgres import PostgresService, private_postgres
from tests.services.process import PrivateService, ServiceUnavailable
from tests.services.rabbitmq import RabbitService, private_rabbitmq

Service = TypeVar("Service", bound=PrivateService)
PING_SECONDS = 10
PING = "import docker; docker.DockerClient.from_env(timeout=2).ping()"


@pytest.fixture(scope="session")
def kafka_url(request: pytest.FixtureRequest) -> str:
    """``kafka://host:port`` of a broker on which topics are not made by themselves."""
    return _url(request, "kafka")


@pytest.fixture(scope="session")
def rabbitmq_url(request: pytest.FixtureRequest) -> str:
    """``amqp://user:password@host:port//`` of a node that knows quorum queues."""
    return _url(request, "rabbitmq")


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """``postgresql+psycopg://user:password@host:port/database`` of a server shared by all tests."""
    return _url(request, "postgres")


@pytest.fixture
def private_kafka_service(kafka_server: KafkaService) -> Iterator[KafkaService]:
    """A broker to ``kill()`` and ``start()``; it runs again after the test."""
    yield from _restored(kafka_server)


@pytest.fixture
def private_rabbitmq_service(rabbitmq_server: RabbitService) -> Iterator[RabbitService]:
    """A node to ``kill()`` and ``start()``; it runs again after the test."""
    yield from _restored(rabbitmq_server)


@pytest.fixture
def private_postgres_service(postgres_server: PostgresService) -> Iterator[PostgresService]:
    """A server to ``kill()`` and ``start()``; it runs again after the test."""
    yield from _restored(postgres_server)


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """One folder for all private servers, which stop with the test run even if that is terminated
    (``timeout``).
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with temporary_folder() as folder:
        yield folder
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def kafka_server(services_folder: Path, pytestconfig: pytest.Config) -> Iterator[KafkaService]:
    yield from served(partial(private_kafka, brief=True), services_folder / "kafka", pytestconfig)


@pytest.fixture(scope="session")
def rabbitmq_server(services_folder: Path, pytestconfig: pytest.Config) -> Iterator[RabbitService]:
    yield from served(private_rabbitmq, services_folder / "rabbitmq", pytestconfig)


@pytest.fixture(scope="session")
def postgres_server(
    services_folder: Path, pytestconfig: pytest.Config
) -> Iterator[PostgresService]:
    yield from served(private_postgres, services_folder / "postgres", pytestconfig)


@pytest.fixture(scope="session")
def kafka_container_url() -> Iterator[str]:
    from testcontainers.community.kafka import KafkaContainer

    with (
        KafkaContainer()
        .with_kraft()
        .with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false") as container
    ):
        yield f"kafka://{container.get_bootstrap_server()}"


@pytest.fixture(scope="session")
def rabbitmq_container_url() -> Iterator[str]:
    # Its own class for RabbitMQ warns of itself when imported, and warnings are errors here.
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    started = LogMessageWaitStrategy("Server startup complete")
    with (
        DockerContainer("rabbitmq:3.13").with_exposed_ports(5672).waiting_for(started) as container
    ):
        yield f"amqp://guest:guest@{container.get_container_host_ip()}:{container.get_exposed_port(5672)}//"


@pytest.fixture(scope="session")
def postgres_container_url() -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer

    with PostgresContainer("postgres:17", driver="psycopg") as container:
        yield container.get_connection_url()


def _url(request: pytest.FixtureRequest, service: str) -> str:
    given = os.environ.get(f"HUB_TEST_{service.upper()}_URL")
    if given:
        return given
    if _docker_answers():
        return str(request.getfixturevalue(f"{service}_container_url"))
    return str(request.getfixturevalue(f"{service}_server").url)


@cache
def _docker_answers() -> bool:
    """Asked in a process of its own: Docker's library leaks a socket, thus a warning, when nobody
    answers.
    """
    try:
        ping = subprocess.run(
            [sys.executable, "-c", PING], capture_output=True, timeout=PING_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ping.returncode == 0


def served(
    private: Callable[[Path, Path], AbstractContextManager[Service]],
    folder: Path,
    config: pytest.Config,
) -> Iterator[Service]:
    """A private server, or the reason why there is none."""
    with ExitStack() as stack:
        try:
            service = stack.enter_context(private(folder, services_home(root=config.rootpath)))
        except ServiceUnavailable as reason:
            _absent(str(reason))
        yield service


def _restored(service: Service) -> Iterator[Service]:
    yield service
    service.start()


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
