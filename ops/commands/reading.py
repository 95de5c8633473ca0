"""How commands open a hub for a moment: to look without touching, or to change something."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from ops.look.reading import Readable, Reader, open_reader
from ops.run.wiring import Hub, open_hub

H = TypeVar("H", bound=Readable)


def reading(config: Path, *, of_any_revision: bool = False) -> AbstractContextManager[Reader]:
    """The hub of a configuration file, for looking at only."""
    return _closing(open_reader(config, os.environ, of_any_revision=of_any_revision))


def writing(config: Path) -> AbstractContextManager[Hub]:
    """The whole hub of a configuration file, closed at the end."""
    return _closing(open_hub(config, os.environ))


@contextmanager
def _closing(hub: H) -> Iterator[H]:
    try:
        yield hub
    finally:
        hub.database.close()
