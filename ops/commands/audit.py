"""``hub audit``: whether the journal is what was written, entry by entry."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import answer, config_option, json_option
from ops.commands.verifying import shown, verifying


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
    that runs. `hub replay --verify` looks into the contents too.

    \b
    Example:
      hub audit verify
      hub audit verify --json | jq '.flaws[]'
    """
    verified = verifying(config, contents=False)
    told = {
        "entries": verified.entries,
        "flaws": [asdict(flaw) for flaw in verified.flaws],
        "seconds": round(verified.seconds, 3),
        "entries_per_second": verified.rate,
    }
    lines = shown(verified, what="entries")
    answer(told, lines, as_json=as_json, well=not verified.flaws)
