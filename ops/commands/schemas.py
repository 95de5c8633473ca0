"""``hub schemas``: the shapes of messages, for those who build the other end."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ops.commands.common import answer, json_option, table
from ops.look import export
from ops.look.api.asyncapi import describe
from ops.look.catalogue import markdown


@click.command()
@json_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a JSON Schema for each here.",
)
@click.option(
    "--asyncapi",
    is_flag=True,
    help="Print the AsyncAPI 3 description of agencies' queues instead, as JSON.",
)
@click.option("--catalogue", is_flag=True, help="Print what each field means, as Markdown.")
def schemas(*, as_json: bool, out: Path | None, asyncapi: bool, catalogue: bool) -> None:
    """List every type of message with its version; with --out write their JSON Schemas.

    Facts stand under their topic; notices are what the hub sends to agencies, commands what
    agencies send. Examples are in schemas/examples. The web server has its own description at
    /openapi.json, and a page of both at /docs.

    \b
    Examples:
      hub schemas --out build/schemas
      hub schemas --asyncapi > asyncapi.json
      hub schemas --catalogue > messages.md
    """
    if catalogue:
        click.echo(markdown(), nl=False)
        return
    if asyncapi:
        click.echo(json.dumps(describe(), indent=2, ensure_ascii=False))
        return
    rows = [
        {"group": one.group, "type": one.name, "version": one.version} for one in export.published()
    ]
    shown = (
        table("Types", rows)
        if out is None
        else f"{len(export.export(out))} schemas written to {out}"
    )
    answer(rows, [shown], as_json=as_json)
