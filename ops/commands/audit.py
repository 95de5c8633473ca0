"""``hub audit``: whether the journal is what was written, entry by entry."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import config_option, json_option, say_json
from ops.commands.verifying import say_verified, verifying


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
    verified = verifying(config, contents=False)
    if as_json:
        told = {"entries": verified.entries, "flaws": [asdict(flaw) for flaw in verified.flaws]}
        seconds = round(verified.seconds, 3)
        say_json(told | {"seconds": seconds, "entries_per_second": verified.rate})
    else:
        say_verified(verified, "entries")
    if verified.flaws:
        raise SystemExit(1)
