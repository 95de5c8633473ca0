"""The one place where settings and environment become a hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ops.run.configuration import (
    Fault,
    Misconfigured,
    read_access,
    read_policy,
    read_settings,
)
from ops.run.erased import apply as apply_erasures
from ops.run.erased import file_of as erased_file
from ops.run.keys import wrapping
from router.handle import Adopted
from router.intake import StoredIntake
from router.queues import StoredQueues
from router.runtimes.embedded import Embedded
from router.topology import whole_hub
from router.unit import Unit
from schemas.access import AccessRules
from schemas.settings import HubSettings
from stores import policies
from stores.database import Database
from stores.traces import Traces
from stores.vault import HUB_KEY, Unreadable, Vault


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub's parts, put together but not running."""

    settings: HubSettings
    database: Database
    policy: Adopted
    access: AccessRules
    unit: Unit
    intake: StoredIntake
    queues: StoredQueues
    folder: Path
    """The configuration's."""
    config: Path | None = None
    """Its file, where it has one: processes that are started by themselves read it too."""

    def embedded(self) -> Embedded:
        """All steps in this process."""
        return Embedded(self.database, self.unit, self.policy, batch=self.settings.runtime.batch)


def open_hub(path: Path, environment: Mapping[str, str]) -> Hub:
    """The hub of a configuration file.

    Raises ``Misconfigured``, ``OtherRevision`` or ``Unavailable``.
    """
    hub = assemble(read_settings(path, environment), environment, folder=path.parent)
    return replace(hub, config=path.resolve())


def assemble(settings: HubSettings, environment: Mapping[str, str], *, folder: Path) -> Hub:
    """The hub of these settings; relative paths in them start at ``folder``."""
    access = read_access(settings, folder=folder)
    policy = read_policy(settings, folder=folder).model_copy(update={"access": access})
    vault = Vault(wrapping(settings, environment, folder=folder))
    database = Database(
        placed(settings.runtime.store, folder),
        vault,
        keeps_outbox=settings.runtime.topics is not None,
    )
    with ExitStack() as unless_good:
        unless_good.callback(database.close)
        database.create_tables()
        with database.transaction() as transaction, refusing_another_key(settings):
            key = vault.keys(transaction.connection, [HUB_KEY], create=True)[HUB_KEY]
            with suppress(Unreadable):  # without it nothing is taken in, and all else goes on
                vault.secret(transaction.connection, create=True)
            adopted = Adopted(policies.adopt(transaction, policy), policy)
        apply_erasures(database, erased_file(settings, folder))
        database.traces = Traces(
            key,
            system=database.engine.dialect.name,
            carrier="kafka" if settings.runtime.topics else "mash_hub",
        )
        unless_good.pop_all()
    edge = StoredQueues(database, policy)
    intake = StoredIntake(database, policy)
    return Hub(settings, database, adopted, access, whole_hub(), intake, edge, folder)


@contextmanager
def refusing_another_key(settings: HubSettings) -> Iterator[None]:
    """What is sealed with another key than the store's can be read by no other part of the hub."""
    try:
        yield
    except Unreadable:
        where = f"{settings.runtime.key_variable} or runtime.key_file"
        instead = "give every part of the hub the key that the store was first started with"
        raise Misconfigured(Fault(where, "is not the key of this store", instead)) from None


def placed(url: str, folder: Path) -> str:
    """The store's URL; a relative SQLite path in it starts at the configuration's folder."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith("sqlite:////") and url != "sqlite:///:memory:":
        return prefix + str((folder / url.removeprefix(prefix)).resolve())
    return url


def work_folder(settings: HubSettings, folder: Path) -> Path:
    """Where the hub keeps what agencies dropped, a folder in it for each of them."""
    runtime = settings.runtime
    if runtime.work:
        return folder / runtime.work
    return (store_file(settings, folder) or folder / runtime.key_file).parent / "work"


def store_file(settings: HubSettings, folder: Path) -> Path | None:
    """The store's file; None where it is on a server or in memory."""
    scheme, _, path = placed(settings.runtime.store, folder).partition(":///")
    return Path(path) if scheme == "sqlite" and path not in {"", ":memory:"} else None
