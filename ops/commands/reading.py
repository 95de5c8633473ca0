"""How commands open a hub for a moment: to look without touching, or to change something."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from ops.access.acting import AT_THE_MACHINE, Asker, permit
from ops.look.reading import Readable, Reader, open_reader
from ops.run.wiring import Hub, open_hub
from schemas.access import Act, Record

H = TypeVar("H", bound=Readable)


def reading(
    config: Path,
    *,
    shows: Record = Record.TRAIL,
    act: Act = Act.LOOK,
    by: Callable[[Reader], Asker] = lambda _: AT_THE_MACHINE,
    of_any_revision: bool = False,
) -> AbstractContextManager[Reader]:
    """The hub of a configuration file, for looking at only, without contents: as far as the access
    rules let whoever may start commands here, or whom ``by`` names. Raises ``Denied``.
    """
    reader = open_reader(config, os.environ, of_any_revision=of_any_revision)
    with ExitStack() as unless_good:
        unless_good.callback(reader.database.close)
        permit(reader, by(reader), act=act, record=shows)
        unless_good.pop_all()
    return _closing(reader)


def writing(config: Path) -> AbstractContextManager[Hub]:
    """The whole hub of a configuration file, closed at the end."""
    return _closing(open_hub(config, os.environ))


@contextmanager
def _closing(hub: H) -> Iterator[H]:
    try:
        yield hub
    finally:
        hub.database.close()
