"""``hub simulate``: simulated agencies against a hub that runs, over the real connectors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click

from ops.commands.common import A_FILE, A_FOLDER, NEW_FILE, say_json
from ops.demo.simulation.agencies import Notes, Sender
from ops.demo.simulation.clients import ways
from ops.demo.simulation.desks import SimulatedDesk
from ops.demo.simulation.signing import keys_in
from ops.demo.simulation.stream import sample_lines
from ops.run.serve import stopped_by_signals

_REPORT_SECONDS = 0.25


@click.command()
@click.option("--url", help="Where the hub listens, such as http://127.0.0.1:8080.")
@click.option("--tokens", type=A_FILE, help="A JSON file with each agency's token.")
@click.option(
    "--broker-urls",
    type=A_FILE,
    help="A JSON file with the amqp:// URL of each agency that uses a broker.",
)
@click.option(
    "--queue-prefix", default="", help="What stands before feeds.AGENCY and deliveries.AGENCY."
)
@click.option(
    "--folders", type=A_FILE, help="A JSON file with the folder of each agency that drops files."
)
@click.option("--ledger", type=NEW_FILE, default=Path("sent.jsonl"), show_default=True)
@click.option(
    "--letters", type=NEW_FILE, help="Keep every letter that came, for whoever checks the run."
)
@click.option(
    "--keys",
    type=A_FOLDER,
    help="A folder with the agencies' own keys: they sign what they let leave.",
)
@click.option("--answers", type=NEW_FILE, help="Keep every answer with its receipt.")
@click.option(
    "--notifications",
    type=A_FILE,
    help="JSON lines in the sample's form, to send instead of the sample.",
)
@click.option("--limit", type=click.IntRange(min=0), help="Send only so many notifications.")
@click.option("--per-second", type=click.FloatRange(min=0.1), help="Send no faster than this.")
@click.option(
    "--batch",
    type=click.IntRange(1, 500),
    default=50,
    show_default=True,
    help="Notifications in one request.",
)
@click.option("--silent", is_flag=True, help="Send, and answer nothing.")
def simulate(
    *,
    ledger: Path,
    letters: Path | None,
    answers: Path | None,
    keys: Path | None,
    notifications: Path | None,
    limit: int | None,
    per_second: float | None,
    batch: int,
    silent: bool,
    **where: Any,
) -> None:
    """Be every SIMULATED agency of the sample: send its notifications, answer what the hub asks,
    until stopped.

    Agencies in --tokens speak HTTP, those in --broker-urls send on feeds.AGENCY and get letters on
    deliveries.AGENCY; one in both sends over HTTP. Their desks work side by side. Prints a line of
    JSON four times a second with how much was sent and answered.
    """
    url, tokens = where["url"], where["tokens"]
    if (url is None) != (tokens is None) or (tokens is None and where["broker_urls"] is None):
        raise click.UsageError("say --url with --tokens, or --broker-urls, or all three")
    stop = threading.Event()
    with stopped_by_signals(stop), ways(**where) as found:
        sender = Sender(found.senders, ledger, batch=batch, per_second=per_second)
        inboxes = {} if silent else found.inboxes
        had, said = Notes(letters), Notes(answers)
        own = keys_in(keys)
        desks = [
            SimulatedDesk(agency, box, letters=had, answers=said, key=own.get(agency))
            for agency, box in inboxes.items()
        ]
        _work(sender, desks, lines=_lines(notifications, limit), stop=stop)


def _lines(notifications: Path | None, limit: int | None) -> list[str]:
    if notifications is None:
        return sample_lines(limit)
    return notifications.read_text("utf-8").splitlines()[:limit]


def _work(
    sender: Sender, desks: Sequence[SimulatedDesk], *, lines: Sequence[str], stop: threading.Event
) -> None:
    """Everybody at once until told to stop; what ends one ends all, as others would wait for it."""
    with ThreadPoolExecutor(1 + len(desks)) as threads:
        sending = threads.submit(sender.send, lines, stop)
        working = [threads.submit(desk.work, stop) for desk in desks]
        for one in (sending, *working):
            one.add_done_callback(partial(_stop_if_failed, stop=stop))
        try:
            while not stop.wait(_REPORT_SECONDS):
                say_json(_report(sender, desks, finished=sending.done()))
        finally:
            stop.set()
    for one in (sending, *working):
        one.result()


def _stop_if_failed(done: Future[None], *, stop: threading.Event) -> None:
    if done.exception() is not None:
        stop.set()


def _report(sender: Sender, desks: Sequence[SimulatedDesk], *, finished: bool) -> dict[str, object]:
    answered = sum(desk.answered for desk in desks)
    in_hand = sum(desk.in_hand for desk in desks)
    return {"sent": sender.sent, "answered": answered, "in_hand": in_hand, "finished": finished}
