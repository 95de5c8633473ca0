"""Whether the store has room, and what it says where it takes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from ops.look.reading import Guarded
from ops.run.wiring import placed

LEAST: Final = 100_000_000
"""Bytes that have to be free beside a store that is a file."""
_SQLITE: Final = "sqlite:///"


def folder(hub: Guarded) -> Path | None:
    """Where the store's file is; None of a database server."""
    url = placed(hub.settings.runtime.store, hub.folder)
    return Path(url.removeprefix(_SQLITE)).parent if url.startswith(_SQLITE) else None


def left(hub: Guarded) -> int | None:
    """The bytes that are free beside the store's file; None of a database server."""
    place = folder(hub)
    return None if place is None else shutil.disk_usage(place).free
