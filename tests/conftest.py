"""Makes the service fixtures known to every test, and says how processes share the tests."""

import pytest
from xdist.remote import Producer

from tests.fixtures_services import (
    kafka_container_url,
    kafka_server,
    kafka_url,
    postgres_container_url,
    postgres_server,
    postgres_url,
    private_kafka_service,
    private_postgres_service,
    private_rabbitmq_service,
    rabbitmq_container_url,
    rabbitmq_server,
    rabbitmq_url,
    services_folder,
)
from tests.sharing import Sharing

__all__ = [
    "kafka_container_url",
    "kafka_server",
    "kafka_url",
    "postgres_container_url",
    "postgres_server",
    "postgres_url",
    "private_kafka_service",
    "private_postgres_service",
    "private_rabbitmq_service",
    "rabbitmq_container_url",
    "rabbitmq_server",
    "rabbitmq_url",
    "services_folder",
]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    """For `pytest --numprocesses`, as `make test` runs it."""
    return Sharing(config, log)
