"""``hub keys``: the key-encryption key that wraps all others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import answer, config_option, json_option
from ops.commands.progress import progress
from ops.commands.reading import alone_at
from ops.mend import keys as wrapping_keys
from ops.mend.keys import Rotated
from ops.run.configuration import read_settings
from stores import rotating


@click.group()
def keys() -> None:
    """The key-encryption key, which wraps the key of every referral and person."""


@keys.command()
@config_option
@json_option
def rotate(config: Path, *, as_json: bool) -> None:
    """Wrap every key by another key-encryption key. Stop the hub first.

    What the keys seal stays as it is: neither the record nor its tree changes. With a key file a
    new key is made, and the old one is put beside it as FILE.NAME.old: it opens copies of the store
    that were made before, and in those also what was erased since, so destroy it with the last of
    them. With a variable: put the new key before the old one (HUB_KEY="NEW OLD"), rotate, and take
    the old one out. With runtime.key_service: rotate there first.

    Where it was stopped, say it again: it goes on.

    \b
    Example:
      hub keys rotate
    """
    settings, folder = read_settings(config, os.environ), config.parent
    wrapping_keys.prepare(settings, os.environ, folder=folder)
    with (
        alone_at(settings, folder=folder) as database,
        progress("keys", rotating.count(database)) as advance,
    ):
        rotated = wrapping_keys.wrap_all(database, advance=advance)
    aside = wrapping_keys.finish(settings, os.environ, folder=folder)
    told = asdict(rotated) | {"old": [str(path) for path in aside]}
    answer(told, _shown(rotated, aside), as_json=as_json)


def _shown(rotated: Rotated, aside: Sequence[Path]) -> Iterator[str]:
    anew = f"{rotated.wrapped_anew:,} of them anew"
    yield f"{rotated.keys:,} keys are wrapped by {rotated.name}, {anew}"
    for path in aside:
        yield (
            f"the old one is in {path}: it opens older copies of the store, and what was erased "
            "since in those; destroy it with the last of them"
        )
