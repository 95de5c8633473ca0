"""``f13`` and ``f16``: a broker that lost everything, and a worker that stands still."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from tests.proofs.f13 import Wanted, stopped, wiped
from tests.proofs.place import Place, Servers, production_place
from tests.proofs.processes import TooLate
from tests.proofs.saying import json_option, say
from tests.services.folder import services_home
from tests.services.kafka import KafkaService, private_kafka
from tests.services.postgres import private_postgres
from tests.services.process import ServiceUnavailable
from tests.services.rabbitmq import private_rabbitmq

_count = click.option(
    "--notifications", type=click.IntRange(min=10), default=200, show_default=True
)
_seconds = click.option(
    "--seconds", type=float, default=900.0, show_default=True, help="Give up after so long."
)


@click.command()
@_count
@_seconds
@click.option(
    "--without",
    type=click.Choice(["rebuilding"]),
    help="A control: topics are only made again. The check has to fail then.",
)
@json_option
def f13(*, notifications: int, seconds: float, without: str | None, as_json: bool) -> None:
    """F13: Kafka loses all that it kept, in the middle of a stream, and the hub goes on by itself.

    On private servers. RabbitMQ keeps what it has: letters that it confirmed and nobody fetched
    are its alone. Exits with 1 when anything was lost or done twice, or nothing had to be sent
    again.
    """
    wanted = Wanted(notifications=notifications, seconds=seconds, without=without or "")
    figures = _on_private_servers(
        lambda place, kafka, home: wiped(place, kafka, home / "kafka", wanted)
    )
    say(figures, as_json=as_json, well=_nothing_amiss(figures) and bool(figures["sent_again"]))


@click.command()
@_count
@_seconds
@click.option(
    "--without",
    type=click.Choice(["hearing"]),
    help="A control: nobody hears that it says nothing. It has to fail then.",
)
@json_option
def f16(*, notifications: int, seconds: float, without: str | None, as_json: bool) -> None:
    """F16: a worker of `hub run` stands still (SIGSTOP), and is found and started anew.

    On private servers. Exits with 1 when that took longer than 30 seconds, or anything was lost or
    done twice.
    """
    wanted = Wanted(notifications=notifications, seconds=seconds, without=without or "")
    figures = _on_private_servers(lambda place, *_: stopped(place, wanted))
    well = _nothing_amiss(figures) and figures["found_seconds"] <= 30
    say(figures, as_json=as_json, well=well)


def _on_private_servers(
    prove: Callable[[Place, KafkaService, Path], dict[str, Any]],
) -> dict[str, Any]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-proof-")))
        home.chmod(0o711)
        try:
            servers, kafka = _servers(stack, home)
            place = stack.enter_context(production_place(home / "hub", servers))
            return prove(place, kafka, home)
        except (ServiceUnavailable, TooLate) as reason:
            raise click.ClickException(str(reason)) from None


def _nothing_amiss(figures: Mapping[str, Any]) -> bool:
    return not (figures["lost"] or figures["duplicated"] or figures["wrong"])


def _servers(stack: ExitStack, home: Path) -> tuple[Servers, KafkaService]:
    programs = services_home()
    kafka = stack.enter_context(private_kafka(home / "kafka", programs))
    rabbitmq = stack.enter_context(private_rabbitmq(home / "rabbitmq", programs))
    postgres = stack.enter_context(private_postgres(home / "postgres", programs))
    return Servers(kafka.url, rabbitmq.url, postgres.url), kafka
