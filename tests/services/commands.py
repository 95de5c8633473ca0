"""The commands of `python -m tests.services`."""

import json
import os
import shlex
import signal
from collections.abc import Iterator, Mapping
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
HUB_VARIABLES = {"postgres": "HUB_STORE", "kafka": "HUB_TOPICS", "rabbitmq": "HUB_QUEUES"}
"""What `hub run` goes by, in place of what stands in its configuration."""


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

    What is printed can be pasted into another terminal: the first three lines are what `hub run`
    needs to be in production, the others what tests and proofs use in place of servers of their
    own.

    \b
    Example:
      python -m tests.services start servers
      hub config init && hub config check --connect && hub run      (in the other terminal)
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop the servers then too
    with suppress(KeyboardInterrupt), _running(folder) as urls:
        click.echo(json.dumps(urls) if as_json else "\n".join(_exports(urls)))
        signal.pause()


def _exports(urls: Mapping[str, str]) -> Iterator[str]:
    for names in (HUB_VARIABLES, VARIABLES):
        yield from (
            f"export {name}={shlex.quote(urls[service])}" for service, name in names.items()
        )


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
