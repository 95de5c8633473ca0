"""Whether the servers that the configuration names answer: ``hub config check --connect``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from connectors.reaching import NoAnswer, require_broker, require_http
from ops.run.configuration import Fault
from ops.run.doors import Server
from ops.run.wiring import placed, store_file
from schemas.settings import HubSettings
from stores import schema
from stores.database import Database
from stores.ports import Unavailable
from stores.schema import OtherRevision
from stores.topics import require_answer
from stores.vault import Vault

_SECONDS = 3.0
"""How long each may take; all are asked side by side."""


def silent(settings: HubSettings, found: Sequence[Server], *, folder: Path) -> Iterator[Fault]:
    """Those that do not answer. A store in a file that is not there yet is no server."""
    file = store_file(settings, folder)
    store = Server("runtime.store", "store", placed(settings.runtime.store, folder))
    asked = [*found, *([store] if file is None or file.exists() else [])]
    for server, error in _errors(asked):
        instead = "start it, or mend its address and who may log in"
        yield Fault(server.where, error, instead)


def away(settings: HubSettings) -> Iterator[Fault]:
    """Witnesses that do not answer: nothing of the hub waits for them."""
    asked = [
        Server(f"witnesses[{number}]", "http", witness.url)
        for number, witness in enumerate(settings.witnesses)
    ]
    for server, error in _errors(asked):
        yield Fault(server.where, error, "ring who runs it; it catches up by itself")


def _errors(asked: Sequence[Server]) -> Iterator[tuple[Server, str]]:
    with ThreadPoolExecutor(max(len(asked), 1)) as executor:
        for server, error in zip(asked, executor.map(_error_of, asked), strict=True):
            if error:
                yield server, error


def _error_of(server: Server) -> str | None:
    try:
        _ASK[server.kind](server.url)
    except (NoAnswer, Unavailable) as error:
        return f"does not answer ({str(error) or type(error).__name__})"
    except OtherRevision as error:
        return f"cannot be used: {error}"
    return None


def _read_store(url: str) -> None:
    reading = Database(url, Vault(bytes(32)), reads_only=True)
    with closing(reading), reading.reading() as connection:
        schema.is_there(connection)


_ASK: Mapping[str, Callable[[str], None]] = {
    "queues": partial(require_broker, seconds=_SECONDS),
    "topics": partial(require_answer, seconds=_SECONDS),
    "http": partial(require_http, seconds=_SECONDS),
    "store": _read_store,
}
