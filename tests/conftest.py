"""Makes the service fixtures known to every test, and says how processes share the tests and that
no example of a property has a deadline.
"""

import pytest
from hypothesis import settings
from xdist.remote import Producer

from stores import bound
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


@pytest.fixture
def entries_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is about the leaves of the journal: other tables are not recorded, so that they are
    the only ones.
    """
    monkeypatch.setattr(bound.Changes, "write", lambda *_: None)


# How long an example takes says how busy the machine is.
settings.register_profile("hub", deadline=None)
settings.load_profile("hub")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    """For `pytest --numprocesses`, as `make test` runs it."""
    return Sharing(config, log)
