"""``hub backup``: a copy of store and keys, sealed to somebody who is not the hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from ops.backup import keys, making
from ops.backup.making import Made
from ops.backup.restoring import Backup, Looked, look
from ops.commands.common import A_FILE, NEW_FILE, answer, config_option, json_option
from ops.commands.progress import progress
from ops.commands.reading import reading
from ops.run.configuration import read_settings
from schemas.access import Resource


class _Backup(click.Group):
    """`hub backup FOLDER` makes one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Backup)
def backup() -> None:
    """Copy store and keys while the hub works; sealed, so that the copy may lie anywhere.

    \b
    Once, on a machine that is not the hub's:
      hub backup keygen backup.key       (keep it; give the hub backup.key.pub)
    Each night, at the hub:
      hub backup /srv/backups --to backup.key.pub
    Now and then, where the key is, and after a loss:
      hub backup verify FILE --key backup.key
      hub restore FILE --key backup.key
    """


@backup.command()
@click.argument("file", type=NEW_FILE)
@json_option
def keygen(file: Path, *, as_json: bool) -> None:
    """Make the key that opens backups: the private half into FILE, the public one into FILE.pub.

    Do it where the hub is not, and keep FILE where the hub's people cannot reach it alone: whoever
    has it and a backup reads every record. Whoever loses it has no backups.

    \b
    Example:
      hub backup keygen backup.key
    """
    try:
        public = keys.make(file)
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} is there already; name another") from None
    shown = f"{file} is written, and {file}.pub for the hub: `hub backup FOLDER --to {file}.pub`"
    answer({"key": str(file), "public": f"{file}.pub", "id": public.id}, [shown], as_json=as_json)


@backup.command()
@click.argument("to", metavar="FOLDER|FILE", type=click.Path(path_type=Path))
@config_option
@click.option(
    "--to",
    "recipient",
    type=A_FILE,
    envvar="HUB_BACKUP_TO",
    show_envvar=True,
    required=True,
    help="Whom it is sealed to: the .pub of `hub backup keygen`.",
)
@json_option
def make(to: Path, config: Path, *, recipient: Path, as_json: bool) -> None:
    """Write one state of the store to a new FILE, or into a FOLDER under a name with the time.

    The hub may run. SQLite: there has to be room beside the store for a copy, which goes again.
    PostgreSQL: by pg_dump. The key-encryption key goes beside it into `mash-hub-key-NAME.sealed`,
    once for all backups that it opens; after `hub keys rotate` destroy the file of the old key with
    the key itself, and what was erased cannot be read from older backups either. A key that a
    service keeps (runtime.key_service) is not in it.

    Not in it: the configuration, dropped files (runtime.work), the list of what was erased
    (erased.jsonl: copy it apart, whenever something was erased).

    \b
    Example:
      hub backup /srv/backups --to backup.key.pub
      hub backup before-upgrade.backup --to backup.key.pub && hub upgrade --backed-up
    """
    key = keys.public(recipient)
    with reading(config, shows=Resource.HEALTH, of_any_revision=True) as hub:
        made = making.make(hub, to, key, environment=os.environ, watch=progress)
    answer(asdict(made), _made(made), as_json=as_json)


def _made(made: Made) -> Iterator[str]:
    yield (
        f"{made.file}: {made.manifest.entries:,} entries, {made.bytes:,} bytes, "
        f"in {made.seconds:.1f} s"
    )
    for path in made.keys:
        yield f"its key is in {path}"


@backup.command()
@click.argument("file", type=A_FILE)
@click.option("--key", type=A_FILE, required=True, help="The private half (`hub backup keygen`).")
@config_option
@json_option
def verify(file: Path, *, key: Path, config: Path, as_json: bool) -> None:
    """Open a backup, read all of it, and verify the record in it as `hub audit verify` does; exit 1
    when anything is amiss.

    Needs no hub, but its configuration, and room for the store in TMPDIR. Of PostgreSQL pg_restore
    reads all of it; its record is verified when it is put back.

    \b
    Example:
      hub backup verify mash-hub-20261127T020000.000000Z.backup --key backup.key
    """
    settings = read_settings(config, os.environ)
    found = Backup(file, keys.private(key), settings, config.parent, os.environ)
    looked = look(found, watch=progress)
    answer(as_told(looked), shown(looked, file), as_json=as_json, well=not looked.amiss)


def as_told(looked: Looked) -> dict[str, object]:
    """For programs."""
    verified = looked.verified
    return {
        "manifest": asdict(looked.manifest),
        "bytes": looked.bytes,
        "verified": None if verified is None else verified.entries,
        "flaws": [] if verified is None else [asdict(flaw) for flaw in verified.flaws],
        "amiss": looked.amiss,
    }


def shown(looked: Looked, file: Path) -> Iterator[str]:
    """For people."""
    told = looked.manifest
    yield f"{file}: of {told.made_at}, revision {told.revision}, {looked.bytes:,} bytes, all read"
    if looked.verified is not None:
        yield f"{looked.verified.entries:,} entries verified, {len(looked.verified.flaws)} flaws"
    elif told.database == "postgresql":
        yield "its record is verified when it is put back"
    else:
        yield "it is of another revision: put it back, `hub upgrade`, then `hub audit verify`"
    for amiss in looked.amiss:
        yield f"AMISS: {amiss}"
