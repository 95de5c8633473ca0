"""A small client of the HTTP connector, for agencies in Python, the simulated ones and tests."""

from __future__ import annotations

import json
import ssl
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import httpx

from connectors.events.envelope import HUB_SCHEMA
from connectors.formats.media import BATCH
from schemas.base import Shape
from schemas.notification import Receipt


class HubUnavailable(Exception):
    """The hub could not be reached or could not record; send the same again later."""


class HubRefused(Exception):
    """The hub refused the request itself, such as for its token, with this HTTP ``status``."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the hub answered {status}")
        self.status = status


def cloud_event(
    *,
    event_id: str,
    source: str,
    event_type: str,
    data: Shape | Mapping[str, object],
    own_shape: bool = True,
) -> dict[str, object]:
    """A structured CloudEvent; ``own_shape``: its data is in the hub's, not the agency's."""
    plain = data.model_dump(mode="json") if isinstance(data, Shape) else data
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
    }
    return event | {"data": plain} | ({"dataschema": HUB_SCHEMA + event_type} if own_shape else {})


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once, which takes longer than all else in a client."""
    return httpx.create_ssl_context()


class HubClient:
    """One agency's connection to the hub. May be shared by threads. Times are in seconds."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=timeout,
            transport=transport,
            verify=_trusted(),
        )

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        """Send CloudEvents; a receipt for each, in order. Sending the same again is harmless."""
        return self.send_raw(json.dumps(events).encode(), BATCH)

    def send_raw(
        self, body: bytes, content_type: str, *, headers: Mapping[str, str] | None = None
    ) -> list[Receipt]:
        """Send any body, such as XML in binary mode with its ``ce-…`` headers."""
        given = {"Content-Type": content_type, **(headers or {})}
        answer = self._ask("POST", "/v1/events", content=body, headers=given, also=422).json()
        return [
            Receipt.model_validate(receipt)
            for receipt in (answer if isinstance(answer, list) else [answer])
        ]

    def fetch(self, limit: int = 20, wait: float = 0) -> list[dict[str, object]]:
        """The agency's letters as CloudEvents, now leased to it; waits up to 20 s for one."""
        params = {"limit": str(limit), "wait": str(wait)}
        return list(self._ask("GET", "/v1/inbox", params=params).json())

    def acknowledge(self, ids: Collection[str]) -> int:
        """Tell the hub that these letters arrived; answers how many of them there were."""
        body = json.dumps({"ids": list(ids)}).encode()
        answer = self._ask("POST", "/v1/inbox/acknowledge", content=body)
        return int(answer.json()["acknowledged"])

    def _ask(self, method: str, path: str, *, also: int = 200, **sent: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **sent)
        except httpx.TransportError:
            raise HubUnavailable from None
        if answer.status_code >= 500:
            raise HubUnavailable
        if not answer.is_success and answer.status_code != also:
            raise HubRefused(answer.status_code)
        return answer
