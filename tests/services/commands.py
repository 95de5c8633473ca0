"""The commands of `python -m tests.services`."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click

from tests.services.folder import services_home
from tests.services.install import install_services
from tests.services.kafka import private_kafka
from tests.services.postgres import private_postgres
from tests.services.process import ServiceUnavailable
from tests.services.rabbitmq import private_rabbitmq

VARIABLES = {
    "kafka": "HUB_TEST_KAFKA_URL",
    "rabbitmq": "HUB_TEST_RABBITMQ_URL",
    "postgres": "HUB_TEST_POSTGRES_URL",
}


@click.group()
def services() -> None:
    """Private Kafka, RabbitMQ and PostgreSQL servers on this machine."""


@services.command()
def install() -> None:
    """Install what private servers and browser tests need; a missing one is an error only in CI
    (`CI=true`).
    """
    missing = False
    for installation in install_services(services_home()):
        click.echo(installation)
        missing |= not installation.ready
    if missing and os.environ.get("CI") == "true":
        raise click.ClickException("a service is missing, and in CI all are wanted")


@services.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object.")
def start(folder: Path, as_json: bool) -> None:
    """Start all three in FOLDER, print their addresses, and stay until Ctrl-C. Their data stays in
    FOLDER.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop the servers then too
    with suppress(KeyboardInterrupt), _running(folder) as urls:
        lines = [f"export {VARIABLES[service]}='{url}'" for service, url in urls.items()]
        click.echo(json.dumps(urls) if as_json else "\n".join(lines))
        signal.pause()


@contextmanager
def _running(folder: Path) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        try:
            yield {
                "kafka": stack.enter_context(private_kafka(folder / "kafka")).url,
                "rabbitmq": stack.enter_context(private_rabbitmq(folder / "rabbitmq")).url,
                "postgres": stack.enter_context(private_postgres(folder / "postgres")).url,
            }
        except ServiceUnavailable as reason:
            raise click.ClickException(str(reason)) from None
