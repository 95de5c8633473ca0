"""``hub erase``: destroy the keys of all that the hub has about the child of a case."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import answer, config_option, json_option, text
from ops.commands.reading import alone_at
from ops.look.reading import Reader
from ops.mend import erasing
from ops.mend.dead_letters import Person
from ops.mend.erasing import Erased, ErasureFolders
from ops.run.configuration import read_access, read_settings
from ops.run.erased import apply, file_of
from ops.run.wiring import store_file, work_folder
from schemas.settings import HubSettings


@click.command()
@click.argument("case_id", metavar="[CASE]", required=False)
@config_option
@json_option
@click.option("--who", type=text, help="Your name, as [[people]] of the configuration has it.")
@click.option("--and", "other", type=text, help="Who else decides it: another of [[people]].")
@click.option("--why", type=text, help="On which ground, without anybody's name.")
@click.option("--though-open", is_flag=True, help="Also where a referral of it is not closed.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be erased.")
@click.option("--again", is_flag=True, help="Only erase what a store that was put back has again.")
def erase(
    case_id: str | None,
    config: Path,
    *,
    as_json: bool,
    who: str | None,
    other: str | None,
    why: str | None,
    though_open: bool,
    dry_run: bool,
    again: bool,
) -> None:
    """Make all that the hub has about the child of a case unreadable, for good. Stop the hub first.

    Two people decide it whom the access rules let (`hub policy show`), on a ground that the record
    keeps. The keys of the child's referrals,
    person, products and letters are destroyed, and what only speeds the hub's work is deleted. The
    record itself stays: its hashes and its tree verify, and it says who erased what, when and why.
    Refused while the case is held, or a referral of it is open.

    What partners were sent is theirs. What pictures of brothers and sisters show of the child stays
    in their record. Backups that were made before hold it still: a store that is put back is erased
    again at its start, by the list in runtime.erased_file; and after `hub keys rotate` nobody can
    open the keys in them, once the old key is destroyed.

    \b
    Example:
      hub erase 0197… --dry-run
      hub erase 0197… --who "B. Records" --and "C. Caldicott" --why "retention ended 2101-03-02"
    """
    settings, folder = read_settings(config, os.environ), config.parent
    if again:
        _erase_again(settings, folder, as_json=as_json)
        return
    if not case_id or not (dry_run or (who and other and why)):
        raise click.UsageError("name the CASE, and say --who, --and and --why, or --dry-run")
    people = None if dry_run else erasing.two(who or "", other or "", why=why or "")
    told = _erased(settings, folder, case_id, people=people, though_open=though_open)
    copies = _copies(settings, folder)
    value = asdict(told) | {"dry_run": dry_run, "copies": copies}
    answer(value, _shown(told, copies, dry_run=dry_run), as_json=as_json)


def _erased(
    settings: HubSettings,
    folder: Path,
    case_id: str,
    *,
    people: tuple[Person, Person] | None,
    though_open: bool,
) -> Erased:
    """What was erased; ``people`` None: what would be."""
    with alone_at(settings, folder=folder) as database:
        folders = ErasureFolders(file_of(settings, folder), work_folder(settings, folder))
        if people is not None:
            guarded = Reader(settings, database, read_access(settings, folder=folder), folder)
            people = erasing.permit(guarded, case_id, people=people)
        with database.view() as view:
            found = erasing.look(view, case_id, though_open=though_open)
        told = erasing.told(found, case_id, files=erasing.files_naming(found.words, folders.work))
        if people is not None:
            erasing.erase(database, found, case_id=case_id, people=people, folders=folders)
    return told


def _erase_again(settings: HubSettings, folder: Path, *, as_json: bool) -> None:
    with alone_at(settings, folder=folder) as database:
        count = apply(database, file_of(settings, folder))
    answer({"erased_again": count}, [f"{count} cases were erased again"], as_json=as_json)


def _copies(settings: HubSettings, folder: Path) -> list[str]:
    """Copies that `hub upgrade` made beside the store: they have what is erased in it."""
    store = store_file(settings, folder)
    return (
        [str(path) for path in sorted(store.parent.glob(f"{store.name}.*.backup"))] if store else []
    )


def _shown(told: Erased, copies: list[str], *, dry_run: bool) -> Iterator[str]:
    done = "would be erased" if dry_run else "is erased"
    yield (
        f"{told.case_id} {done}: {told.referrals} referrals, {told.entries:,} entries of the "
        f"record, {len(told.files)} files"
    )
    if told.also:
        yield f"with it what became one with it: {', '.join(told.also)}"
    if told.left:
        yield f"{told.left} entries are sealed with the key of somebody who is still kept"
    for path in copies:
        yield f"{path} is an older copy of the store, and has all of it: destroy it"
