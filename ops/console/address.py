"""Where the console is, for whoever prints links to it."""

from __future__ import annotations

from urllib.parse import urlencode

from ops.console.rendering import AT
from schemas.settings import HubSettings


def base_of(settings: HubSettings) -> str:
    """The address under which people reach the hub, as far as the configuration says."""
    if settings.identity.url:
        return settings.identity.url.rstrip("/")
    scheme = "https" if settings.http.tls else "http"
    return f"{scheme}://{settings.http.host}:{settings.http.port}"


def link(base: str, key: str) -> str:
    """The whole of a one-time link."""
    return f"{base}{AT}/enter?{urlencode({'key': key})}"
