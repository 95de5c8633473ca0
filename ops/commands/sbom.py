"""``hub sbom``: what the hub is made of."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ops.commands.common import NEW_FILE, json_option, say, say_json
from ops.look.sbom import bill


@click.command()
@click.option("--out", type=NEW_FILE, help="Into this file, as CycloneDX.")
@json_option
def sbom(out: Path | None, *, as_json: bool) -> None:
    """List what the hub is made of: every locked part with its version and licence.

    With --json or --out as a bill of materials (CycloneDX 1.6), which scanners read.

    \b
    Example:
      hub sbom --out sbom.json
    """
    made = bill()
    if out is not None:
        out.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        say(f"{len(made['components'])} parts written to {out}")
    elif as_json:
        say_json(made)
    else:
        say("\n".join(map(_line, made["components"])))


def _line(part: dict[str, object]) -> str:
    licences = part.get("licenses") or ({"license": {"name": "not installed here"}},)
    assert isinstance(licences, list | tuple)
    said = (one.get("expression") or "".join(one["license"].values()) for one in licences)
    return f"{part['name']} {part['version']}  {', '.join(said)}"
