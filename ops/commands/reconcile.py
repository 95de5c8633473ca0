"""``hub reconcile``: the store beside what brokers have of it, and what senders sent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from ops.commands.common import A_FILE, NEW_FILE, answer, config_option, json_option, time
from ops.commands.progress import progress
from ops.commands.reading import alone_at, reading, recording
from ops.mend import reconciling
from ops.mend.reconciling import Ahead, Missing
from ops.run.configuration import read_settings
from router.runtimes.rebuilding import Rebuilt, rebuild
from schemas.access import Resource
from schemas.settings import HubSettings
from stores.database import Database

_Sent = tuple[tuple[str, Path], ...]
"""Agencies' lists of what was receipted."""


@click.command()
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Only tell what would be done; the hub may run.")
@click.option(
    "--anew",
    is_flag=True,
    help="After an older store was put back: fetch what topics have beyond it, then build all of "
    "them anew. Stop the hub first.",
)
@click.option("--since", help="With --anew: look at what topics were given since; else all of it.")
@click.option(
    "--sent",
    type=(str, A_FILE),
    multiple=True,
    metavar="AGENCY FILE",
    help="An agency's list of what was receipted, an id on each line: which of it is not here. May "
    "be repeated.",
)
@click.option(
    "--out",
    type=NEW_FILE,
    help="Write what is to be sent again here, a line of JSON each: agency, id, type, time.",
)
def reconcile(
    config: Path,
    *,
    as_json: bool,
    dry_run: bool,
    anew: bool,
    since: str | None,
    sent: _Sent,
    out: Path | None,
) -> None:
    """Make the topics what the store says, where a broker lost them, and tell what it has not.

    Without --anew: topics that Kafka lost are made, and what some step has still to hear is put on
    them again; nothing is done twice, as each step knows what it had. The part `relay` does the
    same by itself, at its start and after any trouble with Kafka.

    With --anew, after `hub restore` (which does it itself where it can): of what topics have and
    the older store has not, agencies' messages about what it knows are fetched; those whose keys
    went with the store are counted by agency, and have to be sent again. The hub's own facts are
    decided anew.

    Exits with 1 where something is to be sent again.

    \b
    Example:
      hub reconcile --dry-run
      hub reconcile --sent police sent-by-police.txt
      hub reconcile --anew --since 2026-11-27T02:00 --out to-send-again.jsonl
    """
    settings = read_settings(config, os.environ)
    _refuse_odd(settings, sent, anew=anew, since=since)
    if anew:
        found = _anew(config, settings, sent, since=time(since) if since else 0, dry=dry_run)
    else:
        found = _as_is(config, settings, sent, dry=dry_run)
    if out is not None:
        _write(out, found.ahead, found.missing)
    answer(_told(found, dry=dry_run), _shown(found, dry=dry_run), as_json=as_json, well=found.well)


@dataclass(frozen=True, slots=True)
class _Found:
    """The store beside the topics and beside senders' lists."""

    missing: list[Missing]
    rebuilt: Rebuilt | None = None
    ahead: Ahead | None = None

    @property
    def well(self) -> bool:
        """Whether nothing is to be sent again."""
        return not (self.ahead and self.ahead.lost) and not any(one.ids for one in self.missing)


def _anew(config: Path, settings: HubSettings, sent: _Sent, *, since: int, dry: bool) -> _Found:
    if dry:
        with reading(config, shows=Resource.HEALTH) as hub:
            ahead = _ahead(hub.database, settings, since=since)
            return _Found(_missing(hub.database, sent), ahead=ahead)
    with alone_at(settings, folder=config.parent) as database:
        database.keeps_outbox = True
        ahead, rebuilt = made_anew(database, settings, since=since)
        return _Found(_missing(database, sent), rebuilt, ahead)


def _as_is(config: Path, settings: HubSettings, sent: _Sent, *, dry: bool) -> _Found:
    with reading(config, shows=Resource.HEALTH) as hub:
        missing = _missing(hub.database, sent)
    return _Found(missing, _rebuilt(config, settings, dry=dry) if settings.runtime.topics else None)


def _told(found: _Found, *, dry: bool) -> dict[str, Any]:
    return {
        "rebuilt": found.rebuilt and asdict(found.rebuilt),
        "ahead": told_of(found.ahead),
        "missing": [asdict(one) for one in found.missing],
        "dry_run": dry,
    }


def _refuse_odd(settings: HubSettings, sent: _Sent, *, anew: bool, since: str | None) -> None:
    if settings.runtime.topics is None and (anew or not sent):
        raise click.UsageError(
            "there are no topics (runtime.topics): the journal is its own; --sent AGENCY FILE "
            "compares it with what a sender has"
        )
    if since and not anew:
        raise click.UsageError("--since goes with --anew")
    for agency, _ in sent:
        if agency not in settings.agencies:
            raise click.BadParameter(f"{agency} is no agency of the configuration")


def made_anew(database: Database, settings: HubSettings, *, since: int) -> tuple[Ahead, Rebuilt]:
    """Fetch what topics have beyond the store, and build them anew. Raises ``Unavailable``."""
    ahead = _ahead(database, settings, since=since)
    reconciling.fetch(database, ahead)
    return ahead, reconciling.anew(database, settings)


def _ahead(database: Database, settings: HubSettings, *, since: int) -> Ahead:
    with progress("reading topics", 0) as advance:
        return reconciling.ahead(database, settings, since=since, advance=advance)


def _rebuilt(config: Path, settings: HubSettings, *, dry: bool) -> Rebuilt:
    url = settings.runtime.topics or ""
    with recording(config) as hub:
        hub.database.keeps_outbox = True
        return rebuild(hub.database, url, partitions=settings.runtime.partitions, dry=dry)


def _missing(database: Database, sent: _Sent) -> list[Missing]:
    return [reconciling.missing(database, agency, file) for agency, file in sent]


def told_of(ahead: Ahead | None) -> dict[str, Any] | None:
    """For programs: ids and codes alone."""
    if ahead is None:
        return None
    told = {"fetched": len(ahead.fetched), "decided_anew": ahead.others}
    return told | {"to_send": list(_lines(ahead, []))}


def _lines(ahead: Ahead | None, missing: list[Missing]) -> Iterator[dict[str, Any]]:
    for one in ahead.lost if ahead else ():
        agency = reconciling.agency_of(one.source)
        yield {"agency": agency, "message": one.id, "type": one.type, "time": one.time}
    for each in missing:
        yield from ({"agency": each.agency, "id": id_} for id_ in each.ids)


def _write(out: Path, ahead: Ahead | None, missing: list[Missing]) -> None:
    lines = (json.dumps(line) + "\n" for line in _lines(ahead, missing))
    made = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "w", encoding="utf-8") as opened:
        opened.writelines(lines)


def _shown(found: _Found, *, dry: bool) -> Iterator[str]:
    if found.rebuilt is not None:
        yield from shown_rebuilt(found.rebuilt, dry=dry)
    if found.ahead is not None:
        yield from shown_ahead(found.ahead)
    for one in found.missing:
        yield f"{one.agency}: {len(one.ids)} of {one.said} that it says were receipted are not here"
        yield from (f"  {id_}" for id_ in one.ids)


def shown_rebuilt(rebuilt: Rebuilt, *, dry: bool) -> Iterator[str]:
    """For people."""
    if not rebuilt.lost:
        yield "every topic has what the store says that somebody stands behind"
        return
    what = "would be sent again" if dry else "wait for the relay, which sends them again"
    yield f"lost: {', '.join(rebuilt.lost)}; {rebuilt.again:,} facts {what}"


def shown_ahead(ahead: Ahead) -> Iterator[str]:
    """For people."""
    yield f"beyond the store: {len(ahead.fetched)} of agencies' messages that could be fetched"
    yield f"{ahead.others} facts of the hub's own, which it decides anew"
    for agency, count in ahead.by_agency().items():
        yield f"{agency} has to send {count} again: their keys went with the store"
