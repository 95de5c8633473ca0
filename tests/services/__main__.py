"""``python -m tests.services``: private Kafka, RabbitMQ and PostgreSQL for tests and benchmarks."""

from tests.services.commands import services

services(prog_name="python -m tests.services")
