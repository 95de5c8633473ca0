"""How each simulated agency speaks to the hub: over HTTP, over a broker, or for notifications by
dropping files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.clients.broker_client import BrokerClient, QueueNames
from connectors.clients.http_client import HubClient
from ops.demo.simulation.agencies import Sends
from ops.demo.simulation.desks import Inbox
from ops.demo.simulation.drop import FolderClient


@dataclass(frozen=True, slots=True)
class Ways:
    """By agency: how it sends notifications, and where its letters come to."""

    senders: Mapping[str, Sends]
    inboxes: Mapping[str, Inbox]


@contextmanager
def ways(
    *,
    url: str | None,
    tokens: Path | None,
    broker_urls: Path | None,
    folders: Path | None,
    queue_prefix: str = "",
) -> Iterator[Ways]:
    """Of an agency with several credentials: notifications go by folder, else HTTP, else queue;
    letters by queue. Connections are closed at the end.
    """
    with ExitStack() as connections:
        over_http = {
            agency: connections.enter_context(HubClient(url, token))
            for agency, token in _read(tokens).items()
            if url is not None
        }
        over_broker = {
            agency: connections.enter_context(
                BrokerClient(broker, QueueNames.of(agency, queue_prefix))
            )
            for agency, broker in _read(broker_urls).items()
        }
        dropping = {agency: FolderClient(Path(path)) for agency, path in _read(folders).items()}
        yield Ways({**over_broker, **over_http, **dropping}, {**over_http, **over_broker})


def _read(path: Path | None) -> dict[str, str]:
    read: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    return read
