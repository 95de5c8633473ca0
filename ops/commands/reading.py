"""How commands open a hub for a moment: to look without touching, or to change something."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from ops.access.acting import AT_THE_MACHINE, Asker, Denied, permit
from ops.access.recording import permit_on_record
from ops.look.reading import Readable, Reader, open_reader
from ops.run.keys import wrapping
from ops.run.wiring import Hub, open_hub, placed, refusing_another_key
from schemas.access import Act, Resource
from schemas.settings import HubSettings
from stores import schema
from stores.database import Database
from stores.migrations.alone import alone
from stores.ports import Unavailable
from stores.schema import OtherRevision
from stores.tree.growing import Growing
from stores.tree.keys import origin_of
from stores.vault import Vault

H = TypeVar("H", bound=Readable)


def reading(
    config: Path,
    *,
    shows: Resource = Resource.TRAIL,
    act: Act = Act.LOOK,
    by: Callable[[Reader], Asker] = lambda _: AT_THE_MACHINE,
    of_any_revision: bool = False,
) -> AbstractContextManager[Reader]:
    """The hub of a configuration file, for looking at only, without contents: as far as the access
    rules let whoever may start commands here, or whom ``by`` names. Raises ``Denied``, which is
    recorded.
    """
    reader = open_reader(config, os.environ, of_any_revision=of_any_revision)
    with ExitStack() as unless_good:
        unless_good.callback(reader.database.close)
        try:
            permit(reader, by(reader), act=act, resource=shows)
        except Denied:
            # Whoever has no right to write the store is denied all the same.
            with suppress(OtherRevision, Unavailable), recording(config) as hub:
                permit_on_record(hub, by(hub), act=act, resource=shows)
            raise
        unless_good.pop_all()
    return _closing(reader)


def recording(config: Path) -> AbstractContextManager[Reader]:
    """The hub of a configuration file, for what people of it do that no step has to hear of."""
    return _closing(open_reader(config, os.environ, reads_only=False))


def writing(config: Path) -> AbstractContextManager[Hub]:
    """The whole hub of a configuration file, closed at the end."""
    return _closing(open_hub(config, os.environ))


@contextmanager
def alone_at(settings: HubSettings, *, folder: Path) -> Iterator[Database]:
    """The store of a hub that is stopped, with nobody else in it; what was changed has its leaf at
    the end. Raises ``InUse``, ``Misconfigured``, ``OtherRevision`` or ``Unavailable``.
    """
    vault = Vault(wrapping(settings, os.environ, folder=folder))
    with (
        alone(placed(settings.runtime.store, folder), vault) as database,
        refusing_another_key(settings),
    ):
        with database.reading() as connection:
            schema.is_there(connection)
        yield database
        growing = Growing(database, origin_of(settings.area))
        while growing.once():
            pass


@contextmanager
def _closing(hub: H) -> Iterator[H]:
    try:
        yield hub
    finally:
        hub.database.close()
