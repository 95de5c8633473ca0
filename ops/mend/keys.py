"""Another key-encryption key: every key is wrapped by it, and what they seal stays as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.mend.dead_letters import Refused
from ops.run.keys import held, put_aside, replace
from schemas.settings import HubSettings
from stores import rotating
from stores.database import Database

_NEW_AND_OLD = 2


@dataclass(frozen=True, slots=True)
class Rotated:
    """``name``: of the key that wraps now."""

    name: str
    keys: int
    wrapped_anew: int


def prepare(settings: HubSettings, environment: Mapping[str, str], *, folder: Path) -> None:
    """See that there are a new key and the old one; one that was begun before is gone on with."""
    runtime = settings.runtime
    if runtime.key_service:
        return
    raw = held(settings, environment, folder=folder)
    if len(raw) >= _NEW_AND_OLD:
        return
    if environment.get(runtime.key_variable):
        raise Refused(
            f"{runtime.key_variable} holds one key: make another with `hub config key` and put it "
            "before this one, with a space between them"
        )
    replace(folder / runtime.key_file, [os.urandom(32), *raw])


def wrap_all(database: Database, *, advance: Callable[[int], None]) -> Rotated:
    """Wrap every key by what wraps now; where it was stopped before it goes on."""
    after: str | None = ""
    seen = anew = 0
    while after is not None:
        looked_at, changed, after = rotating.wrap_anew(database, after=after)
        seen, anew = seen + looked_at, anew + changed
        advance(looked_at)
    return Rotated(database.vault.wrapping.name, seen, anew)


def finish(settings: HubSettings, environment: Mapping[str, str], *, folder: Path) -> list[Path]:
    """Put what wraps nothing any more beside the file; who sets a variable takes it out there."""
    runtime = settings.runtime
    if runtime.key_service or environment.get(runtime.key_variable):
        return []
    first, *others = held(settings, environment, folder=folder)
    file = folder / runtime.key_file
    aside = [put_aside(file, raw) for raw in others]
    replace(file, [first])
    return aside
