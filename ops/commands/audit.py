"""``hub audit``: whether the journal is what was written, entry by entry."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import config_option, json_option, say, say_json
from ops.commands.progress import progress
from ops.commands.reading import reading
from ops.look.reading import Reader
from stores import journal, overview
from stores.journal import Flaw


@click.group()
def audit() -> None:
    """Check the record of every fact, decision and rationale (R47)."""


@audit.command()
@config_option
@json_option
def verify(config: Path, *, as_json: bool) -> None:
    """Recompute every hash of every chain, and look for every entry's cause; exit 1 when anything
    is amiss.

    Names each altered, missing or inserted entry by chain, sequence, position and message. Erased
    contents are no flaw: hashes go over what is sealed. Changes nothing, and works beside a hub
    that runs.

    \b
    Example:
      hub audit verify
      hub audit verify --json | jq '.flaws[]'
    """
    started = time.monotonic()
    with reading(config) as hub:
        entries, flaws = _verified(hub)
    seconds = time.monotonic() - started
    rate = round(entries / seconds) if seconds else entries
    if as_json:
        told = {"entries": entries, "flaws": [asdict(flaw) for flaw in flaws]}
        say_json(told | {"seconds": round(seconds, 3), "entries_per_second": rate})
    else:
        for flaw in flaws:
            say(_line(flaw))
        say(
            f"{entries:,} entries verified in {seconds:.1f} s ({rate:,} per second): "
            f"{_verdict(flaws)}"
        )
    if flaws:
        raise SystemExit(1)


def _verified(hub: Reader) -> tuple[int, list[Flaw]]:
    entries, flaws = 0, []
    with (
        hub.database.reading() as connection,
        progress("verifying", overview.last_position(connection)) as advance,
    ):
        for found in journal.verify(connection):
            if isinstance(found, Flaw):
                flaws.append(found)
            else:
                entries += found
                advance(found)
        flaws += journal.orphans(connection)
    return entries, flaws


def _line(flaw: Flaw) -> str:
    where = f"chain {flaw.chain}, sequence {flaw.sequence}"
    known = [
        f"position {flaw.position}" if flaw.position else None,
        f"message {flaw.message_id}" if flaw.message_id else None,
    ]
    return f"{flaw.what}: " + ", ".join([where, *filter(None, known)])


def _verdict(flaws: list[Flaw]) -> str:
    return f"{len(flaws)} flaws" if flaws else "nothing altered, nothing missing"
