"""``hub upgrade``: bring the store of an older hub to this program's revision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import RenderableType

from ops.backup import keys, making
from ops.commands.common import A_FILE, NEW_FILE, answer, config_option, json_option, table
from ops.commands.progress import progress
from ops.commands.reading import reading
from ops.look.reading import Reader
from ops.mend import upgrade as upgrading
from ops.mend.upgrade import Plan
from schemas.access import Resource
from stores.database import Database
from stores.migrations.alone import alone


@click.command()
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Only tell what would be done; the hub may run.")
@click.option(
    "--backup",
    "to",
    type=NEW_FILE,
    metavar="FILE",
    help="Where the copy goes. SQLite: if not given, beside the store. PostgreSQL: pg_dump writes.",
)
@click.option(
    "--seal-to",
    "recipient",
    type=A_FILE,
    metavar="PUB",
    help="With --backup: a sealed copy of store and key, as `hub backup FILE --to PUB` makes it.",
)
@click.option("--backed-up", is_flag=True, help="Copy nothing: you have a backup of your own.")
def upgrade(
    config: Path,
    *,
    as_json: bool,
    dry_run: bool,
    to: Path | None,
    recipient: Path | None,
    backed_up: bool,
) -> None:
    """Bring the store of an older hub to the revision of this program. Stop the hub first.

    A backup comes first, and there is no other way back. SQLite: a checked copy beside the store,
    named by revision and time, where there is room for the store twice more. PostgreSQL: yours,
    by your own means (--backed-up), or what pg_dump writes (--backup FILE). With --seal-to it is
    what `hub backup` makes, and `hub restore` puts back: then it may lie anywhere.

    Each revision is one transaction: after a crash or kill, say `hub upgrade` again. Refuses while
    others have the store open. Exits with 0 when the store is of this program's revision.

    \b
    Example:
      hub upgrade --dry-run
      hub upgrade
    """
    with reading(config, shows=Resource.HEALTH, of_any_revision=True) as reader:
        plan = upgrading.plan(reader.database)
    if recipient is not None and to is None:
        raise click.UsageError("--seal-to goes with --backup FILE")
    if not dry_run and plan.steps:
        _require_choice(reader, to, backed_up=backed_up)
        plan, kept = _upgraded(reader, to, recipient=recipient, backed_up=backed_up)
    else:
        kept = None
    told = asdict(plan) | {"backup": kept, "dry_run": dry_run}
    answer(told, _shown(plan, kept, dry_run=dry_run), as_json=as_json)


def _require_choice(reader: Reader, to: Path | None, *, backed_up: bool) -> None:
    if backed_up and to:
        raise click.UsageError("--backed-up makes no backup: leave it out, or --backup")
    if reader.database.engine.dialect.name == "postgresql" and not (backed_up or to):
        raise click.UsageError(
            "PostgreSQL is backed up by your own means: say --backed-up once it is, "
            "or --backup FILE to have pg_dump do it"
        )


def _upgraded(
    reader: Reader, to: Path | None, *, recipient: Path | None, backed_up: bool
) -> tuple[Plan, Path | None]:
    url = reader.database.engine.url.render_as_string(hide_password=False)
    with alone(url, reader.database.vault) as database:
        plan = upgrading.plan(database)
        if recipient is not None and to is not None:
            kept: Path | None = _sealed(reader, to, database=database, recipient=recipient)
        else:
            kept = None if backed_up else upgrading.back_up(database, plan, to=to, watch=progress)
        upgrading.carry_out(database, plan, watch=progress)
    return plan, kept


def _sealed(reader: Reader, to: Path, *, database: Database, recipient: Path) -> Path:
    alone_in_it = replace(reader, database=database)
    key = keys.public(recipient)
    return making.make(alone_in_it, to, key, environment=os.environ, watch=progress).file


def _shown(plan: Plan, kept: Path | None, *, dry_run: bool) -> Iterator[str | RenderableType]:
    if not plan.steps:
        yield f"The store is of revision {plan.found} already; there is nothing to do."
        return
    yield table("Revisions", [asdict(step) for step in plan.steps])
    if dry_run:
        yield f"Nothing was changed: the store is of revision {plan.found}."
        return
    yield f"The store is of revision {plan.wanted}; it was of {plan.found}."
    if kept:
        yield f"As it was it is kept in {kept}"
