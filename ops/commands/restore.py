"""``hub restore``: put a backup back, and tell what was lost between."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from connectors.witness.folder import Folder
from ops.backup import keys
from ops.backup.restoring import Backup, PutBack, put_back
from ops.commands.backup import as_told, shown
from ops.commands.common import A_FILE, A_FOLDER, answer, config_option, json_option
from ops.commands.progress import progress
from ops.commands.reading import alone_at, reading
from ops.commands.reconcile import made_anew, shown_ahead, shown_rebuilt, told_of
from ops.look.record import claim_in, claims_of
from ops.mend.reconciling import Ahead
from ops.run.configuration import read_settings
from router.runtimes.rebuilding import Rebuilt
from schemas.access import Resource
from schemas.settings import HubSettings
from stores import codec
from stores.ports import Unavailable
from stores.tree import kept

_SLACK = dt.timedelta(hours=1)
"""Brokers' clocks are not the hub's."""


@click.command()
@click.argument("file", type=A_FILE)
@click.option("--key", type=A_FILE, required=True, help="The private half (`hub backup keygen`).")
@click.option(
    "--in-place", is_flag=True, help="SQLite: a store that is there is kept aside, not refused."
)
@click.option(
    "--erased",
    "erasures",
    type=A_FILE,
    help="A copy of erased.jsonl, where the hub's own went too: what it names is erased again.",
)
@click.option(
    "--checkpoint",
    "checkpoints",
    type=A_FILE,
    multiple=True,
    help="A checkpoint that somebody kept elsewhere: how much came since. May be repeated.",
)
@click.option(
    "--witness",
    "witnesses",
    type=A_FOLDER,
    multiple=True,
    help="A witness's folder, or a copy of it: the same. May be repeated.",
)
@config_option
@json_option
def restore(
    file: Path,
    *,
    key: Path,
    in_place: bool,
    erasures: Path | None,
    checkpoints: tuple[Path, ...],
    witnesses: tuple[Path, ...],
    config: Path,
    as_json: bool,
) -> None:
    """Put a backup back where the configuration has the store, with its key where there is none;
    verify it, erase in it again what was erased since, and tell what was lost between. Stop the
    hub first.

    SQLite: into runtime.store. PostgreSQL: into the database that it names, which has to be empty.
    What the hub took since the backup is gone from its store: checkpoints and witnesses tell how
    much (leaves: entries and changes), topics tell which of agencies' messages. Of these it fetches
    what it can, and builds the topics anew; the others are counted by agency. Ask senders to send
    again what was receipted since the backup: what is here already is known again. `hub reconcile
    --sent` compares their lists.

    Exits with 1 where the record is not what was backed up.

    \b
    Example:
      hub restore mash-hub-20261127T020000.000000Z.backup --key backup.key --in-place
    """
    settings, private = read_settings(config, os.environ), keys.private(key)
    found = Backup(file, private, settings, config.parent, os.environ)
    done = put_back(found, in_place=in_place, erasures=erasures, watch=progress)
    current = done.looked.verified is not None
    lost = _lost_leaves(config, checkpoints, witnesses) if current else None
    ahead, rebuilt, away = _reconciled(settings, config, done) if current else (None, None, None)
    told = as_told(done.looked) | {
        "aside": done.aside,
        "key": done.key,
        "erased_again": done.erased_again,
        "seconds": round(done.seconds, 3),
        "leaves_lost": lost,
        "ahead": told_of(ahead),
        "rebuilt": rebuilt and asdict(rebuilt),
        "topics_away": away,
    }
    well = not (done.looked.amiss or away)
    lines = [*_shown(done, file, lost), *_of_topics(ahead, rebuilt, away)]
    answer(told, lines, as_json=as_json, well=well)


def _lost_leaves(
    config: Path, checkpoints: tuple[Path, ...], witnesses: tuple[Path, ...]
) -> int | None:
    """How many leaves somebody has seen beyond what was put back; None where nobody is asked."""
    with reading(config, shows=Resource.HEALTH) as hub:
        claims = [claim_in(hub, path) for path in checkpoints]
        for folder in witnesses:
            claims += claims_of(hub, Folder(folder))
        with hub.database.reading() as connection:
            leaves = kept.size_of(connection)
    return max((claim.checkpoint.size for claim in claims), default=0) - leaves if claims else None


def _reconciled(
    settings: HubSettings, config: Path, done: PutBack
) -> tuple[Ahead | None, Rebuilt | None, str | None]:
    """What topics had beyond the store, and how they were built anew; or why they are not."""
    if settings.runtime.topics is None:
        return None, None, None
    made = dt.datetime.fromisoformat(done.looked.manifest.made_at)
    try:
        with alone_at(settings, folder=config.parent) as database:
            database.keeps_outbox = True
            since = codec.to_micros(made - _SLACK)
            return *made_anew(database, settings, since=since), None
    except Unavailable as error:
        return None, None, str(error)


def _shown(done: PutBack, file: Path, lost: int | None) -> Iterator[str]:
    yield from shown(done.looked, file)
    yield f"put back in {done.seconds:.1f} s"
    if done.aside:
        yield f"what was there before is in {done.aside}"
    if done.key:
        yield f"its key is in {done.key}"
    if done.erased_again:
        yield f"{done.erased_again} cases were erased again"
    if lost is not None:
        yield f"{max(lost, 0):,} leaves (entries and changes) were seen elsewhere, and are not here"
    yield f"lost: whatever came after {done.looked.manifest.made_at}; ask senders for that again"


def _of_topics(ahead: Ahead | None, rebuilt: Rebuilt | None, away: str | None) -> Iterator[str]:
    if ahead is not None:
        yield from shown_ahead(ahead)
    if rebuilt is not None:
        yield from shown_rebuilt(rebuilt, dry=False)
    if away is not None:
        yield f"the topics cannot be reached ({away}): do not start the hub"
        yield "before `hub reconcile --anew`: they have what the store does not know"
