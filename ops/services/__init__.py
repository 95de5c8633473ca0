"""Private Kafka, RabbitMQ and PostgreSQL servers on this machine, for tests, benchmarks and trying production."""
