"""Makes the service fixtures known to every test."""

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
