"""``hub simulate``: simulated agencies against a hub that runs, over HTTP as real ones would."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import click

from connectors.client import HubClient
from ops.commands.common import say_json
from ops.serve import stopped_by_signals
from ops.simulation.agencies import Answerers, Sender
from ops.simulation.stream import sample_lines

_REPORT_SECONDS = 0.5


@click.command()
@click.option("--url", required=True, help="Where the hub listens, such as http://127.0.0.1:8080.")
@click.option(
    "--tokens",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with each agency's token.",
)
@click.option(
    "--ledger", type=click.Path(dir_okay=False, path_type=Path), default=Path("sent.jsonl"), show_default=True
)
@click.option("--limit", type=click.IntRange(min=0), help="Send only so many notifications of the sample.")
@click.option("--per-second", type=click.FloatRange(min=0.1), help="Send no faster than this.")
@click.option(
    "--batch", type=click.IntRange(1, 500), default=50, show_default=True, help="Notifications in one request."
)
def simulate(url: str, tokens: Path, ledger: Path, limit: int | None, per_second: float | None, batch: int) -> None:
    """Be every SIMULATED agency of the sample: send its notifications, answer what the hub asks, until stopped.

    Prints a line of JSON every half second with how much was sent and answered.
    """
    stop = threading.Event()
    clients = {agency: HubClient(url, token) for agency, token in json.loads(tokens.read_text()).items()}
    sender = Sender(clients, ledger, batch, per_second)
    desks = Answerers(clients)
    with stopped_by_signals(stop):
        sending = threading.Thread(target=sender.send, args=(sample_lines(limit), stop), name="sender")
        answering = threading.Thread(target=desks.work, args=(stop,), name="desks")
        for thread in (sending, answering):
            thread.start()
        while not stop.wait(_REPORT_SECONDS):
            say_json({"sent": sender.sent, "answered": desks.answered.total(), "finished": not sending.is_alive()})
        for thread in (sending, answering):
            thread.join()
