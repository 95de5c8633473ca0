"""How commands open a hub for a moment: to look at without touching, or to change something and
go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.look.reading import Reader, open_reader
from ops.run.wiring import Hub, open_hub


@contextmanager
def reading(config: Path) -> Iterator[Reader]:
    """The hub of a configuration file, for looking at only."""
    reader = open_reader(config, os.environ)
    try:
        yield reader
    finally:
        reader.database.close()


@contextmanager
def writing(config: Path) -> Iterator[Hub]:
    """The whole hub of a configuration file, closed at the end."""
    hub = open_hub(config, os.environ)
    try:
        yield hub
    finally:
        hub.database.close()
