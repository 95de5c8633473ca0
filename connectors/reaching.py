# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""Whether the servers that the configuration names answer, asked without changing anything."""

from __future__ import annotations

import httpx

from connectors.clients.broker import broker_errors, connected


class NoAnswer(Exception):
    """Nobody there, or nobody that the hub can talk with; the message is an error's class."""


def require_broker(url: str, *, seconds: float) -> None:
    """Connect with a broker, and let go again. Raises ``NoAnswer``."""
    try:
        with connected(url, answer_seconds=seconds):
            return
    except broker_errors(url) as error:
        raise NoAnswer(type(error).__name__) from None


def require_http(url: str, *, seconds: float) -> None:
    """Ask for a head without a token: whatever is answered, somebody is there."""
    try:
        httpx.head(url, timeout=seconds)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswer(type(error).__name__) from None
