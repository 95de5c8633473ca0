"""``hub search``, ``hub follow`` and ``hub tail``: where a message is, and which way it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ops.access.acting import asker
from ops.commands.acting import who_looks
from ops.commands.common import answer, config_option, json_option, options, table
from ops.commands.reading import recording
from ops.commands.status import age, clock
from ops.look import searching
from ops.look.searching import CannotSearch, Envelope, Hop
from schemas.topics import TOPICS

_options = options(config_option, json_option, who_looks)


@click.command()
@click.argument("wanted", metavar="TEXT")
@_options
def search(wanted: str, config: Path, *, as_json: bool, who: str | None) -> None:
    """Find messages by an id (message, case, referral, product) or how it begins, or by a part of
    an agency's reference: MER-2026-004711 is found by 4711, too. From indexes, and without anything
    that they hold. That you searched is recorded, and by what is not. For a child's name or number
    see `hub find`.

    \b
    Example:
      hub search 0197a3
      hub search SG-26-44
      hub search 4711
    """
    with recording(config) as hub:
        try:
            found = searching.search(hub, wanted, asker=asker(hub, who or None))
        except CannotSearch as error:
            raise click.ClickException(str(error)) from None
    _tell("Messages", found, as_json=as_json)


@click.command()
@click.argument("message_id", metavar="MESSAGE")
@_options
def follow(message_id: str, config: Path, *, as_json: bool, who: str | None) -> None:
    """Follow a message from where it came through every hop, with how long each took. That you
    looked is recorded.

    \b
    Example:
      hub follow 0197a3c2-…
    """
    with recording(config) as hub:
        hops = searching.follow(hub, message_id, asker=asker(hub, who or None))
    if not hops:
        raise click.ClickException(f"there is no message {message_id}; `hub search` finds its id")
    answer([asdict(one) for one in hops], [table("Hops", list(map(_hop, hops)))], as_json=as_json)


@click.command()
@click.option("--topic", type=click.Choice([one.name for one in TOPICS]), help="Of this one alone.")
@_options
def tail(config: Path, *, as_json: bool, who: str | None, topic: str | None) -> None:
    """The newest messages, the newest first, without anything that they hold. That you looked is
    recorded.

    \b
    Example:
      hub tail --topic ratings.assigned
    """
    with recording(config) as hub:
        found = searching.tail(hub, asker=asker(hub, who or None), topic=topic)
    _tell("Newest first", found, as_json=as_json)


def _tell(title: str, found: Sequence[Envelope], *, as_json: bool) -> None:
    rows = [asdict(one) | {"at": clock(one.at)} for one in found]
    answer([asdict(one) for one in found], [table(title, rows)], as_json=as_json)


def _hop(one: Hop) -> dict[str, Any]:
    told = one.envelope
    return {
        "at": clock(told.at),
        "took": age(one.seconds),
        "what": "  " * one.depth + told.type,
        "by": told.by,
        "message": told.message_id,
        "topic": f"{told.topic} (not there yet)" if one.waits else told.topic,
    }
