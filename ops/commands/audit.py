"""``hub audit``: whether the journal is what was written, entry by entry."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import answer, config_option, json_option
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
    told = {"entries": entries, "flaws": [asdict(flaw) for flaw in flaws]}
    shown = [
        *map(_line, flaws),
        f"{entries:,} entries verified in {seconds:.1f} s ({rate:,} per second): "
        + (f"{len(flaws)} flaws" if flaws else "nothing altered, nothing missing"),
    ]
    told |= {"seconds": round(seconds, 3), "entries_per_second": rate}
    answer(told, shown, as_json=as_json, well=not flaws)


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
    position = f", position {flaw.position}" if flaw.position else ""
    message = f", message {flaw.message_id}" if flaw.message_id else ""
    return f"{flaw.what}: chain {flaw.chain}, sequence {flaw.sequence}{position}{message}"
