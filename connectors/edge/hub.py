"""The hub as an edge sees it: what it has for the agency, and where the agency's own goes."""

from __future__ import annotations

import json
import ssl
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from connectors.edge.configured import Edge

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
_TAKEN = (200, 202, 422)
"""The hub has recorded what was sent, or that it takes it not: there are receipts."""
_TIMEOUT_SECONDS = 30.0


class HubAway(Exception):
    """The hub cannot be reached, or does not let the agency in; says a class or a status."""


@dataclass(frozen=True, slots=True)
class Hub:
    """One agency's connection to its hub."""

    edge: Edge
    transport: httpx.BaseTransport | None = None
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        token, settings = self.edge.token(), self.edge.settings
        client = httpx.Client(
            base_url=settings.hub,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=_TIMEOUT_SECONDS,
            verify=_trusting(self.edge),
            transport=self.transport,
        )
        object.__setattr__(self, "_client", client)

    def fetch(self, *, limit: int, wait: float) -> list[bytes]:
        """The agency's letters as they came, each an event in JSON. Raises :class:`HubAway`."""
        answer = self._ask("GET", "/v1/inbox", params={"limit": str(limit), "wait": str(wait)})
        if answer.status_code != httpx.codes.OK:
            raise HubAway(str(answer.status_code))
        try:
            return [one.encode() for one in elements(answer.text)]
        except ValueError:
            raise HubAway("NoInbox") from None

    def acknowledge(self, ids: Collection[str]) -> None:
        """Tell it that letters are safe here. Raises :class:`HubAway`."""
        body = json.dumps({"ids": list(ids)}).encode()
        answer = self._ask("POST", "/v1/inbox/acknowledge", content=body)
        if answer.status_code != httpx.codes.OK:
            raise HubAway(str(answer.status_code))

    def send(self, body: bytes, media: str) -> list[dict[str, Any]]:
        """The hub's receipts for it. Raises :class:`HubAway`."""
        answer = self._ask("POST", "/v1/events", content=body, headers={"Content-Type": media})
        if answer.status_code not in _TAKEN:
            raise HubAway(str(answer.status_code))
        try:
            told = answer.json()
        except ValueError:
            raise HubAway("NoReceipt") from None
        return told if isinstance(told, list) else [told]

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _ask(self, method: str, path: str, **sent: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise HubAway(type(error).__name__) from None


def _trusting(edge: Edge) -> ssl.SSLContext:
    settings = edge.settings
    authority = str(edge.path(settings.authority)) if settings.authority else None
    context = ssl.create_default_context(cafile=authority)
    if settings.certificate and settings.certificate_key:
        files = edge.path(settings.certificate), edge.path(settings.certificate_key)
        context.load_cert_chain(*files)
    return context


def elements(array: str) -> Iterator[str]:
    """The elements of a JSON array as they stand there, to the letter: a letter's bytes are its
    own. Raises ``ValueError``.
    """
    decoder, at = json.JSONDecoder(), _after_space(array, 0)
    if not array.startswith("[", at):
        raise ValueError
    at = _after_space(array, at + 1)
    while not array.startswith("]", at):
        _, end = decoder.raw_decode(array, at)
        yield array[at:end]
        at = _after_space(array, end)
        if array.startswith(",", at):
            at = _after_space(array, at + 1)
        elif not array.startswith("]", at):
            raise ValueError


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    if at >= len(text):
        raise ValueError
    return at
